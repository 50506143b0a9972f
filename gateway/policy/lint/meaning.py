"""What the conditions of a policy mean, as formulas: under which contacts each rule takes effect.

What earlier sections decide (severity, queue, …) stands in the formulas as the conditions under which it is decided.
Every formula allows at least the contacts that the rule really matches, and a rule that fails counts as not matched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.model.words import CHANNELS, DIRECTIONS, KINDS, LIVES, PRIORITIES
from gateway.policy.conditions import JUDGED
from gateway.policy.contact_message import NO_PRIORITY
from gateway.policy.expressions import Condition
from gateway.policy.lint.atoms import (
    STEPS_MAX,
    Test,
    compared,
    field_of,
    may_fail,
    member,
    steps_of,
    words_of,
)
from gateway.policy.lint.formula import Formula, Formulas, Space
from gateway.policy.lint.sheet import Sheet
from gateway.policy.syntax import ALL, Call, Constant, Listed, Loop, Tree, children, put, quantified
from gateway.rules.policy import Section
from gateway.rules.verdicts import SEVERITY_OF

WORDS: Final = {
    "kind": KINDS,
    "channel": CHANNELS,
    "priority": (NO_PRIORITY, *PRIORITIES),
    "status": LIVES,
    "direction": DIRECTIONS,
}
"""The fields of fixed words."""

DECIDED: Final = ("severity", "queue", "team", "tier", "route_priority", "skills")
"""What conditions read that a section has decided."""

EXACT_RULES_MAX: Final = 64
EXACT_PARTS_MAX: Final = 4_000
"""Of a section of more rules, or of longer ones, only the possible outcomes are known, not when which one comes."""

_UNROLLED_MAX: Final = 200
_UNROLLED_PARTS_MAX: Final = 200_000
"""How long a written list may be whose elements are looked at one by one, and how much that may be in all."""

_LISTS: Final = ("tags", "connectors", "opened_during")

_Pair = tuple[Formula, Formula]
"""When an expression is true, and when it is false: in case of an error it is neither."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What a section may decide, and when; None: nobody knows when."""

    values: dict[str, Any]
    when: Formula | None


class Meaning:
    """`holds` has a formula for each rule of each section."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.formulas = Formulas(Space(WORDS))
        self.holds: dict[Section, list[Formula]] = {}
        self._cases: dict[str, list[_Case]] = {}
        self._known: dict[str, Formula] = {}
        self._unrolled = 0
        self.never: dict[str, list[str]] = {}
        """By a condition's text: the fields which it asks for what no section ever decides."""

        self._never: list[str] = []
        for section in JUDGED:
            self.holds[section] = [self._rule(condition) for condition in sheet.conditions(section)]
            if section == "severity":
                self._cases["severity"] = self._decided(section, self._severities(), self._defaults())
            elif section == "routing":
                routes = self._decided(section, self._routes(), [(self._no_route(), self.formulas.true)])
                self._cases |= dict.fromkeys(DECIDED[1:], routes)

    def only(self, field: str, words: Iterable[str]) -> Formula:
        """The contacts whose field has one of the words."""
        return self.formulas.mask(self.formulas.space.where(field, tuple(words)))

    def values(self, field: str) -> list[Any]:
        """What a section may decide for a field, each once, in the policy's order."""
        return list(dict.fromkeys(case.values[field] for case in self._cases.get(field, ())))

    def _rule(self, condition: Condition | None) -> Formula:
        if condition is None:
            return self.formulas.true
        if condition.text not in self._known:
            tree = condition.tree()
            self._never = self.never.setdefault(condition.text, [])
            holds = self._pair(tree)[0]
            if steps_of(tree) > STEPS_MAX:
                # Too much work for a contact of many tags is a failure, too, and takes the whole condition with it.
                failed = self.formulas.fact(("too much", condition.text))
                holds = self.formulas.both((holds, self.formulas.no(failed)))
            self._known[condition.text] = holds
        return self._known[condition.text]

    def _severities(self) -> list[dict[str, Any]]:
        return [{"severity": rule.severity} for rule in self._sheet.policy.severity]

    def _defaults(self) -> list[tuple[dict[str, Any], Formula]]:
        return [
            ({"severity": severity}, self.only("priority", [priority or NO_PRIORITY]))
            for priority, severity in SEVERITY_OF.items()
        ]

    def _routes(self) -> list[dict[str, Any]]:
        queues = self._sheet.policy.queues
        return [
            {
                "queue": rule.queue,
                "team": queues[rule.queue].team,
                "tier": queues[rule.queue].tier,
                "skills": rule.skills,
                "route_priority": rule.priority,
            }
            for rule in self._sheet.policy.routing
        ]

    def _no_route(self) -> dict[str, Any]:
        return {"queue": "", "team": "", "tier": 0, "skills": (), "route_priority": 0}

    def _decided(
        self, section: Section, values: Sequence[dict[str, Any]], otherwise: Sequence[tuple[dict[str, Any], Formula]]
    ) -> list[_Case]:
        """The outcomes of a section in which the first match wins."""
        holds, make = self.holds[section], self.formulas
        exact = len(holds) <= EXACT_RULES_MAX and sum(formula.size for formula in holds) <= EXACT_PARTS_MAX
        cases: list[_Case] = []
        none_before = make.true
        for formula, value in zip(holds, values, strict=True):
            if formula is make.false:
                continue
            cases.append(_Case(value, make.both((none_before, formula)) if exact else None))
            none_before = make.both((none_before, make.no(formula))) if exact else none_before
            if formula is make.true:
                return cases
        return [*cases, *(_Case(value, make.both((none_before, when)) if exact else None) for value, when in otherwise)]

    def _pair(self, tree: Tree, *, unrolled: bool = False) -> _Pair:
        make = self.formulas
        match tree:
            case Constant("bool_value", value):
                return (make.true, make.false) if value else (make.false, make.true)
            case Call("!_", (inner,)):
                true, false = self._pair(inner, unrolled=unrolled)
                return false, true
            case Call("_&&_", parts):
                return self._every([self._pair(part, unrolled=unrolled) for part in parts])
            case Call("_||_", parts):
                return self._some([self._pair(part, unrolled=unrolled) for part in parts])
            case Call("_==_", (inner, Constant("bool_value", value))) | Call(
                "_==_", (Constant("bool_value", value), inner)
            ):
                true, false = self._pair(inner, unrolled=unrolled)
                return (true, false) if value else (false, true)
            case Call("_?_:_", (asked, then, other)):
                asks, one, two = (self._pair(part, unrolled=unrolled) for part in (asked, then, other))
                return (
                    make.either((make.both((asks[0], one[0])), make.both((asks[1], two[0])))),
                    make.either((make.both((asks[0], one[1])), make.both((asks[1], two[1])))),
                )
            case Loop():
                known = self._loop(tree, unrolled=unrolled)
            case _:
                known = self._atom(tree)
        return known or self._opaque(tree)

    def _every(self, pairs: Sequence[_Pair]) -> _Pair:
        return self.formulas.both(true for true, _ in pairs), self.formulas.either(false for _, false in pairs)

    def _some(self, pairs: Sequence[_Pair]) -> _Pair:
        return self.formulas.either(true for true, _ in pairs), self.formulas.both(false for _, false in pairs)

    def _certain(self, formula: Formula) -> _Pair:
        return formula, self.formulas.no(formula)

    def _opaque(self, tree: Tree) -> _Pair:
        """What is a fact by itself; where it may fail, it is false only if it doesn't."""
        true = self.formulas.fact(tree)
        false = self.formulas.no(true)
        if may_fail(tree):
            false = self.formulas.both((false, self.formulas.no(self.formulas.fact(("fails", tree)))))
        return true, false

    def _atom(self, tree: Tree) -> _Pair | None:
        if (found := compared(tree)) is not None:
            field, test = found
            if field in WORDS:
                return self._certain(self._where(field, test))
            if field in self._cases and field != "skills":
                return self._outcome(field, test, tree)
        if (asked := member(tree)) is not None:
            return self._listed(asked[0], frozenset((asked[1],)), tree)
        return None

    def _where(self, field: str, test: Test) -> Formula:
        words = [word for word in WORDS[field] if test(word)]
        if len(words) == len(WORDS[field]) or not words:
            return self.formulas.true if words else self.formulas.false
        return self.only(field, words)

    def _outcome(self, field: str, test: Test, tree: Tree) -> _Pair:
        """When a section has decided a value for which the test holds."""
        cases = self._cases[field]
        those = [case for case in cases if test(case.values[field])]
        if not those:
            self._never.append(field)
        if not those or len(those) == len(cases):
            return self._certain(self.formulas.true if those else self.formulas.false)
        if any(case.when is None for case in cases):
            return self._certain(self.formulas.fact(tree))
        if 2 * len(those) <= len(cases):
            return self._certain(self.formulas.either(case.when for case in those if case.when))
        others = [case.when for case in cases if case.when and not test(case.values[field])]
        true, false = self._certain(self.formulas.either(others))
        return false, true

    def _listed(self, field: str, words: frozenset[str], tree: Tree) -> _Pair | None:
        """When a list of the contact's has one of the words."""
        if field == "skills" and field in self._cases:
            return self._outcome(field, lambda skills: not words.isdisjoint(skills), tree)
        if field in _LISTS:
            return self._certain(self.formulas.either(self.formulas.fact((field, word)) for word in sorted(words)))
        return None

    def _loop(self, loop: Loop, *, unrolled: bool) -> _Pair | None:
        asked = quantified(loop)
        if asked is None:
            return None
        kind, step = asked
        name = loop.names[0]
        if isinstance(loop.over, Listed):
            elements = loop.over.elements
            if unrolled or len(elements) > _UNROLLED_MAX or loop.names[1]:
                return None
            self._unrolled += len(elements) * _size(step)
            if self._unrolled > _UNROLLED_PARTS_MAX or not all(isinstance(element, Constant) for element in elements):
                return None
            pairs = [self._pair(put(step, name, element), unrolled=True) for element in elements]
            return self._every(pairs) if kind == ALL else self._some(pairs)
        words = words_of(step, name)
        # Of `exists` only what it looks for is known, of `all` only what it doesn't allow.
        if words is None or words[1] != (kind == ALL) or not field_of(loop.over):
            return None
        pair = self._listed(field_of(loop.over), words[0], Call(kind, (loop.over, Listed(_constants(words[0])))))
        return (pair[1], pair[0]) if pair and kind == ALL else pair


def _size(tree: Tree) -> int:
    return 1 + sum(_size(child) for child in children(tree))


def _constants(words: frozenset[str]) -> tuple[Tree, ...]:
    return tuple(Constant("string_value", word) for word in sorted(words))
