"""One contact with all that telling it takes: the policy that judged it, what is in force, and what ended long ago.

Law. A judgement is read by the policy that made it, out of the database, never by today's file. What the state no
longer carries is found again by judging the history, by the policies that were in force.
"""

from dataclasses import dataclass

from gateway.cli.work import the_contact
from gateway.engine.policies import Policies
from gateway.engine.standing import awaits
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import ContactRow, PolicyRow, Store
from gateway.kernel.values import judge_of, judged_by
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules.advance import Sourced
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.retiring import ESCALATIONS_KEPT
from gateway.rules.timeline import Timeline

EARLIER_SHOWN = 50
"""Finished clocks, and resolved escalations, that are told beside those of the state, the latest, unless all are."""


@dataclass(frozen=True, slots=True)
class Case:
    """A contact at the instant `now`. `judge` is the kept policy that judged it last, None before any was in force.

    `clocks` and `escalations` are earlier ones that the state no longer carries, with how many of them are left out.
    """

    row: ContactRow
    now: int
    policy: Policy
    judge: PolicyRow | None = None
    present: PolicyRow | None = None
    clocks: tuple[Clock, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    clocks_left_out: int = 0
    escalations_left_out: int = 0

    @property
    def awaits(self) -> bool:
        """Whether a running gateway is about to judge it again."""
        state = self.row.state
        return state is not None and awaits(state, self.present)


async def case_of(store: Store, name: str, now: int, *, all: bool) -> Case:
    """The contact of that name. Raises Failed if there is none, StoreUnusable if what ended long ago was judged by a
    policy that can't be read."""
    row, policies = await the_contact(store, name), await Policies.open(store, InlineSpawn())
    policy = judge_of(row, await policies.to_read_by(judged_by([row])))
    state = row.state
    if state is None:
        return Case(row, now, policy)
    clocks, escalations = await _earlier(store, row, state, policies)
    most = max(len(clocks), len(escalations)) if all else EARLIER_SHOWN
    return Case(
        row,
        now,
        policy,
        judge=next((kept for kept in policies.rows if kept.since == state.policy_since), None),
        present=policies.in_force(now),
        clocks=tuple(clocks[-most:] if most else ()),
        escalations=tuple(escalations[-most:] if most else ()),
        clocks_left_out=max(0, len(clocks) - most),
        escalations_left_out=max(0, len(escalations) - most),
    )


async def _earlier(
    store: Store, row: ContactRow, state: State, policies: Policies
) -> tuple[list[Clock], list[Escalation]]:
    """What has retired from the state, in the order in which it ended."""
    carried = sum(1 for clock in state.clocks if clock.instance)
    if carried >= sum(state.instances.values()) and len(state.escalations) < ESCALATIONS_KEPT:
        return [], []
    history = [Sourced(entry.strand.connector, entry.event) for entry in await store.history(row.id)]
    first = min((int(sourced.event.at) for sourced in history), default=state.as_of)
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
