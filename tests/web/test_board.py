"""The board: which contacts, by what breaches next; filters in the address; pages; the twin."""

from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from gateway.engine.operate import Operating
from gateway.plugin import Finding
from tests.web.test_pages import HOSTILE, Page, fetched, got, name_of, story
from tests.web.worlds import NOW, M, S, Whole, event, opened, refuse, run


def shown(page: Page) -> list[str | None]:
    """The ids of the contacts in the list."""
    return [link["id"] for link in page.all("a") if link.get("class") == "subject"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [1, 2, 3]),
        ("?breached=true", [1]),
        ("?breached=false&within=15", [2]),
        ("?severity=1", [1, 2]),
        ("?severity=1&severity=3", [1, 2, 3]),
        ("?queue=general", [3]),
        ("?team=t3&channel=email", [1, 2]),
        ("?channel=web", [3]),
        ("?escalated=active", [1]),
        ("?escalated=none", [2, 3]),
        ("?text=offline", [2]),
        ("?connector=shop&text=&queue=", [1, 2, 3]),
        ("?assignee=~&queue=general", [3]),
        ("?queue=nowhere", []),
    ],
)
def test_an_address_says_which_contacts(query: str, numbers: list[int]) -> None:
    """Each filter alone and together with others; an empty word is no filter."""

    async def work(whole: Whole) -> None:
        await story(whole)

        assert shown(await got(whole, f"/{query}")) == [name_of(number) for number in numbers]

    run(work)


def test_a_filter_says_how_many_it_would_leave() -> None:
    """Each word with its count among all open contacts; what is set is marked, and can be taken away alone."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, "/?queue=engineers&escalated=active")
        words = " ".join(page.text.split())
        links = [link.get("href") for link in page.all("a")]

        assert "engineers (2)" in words
        assert "general (1)" in words
        assert "/?escalated=active" in links
        assert "/?queue=engineers" in links
        assert [option["value"] for option in page.all("option") if "selected" in option] == ["engineers", "active"]
        assert "/api/v1/contacts.csv?queue=engineers&escalated=active&limit=1000" in links
        assert next(form for form in page.all("form") if form.get("id") == "filter")["method"] == "get"

    run(work)


def test_the_list_goes_on_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each contact once, to the end; a place that no page gave is told, and how to begin again."""
    monkeypatch.setattr("gateway.web.pages.board.PAGE_ROWS", 2)

    async def work(whole: Whole) -> None:
        await story(whole)
        first = await got(whole, "/?connector=shop")
        (on,) = [str(link["href"]) for link in first.all("a") if link.get("id") == "next"]
        second = await got(whole, on)

        assert "the first 2 of 3" in first.text
        assert shown(first) + shown(second) == [name_of(number) for number in (1, 2, 3)]
        assert "/?connector=shop" in [link.get("href") for link in second.all("a")]
        assert not any(link.get("id") == "next" for link in second.all("a"))
        assert "begin again" in (await got(whole, "/?after=nowhere", 400)).text

    run(work)


def test_an_empty_board_helps() -> None:
    """Whether nothing is open or nothing is like what was asked, it says what to do."""

    async def work(whole: Whole) -> None:
        assert "No contact is open." in (await got(whole, "/")).text
        assert "Take a filter away" in (await got(whole, "/?text=x")).text
        whole.gateway.links.clear()  # type: ignore[attr-defined]
        assert "no connector is configured" in (await got(whole, "/")).text

    run(work)


def test_the_head_says_what_does_not_do_its_work() -> None:
    """A connector whose vendor fails, that is paused or was left out, and an endpoint that takes nothing: named, and
    why."""

    async def work(whole: Whole) -> None:
        assert "ok shop" in " ".join((await got(whole, "/")).text.split())
        whole.gateway.links["shop"].findings = (Finding(ok=False, what="the webhook is gone", hint="make it anew"),)
        whole.gateway.left_out = {"crm": "its plugin is not installed"}
        whole.gateway.endpoints = {"helpdesk": None}  # type: ignore[dict-item]
        await whole.post(opened(1, NOW))
        await whole.judge()
        await refuse(whole)
        text = " ".join((await got(whole, "/")).text.split())

        assert "left out crm its plugin is not installed to look at shop the webhook is gone; make it anew" in text
        assert "Endpoints failing helpdesk" in text
        await Operating(whole.gateway).pause("shop", "eva", "they move")
        text = " ".join((await got(whole, "/")).text.split())
        assert "paused shop paused by eva: they move" in text

    run(work)


def test_the_twin_says_the_same_as_data() -> None:
    """Sums, contacts as the API lists them, where it goes on, connectors; a wrong question is told in JSON."""

    async def work(whole: Whole) -> None:
        await story(whole)
        told = msgspec.json.decode((await fetched(whole, "/board.json?severity=1")).body)
        wrong = await fetched(whole, "/board.json?severity=x")

        assert (told["sums"]["open"], told["sums"]["breached"], told["sums"]["at_risk"]) == (2, 1, 1)
        assert [contact["id"] for contact in told["contacts"]] == [name_of(1), name_of(2)]
        assert told["contacts"][0]["due"]["breached"] is True
        assert told["connectors"] == [{"name": "shop", "state": "ok"}]
        assert wrong.status == 400

    run(work)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_question_stays_text(text: str) -> None:
    """Whatever an address asks for, no element comes of it, and no link leads elsewhere."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW, subject=text, assignee=text))
        await whole.judge()
        plain = await got(whole, "/?text=a&queue=b")
        asked = urlencode({"text": text[:90].replace("\x00", ""), "queue": text[:150], "assignee": text[:150]})
        page = await got(whole, f"/?{asked}")

        assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"input", "span"}
        assert all((link.get("href") or "/").startswith(("/", "#")) for link in page.all("a"))
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)

    run(work)


def test_a_live_part_does_not_change_by_time() -> None:
    """A second later it is the same but for the words that the script tells itself."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(event("contact.observed", 1, NOW, subject="Checkout is down"))
        await whole.judge()
        parts = []
        for _ in range(2):
            page = Page((await fetched(whole, "/", **{"hx-request": "true"})).body.decode())
            parts.append([(tag, attributes) for tag, attributes in page.elements if tag != "rect"])
            whole.clock.at += S

        assert parts[0] == parts[1]
        assert any(attributes.get("data-due") == str(NOW + 3 * M) for _, attributes in parts[0])

    run(work)


def test_board_and_api_agree_on_what_is_at_risk() -> None:
    """The twins of board and queues tell the same as the API, which isn't asked how near is near."""

    async def work(whole: Whole) -> None:
        await whole.post(*(opened(number, NOW - number * M, tags=["outage"]) for number in range(4)), opened(9, NOW))
        await whole.judge()

        async def told(target: str) -> Any:
            return msgspec.json.decode((await fetched(whole, target)).body)

        sums = (await told("/board.json"))["sums"]
        assert (sums["open"], sums["at_risk"], sums["risk_s"]) == (5, 3, 900)
        assert sums == await told("/api/v1/summary")
        assert await told("/queues.json") == await told("/api/v1/queues")

    run(work)
