"""Boolean formulas over the few fields of fixed words, exact, and over facts that are true or false.

The fields of fixed words have so few values together that each combination is a bit of one whole number, a *mask*: a
formula without facts is a mask, and one with facts is a mask once they are settled. Equal formulas are one object.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Settled = Mapping[int, bool]
"""Facts, by their number, that are known to be true or false."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """`low` are the combinations in which it holds whatever the facts are, `high` those in which it can hold.

    `default` are those in which it holds if no fact is true.
    """

    kind: Literal["mask", "any", "not", "and", "or"]
    parts: "tuple[Formula, ...]" = ()
    facts: frozenset[int] = frozenset()
    low: int = 0
    high: int = 0
    default: int = 0
    size: int = 1
    order: tuple[int, ...] = field(default=(), repr=False)
    """Of `any`: its facts, in order."""


class Space:
    """Every combination of the values of some fields; each is a bit."""

    def __init__(self, fields: Mapping[str, Sequence[object]]) -> None:
        self._fields = dict(fields)
        self._strides: dict[str, int] = {}
        size = 1
        for name, values in self._fields.items():
            self._strides[name] = size
            size *= len(values)
        self.size = size
        self.whole = (1 << size) - 1

    def where(self, name: str, values: Collection[object]) -> int:
        """The combinations in which a field has one of the values."""
        stride, known = self._strides[name], self._fields[name]
        block = 0
        for place, value in enumerate(known):
            if value in values:
                block |= ((1 << stride) - 1) << (place * stride)
        period, mask = stride * len(known), block
        while period < self.size:
            # Doubled, for there may be thousands of combinations.
            mask |= mask << period
            period *= 2
        return mask & self.whole

    def values(self, name: str) -> Sequence[object]:
        """The values that a field can have; none of a field that is no part of it."""
        return self._fields.get(name, ())

    def combinations(self, mask: int) -> Iterable[dict[str, object]]:
        """The combinations of a mask, as values by field."""
        while mask:
            place = (mask & -mask).bit_length() - 1
            mask &= mask - 1
            yield {name: values[place // self._strides[name] % len(values)] for name, values in self._fields.items()}


class Formulas:
    """Makes formulas over one space, simplified as far as it costs nothing."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._made: dict[Hashable, Formula] = {}
        self._facts: dict[Hashable, int] = {}
        self._keys: list[Hashable] = []
        self.true = self.mask(space.whole)
        self.false = self.mask(0)

    def fact(self, key: Hashable) -> Formula:
        """What is true or false, by itself; the same key is the same fact."""
        number = self._facts.setdefault(key, len(self._facts))
        if number == len(self._keys):
            self._keys.append(key)
        return self._any(frozenset((number,)))

    def key_of(self, number: int) -> Hashable:
        """The key of a fact."""
        return self._keys[number]

    def mask(self, mask: int) -> Formula:
        """The combinations of a mask."""
        return self._made.setdefault(mask, Formula("mask", low=mask, high=mask, default=mask))

    def no(self, formula: Formula) -> Formula:
        """The opposite."""
        if formula.kind == "not":
            return formula.parts[0]
        whole = self.space.whole
        if formula.kind == "mask":
            return self.mask(whole & ~formula.low)
        return self._once(
            ("not", formula),
            Formula(
                "not",
                (formula,),
                formula.facts,
                whole & ~formula.high,
                whole & ~formula.low,
                whole & ~formula.default,
                formula.size + 1,
            ),
        )

    def both(self, formulas: Iterable[Formula]) -> Formula:
        """All of them."""
        mask, none, parts = self.space.whole, frozenset[int](), dict[Formula, None]()
        for part in _flat("and", formulas):
            if part.kind == "mask":
                mask &= part.low
            elif part.kind == "not" and part.parts[0].kind == "any":
                none |= part.parts[0].facts
            else:
                parts[part] = None
        if none:
            parts[self.no(self._any(none))] = None
        if not mask or any(self.no(part) in parts for part in parts):
            return self.false
        return self._joint("and", self.mask(mask), self.true, tuple(parts))

    def either(self, formulas: Iterable[Formula]) -> Formula:
        """At least one of them."""
        mask, some, parts = 0, frozenset[int](), dict[Formula, None]()
        for part in _flat("or", formulas):
            if part.kind == "mask":
                mask |= part.low
            elif part.kind == "any":
                some |= part.facts
            else:
                parts[part] = None
        if some:
            parts[self._any(some)] = None
        if mask == self.space.whole or any(self.no(part) in parts for part in parts):
            return self.true
        return self._joint("or", self.mask(mask), self.false, tuple(parts))

    def _joint(
        self, kind: Literal["and", "or"], mask: Formula, neutral: Formula, parts: tuple[Formula, ...]
    ) -> Formula:
        whole = (mask, *parts) if mask is not neutral else parts
        if len(whole) <= 1:
            return whole[0] if whole else neutral
        if (made := self._made.get((kind, whole))) is not None:
            return made
        low, high, default = whole[0].low, whole[0].high, whole[0].default
        for part in whole[1:]:
            if kind == "and":
                low, high, default = low & part.low, high & part.high, default & part.default
            else:
                low, high, default = low | part.low, high | part.high, default | part.default
        facts = frozenset[int]().union(*(part.facts for part in whole))
        size = sum(part.size for part in whole) + 1
        return self._once((kind, whole), Formula(kind, whole, facts, low, high, default, size))

    def _any(self, facts: frozenset[int]) -> Formula:
        formula = Formula("any", facts=facts, high=self.space.whole, order=tuple(sorted(facts)))
        return self._once(("any", facts), formula)

    def _once(self, key: Hashable, formula: Formula) -> Formula:
        return self._made.setdefault(key, formula)


def _flat(kind: str, formulas: Iterable[Formula]) -> Iterable[Formula]:
    for formula in formulas:
        yield from formula.parts if formula.kind == kind else (formula,)
