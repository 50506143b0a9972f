"""One contact with all that telling it takes: the policy that judged it, what is in force, and what ended long ago.

Laws. A judgement is read by the policy that made it, out of the database, never by today's file. What the state no
longer carries is found again by judging the history, by the policies that were in force. Nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec.structs import replace

from gateway.engine.policies import Policies
from gateway.engine.standing import awaits
from gateway.kernel.store import UNOPENED, ContactRow, JournalEntry, PolicyRow, Store
from gateway.kernel.values import judge_of, judged_by, policy_values
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules.advance import Sourced, next_due
from gateway.rules.coming import Coming
from gateway.rules.explanation import NONE_EARLIER, Earlier, explanation_view
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.retiring import ESCALATIONS_KEPT
from gateway.rules.timeline import Timeline
from gateway.rules.view import View

EARLIER_SHOWN = 50
"""Finished clocks, and resolved escalations, that are told beside those of the state, the latest, unless all are."""


class CantTell(Exception):
    """A question about a contact that has no answer: an instant that hasn't come, or at which there was nothing yet, or
    a history that isn't whole any more."""

    def __init__(self, why: Literal["ahead", "nothing", "history"], words: str) -> None:
        super().__init__(words)
        self.why = why


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
    received_later: int = 0
    """Events that had happened by `now` and were received only after it."""

    @property
    def awaits(self) -> bool:
        """Whether a running gateway is about to judge it again."""
        state = self.row.state
        return state is not None and awaits(state, self.present)


async def case_of(store: Store, policies: Policies, row: ContactRow, now: int, *, all: bool) -> Case:
    """A stored contact as it stands now. Raises StoreUnusable if what ended long ago was judged by a policy that can't
    be read."""
    policy = judge_of(row, await policies.to_read_by(judged_by([row])))
    state = row.state
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


async def case_at(store: Store, policies: Policies, row: ContactRow, at: int, now: int, *, all: bool) -> Case:
    """A contact as it stood at an instant of the past: what had happened by then, by the policies in force till then.

    Raises CantTell, and StoreUnusable where one of those policies can't be read.
    """
    if at > now:
        raise CantTell("ahead", f"{format_instant(at)} is still to come; without a time you are told what comes next")
    history = await store.history(row.id)
    happened = [entry for entry in history if entry.event.at <= at]
    first = min((int(entry.event.at) for entry in history), default=now)
    timeline = await policies.timeline(first)
    judged = replay(_sourced(happened), timeline, at)
    if judged.state is None:
        raise CantTell("nothing", _nothing_yet(row, at))
    later = {int(entry.event.at) for entry in history if entry.event.at > at and entry.received_at <= at}
    state = replace(judged.state, future=tuple(sorted(later)))
    clocks = [thing for thing in judged.retired if isinstance(thing, Clock) and thing.instance]
    calls = [thing for thing in judged.retired if isinstance(thing, Escalation)]
    judge = timeline.at(state.policy_since)
    return Case(
        replace(row, state=state, next_due=next_due(state), updated_at=state.contact.updated_at),
        at,
        judge.policy,
        judge=next((kept for kept in policies.rows if kept.since == judge.since), None),
        present=policies.in_force(at),
        to_come=next((kept for kept in policies.rows if kept.since > at and kept.stored_at <= at), None),
        earlier=_latest(clocks, calls, all=all),
        received_later=sum(1 for entry in happened if entry.received_at > at),
    )


def explained(case: Case) -> View:
    """The whole explanation for JSON; of a contact that isn't opened yet, only that."""
    row, state = case.row, case.row.state
    if state is None:
        refs = [{"connector": strand.connector, "kind": strand.kind, "id": strand.id} for strand in row.strands]
        return {"id": row.id, "status": UNOPENED, "refs": refs, "next": []}
    judge = {"name": "", "hash": state.policy, "since": None} if case.judge is None else policy_values(case.judge)
    return {
        "id": row.id,
        "at": format_instant(case.now),
        **explanation_view(state, case.policy, case.now, case.earlier, also_coming(case)),
        "received_later": case.received_later,
        "policy": {
            **judge,
            "in_force": policy_values(case.present) if case.present else None,
            "judged_again": case.awaits,
        },
    }


def also_coming(case: Case) -> list[Coming]:
    """What comes besides what the contact's state knows of: another policy."""
    row = case.to_come
    return [] if row is None else [Coming(row.since, f"the policy {row.name} comes into force", "policy")]


def _nothing_yet(row: ContactRow, at: int) -> str:
    if row.state is None:
        return f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them"
    opened_at = row.state.contact.opened_at
    if opened_at <= at:
        return f"the history of {row.id} isn't whole any more: its opening of {format_instant(opened_at)} is missing"
    return f"{row.id} did not exist at {format_instant(at)}: it opened at {format_instant(opened_at)}"


def _latest(clocks: Sequence[Clock], escalations: Sequence[Escalation], *, all: bool) -> Earlier:
    most = max(len(clocks), len(escalations)) if all else EARLIER_SHOWN
    return Earlier(
        clocks=tuple(clocks[-most:] if most else ()),
        escalations=tuple(escalations[-most:] if most else ()),
        clocks_left_out=max(0, len(clocks) - most),
        escalations_left_out=max(0, len(escalations) - most),
    )


def _sourced(history: Sequence[JournalEntry]) -> list[Sourced]:
    return [Sourced(entry.strand.connector, entry.event) for entry in history]


async def _earlier(
    store: Store, row: ContactRow, state: State, policies: Policies
) -> tuple[list[Clock], list[Escalation]]:
    """What has retired from the state, in the order in which it ended."""
    carried = sum(1 for clock in state.clocks if clock.instance)
    if carried >= sum(state.instances.values()) and len(state.escalations) < ESCALATIONS_KEPT:
        return [], []
    history = _sourced(await store.history(row.id))
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
