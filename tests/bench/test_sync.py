"""The bench of reading is fair: the account shows every ticket once to whoever asks rightly, and what is lost shows."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from gateway_zendesk.normalize import Beside, ticket_events

from bench.sync.export import BY_TIME, CURSOR, Export
from bench.sync.figures import figures
from bench.sync.measure import Round
from bench.sync.readers import _records
from bench.sync.tickets import PER_SECOND, Fault, Row, fault, found, generated_at, row, ticket, truth

TICKETS = 250
BASE = "http://account.example"


@pytest.fixture(scope="module")
def export() -> Export:
    """A small account."""
    return Export(TICKETS, BASE)


def pages(export: Export, path: str, link: str, **asked: object) -> Iterator[dict[str, Any]]:
    """Follow the links of an export to its end."""
    query = urlencode(asked)
    while True:
        answer = export.answer(path, query)
        assert answer is not None
        page = json.loads(answer[0])
        assert len(page["tickets"]) == answer[1]
        yield page
        if page["end_of_stream"]:
            return
        path, query = urlsplit(page[link]).path, urlsplit(page[link]).query


def rows(those: list[dict[str, Any]]) -> Iterator[Row]:
    """What is compared of tickets."""
    return (Row(one["id"], one["subject"], one["status"]) for one in those)


@pytest.mark.parametrize(("path", "link"), [(CURSOR, "after_url"), (f"{BY_TIME}.json", "next_page")])
@pytest.mark.parametrize("per_page", [7, 100, 1_000])
def test_whoever_follows_the_links_gets_every_ticket_once(export: Export, path: str, link: str, per_page: int) -> None:
    """By cursor and by time, whatever the size of a page."""
    read = [one for page in pages(export, path, link, start_time=0, per_page=per_page) for one in page["tickets"]]

    assert fault(found(rows(read)), truth(TICKETS)) == Fault(0, 0, False)


def test_a_page_by_time_splits_no_second(export: Export) -> None:
    """Tickets of one second stand on one page, where a page can hold them."""
    of_pages = [
        {one["generated_timestamp"] for one in page["tickets"]}
        for page in pages(export, BY_TIME, "next_page", start_time=0, per_page=PER_SECOND + 1)
    ]

    assert len(of_pages) > TICKETS // (PER_SECOND + 1)
    assert sum(map(len, of_pages)) == len(set().union(*of_pages))


def test_users_come_only_to_who_asks(export: Export) -> None:
    """With the sideload, everybody whom the page's tickets name, once."""
    (plain,) = pages(export, CURSOR, "after_url", start_time=0)
    (page,) = pages(export, CURSOR, "after_url", start_time=0, include="users")
    named = {one[key] for one in page["tickets"] for key in ("requester_id", "assignee_id") if one[key]}

    assert "users" not in plain
    assert named <= {user["id"] for user in page["users"]}
    assert len({user["id"] for user in page["users"]}) == len(page["users"])


def test_behind_the_end_there_is_nothing_yet(export: Export) -> None:
    """The last cursor brings an empty page with the same cursor; so does a start in the future."""
    *_, last = pages(export, CURSOR, "after_url", start_time=0)
    (behind,) = pages(export, CURSOR, "after_url", cursor=last["after_cursor"])
    (later,) = pages(export, CURSOR, "after_url", start_time=generated_at(TICKETS) + 1)

    assert (behind["tickets"], behind["after_cursor"]) == ([], last["after_cursor"])
    assert later["tickets"] == []
    assert export.answer("/api/v2/users/me.json", "") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda all_: all_, Fault(0, 0, False)),
        (lambda all_: all_[::-1], Fault(0, 0, False)),
        (lambda all_: all_[1:], Fault(1, 0, False)),
        (lambda all_: [*all_, all_[3], all_[3]], Fault(0, 2, False)),
        (lambda all_: [*all_[1:], all_[5]], Fault(1, 1, False)),
        (lambda all_: [all_[0]._replace(status="?"), *all_[1:]], Fault(0, 0, True)),
        (lambda all_: [*all_[1:], Row(-1, "", "")], Fault(0, 0, True)),
    ],
)
def test_what_is_lost_doubled_or_wrong_shows(change: Callable[[list[Row]], list[Row]], expected: Fault) -> None:
    """In any order; a row of nobody's is as wrong as one that is missing."""
    every = [row(number) for number in range(1, 21)]

    assert fault(found(change(every)), truth(20)) == expected


def test_our_connector_takes_every_kind_of_ticket_that_there_is() -> None:
    """What it tells of a ticket is what is compared."""
    for number in range(1, 100):
        shown = json.loads(json.dumps(ticket(number, BASE)))
        _, observed = ticket_events(shown, Beside(), (generated_at(number) + 60) * 1_000, log_follows=False)

        assert observed.subject == row(number).subject  # type: ignore[union-attr]
        assert 2_000 <= len(json.dumps(shown)) <= 3_500


def test_tickets_of_both_kinds_of_messages_are_read(tmp_path: Path) -> None:
    """Singer's and Airbyte's; all else that they print is passed over."""
    one = {"id": 7, "subject": "s", "status": "new", "more": {}}
    lines = [
        {"type": "SCHEMA", "stream": "tickets"},
        {"type": "RECORD", "stream": "tickets", "record": one},
        {"type": "RECORD", "record": {"stream": "tickets", "data": one}},
        {"type": "STATE"},
    ]
    (tmp_path / "out.jsonl").write_text("\n".join(json.dumps(line) for line in lines))

    assert list(_records(tmp_path)) == [Row(7, "s", "new")] * 2


ROUND = Round(
    per_second=1_000, start_s=1, took_s=1, cpu_ms=1, memory_mb=100, requests=1, pages=1, sent_mb=1, distinct=1,
    lost=0, doubled=0, wrong=False, others=0,
)  # fmt: skip


def test_the_goal_is_set_by_the_fastest_of_the_others() -> None:
    """Neither the bare download nor our second setting is one of them; without a round of ours nothing is said."""
    rounds = {
        "bare download": [replace(ROUND, per_second=90_000)],
        "slow": [replace(ROUND, per_second=100)],
        "quick": [replace(ROUND, per_second=500, cpu_ms=3)],
        "gateway": [replace(ROUND, lost=2, memory_mb=160)],
        "gateway plain": [replace(ROUND, per_second=2_000)],
    }
    by_name = {figure.what: figure for figure in figures(rounds)}

    assert by_name["gateway beside quick, the fastest: tickets a second"].met is False
    assert by_name["gateway beside quick, the fastest: tickets a processor second"].value == 3
    assert by_name["gateway beside slow: tickets a second"].cells()[1:] == ["10.00", "", "", ""]
    assert by_name["gateway plain beside quick: tickets a second"].value == 4
    assert by_name["gateway: tickets lost"].met is False
    assert by_name["gateway: memory at most"].met is False
    assert figures({"quick": [ROUND]}) == []
