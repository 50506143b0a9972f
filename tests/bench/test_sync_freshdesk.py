"""The bench's Freshdesk account lists its tickets as Freshdesk does: by windows, a hundred a page, up to a wall."""

import json
from typing import Any

import pytest

from bench.sync.freshdesk.lists import LIST, PAGES, Lists
from bench.sync.matters import PER_SECOND, changed_s, moment

TICKETS = 3_010


@pytest.fixture(scope="module")
def lists() -> Lists:
    """An account whose list is longer than the wall allows, in small pages."""
    return Lists(TICKETS, "http://account.example")


def ids(lists: Lists, **asked: str) -> list[int]:
    """The tickets of a page."""
    return [one["id"] for one in json.loads(lists.answer("GET", LIST, asked, b"").body)]


def test_a_window_begins_with_its_own_second(lists: Lists) -> None:
    """All tickets of that second, and none before it."""
    since = moment(changed_s(5 * PER_SECOND + 1))

    assert ids(lists, updated_since=since, per_page="4") == [16, 17, 18, 19]
    assert ids(lists, updated_since=since, per_page="4", page="2") == [20, 21, 22, 23]


def test_without_a_window_there_is_nothing(lists: Lists) -> None:
    """Of the last thirty days, that is; nor among what is deleted or spam."""
    assert ids(lists) == []
    assert ids(lists, updated_since=moment(0), filter="spam") == []


def test_behind_the_wall_no_page_is_shown(lists: Lists) -> None:
    """The last one before it still links there."""
    last = lists.answer("GET", LIST, {"updated_since": moment(0), "per_page": "10", "page": str(PAGES)}, b"")
    behind = lists.answer("GET", LIST, {"updated_since": moment(0), "per_page": "10", "page": str(PAGES + 1)}, b"")

    assert (last.rows, f"page={PAGES + 1}" in last.headers["Link"]) == (10, True)
    assert (behind.status, behind.rows) == (400, 0)


def test_beside_a_ticket_stands_what_is_asked_for(lists: Lists) -> None:
    """And nothing else."""
    (plain,) = page(lists)
    (whole,) = page(lists, include="requester,stats,description")

    assert set(whole) - set(plain) == {"requester", "stats", "description", "description_text"}
    assert {key: whole[key] for key in plain} == plain


def page(lists: Lists, **asked: str) -> list[dict[str, Any]]:
    """The first ticket."""
    answer = lists.answer("GET", LIST, {"updated_since": moment(0), "per_page": "1", **asked}, b"")
    found: list[dict[str, Any]] = json.loads(answer.body)
    return found
