"""The pages of what goes out: the deliveries, and one of them with every try and what it holds."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.kernel.values import attempt_values, delivery_values
from gateway.web.asked import DELIVERY_STATES, only
from gateway.web.pages.body_shown import shown_body
from gateway.web.pages.deeds import DID, done, id_of
from gateway.web.pages.listed import listing
from gateway.web.pages.page import Frame, Missing, Page

ATTEMPTS_MAX = 200
"""Tries that are told, the latest."""


class DeliveriesPages:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (
            Page("/deliveries", "deliveries.html", self.all, self.all_twin),
            Page("/deliveries/{id}", "delivery.html", self.one, self.one_twin),
        )

    async def all(self, request: web.Request) -> Mapping[str, Any]:
        """The deliveries, the latest first."""
        asked = listing(request, "/deliveries", DELIVERY_STATES, "endpoint", "type", "contact")
        found = await self._gateway.world.store.deliveries(**asked.where())
        return {
            "deliveries": found,
            "asked": asked,
            "following": asked.following([item.id for item in found]),
            "endpoints": sorted(self._gateway.endpoints),
        }

    def all_twin(self, read: Mapping[str, Any]) -> object:
        """The same deliveries as the API tells them."""
        return {"deliveries": [delivery_values(item) for item in read["deliveries"]], "next": read["following"]}

    async def one(self, request: web.Request) -> Mapping[str, Any]:
        """One delivery."""
        only(request, *DID)
        store, id = self._gateway.world.store, id_of(request)
        found = None if id is None else await store.delivery(id)
        if found is None:
            raise Missing("There is no such delivery; those that ended long ago are no longer kept")
        attempts = await store.attempts(found.id)
        return {
            "delivery": found,
            "attempts": attempts[-ATTEMPTS_MAX:],
            "left_out": max(0, len(attempts) - ATTEMPTS_MAX),
            "body": shown_body(found.body),
            "done": done(request, self._clock.now()),
        }

    def one_twin(self, read: Mapping[str, Any]) -> object:
        """The delivery with its tries, and its body as the page shows it."""
        attempts = [attempt_values(tried) for tried in read["attempts"]]
        return {**delivery_values(read["delivery"]), "attempts": attempts, "body": read["body"].text}
