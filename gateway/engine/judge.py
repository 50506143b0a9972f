"""Judge contacts with what is new, and gather all that has to be written: what `process` and `tick` share.

A contact goes on from its stored state where the new events sort behind it; otherwise its whole history is judged
again. Which of the two it is decides the rules' `continues`, never the order of arrival.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from gateway.engine.world import World
from gateway.kernel.store import Batch, ContactRow, JournalEntry, Notice
from gateway.model.event import Event
from gateway.model.identity import StrandKey, contact_id
from gateway.model.judgement import LedgerEntry, State
from gateway.rules.advance import Judged, Sourced, advance, continues, in_order, next_due
from gateway.rules.announce import announce, recipients
from gateway.rules.journal import additions, is_news
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.view import notice_body


@dataclass(frozen=True, slots=True)
class Bench:
    """By what contacts are judged: the policy and since when it is in force, who hears of it, and what is live.

    `live_from` by connector in milliseconds; `dry` records every effect as suppressed. `subscriptions` are the types
    that each endpoint asked for; `source` and `admin_url` go into the notices.
    """

    policy: Policy
    policy_since: int
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

    def batch(self, now: int) -> Batch:
        """All of it as one transaction."""
        return Batch(
            journal=tuple(self.journal),
            contacts=tuple(self.contacts),
            ledger=tuple(self.ledger),
            notices=tuple(self.notices),
            now=now,
        )


class JudgingFailed(Exception):
    """The rules raised on one contact: a fault of ours, kept away from all other contacts."""

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
    in_time = all(_has_happened(entry, now, watermark) for entry in new)
    if row.state is not None and not replacing and in_time and _goes_on(row.state, fresh, bench):
        judged = _guarded(row, lambda: advance(row.state, fresh, bench.policy))
        await _conclude(world, bench, written, row, judged, now, whole=False)
        return
    history = {(entry.strand.connector, entry.event.id): entry for entry in await _history(world, row)}
    history.update({(entry.strand.connector, entry.event.id): entry for entry in new})
    await _judge_again(world, bench, written, row, list(history.values()), now, watermark)


async def let_time_pass(
    world: World, bench: Bench, written: Written, row: ContactRow, now: int, watermark: int
) -> None:
    """Take a contact whose `next_due` has come to the watermark."""
    state = row.state
    if state is not None and state.policy == bench.policy.hash and not _comes_up(state, watermark):
        judged = _guarded(row, lambda: advance(state, (), bench.policy, watermark))
        await _conclude(world, bench, written, row, judged, now, whole=False)
    else:
        await _judge_again(world, bench, written, row, await _history(world, row), now, watermark)


def _has_happened(entry: JournalEntry, now: int, watermark: int) -> bool:
    """Whether an event's time has come. One that is dated ahead of its receipt waits for the watermark: it must not
    carry time past a record that was received earlier than that and still waits."""
    return entry.event.at <= min(now, max(entry.received_at, watermark))


def _goes_on(state: State, fresh: Sequence[Sourced], bench: Bench) -> bool:
    last = int(fresh[-1].event.at)
    return state.policy == bench.policy.hash and not _comes_up(state, last) and continues(state, fresh)


def _comes_up(state: State, by: int) -> bool:
    """Whether an event that waits for its time has come by then."""
    return any(at <= by for at in state.future)


def _guarded(row: ContactRow, judge: Callable[[], Judged]) -> Judged:
    try:
        return judge()
    except Exception as error:  # one contact that the rules can't bear must not stop all others
        raise JudgingFailed(row.id, error) from error


async def _history(world: World, row: ContactRow) -> list[JournalEntry]:
    return await world.store.history(row.id) if row.version else []


async def _judge_again(
    world: World,
    bench: Bench,
    written: Written,
    row: ContactRow,
    history: Sequence[JournalEntry],
    now: int,
    watermark: int,
) -> None:
    """Judge the whole history, as far as events have happened and time was let pass before."""
    happened = [int(entry.event.at) for entry in history if _has_happened(entry, now, watermark)]
    until = max([*happened, watermark, row.state.settled if row.state else 0])
    until = min(until, now)
    events = [Sourced(entry.strand.connector, entry.event) for entry in history]
    judged = _guarded(row, lambda: replay(events, bench.policy, until))
    future = tuple(sorted({int(entry.event.at) for entry in history if entry.event.at > until}))
    if judged.state is None:
        waiting = min(future, default=None)
        written.contacts.append(replace(row, state=None, next_due=waiting, updated_at=max(happened, default=now)))
        return
    judged = Judged(replace(judged.state, future=future), judged.implied)
    await _conclude(world, bench, written, row, judged, now, whole=True)


async def _conclude(
    world: World, bench: Bench, written: Written, row: ContactRow, judged: Judged, now: int, *, whole: bool
) -> None:
    """Announce what follows and note what the contact has become."""
    state = judged.state
    if state is None:
        raise ValueError("only an opened contact is concluded")
    ids = None if whole else [following.id for following in judged.implied]
    said = await world.store.ledger(row.id, ids) if row.version and (whole or ids) else {}
    owner = row.strands[0].connector
    live_from = max(bench.live_from.get(owner, 0), bench.policy_since)
    announced = announce(
        judged.implied,
        said,
        now,
        policy=bench.policy.hash,
        live_from=now + 1 if bench.dry else live_from,
        whole=whole,
    )
    written.ledger.extend((row.id, entry) for entry in announced.entries)
    for effect in announced.effects:
        endpoints = () if effect.suppressed else recipients(effect, bench.policy.roles, bench.subscriptions)
        if endpoints:
            link = f"{bench.admin_url}/contacts/{row.id}"
            body = notice_body(effect, row.id, state, bench.policy, source=bench.source, link=link)
            written.notices.append(
                Notice(effect=effect, contact=row.id, body=msgspec.json.encode(body), endpoints=endpoints)
            )
    written.contacts.append(replace(row, state=state, next_due=next_due(state), updated_at=state.contact.updated_at))
