"""Rules that wait for what never comes: clocks that no promise starts, and facts that nobody asks for."""

from collections.abc import Iterator, Sequence

from gateway.kernel.problems import Problem
from gateway.model.words import ENDED, LIVES
from gateway.policy.conditions import JUDGED
from gateway.policy.document import ActionEntry, EscalationEntry
from gateway.policy.lint.formula import Formula
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.reach import never
from gateway.policy.lint.search import Work
from gateway.policy.lint.sheet import Path, Sheet
from gateway.rules.metrics import METRICS
from gateway.rules.policy import Section

ALIVE = tuple(life for life in LIVES if life not in ENDED)
"""The statuses of a contact that is not over."""


def look(sheet: Sheet, meaning: Meaning, work: Work) -> Iterator[Problem]:
    """Every rule of escalation and actions that nothing sets off, and every condition on facts that never come."""
    sections: tuple[tuple[Section, Sequence[EscalationEntry | ActionEntry]], ...] = (
        ("escalation", sheet.document.escalation),
        ("actions", sheet.document.actions),
    )
    for section, rules in sections:
        for index, rule in enumerate(rules):
            formula = meaning.holds[section][index]
            if never(formula, work):
                # The condition itself is told.
                continue
            if message := _idle(sheet, meaning, rule, formula, work):
                yield sheet.problem((section, index, "on"), "never-raised", message)
    yield from _facts(sheet)


def _idle(sheet: Sheet, meaning: Meaning, rule: EscalationEntry | ActionEntry, formula: Formula, work: Work) -> str:
    """Why nothing ever sets a rule off; empty if something does, or nobody knows."""
    alive = meaning.only("status", ALIVE)
    if rule.on == "matched":
        if never(meaning.formulas.both((formula, alive)), work):
            return "its condition holds only when the contact is over, and then matching alone sets nothing off"
        return ""
    promised = [index for index, promise in enumerate(sheet.document.sla) if rule.metric in (None, promise.metric)]
    what = f"a {rule.metric}" if rule.metric else "anything"
    if not promised:
        return f"no rule of sla promises {what}, so there is no clock that could do this"
    metrics = {sheet.document.sla[index].metric for index in promised}
    if rule.on == "sla.warned":
        metrics = {sheet.document.sla[index].metric for index in promised if sheet.document.sla[index].warn}
        if not metrics:
            return f"no rule of sla that promises {what} warns; give one a mark in warn"
    for index in promised:
        metric = sheet.document.sla[index].metric
        if metric not in metrics:
            continue
        # The clock of a survey's answer goes on when the contact is over, by the rule that it had.
        over = METRICS[metric].end == "leaves"
        both = meaning.formulas.both((formula, meaning.holds["sla"][index], alive))
        calls = meaning.only("kind", ["call"]) if METRICS[metric].calls_only else meaning.formulas.true
        if over or not never(meaning.formulas.both((both, calls)), work):
            return ""
    return "every promise whose clock could do this is for other contacts than its condition"


def _facts(sheet: Sheet) -> Iterator[Problem]:
    asked = {rule.enricher for rule in sheet.document.enrich}
    for section in JUDGED:
        for index, condition in enumerate(sheet.conditions(section)):
            told: set[str] = set()
            for read in condition.uses.reads if condition is not None else ():
                if condition is None or read.field != "facts" or read.key is None or read.key in asked | told:
                    continue
                told.add(read.key)
                path: Path = (section, index, "when")
                message = f"no rule of enrich asks {read.key!r}, so these facts never come; add one"
                yield sheet.inside(path, condition.text, read.at, "facts-never-asked", message)
