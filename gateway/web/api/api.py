"""The API for programs, under `/api/v1`, and what monitors ask: every answer is JSON, but for the metrics.

It shows what the pages show, as data. Times are RFC 3339 in UTC.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from aiohttp import web

from gateway.engine.explaining import CantTell, Explaining
from gateway.engine.gateway import Gateway
from gateway.engine.standing import standing
from gateway.kernel.ports import Clock
from gateway.kernel.store import UNOPENED, ContactRow, StoreUnusable
from gateway.kernel.values import (
    contact_values,
    delivery_values,
    endpoint_values,
    everyone,
    judged_by,
    policy_values,
    record_values,
)
from gateway.model.words import LIVES
from gateway.rules.view import View
from gateway.web import health
from gateway.web.api.missed import Missed
from gateway.web.asked import DELIVERY_STATES, RECORD_STATES, BadQuestion, instant_of, limit_of, only, word_of
from gateway.web.auth import MISSED
from gateway.web.counted import Counted
from gateway.web.metrics import metrics
from gateway.web.replies import json_response, told
from gateway.web.routes import Route

STATUSES = ("open", "any", UNOPENED, *(life for life in LIVES if life != "open"))
ORDERS = ("next_due", "updated_at")

_CANT_TELL: Final = {"ahead": 400, "nothing": 404, "history": 409}
"""The status for an instant of which nothing can be told."""


class Api:
    """The handlers."""

    def __init__(self, gateway: Gateway, clock: Clock, counted: Counted) -> None:
        self._gateway = gateway
        self._clock = clock
        self._counted = counted
        self._explaining = Explaining(gateway.world.store, gateway.world.spawn)

    def routes(self) -> Iterator[Route]:
        """The addresses."""
        for path, handler in (
            ("/api/v1/contacts", self.contacts),
            ("/api/v1/contacts/{id}", self.contact),
            ("/api/v1/contacts/{id}/explain", self.explain),
            ("/api/v1/deliveries", self.deliveries),
            ("/api/v1/inbox", self.inbox),
            ("/api/v1/policy", self.policy),
            ("/api/v1/endpoints", self.endpoints),
            (MISSED, Missed(self._gateway).notices),
            ("/readyz", self.ready),
            ("/metrics", self.metrics),
        ):
            yield Route("GET", path, handler, "viewer")

    async def contacts(self, request: web.Request) -> web.Response:
        """Contacts: by default the open ones, by what happens next."""
        try:
            only(request, "limit", "status", "order")
            limit = limit_of(request)
            status = word_of(request, "status", STATUSES)
            order = word_of(request, "order", ORDERS) or "next_due"
        except BadQuestion as error:
            return told(400, str(error))
        chosen = None if status == "any" else status or "open"
        rows = await self._gateway.world.store.contacts(limit=limit, status=chosen, order=order)
        return json_response({"contacts": await self._shown(rows)})

    async def contact(self, request: web.Request) -> web.Response:
        """One contact, by id, a unique beginning of it, or a vendor's name for it; with its deliveries."""
        store = self._gateway.world.store
        row = await store.find_contact(request.match_info["id"])
        if row is None:
            return told(404, "there is no such contact, or more than one")
        deliveries = await store.deliveries(limit=100, contact=row.id)
        (shown,) = await self._shown([row])
        return json_response({**shown, "deliveries": [delivery_values(item) for item in deliveries]})

    async def explain(self, request: web.Request) -> web.Response:
        """Why one contact is where it is, and what happens next; with `at` as it stood at an instant of the past."""
        try:
            only(request, "at")
            at = instant_of(request, "at")
        except BadQuestion as error:
            return told(400, str(error))
        try:
            row = await self._gateway.world.store.find_contact(request.match_info["id"])
            if row is None:
                return told(404, "there is no such contact, or more than one")
            return json_response(await self._explaining.explained(row, self._clock.now(), at))
        except CantTell as error:
            return told(_CANT_TELL[error.why], str(error))
        except StoreUnusable as error:
            return told(409, str(error))

    async def deliveries(self, request: web.Request) -> web.Response:
        """Deliveries, the latest first."""
        try:
            only(request, "limit", "state", "contact")
            limit, state = limit_of(request), word_of(request, "state", DELIVERY_STATES)
        except BadQuestion as error:
            return told(400, str(error))
        contact = request.query.get("contact")
        found = await self._gateway.world.store.deliveries(limit=limit, state=state, contact=contact)
        return json_response({"deliveries": [delivery_values(item) for item in found]})

    async def inbox(self, request: web.Request) -> web.Response:
        """Records, the latest first, without what they hold."""
        try:
            only(request, "limit", "state")
            limit, state = limit_of(request), word_of(request, "state", RECORD_STATES)
        except BadQuestion as error:
            return told(400, str(error))
        found = await self._gateway.world.store.inbox(limit=limit, state=state)
        return json_response({"records": [record_values(item) for item in found]})

    async def policy(self, request: web.Request) -> web.Response:
        """What is in force, what comes next, and how many open contacts are still to be judged by it."""
        stands = await standing(self._gateway.bench.policies, self._gateway.world.store, self._clock.now())
        return json_response(
            {
                "in_force": policy_values(stands.present) if stands.present else None,
                "to_come": policy_values(stands.to_come) if stands.to_come else None,
                "left": stands.left,
            }
        )

    async def endpoints(self, request: web.Request) -> web.Response:
        """The endpoints: how each stands, and what waits for it."""
        try:
            only(request)
        except BadQuestion as error:
            return told(400, str(error))
        configured, now = self._gateway.endpoints, self._clock.now()
        rows = everyone(configured, await self._gateway.world.store.endpoints())
        shown = [{**endpoint_values(row, now), "configured": row.name in configured} for row in rows]
        return json_response({"endpoints": shown})

    async def ready(self, request: web.Request) -> web.Response:
        """200 when all is well, else 503 with every reason."""
        found = await health.reasons(self._gateway)
        told_as = [{"what": reason.what, "why": reason.why} for reason in found]
        status = 503 if found else 200
        return json_response({"status": "not ready" if found else "ready", "reasons": told_as}, status=status)

    async def metrics(self, request: web.Request) -> web.Response:
        """The figures for Prometheus."""
        text = await metrics(self._gateway, self._counted)
        return web.Response(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _shown(self, rows: Sequence[ContactRow]) -> list[View]:
        policies = await self._gateway.bench.policies.to_read_by(judged_by(rows))
        now = self._clock.now()
        return [contact_values(row, policies, now) for row in rows]
