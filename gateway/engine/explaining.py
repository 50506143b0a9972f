"""Explain a contact: as it stands, or as it stood at an instant of the past. Nothing is written.

Laws. Its path is found by judging its history again, by the policies that were in force, on a thread: nobody waits for
it. The stored state is what counts: where the path doesn't lead to it, that is said, and the state is told alone.
"""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from gateway.engine.case import EARLIER_SHOWN, Case, policy_to_read, sourced
from gateway.engine.policies import AHEAD_MAX_MS, Policies
from gateway.kernel.ports import Spawn
from gateway.kernel.store import UNOPENED, ContactRow, JournalEntry, Store, StoreUnusable
from gateway.kernel.values import policy_values
from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import State
from gateway.policy.kept import zones_kept
from gateway.rules.advance import next_due
from gateway.rules.calendar import Calendar
from gateway.rules.coming import Coming, coming_view, upcoming
from gateway.rules.explanation import Earlier, explanation_view
from gateway.rules.policy import Policy
from gateway.rules.timeline import Timeline
from gateway.rules.trace.path import Trace
from gateway.rules.trace.tracing import trace
from gateway.rules.trace.tried import tried
from gateway.rules.view import View

THREAD = "explain"

READINGS_MAX = 4
"""So often a contact is read again that is judged while it is being read."""


class CantTell(Exception):
    """A question about a contact that has no answer: an instant that hasn't come, or at which there was nothing yet, or
    a history that isn't whole any more."""

    def __init__(self, why: Literal["ahead", "nothing", "history"], words: str) -> None:
        super().__init__(words)
        self.why = why


class Explaining:
    """Explains contacts, one at a time.

    A calendar's table grows where it is asked, and whoever judges asks on another thread: so these are its own.
    """

    def __init__(self, store: Store, spawn: Spawn) -> None:
        self._store = store
        self._spawn = spawn
        self._policies = Policies(store, (), spawn)
        self._turn = asyncio.Lock()
        self._calendars: dict[Calendar, Calendar] = {}

    async def explained(self, row: ContactRow, now: int, at: int | None = None) -> View:
        """The explanation for JSON, of `case`, which see for what it raises."""
        case = await self.case(row, now, at)
        return await self._spawn.call(THREAD, lambda: explained(case))

    async def case(
        self, row: ContactRow, now: int, at: int | None = None, *, all: bool = False, path: bool = True
    ) -> Case:
        """A contact at `now`, or at an instant `at` before it: what had happened by then, by the policies in force till
        then. With `all`, every clock and escalation that has ended, not the latest. Without `path`, as of now, only
        what the stored state says: no history is read, however long it is.

        Raises CantTell, and of an instant of the past StoreUnusable where one of those policies can't be read.
        """
        async with self._turn:
            await self._renew()
            if at is None:
                return await (self._latest(row, now, all=all) if path else self._present(row, now, all=all, path=False))
            if at > now:
                raise CantTell("ahead", f"{format_instant(at)} is still to come; what comes next is told of now")
            return await self._past(row, at, all=all)

    async def _renew(self) -> None:
        """Take up the policies that are kept by now."""
        rows = await self._store.policies()
        if tuple(rows) != self._policies.rows:
            self._policies = Policies(self._store, rows, self._spawn)
            self._calendars.clear()

    async def _latest(self, row: ContactRow, now: int, *, all: bool) -> Case:
        """A contact at `now`. Its row and its history are read one after the other: where it has been judged between
        the two, the history leads to another state, and both are read again."""
        for _ in range(READINGS_MAX):
            case = await self._present(row, now, all=all)
            fresh = None if case.trace is not None else await self._store.find_contact(row.id)
            if fresh is None or fresh.version == row.version:
                break
            row = fresh
            await self._renew()
        return case

    async def _present(self, row: ContactRow, now: int, *, all: bool, path: bool = True) -> Case:
        policies, state = self._policies, row.state
        policy = self._own(await policy_to_read(policies, row))
        if state is None:
            return Case(row, now, policy)
        if now < state.as_of <= now + AHEAD_MAX_MS:
            # The clock was set back, or it has been judged after it was asked for.
            now = state.as_of
        due = next_due(state)
        told_at = now if due is None or due > now else max(state.as_of, due - 1)
        found, untold = await self._found(row, state, told_at, all=all) if path else (None, "")
        rules = await self._spawn.call(THREAD, lambda: tried(state, policy))
        return Case(
            row,
            now,
            policy,
            judge=next((kept for kept in policies.rows if kept.since == state.policy_since), None),
            present=policies.in_force(now),
            to_come=policies.to_come(now),
            earlier=_earlier(found, state),
            told_at=told_at,
            trace=found,
            tried=rules,
            zones=await self._zones(state),
            untold=untold,
        )

    async def _found(self, row: ContactRow, state: State, until: int, *, all: bool) -> tuple[Trace | None, str]:
        """The path to the stored state; None where none leads to it, and why."""
        history = await self._store.history(row.id)
        try:
            timeline = (await self._timeline(_first(history, state.as_of))).up_to(state.policy_since)
            found = await self._traced(history, timeline, until, all=all)
        except StoreUnusable as error:
            return None, str(error)
        return (found, "") if _leads_to(found, state) else (None, _not_whole(found, state))

    async def _past(self, row: ContactRow, at: int, *, all: bool) -> Case:
        policies = self._policies
        history = await self._store.history(row.id)
        timeline = await self._timeline(_first(history, at))
        found = await self._traced(history, timeline, at, all=all)
        if found.state is not None and found.state.contact.ended:
            # What comes into force after a contact's end judges it only when something happens to it again.
            same = row.state is not None and row.state.events == found.state.events
            by = row.state.policy_since if row.state is not None and same else int(found.state.position[0])
            if timeline.at(by).since < found.state.policy_since:
                found = await self._traced(history, timeline.up_to(by), at, all=all)
        state = found.state
        if state is None:
            raise CantTell(*_nothing_yet(row, at))
        if row.state is not None and at >= row.state.as_of and state.events < row.state.events:
            raise CantTell("history", f"{row.id} can't be judged again: {_not_whole(found, row.state)}")
        known = {int(entry.event.at) for entry in history if entry.received_at <= at < entry.event.at}
        state = replace(state, future=tuple(sorted(known)))
        rules = await self._spawn.call(THREAD, lambda: tried(state, found.judge.policy))
        return Case(
            replace(row, state=state, next_due=next_due(state), updated_at=state.contact.updated_at),
            at,
            found.judge.policy,
            judge=next((kept for kept in policies.rows if kept.since == state.policy_since), None),
            present=policies.in_force(at),
            to_come=next((kept for kept in policies.rows if kept.since > at >= kept.stored_at), None),
            earlier=_earlier(found, state),
            trace=found,
            tried=rules,
            zones=await self._zones(state),
            past=True,
            received_later=sum(1 for entry in history if entry.event.at <= at < entry.received_at),
        )

    async def _zones(self, state: State) -> Mapping[str, str]:
        try:
            kept = await self._store.policy(state.policy_since)
        except StoreUnusable:
            return {}
        return {} if kept is None else await self._spawn.call(THREAD, lambda: zones_kept(kept.text))

    async def _timeline(self, since: int) -> Timeline:
        return (await self._policies.timeline(since)).each(self._own)

    def _own(self, policy: Policy) -> Policy:
        """The policy with calendars of which nobody else asks anything."""

        def own(calendar: Calendar) -> Calendar:
            if calendar not in self._calendars:
                self._calendars[calendar] = calendar.twin()
            return self._calendars[calendar]

        return dataclasses.replace(
            policy,
            calendars={name: own(calendar) for name, calendar in policy.calendars.items()},
            sla=tuple(dataclasses.replace(rule, calendar=own(rule.calendar)) for rule in policy.sla),
            chains={
                name: dataclasses.replace(chain, calendar=own(chain.calendar)) for name, chain in policy.chains.items()
            },
        )

    async def _traced(self, history: Sequence[JournalEntry], timeline: Timeline, until: int, *, all: bool) -> Trace:
        events = sourced(history)
        most = None if all else EARLIER_SHOWN
        return await self._spawn.call(THREAD, lambda: trace(events, timeline, until, earlier=most))


def explained(case: Case) -> View:
    """The whole explanation for JSON; of a contact that isn't opened yet, only that."""
    row, state = case.row, case.row.state
    if state is None:
        refs = [{"connector": strand.connector, "kind": strand.kind, "id": strand.id} for strand in row.strands]
        return {"id": row.id, "status": UNOPENED, "refs": refs, "next": []}
    judge = {"name": "", "hash": state.policy, "since": None} if case.judge is None else policy_values(case.judge)
    return {
        "id": row.id,
        "at": format_instant(case.at),
        "behind_s": seconds_of(case.now - case.at),
        **explanation_view(state, case.policy, case.at, case.earlier, case.trace, case.tried),
        "zones": dict(case.zones),
        "next": [coming_view(coming, case.now) for coming in coming_of(case, state)],
        "history": {"told": case.trace is not None, "why": case.untold or None, "received_later": case.received_later},
        "policy": {
            **judge,
            "in_force": policy_values(case.present) if case.present else None,
            "judged_again": case.awaits,
        },
    }


def coming_of(case: Case, state: State) -> list[Coming]:
    """What comes next, the soonest first: of the contact, and another policy."""
    found = upcoming(state, case.policy)
    if case.to_come is not None:
        words = f"the policy {case.to_come.name} comes into force"
        found.append(Coming(case.to_come.since, words, "policy"))
    return sorted(found)


def _first(history: Sequence[JournalEntry], otherwise: int) -> int:
    return min((int(entry.event.at) for entry in history), default=otherwise)


def _earlier(found: Trace | None, state: State) -> Earlier:
    """What the path has and the state doesn't carry any more."""
    if found is None:
        carried = sum(1 for clock in state.clocks if clock.instance)
        return Earlier(clocks_left_out=max(0, sum(state.instances.values()) - carried))
    held = {(clock.metric, clock.instance) for clock in state.clocks}
    calls = {call.id for call in state.escalations}
    clocks = (path.clock for path in found.clocks if path.clock.instance)
    return Earlier(
        clocks=tuple(clock for clock in clocks if (clock.metric, clock.instance) not in held),
        escalations=tuple(path.escalation for path in found.escalations if path.escalation.id not in calls),
        clocks_left_out=found.clocks_left_out,
        escalations_left_out=found.escalations_left_out,
    )


def _leads_to(found: Trace, state: State) -> bool:
    """Whether the path ends in the stored state, but for what says how it was stored."""
    if found.state is None:
        return False
    return replace(found.state, kept_at_event=0, future=()) == replace(state, kept_at_event=0, future=())


def _not_whole(found: Trace, state: State) -> str:
    kept = 0 if found.state is None else found.state.events
    if kept < state.events:
        return f"its history isn't whole any more: {kept} of the {state.events} events that it was judged by are kept"
    return "its history doesn't lead to what is stored of it; `gateway db verify` says where they part"


def _nothing_yet(row: ContactRow, at: int) -> tuple[Literal["nothing", "history"], str]:
    if row.state is None:
        return "nothing", f"{row.id} is not opened yet: its events wait for the opening, and nobody judges them"
    opened_at = row.state.contact.opened_at
    if opened_at <= at:
        return "history", f"{row.id} can't be judged again: its opening of {format_instant(opened_at)} is not kept"
    return "nothing", f"{row.id} did not exist at {format_instant(at)}: it opened at {format_instant(opened_at)}"
