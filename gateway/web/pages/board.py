"""The board: the open contacts by what breaches next, how much there is, and whether a connector is down."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.kernel.values import contact_values, judged_by
from gateway.web.counted import Counted
from gateway.web.pages import shown
from gateway.web.pages.page import Frame, Page

CONTACTS_MAX = 200
"""Contacts on the first page; more are there, and counted."""


class BoardPage:
    """The handlers."""

    def __init__(self, frame: Frame, counted: Counted) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self._counted = counted
        self.pages = (Page("/", "board.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """The open contacts by what breaches next."""
        rows = await self._gateway.world.store.contacts(limit=CONTACTS_MAX, status="open")
        counts = await self._counted.read()
        policies = await self._gateway.bench.policies.to_read_by(judged_by(rows))
        lines = shown.lines(rows, policies)
        breached = sum(line.due is not None and line.due.breached for line in lines)
        now = self._clock.now()
        return {
            "lines": lines,
            "counts": counts,
            "breached": f"{breached}+" if counts["open"] > len(lines) else str(breached),
            "links": list(self._gateway.links.values()),
            "values": [contact_values(row, policies, now) for row in rows],
        }

    def twin(self, read: Mapping[str, Any]) -> object:
        """The same contacts as the API tells them."""
        return {"counts": read["counts"], "contacts": read["values"]}
