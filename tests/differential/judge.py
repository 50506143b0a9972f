"""A second judge of the policy language: deliberately slow, it walks through a contact's time tick by tick.

At every tick it lets the time since the last one pass for whatever runs, applies the events of the tick one by one,
and then looks what is due. It computes no deadline to know of a breach; deadlines are only counted out, quarter by
quarter, where they are to be shown. It shares no code with the rules.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.differential.contact import Contact, Content
from tests.differential.promises import Promise
from tests.differential.walls import Opening


class OffGrid(Exception):
    """Something is due between two ticks: the walk can't tell."""


class Judge:
    """Walks through one contact. `events` are in order, their `at` in milliseconds."""

    def __init__(self, policy: Mapping[str, Any], opening: Opening, events: Sequence[Content]) -> None:
        self.opening = opening
        self.contact = Contact(policy, opening)
        self.calls = self.contact.calls
        self.events = list(events)
        self.calendars = {name: opening.quarters(name) for name in _calendars(policy)}
        self.now = 0
        self.route_told: Content | None = None

    def walk(self, ticks: Sequence[int], until: int) -> None:
        """Walk from tick to tick until an instant, inclusive."""
        for tick in ticks:
            if tick > until:
                break
            self._tick(tick)

    def walk_on(self, ticks: Sequence[int]) -> int | None:
        """The first of the ticks after now at which something changes, with no further event."""
        self.events.clear()
        before = self._changing()
        for tick in ticks:
            if tick > self.now:
                self._tick(tick)
                if self._changing() != before:
                    return tick
        return None

    def _changing(self) -> list[Any]:
        return [len(self.contact.said), [call.state for call in self.calls.calls]]

    def _tick(self, tick: int) -> None:
        if self.contact.facts is not None:
            self._pass_time(tick)
        self.now = self.contact.now = tick
        while self.events and self.events[0]["at"] <= tick:
            self._breach(strict_only=True)
            event = self.events.pop(0)
            if event["at"] != tick:
                raise OffGrid
            self.contact.apply(event)
        if self.contact.facts is not None:
            self._settle()

    def _pass_time(self, tick: int) -> None:
        contact, length = self.contact, tick - self.now
        quarter = self.opening.quarter(self.now)
        opened = {name: quarters[quarter] for name, quarters in self.calendars.items()}
        waiting = [contact.question] if contact.question is not None and not contact.replied else []
        for promise in [*contact.promises, *waiting]:
            if promise.runs(contact.status_before):
                before = promise.elapsed
                promise.pass_time(length, opened)
                if before != promise.elapsed and any(before < limit < promise.elapsed for limit in promise.limits):
                    raise OffGrid
        if not self.calls.pass_time(self.now, tick):
            raise OffGrid

    def _settle(self) -> None:
        contact = self.contact
        assert contact.facts is not None
        if contact.route != self.route_told:
            if contact.route is not None:
                contact.say("contact.routed", contact.route["rule"])
            self.route_told = contact.route
        self.calls.look(contact.facts, contact.promises, self.now)
        for promise in contact.in_order:
            if promise.rule is not None and not promise.over:
                self._warn(promise)
        self._breach(strict_only=False)
        life = None if contact.ended() else contact.life
        self.calls.raise_what_is_due(contact.facts, contact.in_order, life, self.now)
        self.calls.step(self.now)

    def _warn(self, promise: Promise) -> None:
        assert promise.rule is not None
        for text, elapsed in promise.marks:
            key = (promise.rule["id"], text)
            if promise.elapsed >= elapsed and key not in promise.warned:
                promise.warned.add(key)
                self.contact.say("sla.warned", promise.rule["id"])

    def _breach(self, *, strict_only: bool) -> None:
        """Break what has reached its target, in the policy's order; before that, warn of all of it."""
        broken = [
            promise
            for promise in self.contact.in_order
            if promise.rule is not None
            and not promise.over
            and promise.breached is None
            and (promise.strict or not strict_only)
            and promise.elapsed >= promise.target
        ]
        for promise in broken:
            self._warn(promise)
        for promise in broken:
            assert promise.rule is not None
            promise.breached = promise.due = self.now
            self.contact.say("sla.breached", promise.rule["id"])


def _calendars(policy: Mapping[str, Any]) -> list[str]:
    return sorted({rule.get("calendar", "always") for rule in policy["sla"]})
