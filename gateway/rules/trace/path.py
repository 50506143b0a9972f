"""The values that a contact's path is told in. Instants and lengths are milliseconds; intervals are half-open.

Laws. A clock's stretches follow each other without a gap from its start to the instant asked for; a stretch that counts
is covered by its segments; what all segments count adds up to what the clock has elapsed. Where there is too much to
tell, the middle is left out: as one segment or stretch that says how many it stands for, and counts what they count.
`words` quote what vendors sent: whoever prints them has to clean them.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.model.judgement import Clock, Escalation, Implied, State
from gateway.model.words import Metric
from gateway.rules.timeline import InForce

StretchState = Literal["running", "paused", "ended", "uncounted", "over", "left out"]
"""running: a rule counts it. paused: the status stops it. ended: the contact has ended, and the clock may go on after a
reopen. uncounted: it would run, but no rule matches; a rule that takes it up later counts the stretch after all. over:
met or cancelled for good. left out: a middle of many stretches."""

ChangeKind = Literal[
    "started",
    "started anew",
    "paused",
    "resumed",
    "rule changed",
    "dropped",
    "taken up",
    "policy",
    "warned",
    "breached",
    "met",
    "cancelled",
    "ended",
    "reopened",
]
"""`dropped`: no rule matches any more; `taken up`: one does again, or at last. `started anew`: a call that is queued
waits from then on. `policy`: the rule is the same, its calendar is another one. `ended`: the contact has, not the
obligation."""

MomentKind = Literal[
    "raised", "step", "reminder", "acknowledged", "kept", "unacknowledged", "policy", "resolved", "left out"
]
"""`kept`: something has happened since the acknowledgement, which therefore doesn't run out. `policy`: it goes on by a
chain as a new policy has it."""

EnquiryKind = Literal["asked", "ok", "unavailable"]

TurnOf = Literal["policy", "status", "severity", "route", "rule"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What brought a change: an event (`id`, its `type`, the `connector` that it came by), a policy (`id` its hash,
    `type` its name), or time alone."""

    kind: Literal["event", "policy", "time"]
    id: str = ""
    type: str = ""
    connector: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a clock. `before` and `after` are rules, statuses or marks, as the kind has it;
    `because` has the reasons in words where rules changed."""

    at: int
    kind: ChangeKind
    words: str
    cause: Cause
    before: str = ""
    after: str = ""
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a counting stretch. `open`: the calendar is, and all of it counts; `closed`: nothing does; `left out`:
    stands for `of` open intervals and what lies between them."""

    start: int
    end: int
    kind: Literal["open", "closed", "left out"]
    counted_ms: int
    of: int = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nothing about the clock's counting changed.

    `rule`, `calendar` and `target_ms` are those that counted it; of an uncounted stretch those that caught up on it, at
    `caught_up_at`, and empty while none has. `changes` happened at its start or, warnings and the breach, within it; a
    clock that started anew keeps its warnings of before.
    """

    start: int
    end: int
    state: StretchState
    rule: str = ""
    calendar: str = ""
    target_ms: int = 0
    counted_ms: int = 0
    segments: tuple[Segment, ...] = ()
    changes: tuple[Change, ...] = ()
    changes_left_out: int = 0
    caught_up_at: int | None = None
    of: int = 1
    """How many stretches it stands for, where it is `left out`."""


@dataclass(frozen=True, slots=True)
class ClockPath:
    """A clock's way from its start to the instant asked for. `clock` is what it was then: the state's, or retired."""

    clock: Clock
    stretches: tuple[Stretch, ...]

    @property
    def counted_ms(self) -> int:
        """What it has elapsed: what all segments count."""
        return sum(segment.counted_ms for stretch in self.stretches for segment in stretch.segments)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to an escalation. `step` counts from 1, `reminder` of a step too; 0 is none. One that is
    `left out` stands for `of` moments from `at` on."""

    at: int
    kind: MomentKind
    words: str
    cause: Cause
    step: int = 0
    reminder: int = 0
    roles: tuple[str, ...] = ()
    of: int = 1


@dataclass(frozen=True, slots=True)
class CallPath:
    """An escalation and all that happened to it; `clock` is the one that raised it: metric, instance, rule then."""

    escalation: Escalation
    moments: tuple[Moment, ...]
    clock: tuple[Metric, int, str] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A change of what the whole contact is judged by. `of` "rule": `metric` has another rule in force, empty for none;
    "severity": `rule` is the one that says so, empty where the priority does; "route": queue before and after."""

    at: int
    of: TurnOf
    before: str
    after: str
    cause: Cause
    rule: str = ""
    metric: str = ""
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enquiry:
    """An enricher was asked, by `rule`, or it answered: `changed` are the facts that this changed, in words, and
    `reason` says why it told nothing."""

    at: int
    enricher: str
    kind: EnquiryKind
    cause: Cause
    rule: str = ""
    reason: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """A contact's path up to and including `until`.

    `state` is what a replay gives, None while no opening is known; `judge` the policy that judged last. `clocks` are in
    the order of their starts, those that no rule has counted yet (instance 0) among them; `left_out` has how many
    clocks, escalations, turns and enquiries are not told.
    """

    until: int
    judge: InForce
    state: State | None
    clocks: tuple[ClockPath, ...] = ()
    escalations: tuple[CallPath, ...] = ()
    turns: tuple[Turn, ...] = ()
    enquiries: tuple[Enquiry, ...] = ()
    implied: tuple[Implied, ...] = ()
    clocks_left_out: int = 0
    escalations_left_out: int = 0
    turns_left_out: int = 0
    enquiries_left_out: int = 0
