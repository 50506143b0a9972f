"""Which rules can follow which: what the map of a policy is drawn by.

Law. Two rules are parted only where no contact can meet both, for certain; where nobody knows, they stay together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.policy.document import EscalationEntry, SlaEntry
from gateway.policy.lint.formula import Formula
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.reach import surely
from gateway.policy.lint.search import TOTAL_MAX, Cover, Work, outside
from gateway.policy.lint.sheet import Sheet
from gateway.policy.load import Loaded

PAIRS_MAX: Final = 2_500
"""Pairs of rules that are looked at, section by section; of more none is told."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Pairs of places in the policy's lists, or of a queue's name and a place, in the policy's order."""

    routed: tuple[tuple[int, int], ...] = ()
    """A severity rule, and a routing rule that may take what it has judged; none where every one may take all."""

    raised: tuple[tuple[str, int], ...] = ()
    """A queue, and an escalation rule that may match by itself what waits there; of rules that wait for no clock."""

    rung: tuple[tuple[int, int], ...] = ()
    """An SLA rule, and an escalation rule that its clock may set off."""


def flow_of(loaded: Loaded) -> Flow:
    """What may follow what. Pure; its work is bounded."""
    sheet = Sheet(loaded)
    if not any((sheet.document.routing, sheet.document.escalation)):
        return Flow()
    meaning = Meaning(sheet)
    finder = _Finder(sheet, meaning, Work(TOTAL_MAX // 2))
    return Flow(tuple(finder.routed()), tuple(finder.raised()), tuple(finder.rung()))


class _Finder:
    def __init__(self, sheet: Sheet, meaning: Meaning, work: Work) -> None:
        self._document = sheet.document
        self._meaning = meaning
        self._work = work

    def routed(self) -> Iterable[tuple[int, int]]:
        if "severity" not in self._reads("routing"):
            return []
        decided = self._first_matches("severity")
        taken = self._first_matches("routing")
        if len(decided) * len(taken) > PAIRS_MAX:
            return []
        return [
            (severity, route)
            for severity, (judged, before) in enumerate(decided)
            for route, (takes, earlier) in enumerate(taken)
            if self._may([judged, takes], [*before, *earlier])
        ]

    def raised(self) -> Iterable[tuple[str, int]]:
        rules = [(place, rule) for place, rule in enumerate(self._document.escalation) if rule.on == "matched"]
        taken = self._first_matches("routing")
        if len(rules) * len(taken) > PAIRS_MAX:
            return []
        holds = self._meaning.holds["escalation"]
        found = dict.fromkeys(
            (self._document.routing[route].queue, place)
            for route, (takes, earlier) in enumerate(taken)
            for place, _ in rules
            if self._may([takes, holds[place]], earlier)
        )
        return list(found)

    def rung(self) -> Iterable[tuple[int, int]]:
        rules, promises = self._document.escalation, self._document.sla
        pairs = [
            (one, other)
            for one, promise in enumerate(promises)
            for other, rule in enumerate(rules)
            if _rings(promise, rule)
        ]
        if len(pairs) > PAIRS_MAX:
            return []
        holds = self._meaning.holds
        return [(one, other) for one, other in pairs if self._may([holds["sla"][one], holds["escalation"][other]], ())]

    def _first_matches(self, section: str) -> list[tuple[Formula, list[Formula]]]:
        """Each rule of a list of which the first match wins, with those before it."""
        holds = self._meaning.holds["severity" if section == "severity" else "routing"]
        return [(formula, holds[:place]) for place, formula in enumerate(holds)]

    def _may(self, formulas: Iterable[Formula], before: Iterable[Formula]) -> bool:
        """Whether a contact may fulfil all of some formulas and none of others."""
        cover = Cover()
        for formula in before:
            cover.add(formula)
        both = self._meaning.formulas.both(formulas)
        return not surely(lambda: outside(both, cover, self._work) is None)

    def _reads(self, section: str) -> set[str]:
        """The fields that a section's conditions read, as far as their words tell."""
        texts = " ".join(rule.when or "" for rule in getattr(self._document, section))
        return {"severity"} if "severity" in texts else set()


def _rings(promise: SlaEntry, rule: EscalationEntry) -> bool:
    """Whether a promise's clock is one that a rule waits for."""
    if rule.on == "matched" or rule.metric not in (None, promise.metric):
        return False
    return rule.on == "sla.breached" or bool(promise.warn)
