"""Queues by channel, and teams."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.board import QueueRow
from gateway.web.pages.queues import LOAD_WIDTH, lines, load_of, teams
from tests.web.test_pages import got, story
from tests.web.worlds import NOW, H, M, Whole, run


def row(queue: str, channel: str = "email", **fields: object) -> QueueRow:
    """A queue with one open contact, unless the fields say otherwise."""
    plain: dict[str, object] = {
        "team": "t1", "open": 1, "waiting": 0, "longest_since": None, "breached": 0, "at_risk": 0, "soonest_due": None,
        "unassigned": 0, "paused": 0,
    }  # fmt: skip
    return QueueRow(queue=queue, channel=channel, **{**plain, **fields})  # type: ignore[arg-type]


def test_queues_in_trouble_stand_first() -> None:
    """By what is breached in the whole queue, then at risk, then by name; channels of one queue stay together."""
    rows = [row("a"), row("b", "chat"), row("b", "email", breached=2), row("c", at_risk=1), row("d", breached=1)]

    assert [(line.row.queue, line.row.channel) for line in lines(rows)] == [
        ("b", "chat"),
        ("b", "email"),
        ("d", "email"),
        ("c", "email"),
        ("a", "email"),
    ]
    assert lines([row("")])[0].filters.href("/") == "/?queue=~&channel=email"


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 100_000))
def test_a_bar_stays_within_its_width(breached: int, risk: int, rest: int, most: int) -> None:
    """No part is negative, what there is one of is seen, and all fit."""
    whole = breached + risk + rest
    load = load_of(row("a", open=whole, breached=breached, at_risk=risk), max(most, whole))

    assert min(load.breached, load.risk, load.rest) >= 0
    assert load.breached + load.risk + load.rest <= LOAD_WIDTH + 0.5
    assert (load.breached > 0, load.risk > 0) == (breached > 0, risk > 0)


def test_teams_are_sums_over_their_queues() -> None:
    """Counts added, the longest wait of all; a queue by two channels is one queue."""
    rows = [
        row("a", "chat", open=2, waiting=1, longest_since=NOW - M, unassigned=2),
        row("a", "email", open=3, waiting=2, longest_since=NOW - H, breached=1),
        row("b", team="t2"),
        row("", team=""),
    ]
    (none, first, second) = teams(rows)

    assert (first.name, first.queues, first.open, first.waiting, first.longest_since) == ("t1", 1, 5, 3, NOW - H)
    assert (first.breached, first.unassigned) == (1, 2)
    assert (second.name, none.name) == ("t2", "")
    assert none.filters.href("/") == "/?queue=~"


def test_every_number_leads_to_its_contacts() -> None:
    """Queue, channel, what waits and breaches; the links are boards with the filters that the number has."""

    async def work(whole: Whole) -> None:
        await story(whole)
        page = await got(whole, "/queues")
        words = " ".join(page.text.split())
        links = {str(link.get("href")) for link in page.all("a")}

        assert "engineers by email t3 email 2 20 min 1 1 in 3 min 00 s 2 2" in words
        assert "/?queue=engineers&channel=email&breached=true" in links
        assert "/?queue=engineers&channel=email&breached=false&within=15" in links
        assert "/?team=t3" in links
        assert len((await got(whole, "/?queue=engineers&channel=email&breached=true")).all("tr")) == 2
        assert len((await got(whole, "/?queue=engineers&channel=email&breached=false&within=15")).all("tr")) == 2

    run(work)


def test_no_queue_has_anything() -> None:
    """A page that helps."""

    async def work(whole: Whole) -> None:
        assert "no queue has anything" in (await got(whole, "/queues")).text

    run(work)
