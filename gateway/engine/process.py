"""T2: records become events, events become contacts, and what follows from them becomes notices, in one transaction.

A record that can't be normalized is parked with its reason and can be replayed; the rest of the batch goes on.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace as replace_fields
from itertools import chain

from msgspec.structs import replace

from gateway.engine.assemble import Change, asked, change, put_together
from gateway.engine.judge import Bench, JudgingFailed, Written, judge
from gateway.engine.moved import Arrivals, left_by, of_one_each
from gateway.engine.news import Arrival, News, news_of
from gateway.engine.tellings import REASON_MAX, Telling, telling_of
from gateway.engine.turns import Turns
from gateway.engine.world import Links, World
from gateway.kernel.log import hide_secrets
from gateway.kernel.store import Batch, Conflict, ContactRow, FetchKey, Known, LookUp
from gateway.model.event import Event
from gateway.model.identity import StrandKey, contact_id
from gateway.model.record import InboxRow
from gateway.model.words import ENDED
from gateway.rules.journal import contradicts

LEASE_MS = 5_000
"""A batch that failed is taken up again after this long; until then its records hold time back."""

CONFLICTS_MAX = 5
ATTEMPTS_MAX = 5
"""A record that was claimed so often and never finished may be what kills the process: it is parked."""


async def process(
    world: World, links: Links, bench: Bench, watermark: int, turns: Turns, innocent: set[int] | None = None
) -> int:
    """Take one batch from the inbox to its end, and before it, each alone, what was taken up before and not finished:
    that may be what stopped the process. How many records there were.

    `innocent` remembers, from call to call, the records of batches that this process has seen fail (a full disk, a
    conflict): they stopped nothing, and are never given up.
    """
    innocent = set() if innocent is None else innocent
    failure: Exception | None = None
    taken = 0
    while taken < turns.batch:
        rows = await world.store.claim_records(now=world.clock.now(), lease_ms=LEASE_MS, limit=turns.batch - taken)
        if not rows:
            break
        taken += len(rows)
        why = _why_given_up(rows, innocent)
        innocent.update(row.id for row in rows)
        try:
            await _with_patience(world, links, bench, rows, watermark, turns, why)
        except Exception as error:  # told below: those behind it need not wait for a batch that fails
            failure = error
        else:
            innocent.difference_update(row.id for row in rows)
        if rows[0].tries == 1:
            break
    if failure is not None:
        raise failure
    return taken


def _why_given_up(rows: Sequence[InboxRow], innocent: Set[int]) -> str:
    """Why a record that comes alone is not judged; empty for all others."""
    first = rows[0]
    if first.tries <= ATTEMPTS_MAX or first.id in innocent:
        return ""
    return f"taken up {first.tries - 1} times and never finished; replay it when the cause is mended"


async def _with_patience(
    world: World, links: Links, bench: Bench, rows: Sequence[InboxRow], watermark: int, turns: Turns, given_up: str
) -> None:
    """Process rows, again after a conflict; contacts that can't be judged park their records and no others."""
    if given_up:
        tellings = [Telling(row, wrong=given_up) for row in rows]
    else:
        tellings = [telling_of(links, row) async for row in turns.of(rows)]
    conflicts = 0
    while True:
        try:
            failed = await _process(world, links, bench, tellings, watermark, turns)
        except Conflict:
            conflicts += 1
            world.log.info("batch_conflicted", records=len(rows))
            if conflicts == CONFLICTS_MAX:
                raise
            continue
        for error in failed.values():
            world.log.error("judging_failed", contact=error.contact, exc_info=error)
        if not failed:
            return
        if not _give_up(tellings, failed):
            raise next(iter(failed.values()))


def _give_up(tellings: Sequence[Telling], failed: Mapping[str, JudgingFailed]) -> bool:
    """Mark every record that speaks of these contacts; whether there is one that wasn't marked before."""
    found = False
    for telling in tellings:
        spoken_of = (contact_id(strand) for strand in telling.strands() if not telling.wrong)
        error = next((failed[contact] for contact in spoken_of if contact in failed), None)
        if error is not None:
            telling.wrong = hide_secrets(str(error))[:REASON_MAX]
            found = True
    return found


async def _process(
    world: World, links: Links, bench: Bench, tellings: Sequence[Telling], watermark: int, turns: Turns
) -> Mapping[str, JudgingFailed]:
    """Judge what the records tell, and commit it; or commit nothing, and return who can't be judged."""
    now = world.clock.now()
    wholes = await put_together(world, links, tellings)
    told = [(telling.row.connector, event.id) for telling in tellings for event in telling.events]
    strands = dict.fromkeys(telling.strand_of(event) for telling in tellings for event in telling.events)
    for strand, id_told in asked(wholes):
        strands[strand] = None
        told.append(id_told)
    known = await world.store.known(list(strands), told) if told else Known({}, {})
    _refuse_contradictions(tellings, links, known.events)
    journals: dict[str, dict[str, Event]] = {}
    for (connector, id), event in known.events.items():
        journals.setdefault(connector, {})[id] = event
    changes = [change(whole, journals.get(whole.link.name, {})) for whole in wholes]
    arrivals = of_one_each(_by_strand(tellings))
    left = left_by(arrivals, journals)
    if former := [strand for strand in left if strand not in strands]:
        contacts = (await world.store.known(former, [])).contacts
        known = Known({**known.contacts, **contacts}, known.events)
    news = _news(arrivals, left, changes, known.contacts, journals)
    news = _held_back(tellings, news) + _let_go(tellings, news, known)
    written = await judge(world, bench, news, now, watermark, turns)
    if written.failed:
        return written.failed
    batch = _with_rows(written.batch(now), tellings, changes)
    await world.store.commit(replace(batch, fetches=(*batch.fetches, *_openings(written, links, now))))
    for telling in tellings:
        if telling.wrong:
            row = telling.row
            world.log.warning("record_parked", connector=row.connector, record=row.id, reason=telling.wrong)
    return {}


def _news(
    arrivals: Arrivals,
    left: Mapping[StrandKey, list[Event]],
    changes: Sequence[Change],
    contacts: Mapping[StrandKey, ContactRow],
    journals: Mapping[str, Mapping[str, Event]],
) -> list[News]:
    """What is new, strand by strand: what was told outright, what has left it for another, and what follows from
    pieces. `journals`: what is known already, by connector and id."""
    gone = {strand: list(events) for strand, events in left.items()}
    for one in changes:
        for strand, found in one.arrivals.items():
            arrivals.setdefault(strand, []).extend(found)
        for strand, withdrawn in one.gone.items():
            gone.setdefault(strand, []).extend(withdrawn)
    found_news = (
        news_of(
            strand,
            contacts.get(strand),
            arrivals.get(strand, []),
            journals.get(strand.connector, {}),
            gone.get(strand, ()),
        )
        for strand in dict.fromkeys(chain(arrivals, gone))
    )
    return [new for new in found_news if new is not None]


def _held_back(tellings: Sequence[Telling], news: Sequence[News]) -> list[News]:
    """The news, those held back that a backfill tells of for the first time and whose log it is going to look up."""
    asked = {
        StrandKey(telling.row.connector, fetch.ref.kind, fetch.ref.id)
        for telling in tellings
        if telling.row.record.historical and not telling.wrong
        for fetch in telling.fetches
    }
    if not asked:
        return list(news)
    return [replace_fields(one, held=one.row.version == 0 and one.row.strands[0] in asked) for one in news]


def _let_go(tellings: Sequence[Telling], news: Sequence[News], known: Known) -> list[News]:
    """Contacts whose log a backfill has read and that say nothing new: time passes for them from now on."""
    read = {
        telling.strand_of(event)
        for telling in tellings
        if telling.row.record.historical and telling.row.record.form == "fetched" and not telling.wrong
        for event in telling.events
    }
    told = {one.row.id for one in news}
    rows = {row.id: row for strand in read if (row := known.contacts.get(strand)) is not None}
    return [
        News(row)
        for id, row in sorted(rows.items())
        if id not in told and row.next_due is None and row.state is not None and row.state.contact.status not in ENDED
    ]


def _with_rows(batch: Batch, tellings: Sequence[Telling], changes: Sequence[Change]) -> Batch:
    return replace(
        batch,
        assemblies=tuple(one.row for one in changes),
        joined=tuple(chain.from_iterable(one.joined for one in changes)),
        done=tuple((telling.row.id, telling.row.attempt) for telling in tellings if not telling.wrong),
        parked=tuple((telling.row.id, telling.row.attempt, telling.wrong) for telling in tellings if telling.wrong),
        fetches=tuple(
            LookUp(
                FetchKey(telling.row.connector, fetch.ref),
                fetch.reason,
                int(telling.row.record.received_at),
                fetch.version,
                telling.row.record.historical,
            )
            for telling in tellings
            if not telling.wrong
            for fetch in telling.fetches
        ),
    )


def _openings(written: Written, links: Links, now: int) -> Iterator[LookUp]:
    """Look-ups of objects whose opening nobody has told yet: without it nothing about them can be judged."""
    for row in written.contacts:
        link = links.get(row.strands[0].connector)
        if row.state is None and link is not None and link.fetches is not None:
            yield LookUp(FetchKey(link.name, row.strands[0].ref), "its opening is not known", now)


def _by_strand(tellings: Sequence[Telling]) -> Arrivals:
    arrivals: Arrivals = {}
    for telling in tellings:
        if telling.wrong:
            continue
        received_at = int(telling.row.record.received_at)
        for event, body in zip(telling.events, telling.bodies, strict=True):
            arrivals.setdefault(telling.strand_of(event), []).append(Arrival(event, received_at, body))
    return arrivals


def _refuse_contradictions(tellings: Sequence[Telling], links: Links, known: Mapping[tuple[str, str], Event]) -> None:
    """Refuse what a strict source says under an id that it has used for something else."""
    strict = {name for name, link in links.items() if getattr(link.connector, "strict_ids", False)}
    told = dict(known)
    for telling in tellings:
        connector = telling.row.connector
        if connector not in strict:
            continue
        for event in telling.events:
            first = told.setdefault((connector, event.id), event)
            if first is not event and contradicts(event, first):
                telling.wrong = f"event {event.id} says something else than before under the same id"
                break
