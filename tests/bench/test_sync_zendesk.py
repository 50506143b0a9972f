"""The bench's Zendesk account turns its pages as Zendesk does: by cursor, and by time."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bench.sync.matters import PER_SECOND, changed_s
from bench.sync.truth import Fault, fault, found
from bench.sync.zendesk import SHAPE
from bench.sync.zendesk.export import BY_TIME, CURSOR, Export
from bench.sync.zendesk.tickets import row_of

TICKETS = 250


@pytest.fixture(scope="module")
def export() -> Export:
    """A small account."""
    return Export(TICKETS, "http://account.example")


def pages(export: Export, path: str, link: str, **asked: str) -> Iterator[dict[str, Any]]:
    """Follow the links of an export to its end."""
    while True:
        answer = export.answer("GET", path, asked, b"")
        page = json.loads(answer.body)
        assert len(page["tickets"]) == answer.rows
        yield page
        if page["end_of_stream"]:
            return
        path, asked = urlsplit(page[link]).path, dict(parse_qsl(urlsplit(page[link]).query))


@pytest.mark.parametrize(("path", "link"), [(CURSOR, "after_url"), (f"{BY_TIME}.json", "next_page")])
@pytest.mark.parametrize("per_page", ["7", "100", "1000"])
def test_whoever_follows_the_links_gets_every_ticket_once(export: Export, path: str, link: str, per_page: str) -> None:
    """By cursor and by time, whatever the size of a page."""
    read = [one for page in pages(export, path, link, start_time="0", per_page=per_page) for one in page["tickets"]]

    assert fault(found(map(row_of, read)), SHAPE.truth(TICKETS)) == Fault(0, 0, False)


def test_a_page_by_time_splits_no_second(export: Export) -> None:
    """Tickets of one second stand on one page, where a page can hold them."""
    of_pages = [
        {one["generated_timestamp"] for one in page["tickets"]}
        for page in pages(export, BY_TIME, "next_page", start_time="0", per_page=str(PER_SECOND + 1))
    ]

    assert len(of_pages) > TICKETS // (PER_SECOND + 1)
    assert sum(map(len, of_pages)) == len(set().union(*of_pages))


def test_users_come_only_to_who_asks(export: Export) -> None:
    """With the sideload, everybody whom the page's tickets name, once."""
    (plain,) = pages(export, CURSOR, "after_url", start_time="0")
    (page,) = pages(export, CURSOR, "after_url", start_time="0", include="users")
    named = {one[key] for one in page["tickets"] for key in ("requester_id", "assignee_id") if one[key]}

    assert "users" not in plain
    assert named <= {user["id"] for user in page["users"]}
    assert len({user["id"] for user in page["users"]}) == len(page["users"])


def test_behind_the_end_there_is_nothing_yet(export: Export) -> None:
    """The last cursor brings an empty page with the same cursor; so does a start in the future."""
    *_, last = pages(export, CURSOR, "after_url", start_time="0")
    (behind,) = pages(export, CURSOR, "after_url", cursor=last["after_cursor"])
    (later,) = pages(export, CURSOR, "after_url", start_time=str(changed_s(TICKETS) + 1))

    assert (behind["tickets"], behind["after_cursor"]) == ([], last["after_cursor"])
    assert later["tickets"] == []
