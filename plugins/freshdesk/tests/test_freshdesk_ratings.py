"""Pulling ratings: a window is turned to its end, whatever its order, and accounts without them are done without."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from gateway.plugin import SECOND_MS, Permanent, Transient, VendorResponse, format_instant, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
NOW_S = NOW // SECOND_MS
PATH = "/api/v2/surveys/satisfaction_ratings"


def rating(id: int, second: int) -> dict[str, Any]:
    """A rating that was given at a second."""
    at = format_instant(second * SECOND_MS)
    return {"id": id, "ticket_id": 42, "created_at": at, "ratings": {"default_question": 103}}


class Ratings:
    """The ratings of an account, listed in an order of its own."""

    def __init__(self, *, newest_first: bool) -> None:
        self.given: dict[int, int] = {}
        self.newest_first = newest_first

    def __call__(self, params: Mapping[str, Any]) -> VendorResponse:
        since = parse_instant(params["created_since"]) // SECOND_MS
        rows = sorted((s, id) for id, s in self.given.items() if s >= since)
        rows = rows[::-1] if self.newest_first else rows
        first = (params["page"] - 1) * 2
        headers = {"link": '<x>; rel="next"'} if len(rows) > first + 2 else {}
        return VendorResponse(200, headers, json.dumps([rating(id, s) for s, id in rows[first : first + 2]]).encode())


@pytest.mark.parametrize("newest_first", [False, True])
def test_no_rating_is_missed(newest_first: bool, account: Callable[..., Any]) -> None:
    """Read across stops, with one that comes while pages are turned, and one that comes late."""
    ratings = Ratings(newest_first=newest_first)
    ratings.given = {id: NOW_S - 3000 + id for id in range(7)}
    found: list[str] = []
    cursor, more, turns = None, True, 0
    while more:
        page = account({PATH: ratings}).pull("ratings", cursor)
        found += [json.loads(record.body)["rating"]["id"] for record in page.records]
        assert not page.more or page.cursor != cursor
        cursor, more, turns = page.cursor, page.more, turns + 1
        if turns == 1:
            ratings.given[7] = NOW_S - 1000
    ratings.given[8] = NOW_S - 1200
    more = True
    while more:
        page = account({PATH: ratings}).pull("ratings", cursor)
        found += [json.loads(record.body)["rating"]["id"] for record in page.records]
        cursor, more = page.cursor, page.more
    assert set(found) == set(range(9))


def test_where_the_next_window_begins(account: Callable[..., Any]) -> None:
    """A little before the latest that was seen, never further back than an hour; where nothing was, it stays."""
    ratings = Ratings(newest_first=False)
    desk = account({PATH: ratings}, backfill_days=1)
    assert desk.pull("ratings").cursor == f"{NOW_S - 3600}:1:0"
    assert desk.api.asked[0][1]["created_since"] == "2026-03-01T09:00:00Z"
    assert desk.pull("ratings", f"{NOW_S - 60}:1:0").cursor == f"{NOW_S - 60}:1:0"
    ratings.given = {1: NOW_S - 1000}
    assert desk.pull("ratings", f"{NOW_S - 3000}:1:0").cursor == f"{NOW_S - 1300}:1:0"


def test_an_account_without_ratings_is_done_without(account: Callable[..., Any], refusal: Any) -> None:
    """The cursor stays, the check tells; once there are ratings, it doesn't any more."""
    desk = account({PATH: refusal(403, {"code": "require_feature"}), "/api/v2/agents/me": {"ticket_scope": 1}})
    desk.api.answers["/api/v2/ticket_fields"] = []
    cursor = f"{NOW_S - 60}:1:0"
    page = desk.pull("ratings", cursor)
    assert (list(page.records), page.cursor, page.more) == ([], cursor, False)
    assert any("satisfaction ratings" in finding.what for finding in desk.check())
    desk.api.answers[PATH] = []
    desk.pull("ratings", cursor)
    assert not any("satisfaction ratings" in finding.what for finding in desk.check())


def test_more_of_nothing_has_an_end(account: Callable[..., Any]) -> None:
    """A page that is empty, and says that there is another one behind it, is ill weather."""
    empty = VendorResponse(200, {"link": '<https://acme.freshdesk.com/?page=2>; rel="next"'}, b"[]")
    with pytest.raises(Transient):
        account({PATH: lambda params: empty}).pull("ratings")


def test_another_refusal_is_told(account: Callable[..., Any], refusal: Any) -> None:
    """A proxy's page says nothing of the plan."""
    with pytest.raises(Permanent):
        account({PATH: refusal(403, b"<html>")}).pull("ratings")
