"""The pages of what came in: the records, and one of them with what it holds."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from aiohttp import web

from gateway.kernel.values import record_values
from gateway.web.asked import RECORD_STATES, only
from gateway.web.pages.body_shown import shown_body
from gateway.web.pages.deeds import DID, done, id_of
from gateway.web.pages.listed import listing
from gateway.web.pages.page import Frame, Missing, Page

THREAD: Final = "shown"
"""Where a body is set for reading: a large one takes a fifth of a second, and doors and judging share the loop."""


class InboxPages:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (
            Page("/inbox", "inbox.html", self.all, self.all_twin),
            Page("/inbox/{id}", "record.html", self.one, self.one_twin),
        )

    async def all(self, request: web.Request) -> Mapping[str, Any]:
        """The records, the latest first."""
        asked = listing(request, "/inbox", RECORD_STATES, "connector")
        found = await self._gateway.world.store.inbox(**asked.where())
        return {
            "records": found,
            "asked": asked,
            "following": asked.following([item.id for item in found]),
            "connectors": sorted(self._gateway.links),
        }

    def all_twin(self, read: Mapping[str, Any]) -> object:
        """The same records as the API tells them."""
        return {"records": [record_values(item) for item in read["records"]], "next": read["following"]}

    async def one(self, request: web.Request) -> Mapping[str, Any]:
        """One record."""
        only(request, *DID)
        id = id_of(request)
        found = None if id is None else await self._gateway.world.store.record(id)
        if found is None:
            raise Missing("There is no such record; those that were judged long ago are no longer kept")
        body = await self._gateway.world.spawn.call(THREAD, partial(shown_body, found.body))
        return {"record": found, "body": body, "done": done(request, self._clock.now())}

    def one_twin(self, read: Mapping[str, Any]) -> object:
        """The record, and its body as the page shows it."""
        return {**record_values(read["record"]), "body": read["body"].text}
