"""Whether a formula can hold where others don't: an exact search with a bounded amount of work.

A branch of the search settles some facts. If the formula can't hold there any more outside of what the others take for
certain, it is given up; if it holds with every other fact false, an answer is found; else one more fact is settled.
"""

from dataclasses import dataclass, field
from typing import Final

from gateway.policy.lint.formula import Formula, Settled

QUERY_MAX: Final = 50_000
"""Parts of formulas that one question may look at."""

TOTAL_MAX: Final = 1_000_000
"""And all the questions about one policy."""


class GaveUp(Exception):
    """The work is used up and nothing is known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Where it holds: these facts are true (all others false), in these combinations of the fields."""

    facts: frozenset[int]
    mask: int


class Work:
    """How much may still be done: counted, so that the same file always has the same findings."""

    def __init__(self, total: int = TOTAL_MAX, query: int = QUERY_MAX) -> None:
        self._total, self._query = total, query
        self._left = query

    def begin(self) -> None:
        """Begin a question. Raises GaveUp."""
        self._left = self._query
        self.spend(1)

    def spend(self, parts: int) -> None:
        """Count parts that a question looks at. Raises GaveUp."""
        self._left -= parts
        self.charge(parts)
        if self._left < 0:
            raise GaveUp

    def charge(self, parts: int) -> None:
        """Count parts that are looked at between questions. Raises GaveUp."""
        self._total -= parts
        if self._total < 0:
            raise GaveUp


@dataclass(slots=True)
class Cover:
    """Formulas that were before: whatever one of them takes is gone."""

    mask: int = 0
    """What they take for certain."""

    members: set[Formula] = field(default_factory=set)
    reading: dict[int, list[Formula]] = field(default_factory=dict)
    """Those that depend on a fact."""

    quiet: list[Formula] = field(default_factory=list)
    """Those that depend on facts and may hold when none is true."""

    def add(self, formula: Formula) -> None:
        """One more."""
        if formula in self.members:
            return
        self.members.add(formula)
        self.mask |= formula.low
        for fact in formula.facts:
            self.reading.setdefault(fact, []).append(formula)
        if formula.facts and formula.default & ~self.mask:
            self.quiet.append(formula)


def outside(formula: Formula, cover: Cover, work: Work, within: int = -1) -> Answer | None:
    """Where `formula` holds and nothing of `cover` does, in the combinations `within`; None where it never does.

    Raises GaveUp.
    """
    if formula in cover.members or not formula.high & within & ~cover.mask:
        return None
    if formula.kind == "or":
        for part in formula.parts:
            if (answer := outside(part, cover, work, within)) is not None:
                return answer
        return None
    if formula.kind == "any":
        for fact in formula.order:
            if (answer := _search(formula, cover, work, within, {fact: True})) is not None:
                return answer
        return None
    return _search(formula, cover, work, within, {})


def _search(formula: Formula, cover: Cover, work: Work, within: int, first: Settled) -> Answer | None:
    work.begin()
    free = within & ~cover.mask
    branches = [dict(first)]
    while branches:
        settled = branches.pop()
        looked = _Looked(settled, work)
        possible = looked.bounds(formula)[1] & free
        touched = dict.fromkeys(other for fact in settled for other in cover.reading.get(fact, ()))
        for other in touched:
            if not possible:
                break
            possible &= ~looked.bounds(other)[0]
        if not possible:
            continue
        found, culprit = looked.default(formula) & possible, None
        if found:
            for other in (*touched, *(quiet for quiet in cover.quiet if quiet not in touched)):
                left = found & ~looked.default(other)
                if not left:
                    culprit = other
                    break
                found = left
            if culprit is None:
                return Answer(frozenset(fact for fact, holds in settled.items() if holds), found)
        fact = next(
            (fact for one in (culprit, formula) if one and (fact := _unsettled(one, settled, work)) is not None), None
        )
        if fact is None:
            # Can't be: what is possible with everything settled is so. Nothing is said rather than something wrong.
            raise GaveUp
        branches += ({**settled, fact: False}, {**settled, fact: True})
    return None


def _unsettled(formula: Formula, settled: Settled, work: Work) -> int | None:
    work.spend(1 + len(formula.facts) // 64)
    return min((fact for fact in formula.facts if fact not in settled), default=None)


class _Looked:
    """What formulas come to with some facts settled; each is looked at once."""

    def __init__(self, settled: Settled, work: Work) -> None:
        self._settled = settled
        self._work = work
        self._bounds: dict[Formula, tuple[int, int]] = {}
        self._defaults: dict[Formula, int] = {}

    def bounds(self, formula: Formula) -> tuple[int, int]:
        """Where it holds for certain, and where it can hold."""
        if formula.facts.isdisjoint(self._settled):
            return formula.low, formula.high
        if (known := self._bounds.get(formula)) is not None:
            return known
        self._work.spend(1)
        low, high = 0, 0
        match formula.kind:
            case "any":
                among = [self._settled[fact] for fact in self._settled if fact in formula.facts]
                low = formula.high if any(among) else 0
                high = formula.high if low or len(among) < len(formula.facts) else 0
            case "not":
                whole = formula.parts[0]
                below, above = self.bounds(whole)
                every = formula.low | whole.high
                low, high = every & ~above, every & ~below
            case "and":
                low, high = self.bounds(formula.parts[0])
                for part in formula.parts[1:]:
                    below, above = self.bounds(part)
                    low, high = low & below, high & above
            case _:
                for part in formula.parts:
                    below, above = self.bounds(part)
                    low, high = low | below, high | above
        self._bounds[formula] = (low, high)
        return low, high

    def default(self, formula: Formula) -> int:
        """Where it holds if every other fact is false."""
        if formula.facts.isdisjoint(self._settled):
            return formula.default
        if (known := self._defaults.get(formula)) is not None:
            return known
        self._work.spend(1)
        match formula.kind:
            case "any":
                mask = (
                    formula.high if any(self._settled[fact] for fact in self._settled if fact in formula.facts) else 0
                )
            case "not":
                whole = formula.parts[0]
                mask = (formula.low | whole.high) & ~self.default(whole)
            case "and":
                mask = self.default(formula.parts[0])
                for part in formula.parts[1:]:
                    mask &= self.default(part)
            case _:
                mask = 0
                for part in formula.parts:
                    mask |= self.default(part)
        self._defaults[formula] = mask
        return mask
