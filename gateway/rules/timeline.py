"""The policies of a gateway, each from its instant on: what was in force when.

Law. A contact is judged at every instant by the policy that was in force then; before the first one nothing promises
anything. Instants are milliseconds since the epoch.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from gateway.model.contact import Facts
from gateway.rules.policy import Policy, Reading, Section, Verdict

FROM_THE_BEGINNING: Final = 0
"""The instant from which a policy judges that was always in force: earlier than every event that counts."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, and the instant from which it judges."""

    since: int
    policy: Policy


class _NoConditions:
    """The matcher of the policy that has no rules."""

    reads: frozenset[str] = frozenset()

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """No rule, no answer."""
        return Verdict(())

    def readings(self, section: Section, facts: Facts) -> tuple[Reading, ...]:
        """No rule reads nothing."""
        return ()


NOTHING: Final = InForce(FROM_THE_BEGINNING - 1, Policy(name="", hash="", matcher=_NoConditions()))
"""What is in force before the first policy."""


class Timeline:
    """The policies in the order of their instants; `at` and `after` walk along them."""

    __slots__ = ("_entries", "_since")

    def __init__(self, entries: Iterable[InForce]) -> None:
        self._entries = (NOTHING, *sorted(entries, key=lambda entry: entry.since))
        self._since = [entry.since for entry in self._entries]

    @classmethod
    def only(cls, policy: Policy) -> "Timeline":
        """One policy: from its own date on, or always."""
        return cls([InForce(FROM_THE_BEGINNING if policy.starts is None else policy.starts, policy)])

    def at(self, instant: int) -> InForce:
        """What is in force at an instant."""
        return self._entries[max(0, bisect_right(self._since, instant) - 1)]

    def after(self, instant: int) -> InForce | None:
        """What comes into force next after an instant; None if nothing does."""
        place = bisect_right(self._since, instant)
        return self._entries[place] if place < len(self._entries) else None

    def policies(self) -> list[Policy]:
        """Every policy, the earliest first."""
        return [entry.policy for entry in self._entries[1:]]

    def up_to(self, instant: int) -> "Timeline":
        """The same without what comes into force only after an instant."""
        return Timeline(entry for entry in self._entries[1:] if entry.since <= instant)

    def each(self, of: Callable[[Policy], Policy]) -> "Timeline":
        """The same with every policy as `of` gives it."""
        return Timeline(InForce(entry.since, of(entry.policy)) for entry in self._entries[1:])
