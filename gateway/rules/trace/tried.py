"""The rules that were tried on a contact: what became of each, its condition, and the values that the condition read.

Law. The answers are those by which the contact was judged: while what conditions read stays, verdicts stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from msgspec.structs import replace

from gateway.model.judgement import State
from gateway.rules.policy import ActionRule, EscalationRule, Policy, Section
from gateway.rules.verdicts import facts_of, routed

Became = Literal["matched", "not matched", "not asked", "failed"]
"""`not asked`: a rule before it matched, and the first match wins. `failed` counts as not matched."""

_SECTIONS: Final[tuple[Section, ...]] = get_args(Section)


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule. `condition` is its text, empty where it always matches; `values` are those of the fields that it read,
    none where it wasn't asked; `reason` says why it failed; `metric` is that of an SLA rule. `on`: what an escalation
    or an action waits for, where that its condition matches isn't enough; `metric` is then what that is narrowed to."""

    rule: str
    became: Became
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    metric: str = ""
    on: str = ""


def tried(state: State, policy: Policy) -> dict[Section, tuple[Tried, ...]]:
    """Every rule of every section, in the file's order. `policy` must be the one that judged last."""
    facts = facts_of(policy, state.contact)
    found: dict[Section, tuple[Tried, ...]] = {}
    for section in _SECTIONS:
        rules = getattr(policy, section)
        if section == "routing":
            facts = replace(facts, severity=state.severity)
        elif section == "sla":
            facts = routed(facts, state.route)
        if not rules:
            found[section] = ()
            continue
        verdict = policy.matcher.verdict(section, facts)
        readings = policy.matcher.readings(section, facts)
        decided: set[str] = set()
        told = []
        for rule, holds, reading in zip(rules, verdict.matched, readings, strict=True):
            # The first match wins: of all the section's rules, or of those for a metric.
            metric, on = (rule.metric, "") if section == "sla" else _waits_for(rule)
            if section in ("severity", "routing", "sla") and metric in decided:
                told.append(Tried(rule.id, "not asked", reading.condition, metric=metric))
                continue
            reason = verdict.failed.get(rule.id, "")
            became: Became = "matched" if holds else "failed" if rule.id in verdict.failed else "not matched"
            told.append(Tried(rule.id, became, reading.condition, reading.values, reason, metric, on))
            if holds:
                decided.add(metric)
        found[section] = tuple(told)
    return found


def _waits_for(rule: object) -> tuple[str, str]:
    """The metric and the trigger of a rule that does nothing before a clock has rung."""
    if isinstance(rule, EscalationRule | ActionRule) and rule.on != "matched":
        return rule.metric or "", rule.on
    return "", ""
