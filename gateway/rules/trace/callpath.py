"""One escalation's path: what raised it, its steps and reminders, who took it, and what ended it."""

from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from gateway.model.event import Event
from gateway.model.judgement import Clock, Escalation, Implied
from gateway.model.words import Metric
from gateway.rules.timeline import InForce
from gateway.rules.trace.causes import TIME, cause_in_words
from gateway.rules.trace.path import CallPath, Cause, Moment, MomentKind

MOMENTS_MAX: Final = 64
"""Moments that are told of one escalation: the first and the last ones."""

REMINDERS_TOLD: Final = 6
"""Reminders in a row that are told: the first and the last ones."""

_KINDS: Final[dict[str, MomentKind]] = {
    "escalation.raised": "raised",
    "escalation.acknowledged": "acknowledged",
    "escalation.resolved": "resolved",
}


@dataclass(slots=True)
class Called:
    """An escalation that is being followed; `clock` is the one that raised it."""

    call: Escalation
    clock: tuple[Metric, int, str] | None = None
    moments: list[Moment] = field(default_factory=list)

    def follow(self, call: Escalation, at: int, event: Event | InForce | None, cause: Cause) -> None:
        """Note what a step has changed that is said to nobody."""
        before, self.call = self.call, call
        if before.acknowledged_at is not None and call.resolved_at is None:
            if call.acknowledged_at is None:
                words = "nothing has happened since it was acknowledged: the chain goes on"
                self.moments.append(Moment(call.resumed_at or at, "unacknowledged", words, TIME))
            elif before.next_at is not None and call.next_at is None:
                words = f"{cause_in_words(event)}: the acknowledgement doesn't run out any more"
                self.moments.append(Moment(at, "kept", words, cause))
        if isinstance(event, InForce) and (before.chain, before.resumed_at, before.next_at) != (
            call.chain,
            call.resumed_at,
            call.next_at,
        ):
            words = f"goes on by chain {call.chain} as {cause_in_words(event)}"
            self.moments.append(Moment(at, "policy", words, cause))

    def hear(self, said: Implied, cause: Cause) -> None:
        """Note what has been said of it."""
        step, reminder = said.detail.get("step", 0), said.detail.get("reminder", 0)
        kind = _KINDS.get(said.type, "reminder" if reminder else "step")
        due = kind in ("step", "reminder") or (kind == "raised" and self.clock is not None)
        by = TIME if due else cause
        self.moments.append(Moment(said.at, kind, said.reason, by, step, reminder, said.roles))

    def path(self) -> CallPath:
        """The escalation's path."""
        told: list[Moment] = []
        for (kind, step), same in groupby(self.moments, key=lambda moment: (moment.kind, moment.step)):
            run = list(same)
            told += _cut(run, REMINDERS_TOLD, f"reminders of step {step}") if kind == "reminder" else run
        return CallPath(self.call, tuple(_cut(told, MOMENTS_MAX, "steps, reminders and other moments")), self.clock)


def _cut(moments: list[Moment], most: int, what: str) -> list[Moment]:
    """The moments, without the middle of them where there are more than `most`."""
    if len(moments) <= most:
        return moments
    head, tail = most // 2, most // 2 - 1
    between = sum(moment.of for moment in moments[head:-tail])
    left_out = Moment(moments[head].at, "left out", f"{between} {what}", TIME, of=between)
    return [*moments[:head], left_out, *moments[-tail:]]


def raised_by(call: Escalation, clocks: list[Clock]) -> tuple[Metric, int, str] | None:
    """The clock that raised an escalation just now; None where its rule matched."""
    for clock in clocks:
        if (clock.metric, clock.started_by) == call.clock:
            return clock.metric, clock.instance, clock.rule
    return None
