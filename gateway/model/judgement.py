"""What the rules conclude about one contact at one instant: clocks, route, escalations, and what follows from them.

`State` is the whole of it and is what the store keeps; the rules carry it from event to event.
Instants are milliseconds since the epoch.
"""

from typing import Any, Literal

import msgspec

from gateway.model.contact import Contact
from gateway.model.event import Position
from gateway.model.words import Metric

ClockState = Literal["running", "paused", "met", "breached", "cancelled"]

ImpliedType = Literal[
    "contact.opened",
    "contact.routed",
    "contact.reopened",
    "contact.solved",
    "contact.closed",
    "sla.warned",
    "sla.breached",
    "sla.met",
    "escalation.raised",
    "escalation.stepped",
    "escalation.acknowledged",
    "escalation.resolved",
    "csat.recovery_required",
]
"""What follows and is said to receivers."""

RequestType = Literal["enrichment.requested", "action.requested"]
"""What follows and is asked of an enricher or a connector; no receiver is told."""

OperatorType = Literal["endpoint.failing", "endpoint.recovered", "endpoint.disabled"]
"""What is said of the receivers themselves, to those who want to know."""

ContactNoticeType = ImpliedType | Literal["sla.corrected", "escalation.cancelled"]
NoticeType = ContactNoticeType | OperatorType
EffectType = NoticeType | RequestType


class Span(msgspec.Struct, frozen=True, array_like=True):
    """A stretch of time `[start, end)` in which an obligation ran and no rule counted it."""

    start: int
    end: int


class Clock(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One obligation to the customer, and how a rule counts it.

    The obligation (metric, `started_at`, whether it `runs`) follows from events alone. The rule in force may change;
    `elapsed_ms` is what had been counted at `since`, the last instant at which the policy, the rule or the running
    changed. `started_by` is the id of an event, or `hash@instant` of a policy whose route handed the contact over.
    Without a rule (`rule` empty) time gathers in `uncounted`, for the rule that may match later.
    """

    metric: Metric
    started_by: str
    started_at: int
    since: int
    runs: bool = True
    instance: int = 0
    """From 1, per metric, given when a rule first counts the clock; 0 until then."""

    rule: str = ""
    elapsed_ms: int = 0
    target_ms: int = 0
    calendar: str = ""
    """The target and the calendar's name of the rule that counts the clock, or counted it last."""

    uncounted: tuple[Span, ...] = ()
    warned: tuple[str, ...] = ()
    """The marks that have fired, as `rule/mark`."""

    triggered: tuple[str, ...] = ()
    """What it has set off, each once, as `section/rule`."""

    breached_at: int | None = None
    breached_rule: str = ""
    breached_due: int | None = None
    met_at: int | None = None
    met_due: int | None = None
    cancelled_at: int | None = None
    dropped: bool = False
    """Cancelled only because no rule matches any more; a rule may take it up again."""

    next_at: int | None = None
    """When time alone will warn of it or break it; None when nothing will, as the rules last found."""

    last_rule: str = ""
    """The rule to show when none is in force: the one that counted it last."""

    until: int | None = None
    """The deadline that the vendor has set, for a clock that counts up to one; None: its rule has a target."""

    moved_by: str = ""
    """The event that has moved that deadline last; empty until one has."""

    @property
    def over(self) -> bool:
        """Whether the obligation itself has come to its end, for now."""
        return self.met_at is not None or (self.cancelled_at is not None and not self.dropped)

    @property
    def state(self) -> ClockState:
        """A breach outlasts everything; then cancelled, met, and whether the status lets it run."""
        if self.breached_at is not None:
            return "breached"
        if self.cancelled_at is not None:
            return "cancelled"
        if self.met_at is not None:
            return "met"
        return "running" if self.runs else "paused"


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a contact belongs, and the rule that says so; `passed_over` are the rules that did not match before it."""

    rule: str
    queue: str
    team: str = ""
    tier: int = 0
    skills: tuple[str, ...] = ()
    priority: int = 0
    passed_over: tuple[str, ...] = ()


class Call(msgspec.Struct, frozen=True, array_like=True):
    """A step that has fired: when it last called, and how often it has reminded."""

    at: int
    reminders: int = 0


class Escalation(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A call for more people, at a step of its chain. `id` is that of the effect that raised it."""

    id: str
    rule: str
    chain: str
    raised_at: int
    clock: tuple[str, str] | None = None
    """Metric and starting event of the clock that raised it; None when the rule itself matched."""

    calls: tuple[Call, ...] = ()
    """The steps that have fired, in the chain's order."""

    next_at: int | None = None
    """When the next step or reminder is due, as the rules last found."""

    acknowledged_at: int | None = None
    acknowledged_by: str = ""
    resumed_at: int | None = None
    """From when its steps go on: an acknowledgement ran out with nothing having happened, or a policy came whose chain
    would have asked for them before."""

    resolved_at: int | None = None
    resolved_by: str = ""
    """The person who said that it is over; empty where its cause was."""

    @property
    def steps_fired(self) -> int:
        """How many steps have fired."""
        return len(self.calls)

    @property
    def state(self) -> Literal["active", "acknowledged", "resolved"]:
        """Resolved outlasts acknowledged."""
        if self.resolved_at is not None:
            return "resolved"
        return "acknowledged" if self.acknowledged_at is not None else "active"


class Implied(msgspec.Struct, frozen=True, kw_only=True):
    """Something that follows at `at` and has to be said. `id` is a hash of its cause: the same however it was found.

    `roles` are the roles that a step calls for; `detail` is what a reader needs beside the contact.
    """

    id: str
    type: ImpliedType | RequestType
    at: int
    rule: str = ""
    reason: str = ""
    roles: tuple[str, ...] = ()
    detail: dict[str, Any] = {}
    policy: str = ""
    """Hash of the policy from which it follows."""

    by_policy: bool = False
    """It follows from the policy's coming into force alone: nothing has happened, no deadline has come."""


class State(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Everything that the rules carry of one contact from one event to the next."""

    contact: Contact
    opened_by: str
    """Id of the event that began the present life: the opening, or the reopening."""

    owner: str
    """The strand that owns what follows, as `connector:kind:id`."""

    position: Position
    settled: int
    """The last instant at which time alone made something happen; an event at or before it starts from the history."""

    policy: str
    """Hash of the policy that judged last."""

    policy_since: int
    """The instant from which that policy judges."""

    events: int = 1
    """How many events it is made of."""

    kept_at_event: int = 0
    """How many of them the last checkpoint was made of."""

    severity: int = 3
    severity_rule: str = ""
    route: Route | None = None
    said_route: Route | None = None
    """The route as it was last said: what changes twice within an instant is said once, at its end."""

    routed_by: str = ""
    """What brought the route: the id of an event, or `hash@instant` of a policy that came into force."""

    clocks: tuple[Clock, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    instances: dict[Metric, int] = {}
    """How many clocks of each metric a rule has counted."""

    triggered_in_life: tuple[str, ...] = ()
    """Rules with `on: matched` that have been set off since the opening or the last reopen, as `section/rule`."""

    matching: tuple[str, ...] = ()
    """Rules of escalation, enrich and actions whose condition holds now, as `section/rule`."""

    failures: dict[str, str] = {}
    """Rules whose condition could not be evaluated, with the reason."""

    cut: dict[str, int] = {}
    """How many tags and fields the conditions did not get to see, where any."""

    in_force: dict[str, str] = {}
    """The first matching SLA rule of each metric, as of the last verdict."""

    first_message_at: int | None = None
    """The first public customer message, which starts the first reply of an outbound contact."""

    replied: bool = False
    """Whether the first reply exists."""

    acknowledged: bool = False
    """Whether somebody has replied in public or acknowledged the contact."""

    waiting: tuple[int, str] | None = None
    """The oldest public customer message that no public agent reply has followed: instant and event id."""

    pending: dict[Metric, str] = {}
    """What would have started while the contact was ended and starts at the reopen: metric to event id."""

    wait_weight: int = 0
    """What a call's wait counts from: 0 its opening, 1 its ringing, 2 its queue."""

    future: tuple[int, ...] = ()
    """Instants of events that are known and have not happened yet."""

    frozen: bool = False
    """Merged or deleted at some time: what counts to a resolution never goes on."""

    asked: dict[str, int] = {}
    """The enrichers that were asked of the present customer, each with the instant."""

    @property
    def as_of(self) -> int:
        """The last instant that is wholly in it: what happens later can be added, nothing else."""
        return max(int(self.position[0]), self.settled)


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What has been said of one cause. It `stands` until it is corrected; `times` counts how often it was announced."""

    id: str
    type: EffectType
    at: int
    rule: str = ""
    policy: str = ""
    roles: tuple[str, ...] = ()
    suppressed: bool = False
    stands: bool = True
    times: int = 1


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to say something outside, made once. `id` is what receivers see as `webhook-id`."""

    id: str
    cause: str
    type: EffectType
    at: int
    rule: str = ""
    policy: str = ""
    reason: str = ""
    roles: tuple[str, ...] = ()
    late_by_ms: int = 0
    suppressed: bool = False
    detail: dict[str, Any] = {}
