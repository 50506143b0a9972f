"""The paths of clocks and escalations through time, described: `rules.path_view` fills them."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from gateway.model.words import Metric
from gateway.rules.notice import NoticeClock, NoticeEscalation, Seconds, Time
from gateway.rules.trace.path import ChangeKind, MomentKind, StretchState


class WhatCaused(Struct, frozen=True, kw_only=True):
    """What brought a change."""

    kind: Literal["event", "policy", "time"]
    """What it was: something that happened, another policy, or time alone."""

    id: str | UnsetType = UNSET
    """The event's id, or the policy's hash."""

    type: str | UnsetType = UNSET
    """The event's type, or the policy's name."""

    connector: str | UnsetType = UNSET
    """By which connector the event came."""


class ClockChange(Struct, frozen=True, kw_only=True):
    """Something that happened to a clock."""

    at: Time
    """When."""

    kind: ChangeKind
    """What."""

    words: str
    """The same in words."""

    before: str | None
    """The rule, status or mark before."""

    after: str | None
    """The rule, status or mark after."""

    because: list[str]
    """The reasons, where rules changed."""

    cause: WhatCaused
    """What brought it."""


class ClockSegment(Struct, frozen=True, kw_only=True):
    """A part of a stretch, in which the calendar is open or closed."""

    from_: Time = field(name="from")
    """Its beginning."""

    to: Time
    """Its end."""

    kind: Literal["open", "closed", "left out"]
    """Whether it counts; `left out` stands for many."""

    counted_s: Seconds
    """Seconds that count."""

    of: int | UnsetType = UNSET
    """How many it stands for, if it is left out."""


class ClockStretch(Struct, frozen=True, kw_only=True):
    """A time in which nothing about the clock's counting changed."""

    from_: Time = field(name="from")
    """Its beginning."""

    to: Time
    """Its end."""

    state: StretchState
    """How the clock stood."""

    rule: str | None
    """The rule that counted."""

    calendar: str | None
    """Its calendar."""

    target_s: Seconds | None
    """Its target, in seconds of open time."""

    counted_s: Seconds
    """Seconds that count."""

    caught_up_at: Time | None
    """When a rule took up what none had counted."""

    changes: list[ClockChange]
    """What happened in it."""

    changes_left_out: int
    """How many more did."""

    segments: list[ClockSegment]
    """Open and closed times."""

    of: int | UnsetType = UNSET
    """How many stretches it stands for, if it is left out."""


class ExplainedClock(NoticeClock, frozen=True, kw_only=True):
    """One promise with every stretch of its time."""

    words: str
    """What has become of it."""

    counted_s: Seconds | None
    """The sum of its segments; null where its path isn't known."""

    stretches: list[ClockStretch] | None
    """Its path; null where it isn't known."""


class RaisedBy(Struct, frozen=True, kw_only=True):
    """The clock that raised an escalation."""

    metric: Metric
    """What is counted."""

    instance: int
    """Which of the repeats."""

    rule: str
    """The rule that counted it then."""


class ChainStep(Struct, frozen=True, kw_only=True):
    """One step of a chain."""

    step: int
    """Its number, from 1."""

    notify: list[str]
    """The roles that it calls."""

    after_s: Seconds
    """Seconds after the beginning."""

    state: str
    """`fired`, `to come`, or why not any more."""

    due_at: Time | None
    """When it comes."""

    fired_at: Time | None
    """When it last called."""

    reminders: int
    """How often it has reminded."""


class EscalationMoment(Struct, frozen=True, kw_only=True):
    """Something that happened to an escalation."""

    at: Time
    """When."""

    kind: MomentKind
    """What."""

    words: str
    """The same in words."""

    step: int | None
    """The step that it is about."""

    reminder: int | None
    """The reminder that it is about."""

    roles: list[str]
    """Who was called."""

    cause: WhatCaused
    """What brought it."""

    of: int | UnsetType = UNSET
    """How many it stands for, if it is left out."""


class ExplainedEscalation(NoticeEscalation, frozen=True, kw_only=True):
    """One escalation with its steps and all that happened to it."""

    raised_by: str
    """What raised it, in words."""

    steps: list[ChainStep]
    """Every step of the chain."""

    raised_by_clock: RaisedBy | None
    """The clock that raised it, if one did and it is known."""

    moments: list[EscalationMoment] | None
    """What happened to it; null where that isn't known."""
