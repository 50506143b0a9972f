"""Judge contacts with what is new, and gather all that has to be written: what `process`, `tick` and `rejudge` share.

A contact goes on from its stored state where the rules' `continues` says that it can: the new events sort behind it,
and no policy has come into force in a time that it has been through. Otherwise it is judged again from the last
checkpoint before them, or from its opening. Either way the result is the same.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

import msgspec
from msgspec.structs import replace

from gateway.engine.policies import Policies
from gateway.engine.world import World
from gateway.kernel.store import Batch, ContactRow, JournalEntry, Notice, StoreUnusable
from gateway.model.event import Event
from gateway.model.identity import StrandKey, contact_id
from gateway.model.judgement import Effect, LedgerEntry, RequestType, State
from gateway.rules.advance import Judged, Sourced, advance, continues, in_order, next_due
from gateway.rules.announce import announce, recipients
from gateway.rules.journal import additions, is_news
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from gateway.rules.view import notice_body

REQUESTS: Final = frozenset(get_args(RequestType))
"""What is asked of enrichers and connectors: decided and kept in the ledger; receivers aren't told."""


@dataclass(frozen=True, slots=True)
class Bench:
    """By what contacts are judged: the policies in force, who hears of it, and what is live.

    `live_from` by connector in milliseconds; `dry` records every effect as suppressed. `subscriptions` are the types
    that each endpoint asked for; `source` and `admin_url` go into the notices.
    """

    policies: Policies
    live_from: Mapping[str, int]
    subscriptions: Mapping[str, tuple[str, ...]]
    source: str
    admin_url: str
    dry: bool = False


@dataclass(slots=True)
class Written:
    """What a step of judging will write, gathered contact by contact."""

    journal: list[JournalEntry] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    ledger: list[tuple[str, LedgerEntry]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    checkpoints: list[tuple[str, State]] = field(default_factory=list)

    def batch(self, now: int) -> Batch:
        """All of it as one transaction."""
        return Batch(
            journal=tuple(self.journal),
            contacts=tuple(self.contacts),
            ledger=tuple(self.ledger),
            notices=tuple(self.notices),
            forgotten=tuple(self.forgotten),
            checkpoints=tuple(self.checkpoints),
            now=now,
        )


class JudgingFailed(Exception):
    """One contact can't be judged: the rules raised on it, or a policy that it needs can't be used. Kept away from all
    other contacts."""

    def __init__(self, contact: str, error: Exception) -> None:
        super().__init__(f"judging contact {contact} raised {type(error).__name__}: {error}")
        self.contact = contact


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event of a strand, and when its record was received."""

    event: Event
    received_at: int


async def take_in(
    world: World,
    bench: Bench,
    written: Written,
    strand: StrandKey,
    row: ContactRow | None,
    arrivals: Sequence[Arrival],
    known: Mapping[str, Event],
    now: int,
    watermark: int,
) -> None:
    """Put new events into a strand's contact and judge it. What the journal has already, or only confirms, changes
    nothing."""
    kept, replacing = additions(known, [arrival.event for arrival in arrivals])
    if not kept:
        return
    receipt = {arrival.event.id: arrival.received_at for arrival in arrivals}
    new = [JournalEntry(strand=strand, event=event, received_at=receipt[id]) for id, event in kept.items()]
    if row is None:
        row = ContactRow(id=contact_id(strand), version=0, strands=(strand,), state=None)
    written.journal.extend(new)
    fresh = in_order(Sourced(strand.connector, event) for event in kept.values() if is_news(event, known))
    if not fresh:
        return
    state = row.state
    if state is not None and not replacing and all(_has_happened(entry, now, watermark) for entry in new):
        policies = await _in_force(bench, row, state.policy_since)
        if not _comes_up(state, int(fresh[-1].event.at)) and continues(state, fresh, policies):
            judged = _guarded(row, lambda: advance(state, fresh, policies))
            await _conclude(world, bench, written, row, policies, judged, now)
            return
    # What is told anew under a known id also moves away from where it stood.
    touched = min(int(event.at) for id in kept for event in (kept[id], known.get(id)) if event is not None)
    await _judge_again(world, bench, written, row, new, touched, now, watermark)


async def let_time_pass(
    world: World, bench: Bench, written: Written, row: ContactRow, now: int, watermark: int
) -> None:
    """Take a contact to the watermark, through whatever falls due and comes into force by then."""
    state = row.state
    if state is None:
        await _judge_again(world, bench, written, row, (), 0, now, watermark)
        return
    policies = await _in_force(bench, row, state.policy_since)
    if continues(state, (), policies) and not _comes_up(state, watermark):
        judged = _guarded(row, lambda: advance(state, (), policies, watermark))
        await _conclude(world, bench, written, row, policies, judged, now)
    else:
        change = policies.after(state.policy_since)
        instants = [*state.future, *([change.since] if change else [])]
        await _judge_again(world, bench, written, row, (), min(instants), now, watermark)


def _has_happened(entry: JournalEntry, now: int, watermark: int) -> bool:
    """Whether an event's time has come. One that is dated ahead of its receipt waits for the watermark: it must not
    carry time past a record that was received earlier than that and still waits."""
    return entry.event.at <= min(now, max(entry.received_at, watermark))


def _comes_up(state: State, by: int) -> bool:
    """Whether an event that waits for its time has come by then."""
    return any(at <= by for at in state.future)


async def _in_force(bench: Bench, row: ContactRow, since: int) -> Timeline:
    """What is in force from an instant on. A policy that can't be used stops only the contacts that need it."""
    try:
        return await bench.policies.timeline(since)
    except StoreUnusable as error:
        raise JudgingFailed(row.id, error) from error


def _guarded(row: ContactRow, judge: Callable[[], Judged]) -> Judged:
    try:
        return judge()
    except Exception as error:  # one contact that the rules can't bear must not stop all others
        raise JudgingFailed(row.id, error) from error


async def _judge_again(
    world: World,
    bench: Bench,
    written: Written,
    row: ContactRow,
    new: Sequence[JournalEntry],
    touched: int,
    now: int,
    watermark: int,
) -> None:
    """Judge the history anew from the last checkpoint before `touched`, as far as events have happened and time was let
    pass before. `new` are entries that the journal doesn't have yet."""
    base = await _checkpoint(world, bench, row, touched)
    after = None if base is None else base.as_of
    known = await world.store.history(row.id, after) if row.version else []
    by_id = {(entry.strand.connector, entry.event.id): entry for entry in (*known, *new)}
    history = list(by_id.values())
    happened = [int(entry.event.at) for entry in history if _has_happened(entry, now, watermark)]
    until = min(max([*happened, watermark, row.state.as_of if row.state else 0]), now)
    events = [Sourced(entry.strand.connector, entry.event) for entry in history]
    first = min((int(entry.event.at) for entry in history), default=now)
    policies = await _in_force(bench, row, first if base is None else base.policy_since)
    judged = _guarded(row, lambda: replay(events, policies, until, base))
    future = tuple(sorted({int(entry.event.at) for entry in history if entry.event.at > until}))
    if judged.state is None:
        waiting = min(future, default=None)
        written.contacts.append(replace(row, state=None, next_due=waiting, updated_at=max(happened, default=now)))
        return
    if row.state is not None and row.state.kept_at_event:
        written.forgotten.append((row.id, touched))
    judged = dataclasses.replace(judged, state=replace(judged.state, future=future))
    await _conclude(world, bench, written, row, policies, judged, now, said_after=after or 0)


async def _checkpoint(world: World, bench: Bench, row: ContactRow, before: int) -> State | None:
    """A state to start again from. One that was judged by other policies than are in force now is none."""
    if row.state is None or not row.state.kept_at_event:
        return None
    base = await world.store.checkpoint(row.id, before)
    if base is None or not continues(base, (), await _in_force(bench, row, base.policy_since)):
        return None
    return base


async def _conclude(
    world: World,
    bench: Bench,
    written: Written,
    row: ContactRow,
    policies: Timeline,
    judged: Judged,
    now: int,
    *,
    said_after: int | None = None,
) -> None:
    """Announce what follows and note what the contact has become. With `said_after`, `judged` has all that follows
    after that instant: what was said of later instants and doesn't follow is corrected."""
    state = judged.state
    if state is None:
        raise ValueError("only an opened contact is concluded")
    said = await _said(world, row, judged, said_after)
    announced = announce(
        judged.implied,
        said,
        now,
        live_from=now + 1 if bench.dry else bench.live_from.get(row.strands[0].connector, 0),
        whole=said_after is not None,
    )
    written.ledger.extend((row.id, entry) for entry in announced.entries)
    judge = policies.at(state.policy_since).policy
    for effect in announced.effects:
        _notify(bench, written, row, state, judge, effect)
    written.checkpoints.extend((row.id, passed) for passed in judged.checkpoints)
    written.contacts.append(replace(row, state=state, next_due=next_due(state), updated_at=state.contact.updated_at))


async def _said(world: World, row: ContactRow, judged: Judged, after: int | None) -> dict[str, LedgerEntry]:
    """What has been said after an instant, and of what follows now; whenever it was thought to have happened."""
    if not row.version:
        return {}
    said = {} if after is None else await world.store.ledger(row.id, after=after)
    ids = [following.id for following in judged.implied if following.id not in said]
    return said | await world.store.ledger(row.id, ids) if ids else said


def _notify(bench: Bench, written: Written, row: ContactRow, state: State, policy: Policy, effect: Effect) -> None:
    """Write the notice of an effect for everybody who gets one. Roles are those of `policy`, which judged last."""
    if effect.suppressed or effect.type in REQUESTS:
        return
    endpoints = recipients(effect, policy.roles, bench.subscriptions)
    if endpoints:
        body = notice_body(
            effect,
            row.id,
            state,
            policy,
            name=bench.policies.name(effect.policy),
            source=bench.source,
            link=f"{bench.admin_url}/contacts/{row.id}",
        )
        written.notices.append(
            Notice(effect=effect, contact=row.id, body=msgspec.json.encode(body), endpoints=endpoints)
        )
