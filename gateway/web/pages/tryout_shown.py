"""The try-it box as the policy page shows it: its texts, what is wrong with them, and the answer in words. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from gateway.model.instant import length_words
from gateway.model.judgement import Implied
from gateway.policy.tryout.asked import FIELDS, Asked, Wrong, WrongQuestion, read_form, read_json
from gateway.policy.tryout.outcome import Outcome
from gateway.rules import clocks
from gateway.rules.explanation import clock_words
from gateway.rules.policy import Section
from gateway.rules.trace.tried import Tried
from gateway.rules.view import clocks_in_order
from gateway.web.viewer import wall_words
from gateway.web.words import clean

CONTACT: Final = "contact"
"""The name under which a form has a contact as JSON."""

NAMES: Final = (*FIELDS, "zone", CONTACT)
"""What the address of the page may have."""

VALUE_LETTERS: Final = 120
TRIED_MAX: Final = 200
"""Rules of one section that are told."""


@dataclass(frozen=True, slots=True)
class Form:
    """The form as it was sent: its texts, and what is wrong with each field, `contact` for all of the JSON. `wall` is
    the time as a field for a wall time has it, in the form's zone; empty where none was given."""

    texts: Mapping[str, str]
    wrong: Mapping[str, tuple[str, ...]]
    wall: str = ""

    @property
    def sent(self) -> bool:
        """Whether anything was asked."""
        return any(self.texts.values())

    def text(self, name: str) -> str:
        """The text of a field, empty where it has none."""
        return self.texts.get(name, "")


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule that was tried, with the values that it read, as `name = value`."""

    id: str
    became: str
    condition: str
    values: tuple[str, ...]
    more: str


@dataclass(frozen=True, slots=True)
class ShownNext:
    """What would come at an instant: how long after the opening, the rule, and whom it calls."""

    at: int
    after: str
    what: str
    rule: str
    calls: str
    grave: bool


@dataclass(frozen=True, slots=True)
class ShownPromise:
    """A clock that the opening starts; `due` is None where it has no deadline, then `words` say why."""

    metric: str
    rule: str
    due: int | None
    target: int
    calendar: str
    words: str


@dataclass(frozen=True, slots=True)
class ShownTried:
    """A section's rules that were asked, and how many were not."""

    section: Section
    rules: tuple[ShownRule, ...]
    not_asked: int
    left_out: int


def read(texts: Mapping[str, str], now: int, zone: str) -> tuple[Form, Asked | None]:
    """The form, and its question where nothing is wrong with it; `zone` is that of a form that names none. A contact in
    JSON stands for all the other fields."""
    try:
        if texts.get(CONTACT, "").strip():
            asked = read_json(texts[CONTACT].encode("utf-8", "replace"), now)
        else:
            own = {name: text for name, text in texts.items() if name != CONTACT}
            asked = read_form({**own, "zone": texts.get("zone", "").strip() or zone}, now)
    except WrongQuestion as refused:
        return Form(texts, _by_field(refused.wrong, CONTACT if texts.get(CONTACT, "").strip() else "")), None
    wall = wall_words(asked.at, texts.get("zone", "").strip() or zone) if texts.get("at", "").strip() else ""
    return Form(texts, {}, wall.replace(" ", "T")), asked


def _by_field(wrong: Sequence[Wrong], all: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in wrong:
        name = all or one.field
        why = f"{clean(one.field, 60)} {one.why}" if all and one.field else one.why
        found[name] = (*found.get(name, ()), clean(why, 300))
    return found


def promises(outcome: Outcome) -> tuple[ShownPromise, ...]:
    """The clocks that the opening starts, in the policy's order."""
    state, policy = outcome.state, outcome.policy
    return tuple(
        ShownPromise(
            metric=clock.metric,
            rule=clock.last_rule,
            due=clocks.due_to_show(clock, policy.sla_by_id.get(clock.rule)),
            target=clock.target_ms,
            calendar=clock.calendar,
            words=clock_words(clock, policy),
        )
        for clock in clocks_in_order(state, policy)
    )


def nexts(outcome: Outcome) -> tuple[ShownNext, ...]:
    """What would follow, the soonest first."""
    return tuple(_next(one, outcome) for one in outcome.following)


def tried(outcome: Outcome) -> tuple[ShownTried, ...]:
    """Every section that has rules, what matched first."""
    return tuple(_section(section, rules) for section, rules in outcome.tried.items() if rules)


def _section(section: Section, rules: Sequence[Tried]) -> ShownTried:
    asked = [one for one in rules if one.became != "not asked"]
    in_order = sorted(asked, key=lambda one: one.became != "matched")
    told = tuple(_rule(one) for one in in_order[:TRIED_MAX])
    return ShownTried(section, told, len(rules) - len(asked), len(asked) - len(told))


def _rule(one: Tried) -> ShownRule:
    more = []
    if one.on:
        more.append(f"acts only on {one.on}" + (f" of {one.metric.replace('_', ' ')}" if one.metric else ""))
    if one.reason:
        more.append(f"could not be evaluated: {clean(one.reason, 200)}")
    values = tuple(f"{clean(name, 80)} = {_value(value)}" for name, value in one.values.items())
    return ShownRule(one.rule, one.became, one.condition, values, "; ".join(more))


def _value(value: Any) -> str:
    return "not there" if value is None else clean(msgspec.json.encode(value).decode(), VALUE_LETTERS)


def _next(one: Implied, outcome: Outcome) -> ShownNext:
    detail, roles = one.detail, ", ".join(one.roles)
    metric = str(detail.get("metric", "")).replace("_", " ")
    match one.type:
        case "sla.warned":
            what = f"{metric}: warning at {detail.get('mark', '')}"
        case "sla.breached":
            what = f"{metric}: breached"
        case "escalation.raised":
            what = f"escalation raised, chain {detail.get('chain', '')}"
        case "escalation.stepped":
            what = f"step {detail.get('step', '')} of the escalation"
        case _:
            what = "writes on the contact at its vendor"
    policy = outcome.policy
    endpoints = dict.fromkeys(name for role in one.roles for name in policy.roles.get(role, ()))
    after = one.at - outcome.asked.at
    return ShownNext(
        at=one.at,
        after=f"after {length_words(after)}" if after else "at the opening",
        what=what,
        rule=one.rule,
        calls=f"{roles} → {', '.join(endpoints)}" if roles else "",
        grave=one.type == "sla.breached",
    )
