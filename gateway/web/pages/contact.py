"""The page of one contact: where it is, its clocks, its route, its escalations, and what went out about it."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.engine.standing import awaits
from gateway.kernel.store import ContactRow
from gateway.kernel.values import contact_values, delivery_values, judge_of, judged_by
from gateway.web.pages import shown
from gateway.web.pages.page import Elsewhere, Frame, Missing, Page

DELIVERIES_OF_CONTACT = 50


class ContactPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (Page("/contacts/{id}", "contact.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """One contact; another name for it leads to its id."""
        name, store = request.match_info["id"], self._gateway.world.store
        row = await store.find_contact(name)
        if row is None:
            raise Missing("There is no such contact, or more than one that begins like this")
        if row.id != name:
            raise Elsewhere(f"/contacts/{row.id}")
        found = await store.deliveries(limit=DELIVERIES_OF_CONTACT, contact=row.id)
        policies = await self._gateway.bench.policies.to_read_by(judged_by([row]))
        return {"row": row, "deliveries": found, "values": contact_values(row, policies, self._clock.now())} | (
            await self._judged(row)
        )

    def twin(self, read: Mapping[str, Any]) -> object:
        """The contact as the API tells it."""
        return {**read["values"], "deliveries": [delivery_values(item) for item in read["deliveries"]]}

    async def _judged(self, row: ContactRow) -> dict[str, Any]:
        state, policies = row.state, self._gateway.bench.policies
        if state is None:
            return {"clocks": [], "escalations": [], "refs": ", ".join(map(str, row.strands))}
        policy = judge_of(row, await policies.to_read_by(judged_by([row])))
        now = self._clock.now()
        return {
            "clocks": shown.shown_clocks(state, policy, now),
            "earlier": shown.earlier_clocks(state),
            "escalations": shown.shown_escalations(state, policy),
            "refs": shown.ref_words(state.contact),
            "judge": policy,
            "awaits": awaits(state, policies.in_force(now)),
        }
