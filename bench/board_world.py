"""A database of very many contacts, of which some are open: what a board of a large department stands on.

Open contacts have their whole history, each judged for itself by the preset orion, with all that was said of it; ended
ones are a few hundred judged states under other names, without their journal, which no listing reads. Everything is
written by the store's own commits. Made from a seed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from msgspec.structs import replace

from bench.whatif_world import CHANNELS, TAGS, fill, kept
from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.policies import Policies
from gateway.engine.world import Link, World
from gateway.kernel.board import Tally
from gateway.kernel.rng import SeededRng
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Batch, ContactRow, JournalEntry, PolicyRow
from gateway.model.event import Event, convert_event
from gateway.model.identity import Ref, StrandKey, contact_id
from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, format_instant, parse_instant
from gateway.model.judgement import LedgerEntry, State
from gateway.policy.kept import load_kept
from gateway.policy.presets import preset_text
from gateway.rules.advance import Judged, Sourced, next_due
from gateway.rules.announce import announce
from gateway.rules.card import card_of
from gateway.rules.replay import replay
from gateway.rules.tallying import target_of
from gateway.rules.timeline import Timeline
from gateway.store.sqlite import SqliteStore

NOW: Final = int(parse_instant("2026-03-18T15:00:00Z"))
"""A Wednesday afternoon."""

BATCH: Final = 500
TEMPLATES: Final = 200
"""Ended contacts that are judged; all others are these under other names."""

AGENTS: Final = 120
_CONNECTORS: Final = ("zendesk", "freshdesk", "telephony")
_SUBJECTS: Final = ("My order has not arrived", "Refund of a double charge", "Can't log in", "Wrong size", "Invoice")


class Job(NamedTuple):
    """Contacts `first` to `behind`, open ones or ended ones."""

    first: int
    behind: int
    open: bool


def make(path: Path, contacts: int, open: int) -> None:
    """Write the database; the first `open` of the contacts are open. The same arguments give the same contacts."""
    asyncio.run(_make(path, contacts, open))


async def _make(path: Path, contacts: int, open: int) -> None:
    policy = kept(preset_text("orion"), "preset:orion")
    await fill(path, policy, _CONNECTORS, NOW - 90 * DAY_MS, _judge, _jobs(contacts, open))


async def _jobs(contacts: int, open: int) -> AsyncIterator[Job]:
    for begin, end, are_open in ((0, open, True), (open, contacts, False)):
        for first in range(begin, end, BATCH):
            yield Job(first, min(first + BATCH, end), are_open)


def _judge(policy: PolicyRow) -> Callable[[Job], Batch]:
    timeline = Timeline.only(load_kept(policy.text, policy.calendars, policy.facts, policy.hash))
    ended = [_judged(number, timeline, open=False)[1] for number in range(TEMPLATES)]
    return partial(_batch, timeline, [judged.state for judged in ended if judged.state is not None])


def _batch(timeline: Timeline, ended: list[State], job: Job) -> Batch:
    if not job.open:
        rows = [_named(ended[number % len(ended)], number) for number in range(job.first, job.behind)]
        return Batch(contacts=tuple(rows), now=NOW)
    rows, journal = [], list[JournalEntry]()
    ledger: list[tuple[str, LedgerEntry]] = []
    counted: Counter[tuple[int, str, str, str]] = Counter()
    policy = timeline.at(NOW).policy
    for number in range(job.first, job.behind):
        events, judged = _judged(number, timeline, open=True)
        strand = strand_of(number)
        if judged.state is None:
            raise ValueError("every contact begins with its opening")
        rows.append(_row(strand, judged.state, card=True, policies=timeline))
        journal += [JournalEntry(strand=strand, event=event, received_at=event.at) for event in events]
        announced = announce(judged.implied, {}, NOW, live_from=0, whole=False)
        ledger += [(contact_id(strand), entry) for entry in announced.entries]
        for effect in announced.effects:
            counted[effect.at - effect.at % HOUR_MS, effect.type, effect.rule, target_of(effect, policy)] += 1
    tallies = (
        Tally(hour=hour, type=type, rule=rule, target=target, count=count)
        for (hour, type, rule, target), count in counted.items()
    )
    return Batch(journal=tuple(journal), contacts=tuple(rows), ledger=tuple(ledger), tallies=tuple(tallies), now=NOW)


def strand_of(number: int) -> StrandKey:
    """What a contact is called at its vendor."""
    return StrandKey(_CONNECTORS[number % len(_CONNECTORS)], "ticket", f"{number:07}")


def _judged(number: int, policies: Timeline, *, open: bool) -> tuple[list[Event], Judged]:
    strand = strand_of(number)
    events = list(_events(number, strand.ref, open=open))
    return events, replay([Sourced(strand.connector, event) for event in events], policies, NOW - 1)


def _events(number: int, ref: Ref, *, open: bool) -> Iterator[Event]:
    chance = random.Random(f"{number} {open}")
    at = NOW - (chance.randrange(8 * HOUR_MS) if open else chance.randrange(20 * DAY_MS, 80 * DAY_MS))
    for place, (content, after) in enumerate(_story(chance, number, open=open)):
        at = min(at + after, NOW - 20 + place)
        told = {"kind": ref.kind, "id": ref.id}
        yield convert_event({"id": f"{number}/{place}", "at": format_instant(at), "ref": told, **content})


def _story(chance: random.Random, number: int, *, open: bool) -> Iterator[tuple[dict[str, Any], int]]:
    channel, kind = chance.choice(CHANNELS)
    yield (
        {
            "type": "contact.opened",
            "kind": kind,
            "channel": channel,
            "subject": f"{chance.choice(_SUBJECTS)} ({number})",
            "priority": chance.choice(["urgent", "high", "normal", "normal", "normal", "low"]),
            "tags": [chance.choice(TAGS)],
            "fields": {"plan": f"plan{number % 5}", "seats": number % 300, "region": "emea"},
            "customer": {"name": f"Customer {number % 5000}", "email": f"customer{number % 5000}@company.example"},
        },
        0,
    )
    if chance.random() < 0.7:
        yield {"type": "contact.assigned", "assignee": f"agent{number % AGENTS}", "group": "support"}, MINUTE_MS
    for place in range(chance.randrange(4) if open else 4):
        author = "customer" if place % 2 else "agent"
        said = {"type": "message.added", "author": {"kind": author, "id": "a"}, "text": "Please look into it again."}
        yield said, chance.randrange(MINUTE_MS, 30 * MINUTE_MS)
    if chance.random() < 0.15:
        yield {"type": "status.changed", "to": "pending"}, MINUTE_MS
    if not open:
        yield {"type": "status.changed", "to": "solved"}, MINUTE_MS


def _named(state: State, number: int) -> ContactRow:
    """An ended state under another name."""
    strand, contact = strand_of(number), state.contact
    (own,) = contact.strands
    moved = replace(
        contact,
        strands=(replace(own, connector=strand.connector, ref=strand.ref),),
        subject=f"{(contact.subject or '').partition('(')[0]}({number})",
        updated_at=contact.updated_at + number % DAY_MS,
    )
    return _row(strand, replace(state, contact=moved, owner=str(strand)))


def _row(strand: StrandKey, state: State, *, card: bool = False, policies: Timeline | None = None) -> ContactRow:
    return ContactRow(
        id=contact_id(strand),
        version=0,
        strands=(strand,),
        state=state,
        next_due=next_due(state),
        updated_at=state.contact.updated_at,
        card=card_of(state, policies.at(state.policy_since).policy) if card and policies else None,
    )


class Standing:
    """A clock that begins at the database's own instant and then goes with the machine's. Its waits are real ones."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return NOW + int((asyncio.get_running_loop().time() - self._began) * 1000)

    def monotonic(self) -> float:
        """Seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class NoNet:
    """Nobody is reached from a bench."""

    async def request(self, *args: Any, **options: Any) -> Any:
        """Refuse."""
        raise ConnectionError("a bench reaches nobody")


async def gateway_on(store: SqliteStore, spawn: LoopSpawn) -> Gateway:
    """A gateway that isn't started: nothing is judged, so that what is measured is what is shown."""
    clock = Standing()
    log = structlog.wrap_logger(None, processors=[_dropped])
    world = World(clock, SeededRng(1), NoNet(), spawn, store, log)
    bench = Bench(
        policies=await Policies.open(store, spawn),
        live_from={},
        subscriptions={},
        source="bench",
        admin_url="http://127.0.0.1",
    )
    connector = EventsConnector("zendesk", EventsSettings(secret="whsec_" + "A" * 44), None)  # type: ignore[arg-type]
    return Gateway(world, {"zendesk": Link("zendesk", connector)}, bench, {})


def _dropped(logger: Any, method: str, event: Any) -> Any:
    raise structlog.DropEvent
