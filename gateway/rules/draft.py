"""A contact's state while it is being judged: the same fields as `State`, open to change, and what has followed so far.

It lives only inside one call of the rules; what leaves them is frozen.
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.model.contact import Contact
from gateway.model.event import Position
from gateway.model.identity import derived_id
from gateway.model.judgement import Clock, Escalation, Implied, ImpliedType, Route, State
from gateway.model.words import Metric
from gateway.rules.policy import Policy, SlaRule


@dataclass(slots=True)
class Draft:
    """See `State` for the fields; `implied` gathers what follows, in the order in which it does."""

    policy: Policy
    sla: dict[str, SlaRule]
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
    raised_in_life: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()
    failures: dict[str, str] = field(default_factory=dict)
    first_message_at: int | None = None
    replied: bool = False
    acknowledged: bool = False
    waiting: tuple[int, str] | None = None
    pending: dict[Metric, str] = field(default_factory=dict)
    wait_weight: int = 0
    future: tuple[int, ...] = ()
    frozen: bool = False
    implied: list[Implied] = field(default_factory=list)

    def rule_of(self, clock: Clock) -> SlaRule | None:
        """The rule that counts a clock now; None when none does."""
        return self.sla[clock.rule] if clock.rule else None

    def live(self, metric: str) -> int | None:
        """Index of the metric's clock whose obligation isn't over."""
        for index in range(len(self.clocks) - 1, -1, -1):
            if self.clocks[index].metric == metric and not self.clocks[index].over:
                return index
        return None

    def say(
        self,
        kind: ImpliedType,
        at: int,
        *cause: object,
        rule: str = "",
        reason: str = "",
        roles: tuple[str, ...] = (),
        **detail: Any,
    ) -> str:
        """Record that something follows; `cause` names what it follows from. Returns its id."""
        id = derived_id("msg", kind, self.owner, rule, *cause)
        self.implied.append(Implied(id=id, type=kind, at=at, rule=rule, reason=reason, roles=roles, detail=detail))
        return id

    def frozen_state(self) -> State:
        """The state as it leaves the rules."""
        return State(
            contact=self.contact,
            opened_by=self.opened_by,
            owner=self.owner,
            position=self.position,
            settled=self.settled,
            policy=self.policy.hash,
            severity=self.severity,
            severity_rule=self.severity_rule,
            route=self.route,
            said_route=self.said_route,
            routed_by=self.routed_by,
            in_force=self.in_force,
            clocks=tuple(self.clocks),
            escalations=tuple(self.escalations),
            raised_in_life=self.raised_in_life,
            matching=self.matching,
            failures=self.failures,
            first_message_at=self.first_message_at,
            replied=self.replied,
            acknowledged=self.acknowledged,
            waiting=self.waiting,
            pending=self.pending,
            wait_weight=self.wait_weight,
            future=self.future,
            frozen=self.frozen,
        )


def draft_of(state: State, policy: Policy) -> Draft:
    """A stored state, opened for change. The policy must be the one that judged it."""
    return Draft(
        policy=policy,
        sla={rule.id: rule for rule in policy.sla},
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
        raised_in_life=state.raised_in_life,
        matching=state.matching,
        failures=dict(state.failures),
        first_message_at=state.first_message_at,
        replied=state.replied,
        acknowledged=state.acknowledged,
        waiting=state.waiting,
        pending=dict(state.pending),
        wait_weight=state.wait_weight,
        future=state.future,
        frozen=state.frozen,
    )
