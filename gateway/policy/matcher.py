"""The compiled conditions of a policy, section by section.

A section is evaluated as one list. If any of its conditions fails, or all together are too much work, the rules are
evaluated one by one: one that fails counts as not matched, alone, and is named. Both ways give the same answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.model.contact import Facts
from gateway.policy.contact_message import FIELDS, ContactMessage
from gateway.policy.expressions import Condition, Failure, Language
from gateway.rules.policy import Section, Verdict


@dataclass(frozen=True)
class CompiledRule:
    """A rule's condition; None: it always matches."""

    id: str
    condition: Condition | None


@dataclass(frozen=True)
class _Conditions:
    """A section: its rules, the places of those with a condition, all of these as one program, and what they read."""

    rules: tuple[CompiledRule, ...]
    places: tuple[int, ...]
    conditions: tuple[Condition, ...]
    joined: Any | None
    reads: tuple[str, ...]


class CompiledMatcher:
    """Judges by CEL. `reads` are the names of the contact's fields that any condition reads."""

    reads: frozenset[str]

    def __init__(
        self, message: ContactMessage, language: Language, sections: Mapping[Section, Sequence[CompiledRule]]
    ) -> None:
        self._message = message
        self._language = language
        self._sections = {section: self._section(rules) for section, rules in sections.items()}
        self.reads = frozenset(name for section in self._sections.values() for name in section.reads)

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Judge every rule of a section. Never raises: a rule that fails counts as not matched, alone."""
        compiled = self._sections[section]
        matched = [True] * len(compiled.rules)
        if not compiled.conditions:
            return Verdict(tuple(matched))
        variables = self._language.bind(self._message.build(facts, compiled.reads))
        answers: list[bool] | Failure = Failure("")
        if compiled.joined is not None:
            answers = self._language.evaluate_all(compiled.joined, variables)
        failed: dict[str, str] = {}
        if isinstance(answers, Failure):
            answers = self._one_by_one(compiled, variables, failed)
        for place, answer in zip(compiled.places, answers, strict=True):
            matched[place] = answer
        return Verdict(tuple(matched), failed)

    def _one_by_one(self, compiled: _Conditions, variables: Any, failed: dict[str, str]) -> list[bool]:
        answers = []
        for place, condition in zip(compiled.places, compiled.conditions, strict=True):
            answer = self._language.evaluate(condition, variables)
            if isinstance(answer, Failure):
                failed[compiled.rules[place].id] = answer.reason
                answer = False
            answers.append(answer)
        return answers

    def _section(self, rules: Sequence[CompiledRule]) -> _Conditions:
        places = tuple(place for place, rule in enumerate(rules) if rule.condition is not None)
        conditions = tuple(rule.condition for rule in rules if rule.condition is not None)
        joined = self._language.join(conditions) if len(conditions) > 1 else None
        return _Conditions(tuple(rules), places, conditions, joined, reads_of(conditions))


def reads_of(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """The contact's fields that conditions read; all of them where one looks at the contact as a whole."""
    names = {read.field for condition in conditions for read in condition.uses.reads}
    return tuple(name for name in FIELDS if name in names or "" in names)
