"""A stored history to ask of: contacts of a support department, answered in time as a rule, and ended as a rule.

Every contact has the same number of events; each is judged by the policy in force and kept as the gateway keeps it,
through the store's own commits. Made from a seed.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.kernel.crew import OneProcess, Processes, processors
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import Batch, ContactRow, JournalEntry, PolicyRow
from gateway.model.event import Event, convert_event, encode_event
from gateway.model.identity import StrandKey, contact_id
from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, format_instant, parse_instant
from gateway.policy.kept import load_kept, pack_calendars
from gateway.policy.load import load_policy
from gateway.rules.advance import Sourced, next_due
from gateway.rules.replay import replay
from gateway.rules.timeline import FROM_THE_BEGINNING, Timeline
from gateway.store.sqlite import SqliteStore

Job = TypeVar("Job")

T0: Final = int(parse_instant("2026-03-02T00:00:00Z"))
DAYS: Final = 30
NOW: Final = T0 + DAYS * DAY_MS
CONNECTOR: Final = "bench"
EVENTS: Final = 20
_BATCH: Final = 500
CHANNELS: Final = (("email", "ticket"), ("web", "ticket"), ("chat", "chat"), ("social", "mention"), ("phone", "call"))
TAGS: Final = ("billing", "refund", "vip", "order", "eu", "web-form", "fraud", "tier2")
_TEXT: Final = "My order has not arrived, and nobody has told me where it is. Could you please look into it again? " * 2


def kept(text: str, name: str) -> PolicyRow:
    """A policy as a database keeps it, in force from the beginning."""
    policy = load_policy(text, name, tests=False).policy
    return PolicyRow(
        since=FROM_THE_BEGINNING,
        hash=policy.hash,
        name=policy.name,
        stored_at=T0 - DAY_MS,
        text=text,
        calendars=pack_calendars(policy.calendars),
    )


def make(path: Path, policy: PolicyRow, contacts: int) -> None:
    """Write the database. The same arguments give the same contacts."""
    asyncio.run(_make(path, policy, contacts))


async def _make(path: Path, policy: PolicyRow, contacts: int) -> None:
    await fill(path, policy, (CONNECTOR,), T0 - DAY_MS, _judge, _ranges(contacts))


async def fill(
    path: Path,
    policy: PolicyRow,
    connectors: Sequence[str],
    since: int,
    judge: Callable[[PolicyRow], Callable[[Job], Batch]],
    jobs: AsyncIterator[Job],
) -> None:
    """Write a database of connectors that are live since an instant: `judge` makes of a policy what makes of each job a
    batch, on all processors; batches are committed as they come, in no promised order."""
    spawn = LoopSpawn()
    store = await SqliteStore.open(str(path), spawn, exclusive=True)
    try:
        await store.started(connectors, since)
        await store.put_in_force(policy)
        crew = Processes(spawn, processors(), print) if processors() > 1 else OneProcess()
        async for _, batch in crew.answers(partial(judge, policy), jobs):
            await store.commit(batch)
    finally:
        await store.close()
        await spawn.close()


async def _ranges(contacts: int) -> AsyncIterator[tuple[int, int]]:
    for first in range(0, contacts, _BATCH):
        yield first, min(first + _BATCH, contacts)


def _judge(policy: PolicyRow) -> Callable[[tuple[int, int]], Batch]:
    timeline = Timeline.only(load_kept(policy.text, policy.calendars, policy.facts, policy.hash))
    return partial(_batch, timeline)


def _batch(policies: Timeline, numbers: tuple[int, int]) -> Batch:
    journal: list[JournalEntry] = []
    rows: list[ContactRow] = []
    for number in range(*numbers):
        strand = StrandKey(CONNECTOR, "ticket", str(number))
        events = list(events_of(number))
        journal += [JournalEntry(strand=strand, event=event, received_at=event.at) for event in events]
        state = replay([Sourced(CONNECTOR, event) for event in events], policies, NOW).state
        if state is None:
            raise ValueError("every contact begins with its opening")
        rows.append(
            ContactRow(
                id=contact_id(strand),
                version=0,
                strands=(strand,),
                state=state,
                next_due=next_due(state),
                updated_at=state.contact.updated_at,
            )
        )
    return Batch(journal=tuple(journal), contacts=tuple(rows), now=NOW)


def events_of(number: int) -> Iterator[Event]:
    """A contact's events: both sides write, tags and assignees change, it waits for the customer, and most end."""
    chance = random.Random(number)
    at = T0 + chance.randrange((DAYS - 1) * DAY_MS)
    channel, kind = chance.choice(CHANNELS)
    ends = chance.random() < 0.9
    ref = {"kind": "ticket", "id": str(number)}
    for place, (content, after) in enumerate(_story(chance, number, channel, kind, ends=ends)):
        at = min(at + after, NOW - EVENTS + place)
        yield convert_event({"id": f"{number}/{place}", "at": format_instant(at), "ref": ref, **content})


def _story(
    chance: random.Random, number: int, channel: str, kind: str, *, ends: bool
) -> Iterator[tuple[dict[str, Any], int]]:
    first = {
        "type": "contact.opened",
        "kind": kind,
        "channel": channel,
        "subject": f"Order {number}",
        "priority": chance.choice(["urgent", "high", "normal", "normal", "normal", "low"]),
        "tags": [chance.choice(TAGS)],
        "fields": {"plan": f"plan{number % 5}", "seats": number % 300, "region": "emea"},
        "customer": {"email": f"customer{number % 5000}@company{number % 97}.example"},
    }
    yield first, 0
    soon = 10_000 if channel == "chat" else 10 * MINUTE_MS
    yield {"type": "contact.assigned", "assignee": f"agent{number % 40}", "group": "support"}, soon // 4
    yield _message("agent", number), chance.randrange(soon // 8, soon if chance.random() < 0.9 else 20 * soon)
    for place in range(3, EVENTS - 1):
        yield _turn(chance, number, place), chance.randrange(MINUTE_MS, HOUR_MS)
    yield ({"type": "status.changed", "to": "solved"} if ends else _message("agent", number)), 5 * MINUTE_MS


def _turn(chance: random.Random, number: int, place: int) -> dict[str, Any]:
    if place % 6 == 4:
        return {"type": "contact.observed", "tags": chance.sample(TAGS, 2)}
    if place % 6 == 5:
        return {"type": "status.changed", "to": "pending" if place % 12 == 5 else "open"}
    return _message("customer" if place % 2 else "agent", number)


def _message(author: str, number: int) -> dict[str, Any]:
    return {"type": "message.added", "author": {"kind": author, "id": f"{author}{number % 40}"}, "text": _TEXT}


def sample(count: int) -> Sequence[list[bytes]]:
    """The events of some contacts, as they are kept."""
    return [[encode_event(event) for event in events_of(number)] for number in range(count)]
