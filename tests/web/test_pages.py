"""What people see."""

import re
from html.parser import HTMLParser

import pytest

from gateway.kernel.store import Outcome, Performed, StoreFull, StoreUnusable
from gateway.model.identity import StrandKey, contact_id
from gateway.web.admin import admin_app
from tests.web.raw import Reply, ask, served
from tests.web.worlds import NOW, TOKEN, H, M, S, Whole, event, opened, run

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "\u202etxt.exe\u202c \u2066hidden\u2069",
    "a" * 10_000,
    "Z" + "\u0301\u0327" * 5_000,
    "line\nbreak\ttab\u0000\u0007\u009b31m",
    "javascript:alert(1)",
]


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("dd", "dt", "td", "th", "li", "p"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


def name_of(number: int) -> str:
    """The id of the contact of a ticket."""
    return contact_id(StrandKey("shop", "ticket", str(number)))


async def got(whole: Whole, target: str, status: int = 200, **headers: str) -> Page:
    """A page of the gateway."""
    reply = await fetched(whole, target, **headers)
    assert reply.status == status, reply.body
    return Page(reply.body.decode())


async def fetched(whole: Whole, target: str, **headers: str) -> Reply:
    """The answer to a request with the token."""
    async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
        return await ask(port, "GET", target, authorization=f"Bearer {TOKEN}", **headers)


async def story(whole: Whole) -> None:
    """Three contacts: one breached with a running chain, one due in 3 minutes, one on hold."""
    await whole.post(
        opened(
            1, NOW - 20 * M, subject="Checkout is down", tags=["outage"], customer={"name": "Ada", "email": "ada@x.io"}
        ),
        opened(2, NOW - 12 * M, subject="Terminal offline", tags=["outage"]),
        opened(3, NOW - 10 * M, subject="Later", channel="web", status="on_hold"),
    )
    await whole.judge()


def test_open_contacts_stand_by_what_breaches_next() -> None:
    """What is breached first, then by deadline, then what has none; words say it, not colours alone."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, "/")
        links = [link["id"] for link in page.all("a") if link.get("class") == "subject"]

        assert links == [name_of(1), name_of(2), name_of(3)]
        words = " ".join(page.text.split())
        assert "5 min 00 s over breached Checkout is down" in words
        assert "3 min 00 s Terminal offline" in words
        assert "paused while on hold" in words
        assert "sev1 1/3 steps next in 25 min" in words
        assert "Ada" not in page.text
        assert "ada@x.io" not in page.text

    run(work)


def test_counts_and_connectors_stand_on_the_first_page() -> None:
    """How much is open, breached, parked; which connector is ill and why, with no secret in it."""

    async def work(whole: Whole) -> None:
        await story(whole)
        for _ in range(5):
            whole.gateway.links["shop"].fault(RuntimeError("Bearer abcdefgh <b>"))
        page = await got(whole, "/")
        words = " ".join(page.text.split())

        assert "breached now 1 1 of severity 1 at risk, due within 15 min 1 open 3" in words
        assert "escalated 1 1 not acknowledged" in words
        assert "quarantined shop 5 faults in a row, the last: RuntimeError: Bearer *** <b>" in words
        assert "inbox 0 waiting, 0 parked" in words

    run(work)


def test_the_fragment_is_the_part_of_the_page_that_changes() -> None:
    """The live part alone has the title, the line about the policy for the head, and what is in the page's `live`."""

    async def work(whole: Whole) -> None:
        await story(whole)
        whole_page, fragment = await fetched(whole, "/"), await fetched(whole, "/", **{"hx-request": "true"})
        live = fragment.body.decode().split("</p>", 1)[1].strip()

        assert live in whole_page.body.decode()
        assert fragment.body.lstrip().startswith(b"<title>")
        assert b'id="policy" hx-swap-oob' in fragment.body
        assert not Page(fragment.body.decode()).all("body")
        again = await fetched(whole, "/", **{"hx-request": "true", "hx-request-type": "full"})
        assert Page(again.body.decode()).all("body")

    run(work)


def test_one_contact_says_why() -> None:
    """Clocks with a drawing each, the route with the rules passed over, every step of the chain, deliveries."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, f"/contacts/{name_of(1)}")
        words = " ".join(page.text.split())

        assert "First reply breached" in words
        assert "after 15 min of calendar always; 20 min counted so far." in words
        assert len([one for one in page.all("svg") if one.get("role") == "img"]) == 2
        assert "Queue engineers team t3, tier 3, skills incident, by rule outage" in words
        assert "done lead 5 min 00 s ago next head in 25 min to come head, lead in 1 h 55 min" in words
        assert "escalation.raised to helpdesk: to be tried" in words
        other = await got(whole, f"/contacts/{name_of(3)}")
        assert "did not match outage contact.severity == 1" in " ".join(other.text.split())

    run(work)


def test_any_name_of_a_contact_leads_to_it() -> None:
    """A vendor's name or a beginning of the id leads to the contact's own address; what is unknown is 404."""

    async def work(whole: Whole) -> None:
        await story(whole)
        for name in ("shop:ticket:1", name_of(1)[:12]):
            reply = await fetched(whole, f"/contacts/{name}")
            assert (reply.status, reply.headers["location"]) == (303, f"/contacts/{name_of(1)}")
        reply = await fetched(whole, "/contacts/shop:ticket:1.json?why=all&at=2026-03-02T08:50:00%2B00:00")
        to = f"/contacts/{name_of(1)}.json?why=all&at=2026-03-02T08:50:00%2B00:00"
        assert (reply.status, reply.headers["location"]) == (303, to)
        for name in ("con_", "con_nobody", "%00", "%FF", "<b>", "x" * 5_000):
            assert (await fetched(whole, f"/contacts/{name}")).status == 404, name

    run(work)


def test_a_contact_without_its_opening_is_shown_as_such() -> None:
    """News of a contact that nobody has opened yet is no error."""

    async def work(whole: Whole) -> None:
        await whole.post(event("status.changed", 7, NOW, to="pending"))
        await whole.judge()
        page = await got(whole, f"/contacts/{name_of(7)}")

        assert "Not opened yet" in page.text
        assert "shop:ticket:7" in page.text

    run(work)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    """Whatever a stranger writes is shown as text, short, in its own direction; no element comes of it."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(8, NOW, subject="Plain"))
        await whole.judge()
        plain = [await got(whole, "/"), await got(whole, f"/contacts/{name_of(8)}")]
        await whole.post(
            event("contact.observed", 8, NOW + S, subject=text, group=text, assignee=text, customer={"name": text})
        )
        whole.clock.at += S
        await whole.judge()
        hostile = [await got(whole, "/"), await got(whole, f"/contacts/{name_of(8)}")]

        def tags(page: Page) -> set[str]:
            return {tag for tag, _ in page.elements}

        assert [tags(page) for page in hostile] == [tags(page) for page in plain] or tags(hostile[1]) - tags(
            plain[1]
        ) <= {
            "details",
            "summary",
        }
        for page in hostile:
            assert len(page.text) < 15_000
            assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u0000\u0007\u009b]", page.text)
            assert all(
                (link.get("href") or "/").startswith("/") for link in page.all("a") if link.get("class") != "skip"
            )

    run(work)


def test_deliveries_are_listed_with_their_outcome() -> None:
    """What was delivered, what will be tried again and why, what was given up; filtered by state."""

    async def work(whole: Whole) -> None:
        await story(whole)
        claimed = await whole.store.claim_deliveries(now=NOW, lease_ms=1_000, room={"helpdesk": 3})
        ends = [("delivered", 204, None), ("ready", 503, "answered 503"), ("dead", 410, "answered 410")]
        for delivery, (state, status, error) in zip(claimed, ends, strict=True):
            outcome = Outcome(
                delivery=delivery.id,
                attempt=1,
                state=state,  # type: ignore[arg-type]
                at=NOW,
                status=status,
                error=error,
                next_at=NOW + 5 * S if state == "ready" else None,
            )
            await whole.store.finish_deliveries(Performed(outcomes=(outcome,), now=NOW))
        words = " ".join((await got(whole, "/deliveries")).text.split())
        dead = await got(whole, "/deliveries?state=dead")

        assert "answered 204, 0 s ago" in words
        assert "answered 503; again in 5 s" in words
        assert len(dead.all("tr")) == 2
        assert "answered 410" in dead.text

    run(work)


def test_the_inbox_names_what_is_parked_and_shows_no_body() -> None:
    """A parked record with its reason; what it holds stays away."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, subject="first words"))
        await whole.post(opened(1, NOW, subject="other words"))
        await whole.judge()
        page = await got(whole, "/inbox?state=parked")

        assert "says something else than before under the same id" in page.text
        assert "other words" not in page.text

    run(work)


@pytest.mark.parametrize(
    "target", ["/inbox?state=lost", "/deliveries?limit=0", "/deliveries?limit=1001", "/inbox?page=2"]
)
def test_a_wrong_question_is_told(target: str) -> None:
    """400, with what can be asked instead."""

    async def work(whole: Whole) -> None:
        page = await got(whole, target, 400)

        assert re.search("limit is a number from 1 to 1000|state is one of|the query may have", page.text)

    run(work)


@pytest.mark.parametrize("target", ["/", "/deliveries", "/inbox", "/endpoints", "contact"])
def test_pages_work_by_keyboard_and_without_the_script(target: str) -> None:
    """Language, title, skip link, one main and h1, headers with a scope, captions, times with a datetime, a refresh for
    who has no script, and nothing inline that the policy of the page forbids."""

    async def work(whole: Whole) -> None:
        await story(whole)
        address = f"/contacts/{name_of(1)}" if target == "contact" else target
        text = (await fetched(whole, address)).body.decode()
        page = Page(text)

        assert page.all("html")[0]["lang"] == "en"
        assert len(page.all("main")) == len(page.all("h1")) == 1
        assert page.all("a")[0] == {"class": "skip", "href": "#main"}
        assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(time.get("datetime") for time in page.all("time"))
        assert re.search(r'<noscript><meta http-equiv="refresh" content="\d+"></noscript>', text)
        assert not any("style" in attributes for _, attributes in page.elements)
        assert all(script.get("src", "").startswith("/static/") for script in page.all("script"))  # type: ignore[union-attr]
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(ids) == len(set(ids))

    run(work)


def test_static_files_are_kept_by_their_content() -> None:
    """The addresses that the page names give the files, for ever; another content or name is 404."""

    async def work(whole: Whole) -> None:
        page = await got(whole, "/")
        addresses = [page.all("script")[0]["src"], page.all("link")[1]["href"]]
        for address in addresses:
            assert address is not None
            reply = await fetched(whole, address)
            assert (reply.status, "immutable" in reply.headers["cache-control"]) == (200, True)
        for wrong in (
            "/static/0/frame.css",
            "/static/0/base.html",
            "/static/..%2F..%2F/frame.css",
            "/static/0/..%2Flooks.py",
        ):
            assert (await fetched(whole, wrong)).status == 404

    run(work)


def test_time_goes_on_between_two_looks() -> None:
    """The same contact, later: from due to breached, without any news of it."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(2, NOW, subject="Terminal offline", tags=["outage"]))
        await whole.judge()
        before = await got(whole, "/")
        whole.clock.at += H
        await whole.judge()
        after = await got(whole, "/")

        assert " 15 min Terminal offline" in " ".join(before.text.split())
        assert "45 min over breached" in " ".join(after.text.split())

    run(work)


@pytest.mark.parametrize(
    ("failure", "told"), [(StoreUnusable("contact con_x can't be read"), "con_x"), (StoreFull(), "")]
)
def test_what_the_database_refuses_is_no_failure_of_ours(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, told: str
) -> None:
    """503 and when to ask again, on pages, their twins and in the API; why is for the log alone."""

    async def work(whole: Whole) -> None:
        async def refused(*args: object, **of: object) -> object:
            raise failure

        monkeypatch.setattr(whole.store, "cards", refused)
        for target in ("/", "/board.json", "/api/v1/contacts"):
            reply = await fetched(whole, target)
            assert (reply.status, reply.headers["retry-after"]) == (503, "5"), target
            assert b"con_x" not in reply.body
        logged = whole.logged.getvalue()
        assert logged.count("request_refused_by_store") == 3
        assert type(failure).__name__ in logged
        assert told in logged

    run(work)
