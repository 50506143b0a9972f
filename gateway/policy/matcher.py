"""The compiled conditions of a policy, section by section.

Sections that read the same decisions of those before them are evaluated together, once a contact. Which of them is
asked for first makes no difference to any answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.model.contact import Facts
from gateway.policy.contact_message import ContactMessage, cut_of
from gateway.policy.expressions import Condition, Language
from gateway.policy.reading import values_read
from gateway.policy.together import Together, reads_of
from gateway.rules.policy import Reading, Section, Verdict

_DECISIONS: Final = tuple(name for name in Facts.__struct_fields__ if name != "contact")
"""What conditions read that isn't the contact's own: a section before theirs has decided it."""


@dataclass(frozen=True)
class CompiledRule:
    """A rule's condition; None: it always matches."""

    id: str
    condition: Condition | None


@dataclass(frozen=True)
class _Section:
    """A section's rules, what they read, and where their answers stand among those of its group."""

    rules: tuple[CompiledRule, ...]
    reads: tuple[str, ...]
    group: Together
    start: int


class CompiledMatcher:
    """Judges by CEL. `reads` are the names of the contact's fields that any condition reads."""

    reads: frozenset[str]

    def __init__(
        self, message: ContactMessage, language: Language, sections: Mapping[Section, Sequence[CompiledRule]]
    ) -> None:
        self._sections: dict[Section, _Section] = {}
        reads = {section: _reads(rules) for section, rules in sections.items()}
        decisions = {section: tuple(name for name in _DECISIONS if name in reads[section]) for section in sections}
        for read in dict.fromkeys(decisions.values()):
            members = [section for section in sections if decisions[section] == read]
            conditions = [rule.condition for section in members for rule in sections[section]]
            group, start = Together(message, language, read, conditions), 0
            for section in members:
                self._sections[section] = _Section(tuple(sections[section]), reads[section], group, start)
                start += len(sections[section])
        self.reads = frozenset(name for names in reads.values() for name in names)

    def conditions(self, section: Section) -> list[Condition | None]:
        """A section's conditions, rule by rule; None where a rule always matches."""
        return [rule.condition for rule in self._sections[section].rules]

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Judge every rule of a section. Never raises: a rule that fails counts as not matched, alone."""
        asked = self._sections[section]
        answers, start, end = asked.group.answers(facts), asked.start, asked.start + len(asked.rules)
        failed = {
            asked.rules[place - start].id: reason for place, reason in answers.failed.items() if start <= place < end
        }
        return Verdict(tuple(answers.holds[start:end]), failed, cut_of(facts, asked.reads))

    def readings(self, section: Section, facts: Facts) -> tuple[Reading, ...]:
        """What each rule of a section reads of the contact."""
        conditions = self.conditions(section) if section in self._sections else []
        return tuple(
            Reading() if condition is None else Reading(condition.text, values_read(condition.uses.reads, facts))
            for condition in conditions
        )


def _reads(rules: Sequence[CompiledRule]) -> tuple[str, ...]:
    return reads_of([rule.condition for rule in rules if rule.condition is not None])
