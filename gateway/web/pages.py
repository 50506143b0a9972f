"""The pages for people. Each reads one thing from the store, has `shown` make plain values of it, and fills a template.

A live page brings its own news: the script asks for the same address again, and swaps the parts that are marked.
"""

from typing import Any

from aiohttp import hdrs, web

from gateway.engine.gateway import Gateway
from gateway.engine.standing import awaits, standing
from gateway.kernel.ports import Clock
from gateway.kernel.store import ContactRow
from gateway.kernel.values import everyone, judge_of, judged_by
from gateway.web import shown
from gateway.web.asked import DELIVERY_STATES, RECORD_STATES, BadQuestion, limit_of, only, word_of
from gateway.web.counted import Counted
from gateway.web.looks import Looks

CONTACTS_MAX = 200
"""Contacts on the first page; more are there, and counted."""

DELIVERIES_OF_CONTACT = 50
FOR_EVER = "private, max-age=31536000, immutable"


class Pages:
    """The handlers."""

    def __init__(self, gateway: Gateway, clock: Clock, looks: Looks, counted: Counted) -> None:
        self._gateway = gateway
        self._counted = counted
        self._clock = clock
        self._looks = looks

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Add the routes."""
        router.add_get("/", self.contacts)
        router.add_get("/fragments/contacts", self.contacts_fragment)
        router.add_get("/contacts/{id}", self.contact)
        router.add_get("/deliveries", self.deliveries)
        router.add_get("/endpoints", self.endpoints)
        router.add_get("/inbox", self.inbox)
        router.add_get("/static/{content}/{name}", self.static)

    async def contacts(self, request: web.Request) -> web.Response:
        """The open contacts by what breaches next."""
        return await self._page("contacts.html", **await self._open_contacts())

    async def contacts_fragment(self, request: web.Request) -> web.Response:
        """The parts of the first page that change."""
        return await self._page("contacts_fragment.html", **await self._open_contacts())

    async def contact(self, request: web.Request) -> web.Response:
        """One contact; another name for it leads to its id."""
        name = request.match_info["id"]
        row = await self._gateway.world.store.find_contact(name)
        if row is None:
            return self.failing(request, 404, "There is no such contact, or more than one that begins like this.")
        if row.id != name:
            return web.Response(status=303, headers={hdrs.LOCATION: f"/contacts/{row.id}"})
        found = await self._gateway.world.store.deliveries(limit=DELIVERIES_OF_CONTACT, contact=row.id)
        return await self._page("contact.html", row=row, deliveries=found, **await self._judged(row))

    async def deliveries(self, request: web.Request) -> web.Response:
        """What goes out."""
        try:
            only(request, "limit", "state")
            limit, state = limit_of(request), word_of(request, "state", DELIVERY_STATES)
        except BadQuestion as error:
            return self.failing(request, 400, f"{error}.")
        found = await self._gateway.world.store.deliveries(limit=limit, state=state)
        return await self._page("deliveries.html", deliveries=found, state=state, limit=limit)

    async def endpoints(self, request: web.Request) -> web.Response:
        """Who gets notices."""
        try:
            only(request)
        except BadQuestion as error:
            return self.failing(request, 400, f"{error}.")
        store, configured = self._gateway.world.store, self._gateway.endpoints
        rows = shown.endpoints(everyone(configured, await store.endpoints()), configured, self._clock.now())
        return await self._page("endpoints.html", endpoints=rows)

    async def inbox(self, request: web.Request) -> web.Response:
        """What came in."""
        try:
            only(request, "limit", "state")
            limit, state = limit_of(request), word_of(request, "state", RECORD_STATES)
        except BadQuestion as error:
            return self.failing(request, 400, f"{error}.")
        found = await self._gateway.world.store.inbox(limit=limit, state=state)
        return await self._page("inbox.html", records=found, state=state, limit=limit)

    async def static(self, request: web.Request) -> web.Response:
        """The stylesheet and the script."""
        name = request.match_info["name"]
        file = self._looks.file(name)
        if file is None or request.path != self._looks.address(name):
            raise web.HTTPNotFound
        content, type = file
        return web.Response(body=content, headers={hdrs.CONTENT_TYPE: type, hdrs.CACHE_CONTROL: FOR_EVER})

    def failing(self, request: web.Request, status: int, why: str) -> web.Response:
        """The page of a request that failed. Without the token it can't have the stylesheet, and learns nothing."""
        # A link from elsewhere comes without the cookie, which is for our own pages: from this one it comes with it.
        again = status == 401 and request.headers.get("Sec-Fetch-Site") == "cross-site"
        return self._filled("failed.html", status, standing=None, code=status, why=why, again=again)

    async def _page(self, template: str, **values: Any) -> web.Response:
        stands = await standing(self._gateway.bench.policies, self._gateway.world.store, self._clock.now())
        return self._filled(template, standing=stands, **values)

    def _filled(self, template: str, http_status: int = 200, **values: Any) -> web.Response:
        values = {"now": self._clock.now(), "gateway": self._gateway.bench.source, **values}
        return web.Response(status=http_status, text=self._looks.page(template, **values), content_type="text/html")

    async def _open_contacts(self) -> dict[str, Any]:
        store = self._gateway.world.store
        rows = await store.contacts(limit=CONTACTS_MAX, status="open")
        counts = await self._counted.read()
        policies = await self._gateway.bench.policies.to_read_by(judged_by(rows))
        lines = shown.lines(rows, policies)
        breached = sum(line.due is not None and line.due.breached for line in lines)
        return {
            "lines": lines,
            "counts": counts,
            "breached": f"{breached}+" if counts["open"] > len(lines) else str(breached),
            "links": list(self._gateway.links.values()),
        }

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
