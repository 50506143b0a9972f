"""Where a trap's story is told: a simulated account of a vendor, and a gateway that reads it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import pytest

from gateway.plugin import DAY_MS, Event, Fetch, Page, Record, Stream, Transient
from gateway.testing.clock import StoryClock
from gateway.testing.stage import NAME, PAGE_SIZE, Reader, Stage, reader, stage
from gateway.testing.transport import answer
from gateway.testing.truth import unsaid

Made = TypeVar("Made", bound="Desk")


@dataclass(frozen=True)
class Desk:
    """A simulated account, and a gateway that reads it. A connector's own says what a ticket's ref is, and which
    simulator that is."""

    on: Stage
    ours: Reader

    ref_kind: ClassVar[str] = "ticket"

    @property
    def clock(self) -> StoryClock:
        """The story's clock."""
        return self.on.clock

    async def sync(self) -> None:
        """Read to the end what the vendor shows by now."""
        self.on.shown()
        await self.ours.sync()

    async def push(self) -> None:
        """Deliver the webhooks of what has happened."""
        await self.on.simulator.settled()
        await self.ours.deliver(self.on.wire.taken())

    async def pushed(self) -> None:
        """Deliver the webhooks, judge, and look up."""
        await self.push()
        await self.ours.settle()

    async def rested(self) -> None:
        """Judge and look up for an hour: until what is refused again and again has been given up."""
        for _ in range(9):
            await self.ours.settle()
            self.clock.pass_(400)

    async def missing(self) -> str:
        """What is true and wasn't said, in words."""
        return unsaid(self.on.simulator.truth(), await self.ours.events())

    async def contact(self, ticket: int | str) -> Any:
        """What is known of a ticket; None where nothing is."""
        for row in await self.ours.rows():
            if any(key.kind == self.ref_kind and key.id == str(ticket) for key in row.strands):
                return None if row.state is None else row.state.contact
        return None

    async def status(self, ticket: int | str) -> str | None:
        """How a ticket stands; None where nothing is known of it."""
        contact = await self.contact(ticket)
        return None if contact is None else str(contact.status)

    async def said(self, ticket: int | str) -> list[Event]:
        """What was said of a ticket."""
        return [event for event in (await self.ours.events()).values() if event.ref.id == str(ticket)]

    def requests(self, path: str) -> int:
        """How often paths that end so were asked for."""
        return sum(asked.path.removesuffix(".json").endswith(path) for asked in self.ours.transport.asked)


@asynccontextmanager
async def desk_of(
    made: type[Made], kind: Any, *, objects: int = 0, page_size: int = PAGE_SIZE, pushes: bool = False, **values: Any
) -> AsyncIterator[Made]:
    """An account of the connector `kind` with so many objects of the last hours, pages of that size, and a reader with
    the settings `values`; webhooks are lost unless they are asked for."""
    async with stage(kind, objects=objects, page_size=page_size) as on:
        on.simulator.fault("lose", on=not pushes)
        async with reader(on, {**on.values, **values}, since=on.clock.now() - 400 * DAY_MS) as ours:
            yield made(on, ours)


def normalized(
    kind: type[Any], patch: pytest.MonkeyPatch, changed: Callable[[Record, list[Event | Fetch]], Sequence[Any]]
) -> None:
    """Let connectors of that kind say of each record what `changed` makes of what they would have said."""
    whole = kind.normalize

    def normalize(self: Any, record: Record) -> Any:
        return iter(changed(record, list(whole(self, record))))

    patch.setattr(kind, "normalize", normalize)


def gathered(kind: type[Any], patch: pytest.MonkeyPatch) -> None:
    """Let connectors of that kind gather all pages of a stream, and give them at once."""
    whole = kind.pull

    async def gather(self: Any, stream: Stream, cursor: str | None, now: int) -> Page:
        records, more = [], True
        while more:
            page = await whole(self, stream, cursor, now)
            records += page.records
            cursor, more = page.cursor, page.more
        return Page(records, cursor, False, page.reached)

    patch.setattr(kind, "pull", gather)


async def stored_one_by_one(on: Desk, stream: Stream) -> None:
    """A page of a stream's past, which has several, is stored before the next one is asked for, and refused."""
    await on.ours.pull(stream)
    before = len(await on.ours.inbox())
    run = next(run for run in await on.ours.store.syncs(connector=NAME) if run.stream == stream.name)
    run = await on.ours.past_page(run)
    assert len(await on.ours.inbox()) == before + PAGE_SIZE
    on.ours.transport.fault = answer(500)
    with suppress(Transient):
        await on.ours.past_page(run)
    on.ours.transport.fault = None
    assert len(await on.ours.inbox()) == before + PAGE_SIZE
    await on.sync()
    assert await on.missing() == ""


async def found_late(on: Desk) -> None:
    """A ticket is committed behind one that was opened after it, and read before; it is found all the same."""
    simulator: Any = on.on.simulator
    await on.sync()
    simulator.fault("late_commit")
    late = simulator.open_ticket()
    simulator.fault("late_commit", on=False)
    on.clock.pass_(20)
    prompt = simulator.open_ticket()
    await on.sync()
    assert await on.contact(prompt) is not None
    assert await on.contact(late) is None
    on.clock.pass_(120)
    await on.sync()
    assert await on.contact(late) is not None
    assert await on.missing() == ""
