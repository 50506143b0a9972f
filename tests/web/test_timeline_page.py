"""The breach timeline: who breaks next in which lane, what is left out said and linked, hours and zones named."""

import json

import pytest

from gateway.web.pages import timeline
from gateway.web.pages.drawing import lanes
from tests.web.test_pages import Page, fetched, got, name_of, story
from tests.web.worlds import NOW, D, H, M, Whole, opened, run


def words_of(page: Page) -> str:
    return " ".join(page.text.split())


def bars(page: Page) -> list[str]:
    """Where the bars lead, in their order."""
    return [link["href"] or "" for link in page.all("a") if link.get("class") == "bar-link"]


def test_lanes_tell_what_breaks() -> None:
    """The finding, a lane a team, each bar a link with a name, the hours of a lane's calendar, the same as a table."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(opened(4, NOW - 20 * M, subject="Invoice"))
        await whole.judge()
        page = await got(whole, "/timeline?window=12h")
        words = words_of(page)

        assert "1 promise of open contacts broken in the last 12 hours, 1 falls due in the next hour." in words
        assert "team t1 0 broken, 1 due by 2026-03-02 21:00:00; hatched: closed hours of calendar office" in words
        assert "team t3 1 broken, 1 due by" in words
        assert bars(page) == [f"/contacts/{name_of(number)}" for number in (4, 2, 1)]
        names = [link["aria-label"] or "" for link in page.all("a") if link.get("class") == "bar-link"]
        assert names[2].startswith("Checkout is down: first reply breached 5 min 00 s ago, at 2026-03-02 08:55:00 UTC")
        assert names[2].endswith("rule urgent-first-reply, escalated, nobody has taken it")
        assert "first reply due in 3 min 00 s" in names[1]
        assert len(page.all("tr")) == 4
        assert "Times of UTC" in words

    run(work)


def test_the_window_and_the_lanes_are_in_the_address() -> None:
    """How wide, by team or queue, one lane alone; anything else is refused."""

    async def work(whole: Whole) -> None:
        await story(whole)
        await whole.post(opened(4, NOW - 2 * D, subject="Long ago", tags=["outage"]))
        await whole.judge()
        narrow = await got(whole, "/timeline?window=1h&by=queue")
        alone = await got(whole, "/timeline?by=queue&lane=engineers")
        nobody = await got(whole, "/timeline?lane=nobody")

        assert "queue engineers" in words_of(narrow)
        assert "2 broken, 1 due by 2026-03-02 10:00:00" in words_of(narrow)
        assert "and 1 more of queue engineers" in words_of(narrow)
        assert "/?queue=engineers&within=60" in {link.get("href") for link in narrow.all("a")}
        assert len(bars(alone)) == 2
        assert "No promise of an open contact falls into this window." in words_of(nobody)
        for wrong in ("window=2h", "by=channel", "lane=a&lane=b", f"lane={'x' * 201}", "q=1"):
            await got(whole, f"/timeline?{wrong}", 400)

    run(work)


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a lane has rows for, more lanes than are drawn, more promises than are read: counted, with a link."""
    monkeypatch.setattr(lanes.lane, "__defaults__", (2,))
    monkeypatch.setattr(timeline, "READ_MAX", 4)
    monkeypatch.setattr(timeline, "ROWS_MAX", 3)
    monkeypatch.setattr(timeline, "LANES_MAX", 1)

    async def work(whole: Whole) -> None:
        await whole.post(*(opened(number, NOW - number * M, tags=["outage"]) for number in range(1, 7)))
        await whole.post(opened(20, NOW - 20 * M, tags=["outage"]), opened(21, NOW - 5 * M))
        await whole.judge()
        page = await got(whole, "/timeline")
        words = words_of(page)

        assert "More promises lie in this window than are read at once" in words
        assert "1 promise of open contacts broken in the last 4 hours, 6 fall due in the next hour." in words
        assert "and 5 more" in words
        assert "/?team=t3&within=240" in {link.get("href") for link in page.all("a")}
        assert "and 4 more" in words
        assert json.loads((await fetched(whole, "/timeline.json")).body)["whole"] is False

    run(work)


def test_the_zone_is_the_viewers() -> None:
    """Across the night in which the clocks change, the axis says so."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, whole.clock.at - H, tags=["outage"]))
        await whole.judge()
        page = await got(whole, "/timeline?window=4h", cookie="orion_zone=Europe/Berlin")
        words = words_of(page)

        assert "clocks went forward 1 h" in words
        assert "Sun 29 Mar" in words
        assert "times in Europe/Berlin" in words

    run(work, at=NOW + 26 * D + 17 * H)


def test_the_twin_has_the_promises() -> None:
    """With the window that they are of, and whether that is all."""

    async def work(whole: Whole) -> None:
        await story(whole)
        told = json.loads((await fetched(whole, "/timeline.json?window=1h")).body)

        assert (told["from"], told["to"], told["whole"]) == ("2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z", True)
        assert [(one["contact"], one["breached"]) for one in told["promises"]] == [
            (name_of(1), True),
            (name_of(2), False),
        ]

    run(work)
