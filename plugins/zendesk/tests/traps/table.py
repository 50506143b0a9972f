"""The table of Zendesk's traps, and the desk at which their stories are told."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

import msgspec
import pytest
from gateway_zendesk import Zendesk, export
from gateway_zendesk.simulator import ZendeskSimulator

from gateway.plugin import VendorResponse
from tests.support import trap_desk
from tests.support.trap_desk import desk_of
from tests.support.traps import Elsewhere, Table

ELSEWHERE: Final = {
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


TABLE: Final = Table(NUMBERS, ELSEWHERE)
trap = TABLE.trap


class Desk(trap_desk.Desk):
    """A simulated account of Zendesk, and a gateway that reads it."""

    @property
    def account(self) -> ZendeskSimulator:
        """The account's people."""
        found = self.on.simulator
        assert isinstance(found, ZendeskSimulator)
        return found


def desk(*, days: float = 1.0, **more: Any) -> AbstractAsyncContextManager[Desk]:
    """An account, and a reader whose past is so many days long; the rest as `desk_of` has it."""
    return desk_of(Desk, Zendesk, **{"backfill_days": days, "backfill_logs": "all", **more})


normalized = partial(trap_desk.normalized, Zendesk)


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
