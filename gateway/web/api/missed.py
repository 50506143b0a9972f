"""What an endpoint has missed, for whoever asks: its notices after a number, byte for byte as they are delivered.

A receiver asks with the last number that it has, goes on with `last` while there is `more`, and sees from `oldest`
whether something is gone for good: what ended long ago is not kept.
"""

import msgspec
from aiohttp import web

from gateway.engine.gateway import Gateway
from gateway.web.asked import LIMIT_MAX, BadQuestion, limit_of, number_of, only
from gateway.web.replies import json_response, told

BYTES_MAX = 8 * 1024 * 1024
"""Bodies of one answer; beyond them there is `more`."""


class Missed:
    """The handler."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def notices(self, request: web.Request) -> web.Response:
        """The notices of an endpoint behind `after`, in order, whatever has become of them."""
        try:
            only(request, "endpoint", "after", "limit")
            limit, after = limit_of(request), number_of(request, "after")
        except BadQuestion as error:
            return told(400, str(error))
        names = request.query.getall("endpoint", [])
        if len(names) != 1 or not names[0]:
            return told(400, "endpoint is the name of one endpoint of the configuration")
        store = self._gateway.world.store
        known = names[0] in self._gateway.endpoints or names[0] in await store.endpoint_states()
        if not known:
            return told(404, "there is no such endpoint")
        found = await store.notices_after(names[0], after, min(limit, LIMIT_MAX) + 1)
        kept, size = 0, 0
        while kept < min(limit, len(found)) and (kept == 0 or size + len(found[kept].body) <= BYTES_MAX):
            size += len(found[kept].body)
            kept += 1
        return json_response(
            {
                "endpoint": names[0],
                "notices": [msgspec.Raw(row.body) for row in found[:kept]],
                "last": found[kept - 1].sequence if kept else after,
                "oldest": await store.oldest_sequence(names[0]),
                "more": kept < len(found),
            }
        )
