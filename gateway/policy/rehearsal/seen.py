"""What there is to see of a test's contact at an instant: the values that expectations are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from gateway.model.judgement import Clock, Escalation, Implied, State
from gateway.policy.examples.moment import format_length, format_moment
from gateway.rules import clocks
from gateway.rules.policy import Policy, SlaRule
from gateway.rules.view import clocks_in_order

FAMILIES: Final = ("sla.", "escalation.", "csat.")
"""What the notices that tests list begin with; `contact.*` tells what the test itself has given."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The contact as it is at `at`; `implied` has what has followed since the look before."""

    policy: Policy
    at: int
    started_at: int
    offset: timedelta
    state: State | None
    implied: Sequence[Implied]
    retired: Sequence[Clock | Escalation]

    def clocks(self) -> list[Clock]:
        """Every clock that a rule has counted."""
        if self.state is None:
            return []
        return clocks_in_order(self.state, self.policy, [thing for thing in self.retired if isinstance(thing, Clock)])

    def escalations(self) -> list[Escalation]:
        """Every escalation that was raised, the first one first."""
        there = [] if self.state is None else self.state.escalations
        gone = [thing for thing in self.retired if isinstance(thing, Escalation)]
        return sorted([*gone, *there], key=lambda call: call.raised_at)

    def notices(self) -> list[Implied]:
        """What has gone out since the look before, of the families that tests list."""
        return [following for following in self.implied if following.type.startswith(FAMILIES)]

    def requested(self, type: str) -> list[str]:
        """The rules that have asked, or acted, since the look before."""
        return [following.rule for following in self.implied if following.type == type]

    def contact_value(self, key: str) -> Any:
        """The value of a key of `expect` that is one word or number."""
        if self.state is None:
            return None
        if key in ("status", "severity"):
            return self.state.contact.status if key == "status" else self.state.severity
        route = self.state.route
        if route is None:
            return [] if key == "skills" else None
        value = getattr(route, "rule" if key == "route" else key)
        return list(value) if key == "skills" else value

    def clock_value(self, clock: Clock, key: str) -> Any:
        """The value of a key of an expected clock: times and lengths in ms, marks in the order of their firing."""
        rule = self.policy.sla_by_id.get(clock.last_rule)
        match key:
            case "state" | "calendar" | "started_at" | "met_at" | "breached_at" | "cancelled_at" | "instance":
                return getattr(clock, key)
            case "due_at":
                return clocks.due_to_show(clock, self._counting(clock))
            case "target":
                return clock.target_ms
            case "elapsed":
                return clocks.counted(clock, self._counting(clock), self.at)
            case "warned":
                prefix = f"{clock.last_rule}/"
                return [mark.removeprefix(prefix) for mark in clock.warned if mark.startswith(prefix)]
        return getattr(rule, key, None)

    def is_open(self, calendar: str) -> bool | None:
        """Whether a calendar is open at the instant; None for one that the policy doesn't have."""
        known = self.policy.calendars.get(calendar)
        return None if known is None else known.elapsed(self.at, self.at + 1) > 0

    def _counting(self, clock: Clock) -> SlaRule | None:
        return self.policy.sla_by_id.get(clock.rule)


_LENGTHS: Final = frozenset({"target", "elapsed"})
_TIMES: Final = frozenset({"at", "due_at", "started_at", "met_at", "breached_at", "cancelled_at"})


def plain(key: str, value: Any, offset: timedelta) -> Any:
    """A value as JSON and people have it."""
    if value is None:
        return None
    if key in _TIMES:
        return format_moment(value, offset)
    if key in _LENGTHS:
        return format_length(value)
    if key == "objective":
        return f"{round(value * 100, 6):g}%"
    return value
