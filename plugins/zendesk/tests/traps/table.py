"""The table of traps: what has gone wrong in others' integrations, our rule, and a story that fails without the rule.

`TRAPS` has those that concern Zendesk or any vendor; `ELSEWHERE` those that can't happen to this connector, and why.
Numbers are our own list's; letters are the weather in which readers of Zendesk's export differ.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import pytest
from gateway_zendesk import Zendesk, export
from gateway_zendesk.simulator import ZendeskSimulator

from gateway.plugin import DAY_MS, Event, Fetch, Record, VendorResponse
from gateway.testing.clock import StoryClock
from gateway.testing.stage import Reader, Stage, reader, stage
from gateway.testing.truth import unsaid

Story = Callable[[], Awaitable[None]]
Without = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Trap:
    """One trap. `sources`: repository and number of the thread. `without`: takes the rule away from the code."""

    id: str
    sources: str
    wrong: str
    rule: str
    story: Story
    without: Without

    @property
    def place(self) -> str:
        """Where the story is told."""
        return f"plugins/zendesk/tests/traps/{self.story.__module__.rpartition('.')[2]}.py"


TRAPS: Final[dict[str, Trap]] = {}


def trap(id: str, sources: str, *, wrong: str, rule: str, without: Without) -> Callable[[Story], Story]:
    """Enter a story into the table. `wrong`: what happened to others; `rule`: ours."""

    def entered(story: Story) -> Story:
        if id in TRAPS:
            raise ValueError(f"trap {id} is there already")
        TRAPS[id] = Trap(id, sources, wrong, rule, story, without)
        return story

    return entered


@dataclass(frozen=True)
class Elsewhere:
    """A trap that can't happen here. `reason` says why."""

    sources: str
    wrong: str
    reason: str


ELSEWHERE: Final[dict[str, Elsewhere]] = {
    "9": Elsewhere(
        "airbyte #81516, zenpy #489",
        "the exports of Zendesk Talk never say that they have ended",
        "Talk isn't read yet; whatever is read ends at `end_of_stream`, or where the cursor stays (4)",
    ),
    "21": Elsewhere(
        "zendesk_api_client_php #314, zendesk-java-client #376, zendesk_api_client_rb #420",
        "two writers of one ticket meet: 409, or one of them loses",
        "nothing is written into Zendesk yet: a connector has no ability to act",
    ),
    "22": Elsewhere(
        "n8n-docs #3850",
        "writing tags replaces those that others have set",
        "nothing is written into Zendesk yet: a connector has no ability to act",
    ),
}

NUMBERS: Final[tuple[str, ...]] = (*map(str, range(1, 25)), "4b", *map(str, range(45, 49)), *"abcdefgh")
"""Every trap of the list that concerns Zendesk or any vendor: those of other vendors are their connectors' to show."""


@dataclass(frozen=True)
class Desk:
    """A simulated account, and a gateway that reads it."""

    on: Stage
    ours: Reader

    @property
    def account(self) -> ZendeskSimulator:
        """The account's people."""
        found = self.on.simulator
        assert isinstance(found, ZendeskSimulator)
        return found

    @property
    def clock(self) -> StoryClock:
        """The story's clock."""
        return self.on.clock

    async def sync(self) -> None:
        """Read to the end what the export shows by now."""
        self.on.shown()
        await self.ours.sync()

    async def push(self) -> None:
        """Deliver the webhooks of what has happened."""
        await self.account.settled()
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
        return unsaid(self.account.truth(), await self.ours.events())

    async def contact(self, ticket: int) -> Any:
        """What is known of a ticket; None where nothing is."""
        for row in await self.ours.rows():
            if any(key.kind == "ticket" and key.id == str(ticket) for key in row.strands):
                return None if row.state is None else row.state.contact
        return None

    async def status(self, ticket: int) -> str | None:
        """How a ticket stands; None where nothing is known of it."""
        contact = await self.contact(ticket)
        return None if contact is None else str(contact.status)

    async def said(self, ticket: int) -> list[Event]:
        """What was said of a ticket."""
        return [event for event in (await self.ours.events()).values() if event.ref.id == str(ticket)]

    def requests(self, path: str) -> int:
        """How often paths that end so were asked for."""
        return sum(asked.path.removesuffix(".json").endswith(path) for asked in self.ours.transport.asked)


@asynccontextmanager
async def desk(
    *, objects: int = 0, page_size: int = 4, pushes: bool = False, days: float = 1.0, **values: Any
) -> AsyncIterator[Desk]:
    """An account with so many tickets of the last hours, and a reader; webhooks are lost unless they are asked for."""
    async with stage(Zendesk, objects=objects) as on:
        simulator: Any = on.simulator
        simulator.api.page_size = page_size
        simulator.fault("lose", on=not pushes)
        settings = {**on.values, "backfill_days": days, "backfill_logs": "all", **values}
        async with reader(on, settings, since=on.clock.now() - 400 * DAY_MS) as ours:
            yield Desk(on, ours)


def normalized(patch: pytest.MonkeyPatch, changed: Callable[[Record, list[Event | Fetch]], Sequence[Any]]) -> None:
    """Let the connector say of each record what `changed` makes of what it would have said."""
    whole = Zendesk.normalize

    def normalize(self: Zendesk, record: Record) -> Any:
        return iter(changed(record, list(whole(self, record))))

    patch.setattr(Zendesk, "normalize", normalize)


Ask = Callable[[str, Any], Awaitable[Any]]


def exported(patch: pytest.MonkeyPatch, pages: Callable[[Ask, Any], Awaitable[Any]]) -> None:
    """Let `pages` give the pages of the export of tickets: it gets a way to ask Zendesk, and what is asked."""
    whole = export.answer_of

    async def answer_of(http: Any, path: str, params: Any) -> VendorResponse:
        if path != export.TICKETS:
            return await whole(http, path, params)

        async def ask(path: str, params: Any) -> Any:
            return (await whole(http, path, params)).json()

        return VendorResponse(200, {}, msgspec.json.encode(await pages(ask, params)))

    patch.setattr(export, "answer_of", answer_of)


def filtered(patch: pytest.MonkeyPatch, rows: Callable[[list[Any]], list[Any]]) -> None:
    """Let `rows` choose among the rows of a page of tickets."""

    async def pages(ask: Ask, params: Any) -> Any:
        page = await ask(export.TICKETS, params)
        return {**page, "tickets": rows(page["tickets"])}

    exported(patch, pages)
