"""The pages of what goes out and what came in: deliveries, endpoints, the inbox."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.kernel.values import delivery_values, endpoint_values, everyone, record_values
from gateway.web.asked import DELIVERY_STATES, RECORD_STATES, limit_of, only, word_of
from gateway.web.pages import shown
from gateway.web.pages.page import Frame, Page


class OutgoingPages:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (
            Page("/deliveries", "deliveries.html", self.deliveries, self.deliveries_twin),
            Page("/endpoints", "endpoints.html", self.endpoints, self.endpoints_twin),
            Page("/inbox", "inbox.html", self.inbox, self.inbox_twin),
        )

    async def deliveries(self, request: web.Request) -> Mapping[str, Any]:
        """What goes out."""
        only(request, "limit", "state")
        limit, state = limit_of(request), word_of(request, "state", DELIVERY_STATES)
        found = await self._gateway.world.store.deliveries(limit=limit, state=state)
        return {"deliveries": found, "state": state, "limit": limit}

    def deliveries_twin(self, read: Mapping[str, Any]) -> object:
        """The same deliveries as the API tells them."""
        return {"deliveries": [delivery_values(item) for item in read["deliveries"]]}

    async def endpoints(self, request: web.Request) -> Mapping[str, Any]:
        """Who gets notices."""
        only(request)
        store, configured, now = self._gateway.world.store, self._gateway.endpoints, self._clock.now()
        rows = everyone(configured, await store.endpoints())
        values = [{**endpoint_values(row, now), "configured": row.name in configured} for row in rows]
        return {"endpoints": shown.endpoints(rows, configured, now), "values": values}

    def endpoints_twin(self, read: Mapping[str, Any]) -> object:
        """The same endpoints as the API tells them."""
        return {"endpoints": read["values"]}

    async def inbox(self, request: web.Request) -> Mapping[str, Any]:
        """What came in."""
        only(request, "limit", "state")
        limit, state = limit_of(request), word_of(request, "state", RECORD_STATES)
        found = await self._gateway.world.store.inbox(limit=limit, state=state)
        return {"records": found, "state": state, "limit": limit}

    def inbox_twin(self, read: Mapping[str, Any]) -> object:
        """The same records as the API tells them."""
        return {"records": [record_values(item) for item in read["records"]]}
