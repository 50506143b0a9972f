"""A contact's state while it is being judged: the same fields as `State`, open to change, and what has followed so far.

It lives only inside one call of the rules; what leaves them is frozen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.model.event import Event, Position
from gateway.model.identity import derived_id
from gateway.model.judgement import Clock, Escalation, Implied, ImpliedType, RequestType, Route, State
from gateway.model.words import Metric
from gateway.rules.calendar import Calendar
from gateway.rules.clocks import next_ring
from gateway.rules.policy import Policy, SlaRule
from gateway.rules.timeline import InForce

_NEVER: Final = Calendar("", lambda first, last: [])


@dataclass(frozen=True, slots=True)
class Change:
    """A policy has come into force at `at`. What is `awaited` would have happened at that instant all the same."""

    at: int
    awaited: frozenset[object]


class Witness(Protocol):
    """Looks on while a contact is judged; it must change nothing."""

    def __call__(self, draft: "Draft", at: int, cause: Event | InForce | None, connector: str = "") -> None:
        """An event has happened, a policy has come into force, or time alone has done something (None) at `at`."""
        ...


@dataclass(slots=True)
class Draft:
    """See `State` for the fields; `implied` gathers what follows, in the order in which it does, and `retired` what the
    state no longer carries."""

    policy: Policy
    policy_since: int
    contact: Contact
    opened_by: str
    owner: str
    position: Position
    settled: int
    severity: int = 3
    severity_rule: str = ""
    route: Route | None = None
    said_route: Route | None = None
    routed_by: str = ""
    in_force: dict[str, str] = field(default_factory=dict)
    clocks: list[Clock] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    instances: dict[Metric, int] = field(default_factory=dict)
    triggered_in_life: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()
    failures: dict[str, str] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    first_message_at: int | None = None
    replied: bool = False
    acknowledged: bool = False
    waiting: tuple[int, str] | None = None
    pending: dict[Metric, str] = field(default_factory=dict)
    wait_weight: int = 0
    future: tuple[int, ...] = ()
    frozen: bool = False
    asked: dict[str, int] = field(default_factory=dict)
    events: int = 1
    kept_at_event: int = 0
    change: Change | None = None
    implied: list[Implied] = field(default_factory=list)
    retired: list[Clock | Escalation] = field(default_factory=list)
    witness: Witness | None = None

    def note(self, at: int, cause: Event | InForce | None, connector: str = "") -> None:
        """Let who looks on see what has just been done."""
        if self.witness is not None:
            self.witness(self, at, cause, connector)

    def rule_of(self, clock: Clock) -> SlaRule | None:
        """The rule that counts a clock now; None when none does."""
        if not clock.rule:
            return None
        rule = self.policy.sla_by_id.get(clock.rule)
        # A clock that an ended contact kept from an earlier policy: nothing counts it until a rule takes it over.
        return rule or SlaRule(clock.rule, clock.metric, clock.target_ms, _NEVER)

    def rule_in_force(self, metric: Metric) -> SlaRule | None:
        """The first rule of a metric that matches, as of the last verdict."""
        return self.policy.sla_by_id.get(self.in_force.get(metric, ""))

    def brought_by_policy(self, at: int, thing: object = None) -> bool:
        """Whether what `thing` sets off at `at` follows from the policy's coming into force alone. Nothing does where
        something has happened at that very instant: rather said once too often than not at all."""
        return self.change is not None and self.change.at == at and thing not in self.change.awaited

    def live(self, metric: str) -> int | None:
        """Index of the metric's clock whose obligation isn't over."""
        for index in range(len(self.clocks) - 1, -1, -1):
            if self.clocks[index].metric == metric and not self.clocks[index].over:
                return index
        return None

    def schedule(self, before: Sequence[Clock] = ()) -> None:
        """Note for every clock that isn't as it was `before` when time alone will do something to it."""
        for index, clock in enumerate(self.clocks):
            if index >= len(before) or clock is not before[index]:
                ring = next_ring(clock, self.rule_of(clock))
                self.clocks[index] = replace(clock, next_at=ring.at if ring else None)

    def say(
        self,
        kind: ImpliedType | RequestType,
        at: int,
        *cause: object,
        rule: str = "",
        reason: str = "",
        roles: tuple[str, ...] = (),
        by_policy: bool = False,
        **detail: Any,
    ) -> str:
        """Record that something follows; `cause` names what it follows from. Returns its id."""
        id = derived_id("msg", kind, self.owner, rule, *cause)
        following = Implied(
            id=id,
            type=kind,
            at=at,
            rule=rule,
            reason=reason,
            roles=roles,
            detail=detail,
            policy=self.policy.hash,
            by_policy=by_policy,
        )
        self.implied.append(following)
        return id

    def to_state(self) -> State:
        """The state as it leaves the rules."""
        return State(
            contact=self.contact,
            opened_by=self.opened_by,
            owner=self.owner,
            position=self.position,
            settled=self.settled,
            policy=self.policy.hash,
            policy_since=self.policy_since,
            events=self.events,
            kept_at_event=self.kept_at_event,
            severity=self.severity,
            severity_rule=self.severity_rule,
            route=self.route,
            said_route=self.said_route,
            routed_by=self.routed_by,
            in_force=dict(self.in_force),
            clocks=tuple(self.clocks),
            escalations=tuple(self.escalations),
            instances=dict(self.instances),
            triggered_in_life=self.triggered_in_life,
            matching=self.matching,
            failures=self.failures,
            cut=self.cut,
            first_message_at=self.first_message_at,
            replied=self.replied,
            acknowledged=self.acknowledged,
            waiting=self.waiting,
            pending=dict(self.pending),
            wait_weight=self.wait_weight,
            future=self.future,
            frozen=self.frozen,
            asked=dict(self.asked),
        )


def draft_of(state: State, judge: InForce) -> Draft:
    """A stored state, opened for change. `judge` must be what judged it."""
    return Draft(
        policy=judge.policy,
        policy_since=judge.since,
        contact=state.contact,
        opened_by=state.opened_by,
        owner=state.owner,
        position=state.position,
        settled=state.settled,
        severity=state.severity,
        severity_rule=state.severity_rule,
        route=state.route,
        said_route=state.said_route,
        routed_by=state.routed_by,
        in_force=dict(state.in_force),
        clocks=list(state.clocks),
        escalations=list(state.escalations),
        instances=dict(state.instances),
        triggered_in_life=state.triggered_in_life,
        matching=state.matching,
        failures=dict(state.failures),
        cut=dict(state.cut),
        first_message_at=state.first_message_at,
        replied=state.replied,
        acknowledged=state.acknowledged,
        waiting=state.waiting,
        pending=dict(state.pending),
        wait_weight=state.wait_weight,
        future=state.future,
        frozen=state.frozen,
        asked=dict(state.asked),
        events=state.events,
        kept_at_event=state.kept_at_event,
    )
