"""Which rules of a policy took effect: every rule that decides something, and every step of a chain, is an item.

A rule is hit at any instant at which it chose the severity or the route, counted a clock, raised an escalation, asked
an enricher or acted; a step when it fired.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.kernel.document import Document
from gateway.model.judgement import Clock, Implied, Route, State
from gateway.rules.policy import Policy

SECTIONS: Final = ("severity", "sla", "routing", "escalation", "enrich", "actions")
"""The sections whose rules are items."""

Key = tuple[str, str, int]
"""Section, name, and of a chain the step, from 1."""

_SAID: Final = {"enrichment.requested": "enrich", "action.requested": "actions", "escalation.raised": "escalation"}


@dataclass(frozen=True, slots=True)
class Item:
    """A rule, or a step of a chain, and where it stands; line 0 where nobody knows."""

    section: str
    name: str
    step: int = 0
    file: str = ""
    line: int = 0
    column: int = 0

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return self.section, self.name, self.step

    def __str__(self) -> str:
        return f"{self.section}.{self.name} step {self.step}" if self.step else f"{self.section} {self.name}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every item of the policy in the file's order, and which of them were hit."""

    items: tuple[Item, ...]
    hits: frozenset[Key] = field(default_factory=frozenset)

    @property
    def hit(self) -> tuple[Item, ...]:
        """The items that took effect."""
        return tuple(item for item in self.items if item.key in self.hits)

    @property
    def missed(self) -> tuple[Item, ...]:
        """The items that never did."""
        return tuple(item for item in self.items if item.key not in self.hits)

    @property
    def percent(self) -> float:
        """The share of the items that took effect, of a hundred; all of none is a hundred."""
        return 100 * len(self.hit) / len(self.items) if self.items else 100.0


def items_of(policy: Policy, source: Document | None = None) -> tuple[Item, ...]:
    """Every item of a policy, with its place in `source`."""
    items: list[Item] = []
    for section in SECTIONS:
        for index, rule in enumerate(getattr(policy, section)):
            items.append(_item(source, section, rule.id, 0, (section, index, "id")))
    for name, chain in policy.chains.items():
        items += [
            _item(source, "chains", name, step + 1, ("chains", name, "steps", step)) for step in range(len(chain.steps))
        ]
    return tuple(sorted(items, key=lambda item: (item.line, item.column)))


def hits_of(state: State, implied: Iterable[Implied]) -> set[Key]:
    """What took effect in a state, and in what followed on the way to it."""
    return standing_hits(state.severity_rule, state.route, state.clocks) | said_hits(implied)


def standing_hits(severity_rule: str, route: Route | None, clocks: Iterable[Clock]) -> set[Key]:
    """What takes effect as long as a contact stands like this."""
    hits: set[Key] = {("sla", clock.rule, 0) for clock in clocks if clock.rule and clock.instance}
    hits.add(("severity", severity_rule, 0))
    if route is not None:
        hits.add(("routing", route.rule, 0))
    return hits


def said_hits(implied: Iterable[Implied]) -> set[Key]:
    """What took effect in what followed."""
    hits: set[Key] = set()
    for following in implied:
        if section := _SAID.get(following.type):
            hits.add((section, following.rule, 0))
        if following.type in ("escalation.raised", "escalation.stepped"):
            hits.add(("chains", following.detail["chain"], following.detail["step"]))
    return hits


def _item(source: Document | None, section: str, name: str, step: int, path: tuple[str | int, ...]) -> Item:
    if source is None:
        return Item(section, name, step)
    return Item(section, name, step, source.file, *source.place(path, key=not step))
