"""Rules that never take effect: behind one that always matches, behind others that take all, or of a condition that no
contact fulfils; and conditions that every contact fulfils."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gateway.kernel.problems import Problem
from gateway.policy.conditions import JUDGED
from gateway.policy.lint.formula import Formula
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.search import Cover, GaveUp, Work, outside
from gateway.policy.lint.sheet import Path, Sheet
from gateway.rules.metrics import METRICS
from gateway.rules.policy import Section

NAMING_MAX: Final = 100_000
"""Work for telling which rules stand in the way of one."""

_CANDIDATES_MAX: Final = 24
_NAMED_MAX: Final = 4


def look(sheet: Sheet, meaning: Meaning, work: Work) -> Iterator[Problem]:
    """Every rule of every section that can't do what it seems to."""
    dead: set[Path] = set()
    for section in JUDGED:
        for index in range(len(meaning.holds[section])):
            found = _alone(sheet, meaning, section, index, work)
            if found is not None:
                if found.id == "never-matches":
                    dead.add((section, index))
                yield found
    naming = Work(NAMING_MAX, NAMING_MAX)
    for rules in _lists(sheet):
        yield from _behind(sheet, meaning, [path for path in rules if path not in dead], work, naming)


def never(formula: Formula, work: Work) -> bool:
    """Whether no contact fulfils it; False, too, where nobody knows."""
    return surely(lambda: outside(formula, Cover(), work) is None)


def surely(ask: Callable[[], bool]) -> bool:
    """The answer of a search; False where it gave up."""
    try:
        return ask()
    except GaveUp:
        return False


def _lists(sheet: Sheet) -> Iterator[list[Path]]:
    """The lists of which the first match wins."""
    yield [("severity", index) for index in range(len(sheet.document.severity))]
    yield [("routing", index) for index in range(len(sheet.document.routing))]
    metrics: dict[str, list[Path]] = {}
    for index, rule in enumerate(sheet.document.sla):
        metrics.setdefault(rule.metric, []).append(("sla", index))
    yield from metrics.values()


def _alone(sheet: Sheet, meaning: Meaning, section: Section, index: int, work: Work) -> Problem | None:
    """What is wrong with a condition by itself, at the condition."""
    condition = sheet.conditions(section)[index]
    if condition is None:
        return None
    formula, make, path = meaning.holds[section][index], meaning.formulas, (section, index, "when")
    if never(formula, work):
        message = "no contact can fulfil this condition" + _why(meaning, condition.text)
        return sheet.problem(path, "never-matches", f"{message}; change it, or take the rule out")
    metric = sheet.document.sla[index].metric if section == "sla" else None
    if metric and METRICS[metric].calls_only and never(make.both((formula, meaning.only("kind", ["call"]))), work):
        message = f"{metric} counts for calls only, and no call fulfils this condition"
        return sheet.problem(path, "never-matches", f"{message}; change it, or take the rule out")
    if condition.text.strip() != "true" and never(make.no(formula), work):
        message = "every contact fulfils this condition; leave `when` out if that is meant, else change it"
        return sheet.problem(path, "always-matches", message)
    return None


def _why(meaning: Meaning, text: str) -> str:
    fields = [field for field in meaning.never.get(text, ()) if field != "skills"]
    if not fields:
        return ""
    values = sorted(value for value in meaning.values(fields[0]) if value != "")
    listed = ", ".join(map(str, values[:8])) + (", …" if len(values) > 8 else "")
    return f": contact.{fields[0]} is only ever one of {listed}" if values else f": contact.{fields[0]} is always empty"


def _behind(sheet: Sheet, meaning: Meaning, rules: Sequence[Path], work: Work, naming: Work) -> Iterator[Problem]:
    """The rules of a list that those before them leave nothing to."""
    cover, always, before = Cover(), "", list[Path]()
    for path in rules:
        formula = _formula(meaning, path)
        if always:
            message = f"this rule is never reached: {always} stands before it and always matches"
            yield sheet.problem((*path, "id"), "unreachable-rule", f"{message}; move it up, or take it out")
            continue
        if before and surely(lambda formula=formula: outside(formula, cover, work) is None):  # type: ignore[misc]
            takers = _takers(sheet, meaning, formula, before, naming)
            message = f"all that this rule would match is taken before it, by {takers}"
            yield sheet.problem(
                (*path, "id"), "shadowed-rule", f"{message}; move it up, narrow the other, or take it out"
            )
            continue
        if formula is meaning.formulas.true or never(meaning.formulas.no(formula), work):
            always = _named(sheet, path)
        cover.add(formula)
        before.append(path)


def _takers(sheet: Sheet, meaning: Meaning, formula: Formula, before: Sequence[Path], naming: Work) -> str:
    """The few rules that take all that a formula would match."""
    try:
        for path in before:
            if _all_taken(meaning, formula, [path], naming):
                return _named(sheet, path)
        make = meaning.formulas
        near = [
            path
            for path in before
            if outside(make.both((formula, _formula(meaning, path))), Cover(), naming) is not None
        ]
        if len(near) <= _CANDIDATES_MAX:
            for path in tuple(reversed(near)):
                rest = [other for other in near if other != path]
                if _all_taken(meaning, formula, rest, naming):
                    near = rest
        named = [_named(sheet, path) for path in near[:_NAMED_MAX]]
        named += [f"{len(near) - len(named)} more"] if len(near) > len(named) else []
        return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
    except GaveUp:
        return "the rules above"


def _all_taken(meaning: Meaning, formula: Formula, paths: Sequence[Path], work: Work) -> bool:
    cover = Cover()
    for path in paths:
        cover.add(_formula(meaning, path))
    return outside(formula, cover, work) is None


def _formula(meaning: Meaning, path: Path) -> Formula:
    section, index = path
    return meaning.holds[section][int(index)]  # type: ignore[index]


def _named(sheet: Sheet, path: Path) -> str:
    section, index = path
    rule = getattr(sheet.document, str(section))[index]
    return f"{rule.id!r} (line {sheet.line((*path, 'id'))})"
