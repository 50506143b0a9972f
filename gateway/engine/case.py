"""One contact with all that telling it takes: the policy that judged it, what is in force, and what ended long ago.

Laws. A judgement is read by the policy that made it, out of the database, never by today's file. What the state no
longer carries is found again by judging the history, by the policies that were in force. Nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.engine.policies import Policies
from gateway.engine.standing import awaits
from gateway.kernel.store import ContactRow, JournalEntry, PolicyRow, Store
from gateway.kernel.values import judge_of, judged_by
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules.advance import Sourced
from gateway.rules.explanation import NONE_EARLIER, Earlier
from gateway.rules.policy import Policy, Section
from gateway.rules.replay import replay
from gateway.rules.retiring import ESCALATIONS_KEPT
from gateway.rules.timeline import Timeline
from gateway.rules.trace.path import Trace
from gateway.rules.trace.tried import Tried

EARLIER_SHOWN = 50
"""Finished clocks, and resolved escalations, that are told beside those of the state, the latest, unless all are."""


@dataclass(frozen=True, slots=True)
class Case:
    """A contact at the instant `now`. `judge` is the kept policy that judged it last, None before any was in force.

    `earlier` are clocks and escalations that the state no longer carries; `to_come` is the policy that was to come into
    force next, as far as it was known.
    """

    row: ContactRow
    now: int
    policy: Policy
    judge: PolicyRow | None = None
    present: PolicyRow | None = None
    to_come: PolicyRow | None = None
    earlier: Earlier = NONE_EARLIER
    told_at: int | None = None
    """Clocks are told as of then, where something that was due by `now` hasn't been judged."""

    trace: Trace | None = None
    untold: str = ""
    """Why there is no trace, where one was asked for."""

    tried: Mapping[Section, tuple[Tried, ...]] = field(default_factory=dict)
    """The rules that were tried on it as it is told, section by section."""

    zones: Mapping[str, str] = field(default_factory=dict)
    """The time zones of the policy's calendars, by their names."""

    past: bool = False
    """Whether an instant of the past was asked for, which is `now` here."""

    received_later: int = 0
    """Events that had happened by `now` and were received only after it."""

    @property
    def at(self) -> int:
        """The instant as of which it is told."""
        return self.now if self.told_at is None else self.told_at

    @property
    def awaits(self) -> bool:
        """Whether a running gateway is about to judge it again."""
        state = self.row.state
        return state is not None and awaits(state, self.present)


async def case_of(store: Store, policies: Policies, row: ContactRow, now: int, *, all: bool) -> Case:
    """A stored contact as it stands now. Raises StoreUnusable if what ended long ago was judged by a policy that can't
    be read."""
    policy, state = await policy_to_read(policies, row), row.state
    if state is None:
        return Case(row, now, policy)
    clocks, escalations = await _earlier(store, row, state, policies)
    return Case(
        row,
        now,
        policy,
        judge=next((kept for kept in policies.rows if kept.since == state.policy_since), None),
        present=policies.in_force(now),
        to_come=policies.to_come(now),
        earlier=_latest(clocks, escalations, all=all),
    )


async def policy_to_read(policies: Policies, row: ContactRow) -> Policy:
    """The policy that judged a contact last; where it can't be read any more, its name without rules."""
    return judge_of(row, await policies.to_read_by(judged_by([row])))


def _latest(clocks: Sequence[Clock], escalations: Sequence[Escalation], *, all: bool) -> Earlier:
    most = max(len(clocks), len(escalations)) if all else EARLIER_SHOWN
    return Earlier(
        clocks=tuple(clocks[-most:] if most else ()),
        escalations=tuple(escalations[-most:] if most else ()),
        clocks_left_out=max(0, len(clocks) - most),
        escalations_left_out=max(0, len(escalations) - most),
    )


def sourced(history: Sequence[JournalEntry]) -> list[Sourced]:
    """What the journal keeps, as the rules take it."""
    return [Sourced(entry.strand.connector, entry.event) for entry in history]


async def _earlier(
    store: Store, row: ContactRow, state: State, policies: Policies
) -> tuple[list[Clock], list[Escalation]]:
    """What has retired from the state, in the order in which it ended."""
    carried = sum(1 for clock in state.clocks if clock.instance)
    if carried >= sum(state.instances.values()) and len(state.escalations) < ESCALATIONS_KEPT:
        return [], []
    history = sourced(await store.history(row.id))
    first = min((int(one.event.at) for one in history), default=state.as_of)
    timeline: Timeline = await policies.timeline(first)
    retired = replay(history, timeline, state.as_of).retired
    held = {(clock.metric, clock.instance) for clock in state.clocks}
    calls = {call.id for call in state.escalations}
    clocks = [thing for thing in retired if isinstance(thing, Clock) and thing.instance]
    escalations = [thing for thing in retired if isinstance(thing, Escalation)]
    return (
        [clock for clock in clocks if (clock.metric, clock.instance) not in held],
        [call for call in escalations if call.id not in calls],
    )
