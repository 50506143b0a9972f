"""The pages of connectors, deliveries, endpoints and the inbox: what they show, and what people do there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

import msgspec
import pytest

from gateway.engine.attempt import Endpoint
from gateway.engine.listen import Listener, keep_heard
from gateway.kernel.access import Role, new_token, row_of
from gateway.kernel.rng import SeededRng
from gateway.kernel.signing import parse_secret
from gateway.kernel.store import Outcome, Performed
from gateway.model.instant import format_instant
from gateway.plugin import Listens
from gateway.web.admin import admin_app
from gateway.web.pages.forms import FORM
from tests.web.raw import Reply, ask, served
from tests.web.test_pages import HOSTILE, Page, story
from tests.web.worlds import NOW, SECRET, TOKEN, D, H, M, Whole, opened, run

QUESTIONS = (
    "/deliveries?state=gone",
    "/deliveries?after=x",
    "/deliveries?limit=0",
    "/deliveries?colour=red",
    f"/deliveries?type={'a' * 300}",
    "/deliveries?type=a&type=b",
    "/inbox?state=open",
    "/inbox?after=-1",
    "/endpoints?x=1",
    "/connectors?x=1",
    "/deliveries/1?x=1",
)
PAGES = ("/connectors", "/deliveries", "/endpoints", "/inbox", "/deliveries/1", "/inbox/1")


async def ended(whole: Whole, *states: str) -> None:
    """Deliveries that ended like this, one after the other; the rest wait."""
    for state in states:
        found = await whole.store.claim_deliveries(now=whole.clock.at, lease_ms=M, room={"helpdesk": 1})
        for delivery in found:
            outcome = Outcome(
                delivery=delivery.id,
                attempt=delivery.attempt,
                state="delivered" if state == "delivered" else "dead",
                at=whole.clock.at,
                status=204 if state == "delivered" else 500,
                error=None if state == "delivered" else "answered 500 <b>",
            )
            await whole.store.finish_deliveries(Performed(outcomes=(outcome,), now=whole.clock.at))


@dataclass
class Site:
    """The admin app, served; whoever asks has a token."""

    port: int
    token: str = TOKEN

    async def get(self, target: str) -> Reply:
        """The answer to a GET."""
        return await ask(self.port, "GET", target, authorization=f"Bearer {self.token}")

    async def page(self, target: str) -> Page:
        """A page, which must be there."""
        reply = await self.get(target)
        assert reply.status == 200, reply.body
        return Page(reply.body.decode())

    async def values(self, target: str) -> Any:
        """The values of a twin."""
        return msgspec.json.decode((await self.get(target)).body)

    async def post(self, target: str, form: Mapping[str, str] | None = None, body: bytes = b"") -> Reply:
        """A form that is sent."""
        content = urlencode(form or {}).encode() or body
        return await ask(self.port, "POST", target, content, authorization=f"Bearer {self.token}", content_type=FORM)


@asynccontextmanager
async def site(whole: Whole, role: Role = "admin") -> AsyncIterator[Site]:
    """The app of a gateway, asked with a token of that role."""
    token = TOKEN
    if role != "admin":
        token = new_token(SeededRng(7))
        row = row_of(token, "vera", role, created_at=NOW, created_by="me", expires_at=NOW + D)
        assert await whole.store.add_access(row)
    async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
        yield Site(port, token)


def deeds(page: Page) -> list[str]:
    """Where forms lead that change something."""
    forms = [form.get("action") or "" for form in page.all("form") if form.get("method") == "post"]
    return [action for action in forms if action not in ("/sign-out", "/settings")]


def endpoint() -> Endpoint:
    """A receiver that nobody reaches."""
    return Endpoint(name="helpdesk", url="https://help.example.com/x", secrets=(parse_secret(SECRET),))


def test_deliveries_are_narrowed_and_gone_through_by_their_address() -> None:
    """Every filter stays while somebody goes on, and to the next page."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            page = await here.page("/deliveries?type=contact.opened&endpoint=helpdesk&limit=2")
            rows = [link["href"] for link in page.all("a") if "data-row" in link]
            assert len(rows) == 2
            older = next(link["href"] for link in page.all("a") if link.get("rel") == "next")
            assert older is not None
            assert "type=contact.opened" in older
            rest = await here.page(older)
            more = [link["href"] for link in rest.all("a") if "data-row" in link]
            assert len(more) == 1
            assert not set(more) & set(rows)
            assert not [link for link in rest.all("a") if link.get("rel") == "next"]
            twin = await here.values(older.replace("/deliveries?", "/deliveries.json?"))
            assert len(twin["deliveries"]) == 1
            assert twin["next"] is None
            assert [link["href"] for link in page.all("a") if "csv" in (link["href"] or "")] == [
                "/api/v1/deliveries.csv?endpoint=helpdesk&type=contact.opened&limit=2"
            ]

    run(work)


def test_one_delivery_has_its_tries_and_what_is_sent() -> None:
    """In words, with the error as a text, and with a button for who may."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            await ended(whole, "dead")
            page = await here.page("/deliveries/1")
            words = " ".join(page.text.split())
            assert "given up" in words
            assert "answered 500 <b>" in words
            assert '"specversion": "1.0"' in words
            assert deeds(page) == ["/deliveries/1/replay"]
            values = await here.values("/deliveries/1.json")
            assert values["attempts"][0]["error"] == "answered 500 <b>"
            assert (await here.get("/deliveries/999")).status == 404
            assert (await here.get("/deliveries/x")).status == 404
            assert (await here.get("/deliveries/99999999999999999999")).status == 404

    run(work)


def test_a_delivery_is_sent_once_more() -> None:
    """The form leads back to it, and it says what was done, for a while."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            await ended(whole, "dead")
            reply = await here.post("/deliveries/1/replay")
            assert reply.status == 303
            assert reply.headers["location"].startswith("/deliveries/1?did=resent&when=")
            page = await here.page(reply.headers["location"])
            assert "It goes out once more" in page.text
            whole.clock.at += 2 * M
            assert "It goes out once more" not in (await here.page(reply.headers["location"])).text
            delivery = await whole.store.delivery(1)
            assert delivery is not None
            assert delivery.replay
            assert (await whole.store.audit(1))[0].actor == "admin"
            assert (await here.post("/deliveries/2/replay")).headers["location"].startswith("/deliveries/2?did=waiting")
            assert (await here.post("/deliveries/999/replay")).status == 404
            assert (await here.post("/deliveries/x/replay")).status == 404

    run(work)


def test_a_record_is_shown_and_judged_once_more() -> None:
    """With its reason, and what it holds without secrets."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await whole.post(opened(1, NOW, subject="Bearer abcdefgh12345", fields={"api_key": "x1"}))
            await whole.judge()
            page = await here.page("/inbox/1")
            assert "contact.opened" in page.text
            assert "abcdefgh12345" not in page.text
            assert '"api_key": "***"' in page.text
            reply = await here.post("/inbox/1/replay")
            assert reply.headers["location"].startswith("/inbox/1?did=taken-up")
            record = await whole.store.record(1)
            assert record is not None
            assert record.state == "ready"
            assert (await here.post("/inbox/77/replay")).status == 404
            narrowed = await here.page("/inbox?connector=shop&state=ready")
            assert len([link for link in narrowed.all("a") if "data-row" in link]) == 1
            assert "No record like this" in (await here.page("/inbox?connector=other")).text

    run(work)


def test_an_endpoint_is_tested_and_the_outcome_stands_on_its_page() -> None:
    """By whom, and what came of it: nobody is there."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            whole.gateway.endpoints = {"helpdesk": endpoint()}
            await ended(whole, "delivered", "dead", "dead")
            reply = await here.post("/endpoints/helpdesk/test")
            assert reply.status == 303
            page = await here.page(reply.headers["location"].partition("#")[0])
            words = " ".join(page.text.split())
            assert "by admin : refused" in words or "by admin: refused" in words
            assert "of 3 delivered" in words
            assert (await here.post("/endpoints/other/test")).status == 404
            assert (await here.post("/endpoints/helpdesk/enable")).status == 303

    run(work)


def test_what_was_given_up_is_counted_before_it_is_sent_once_more() -> None:
    """Since a time of the viewer's zone; then the form has the instant itself."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            whole.gateway.endpoints = {"helpdesk": endpoint()}
            await ended(whole, "dead", "dead")
            whole.clock.at += M
            page = await here.page("/endpoints/helpdesk/replay")
            assert deeds(page) == ["/endpoints/helpdesk/replay"]
            inputs = [field for field in page.all("input") if field.get("name") == "since"]
            since = next(field["value"] for field in inputs if field["type"] == "hidden")
            assert since == format_instant(NOW + M - D)
            assert "deliveries to this endpoint" in " ".join(page.text.split())
            later = await here.page("/endpoints/helpdesk/replay?since=2027-01-01T00:00")
            assert "Nothing that was made" in later.text
            assert (await here.get("/endpoints/other/replay")).status == 404
            assert (await here.get("/endpoints/helpdesk/replay?since=never")).status == 400
            assert (await here.post("/endpoints/helpdesk/replay", {"since": since or ""})).status == 303
            assert (await here.post("/endpoints/helpdesk/replay", {"since": "soon"})).status == 400
            delivery = await whole.store.delivery(1)
            assert delivery is not None
            assert delivery.replay

    run(work)


def test_a_connector_is_paused_with_a_reason_and_resumed() -> None:
    """The page says who did it and why; what can't be done is said in words."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            await story(whole)
            page = await here.page("/connectors")
            assert "shop ok events" in " ".join(page.text.split())
            assert "Its vendor is asked for nothing" in page.text
            assert "News webhooks are taken" in " ".join(page.text.split())
            reply = await here.post("/connectors/shop/pause", {"reason": "they <b>migrate</b>"})
            assert reply.headers["location"].startswith("/connectors?did=paused")
            assert reply.headers["location"].endswith("#shop")
            paused = await here.page("/connectors")
            assert "paused by admin: they <b>migrate</b>" in paused.text
            assert deeds(paused) == ["/connectors/shop/resume"]
            twin = await here.values("/connectors.json")
            assert twin["connectors"][0]["paused"]["by"] == "admin"
            assert (await here.post("/connectors/shop/pause")).status in (303, 409)
            assert (await here.post("/connectors/shop/resume")).status == 303
            refused = await here.post("/connectors/shop/sync")
            assert refused.status == 409
            assert b"is not pulled" in refused.body
            assert (await here.post("/connectors/none/sync")).status == 404

    run(work)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_may_only_look_reads_words_instead_of_buttons(role: Role) -> None:
    """No form that changes anything, and a sentence that says what it takes."""

    async def work(whole: Whole) -> None:
        await story(whole)
        whole.gateway.endpoints = {"helpdesk": endpoint()}
        await ended(whole, "dead")
        async with site(whole, role) as here:
            for path in PAGES:
                page = await here.page(path)
                acts = path not in ("/deliveries", "/inbox")
                assert bool(deeds(page)) == (acts and role == "operator"), path
                assert ("needs a token with the role operator" in page.text) == (acts and role == "viewer"), path
            status = (await here.post("/deliveries/1/replay")).status
            assert status == (403 if role == "viewer" else 303)

    run(work)


def test_hostile_texts_stay_texts() -> None:
    """Of vendors, receivers, people, and in every filter."""

    async def work(whole: Whole) -> None:
        for number, text in enumerate(HOSTILE, 1):
            await whole.post(opened(number, NOW - H, subject=text, tags=[text[:90]]))
            await whole.store.write_audit(at=NOW, actor=text, action="endpoint.test", object="helpdesk", detail=text)
        await whole.judge()
        await ended(whole, *["dead"] * 8)
        async with site(whole) as here:
            for number, text in enumerate(HOSTILE, 1):
                whole.gateway.links["shop"].fault(RuntimeError(text))
                await here.post("/connectors/shop/pause", {"reason": text[:500]})
                narrow = urlencode({"contact": text[:200], "type": text[:200], "endpoint": text[:200]})
                one = (f"/inbox/{number}", f"/deliveries/{number}", "/connectors", "/endpoints")
                for path in (*one, f"/deliveries?{narrow}", f"/inbox?{urlencode({'connector': text[:200]})}"):
                    page = await here.page(path)
                    assert {(script.get("src") or "")[:8] for script in page.all("script")} == {"/static/"}, path
                    assert not page.all("img")
                    assert len(page.text) < 40_000
                await here.post("/connectors/shop/resume")
        assert "request_failed" not in whole.logged.getvalue()

    run(work)


def test_hostile_questions_are_refused_in_words() -> None:
    """As a page, and as JSON."""

    async def work(whole: Whole) -> None:
        await story(whole)
        async with site(whole) as here:
            for target in QUESTIONS:
                assert (await here.get(target)).status == 400, target
                path, _, query = target.partition("?")
                assert (await here.get(f"{path}.json?{query}")).status == 400, target

    run(work)


def test_hostile_forms_are_refused_in_words() -> None:
    """Whatever is sent as one."""

    async def work(whole: Whole) -> None:
        await story(whole)
        async with site(whole) as here:
            for form in (b"", b"since=%ff%fe", b"\xff", b"&" * 3_000, b"a" * 9_000, b"since=2026", b"since=1&since=2"):
                assert (await here.post("/endpoints/helpdesk/replay", body=form)).status in (400, 413), form
        assert "request_failed" not in whole.logged.getvalue()

    run(work)


def test_a_body_is_set_for_reading_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a thread of its own: whoever opens a large record holds up neither doors nor judging."""

    async def work(whole: Whole) -> None:
        await story(whole)
        threads, call = [], whole.spawn.call
        monkeypatch.setattr(whole.spawn, "call", lambda name, work: (threads.append(name), call(name, work))[1])
        async with site(whole) as here:
            assert (await here.get("/inbox/1")).status == 200
            assert threads.count("shown") == 1

    run(work)


def test_a_connector_that_listens_says_where_and_what_it_heard() -> None:
    """What it left, too, by its own names; one that can't listen says that it should."""

    async def work(whole: Whole) -> None:
        async with site(whole) as here:
            (name,) = whole.gateway.links
            link, world = whole.gateway.links[name], whole.gateway.world
            listener = Listener(world, link, cast(Listens, link.connector), partial(keep_heard, world))
            listener.addresses = ("udp 0.0.0.0:9060", "tcp [::]:9060")
            whole.gateway.listeners[name] = listener
            for what in ("accepted", "refused_key", "refused_key", "heard"):
                link.count(what)
            words = " ".join((await here.page("/connectors")).text.split())
            assert "it listens at udp 0.0.0.0:9060, tcp [::]:9060" in words
            assert "Since the start 1 new Counted since the start heard 1, refused key 2" in words
            told = (await here.values("/connectors.json"))["connectors"][0]
            assert told["listens"] == ["udp 0.0.0.0:9060", "tcp [::]:9060"]
            link.counts.pop("accepted")
            assert "Since the start no record yet" in " ".join((await here.page("/connectors")).text.split())
            listener.addresses = ()
            assert "it should listen, and doesn't" in (await here.page("/connectors")).text

    run(work)
