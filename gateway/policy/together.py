"""Conditions that are evaluated together, and the answers for the contact that was asked of last.

Conditions are evaluated in lists. If any of a list fails, or all of it is too much work, its conditions are evaluated
one by one: one that fails counts as not matched, alone, and its reason is kept. Both ways give the same answers. Of the
contact only what the conditions read is handed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.model.contact import Contact, Facts
from gateway.policy.contact_message import FIELDS, ContactMessage
from gateway.policy.expressions import Condition, Failure, Language
from gateway.policy.remembered import CUSTOMER, key_of

LIST_MAX: Final = 128
"""Conditions in one list: together they cost a fraction, but all are repeated when one fails, and the language has a
limit for the length of an expression."""

REMEMBERED_MAX: Final = 4_096
"""Contacts' values whose answers are remembered, the latest."""

ANSWERS_MAX: Final = 500_000
"""And so many answers in all: with thousands of conditions each of those values has as many, at 8 bytes."""


@dataclass(frozen=True)
class Answers:
    """Whether each condition holds for a contact and what has been decided of it; the failures by place, with why."""

    contact: Contact
    decided: tuple[object, ...]
    holds: list[bool]
    failed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _List:
    """Conditions with their places, and all of them as one program; None where they don't fit into one."""

    places: tuple[int, ...]
    conditions: tuple[Condition, ...]
    joined: Any | None


class Together:
    """Conditions, None where one always holds. `decisions`: what they read of the facts beside the contact."""

    def __init__(
        self,
        message: ContactMessage,
        language: Language,
        decisions: Sequence[str],
        conditions: Sequence[Condition | None],
    ) -> None:
        self._message = message
        self._language = language
        self._decisions = decisions
        self._count = len(conditions)
        placed = [(place, condition) for place, condition in enumerate(conditions) if condition is not None]
        self._lists = [self._list(placed[start : start + LIST_MAX]) for start in range(0, len(placed), LIST_MAX)]
        present = [condition for _, condition in placed]
        reads, keys = reads_of(present), _keys_of(present)
        self._filled = reads if keys is None else tuple(name for name in reads if name != "fields")
        self._keys = keys or frozenset()
        self._last: Answers | None = None
        self._most = min(REMEMBERED_MAX, ANSWERS_MAX // max(1, self._count))
        self._key_of = key_of(self._filled, self._keys, _of_customer(present)) if self._lists else None
        self._remembered: dict[tuple[object, ...], tuple[list[bool], dict[int, str]]] = {}

    def answers(self, facts: Facts) -> Answers:
        """The answers of all conditions. Never raises. Those of the last contact are remembered."""
        decided = tuple([getattr(facts, name) for name in self._decisions])
        last = self._last
        if last is None or last.contact is not facts.contact or last.decided != decided:
            last = self._last = self._judged(facts, decided)
        return last

    def _judged(self, facts: Facts, decided: tuple[object, ...]) -> Answers:
        """The answers that were given to the same values, or new ones."""
        key = None if self._key_of is None else self._key_of(facts.contact)
        if key is None:
            return self._evaluated(facts, Answers(facts.contact, decided, [True] * self._count))
        known = self._remembered.pop((decided, key), None)
        if known is None:
            fresh = self._evaluated(facts, Answers(facts.contact, decided, [True] * self._count))
            known = fresh.holds, fresh.failed
            if len(self._remembered) >= self._most:
                del self._remembered[next(iter(self._remembered))]
        self._remembered[decided, key] = known
        return Answers(facts.contact, decided, *known)

    def _evaluated(self, facts: Facts, answers: Answers) -> Answers:
        if not self._lists:
            return answers
        variables = self._language.bind(self._message.build(facts, self._filled, self._keys))
        for part in self._lists:
            together: list[bool] | Failure = Failure("")
            if part.joined is not None:
                together = self._language.evaluate_all(part.joined, variables)
            if isinstance(together, Failure):
                self._one_by_one(part, variables, answers)
            else:
                for place, holds in zip(part.places, together, strict=True):
                    answers.holds[place] = holds
        return answers

    def _one_by_one(self, part: _List, variables: Any, answers: Answers) -> None:
        for place, condition in zip(part.places, part.conditions, strict=True):
            answer = self._language.evaluate(condition, variables)
            if isinstance(answer, Failure):
                answers.failed[place] = answer.reason
            answers.holds[place] = answer is True

    def _list(self, placed: Sequence[tuple[int, Condition]]) -> _List:
        conditions = tuple(condition for _, condition in placed)
        joined = self._language.join(conditions) if len(conditions) > 1 else None
        return _List(tuple(place for place, _ in placed), conditions, joined)


def reads_of(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """The contact's fields that conditions read; all of them where one looks at the contact as a whole."""
    names = {read.field for condition in conditions for read in condition.uses.reads}
    return tuple(name for name in FIELDS if name in names or "" in names)


def _keys_of(conditions: Sequence[Condition]) -> frozenset[str] | None:
    """The keys of the contact's own fields that conditions ask for; None where one looks at them all."""
    keys = {read.key for condition in conditions for read in condition.uses.reads if read.field in ("fields", "")}
    return None if None in keys else frozenset(key for key in keys if key is not None)


def _of_customer(conditions: Sequence[Condition]) -> frozenset[str]:
    """What conditions read of the customer; all of it where one looks at it, or at the contact, as a whole."""
    names = {read.key for condition in conditions for read in condition.uses.reads if read.field in ("customer", "")}
    return CUSTOMER if not names <= CUSTOMER else frozenset(name for name in names if name is not None)
