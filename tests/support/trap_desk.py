"""Where a trap's story is told: a simulated account of a vendor, and a gateway that reads it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import pytest

from gateway.plugin import DAY_MS, Event, Fetch, Record
from gateway.testing.clock import StoryClock
from gateway.testing.stage import Reader, Stage, reader, stage
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
    made: type[Made], kind: Any, *, objects: int = 0, page_size: int = 4, pushes: bool = False, **values: Any
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
