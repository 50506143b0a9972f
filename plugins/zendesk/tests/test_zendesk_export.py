"""The cursor exports: what a page says, how far it reaches, and where it ends."""

import json
from typing import Any

import pytest

from gateway.plugin import ContactOpened, Fetch, Instant, Permanent, Record, Ref, Transient, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
TICKETS = "/api/v2/incremental/tickets/cursor"
USERS = "/api/v2/incremental/users/cursor"
CHANGED_S = NOW // 1000 - 600


def ticket(id: int = 42, **changes: Any) -> dict[str, Any]:
    """A row of the export."""
    return {
        "id": id,
        "created_at": "2026-03-02T08:30:00Z",
        "updated_at": "2026-03-02T08:48:00Z",
        "generated_timestamp": CHANGED_S,
        "status": "open",
        "requester_id": 21,
        "submitter_id": 21,
        **changes,
    }


def page(*rows: Any, after: Any = "next", end: Any = True) -> dict[str, Any]:
    return {"tickets": list(rows), "users": [], "after_cursor": after, "end_of_stream": end}


@pytest.mark.parametrize(
    ("end", "rows", "reached"),
    [
        (False, [ticket(1), ticket(2, generated_timestamp=CHANGED_S + 5)], (CHANGED_S + 5) * 1000),
        (True, [ticket(1)], NOW - 60_000),
        (True, [], NOW - 60_000),
        (False, [], None),
        (False, [ticket(1, generated_timestamp="soon")], None),
        (False, [ticket(1, generated_timestamp=None)], None),
    ],
)
def test_a_page_tells_how_far_it_reaches(end: bool, rows: Any, reached: int | None, account: Any) -> None:
    """To the last row, in the order by which the export goes; at the end, to its lag."""
    assert account({TICKETS: page(*rows, end=end)}).pull().reached == reached


def test_a_cursor_that_stays_ends_the_run(account: Any) -> None:
    """Zendesk may say that there is more and give the same cursor: the run ends, no page is turned for ever, and rows
    that come again are known by their keys."""
    before = account({TICKETS: page(ticket(), after="here", end=False)})
    first = before.pull(cursor="cursor:there")
    assert (first.cursor, first.more) == (f"cursor:{CHANGED_S - 300}:here", True)
    again = before.pull(cursor=first.cursor)
    assert (again.cursor, again.more) == (first.cursor, False)
    assert [row.key for row in again.records] == [row.key for row in first.records] == [f"42:{CHANGED_S}"]


def test_behind_an_end_a_while_is_read_again(account: Any) -> None:
    """The next run begins five minutes before the last row, by Zendesk's times; never earlier than this one began, and
    never in the future, whatever a row says."""
    late, ahead = ticket(1), ticket(2, generated_timestamp=NOW // 1000 + 10**6)
    one = account({TICKETS: [page(late), page(), page(ticket(3, generated_timestamp=CHANGED_S - 9_000)), page(ahead)]})
    begin = CHANGED_S - 300
    assert [one.pull(cursor=f"start:{begin - 50}").cursor, one.pull(cursor=f"start:{begin}").cursor] == [
        f"start:{begin}", f"start:{begin}",
    ]  # fmt: skip
    assert one.pull(cursor=f"cursor:{begin}:x").cursor == f"start:{begin}"
    assert one.pull(cursor=f"start:{begin}").cursor == f"start:{NOW // 1000 - 60 - 300}"


def test_rows_are_not_read_again_for_ever(account: Any) -> None:
    """After an hour without anything new, what was read moves on by itself: there may be thousands of rows there."""
    old = NOW // 1000 - 10_000
    one = account({TICKETS: [page(ticket(1, generated_timestamp=old)), page()]})
    first = one.pull(cursor=f"start:{old - 50}").cursor
    assert first == one.pull(cursor=first).cursor == f"start:{NOW // 1000 - 60 - 3600}"


def test_a_row_with_other_content_is_another_one(account: Any) -> None:
    """Two changes within one second have one key: the content tells them apart."""
    rows = [account({TICKETS: page(ticket(subject=words))}).pull().records[0] for words in ("Help", "Help!")]
    assert rows[0].key == rows[1].key
    assert all(row.exact for row in rows)


def test_more_without_a_cursor_is_ill_weather(account: Any) -> None:
    """The page isn't kept: it is asked for again."""
    with pytest.raises(Transient):
        account({TICKETS: page(ticket(), after=None, end=False)}).pull()


def test_a_row_that_is_older_than_its_export_is_kept(account: Any) -> None:
    """The export goes by `generated_timestamp`: what a system touched has an old `updated_at`."""
    old = ticket(updated_at="2020-01-01T00:00:00Z", created_at="2020-01-01T00:00:00Z")
    one = account({TICKETS: page(old)})
    (row,) = one.pull(cursor="cursor:x").records
    assert row.key == f"42:{CHANGED_S}"
    _, observed, _ = one.says([row])
    assert observed.at == CHANGED_S * 1000


def test_everything_is_asked_for(account: Any) -> None:
    """What AI agents serve is asked for as well, and the cursor goes back exactly as it came."""
    one = account({TICKETS: page(after="MTY5NTA1MjY2My4wfHwyOHw=", end=False)})
    first = one.pull()
    one.pull(cursor=first.cursor)
    assert [asked["support_type_scope"] for _, asked in one.api.asked] == ["all", "all"]
    assert one.api.asked[1][1]["cursor"] == "MTY5NTA1MjY2My4wfHwyOHw="


def test_a_row_asks_for_its_log_by_its_version(account: Any) -> None:
    """A lost webhook is made good: the version makes it cost nothing where the log was read already."""
    one = account({})
    *_, fetch = one.reads({"ticket": ticket()}, "row")
    assert fetch == Fetch(Ref("ticket", "42"), fetch.reason, parse_instant("2026-03-02T08:48:00Z"))
    for gone in ({"status": "deleted"}, {"status": "deleted", "subject": "SCRUBBED"}, {"status": "scrubbed"}):
        assert not [item for item in one.reads({"ticket": ticket(**gone)}, "row") if isinstance(item, Fetch)]


@pytest.mark.parametrize(
    ("choice", "looked_up"),
    [("open", {"new", "open", "pending", "hold", "invented"}), ("none", set())],
)
def test_a_backfill_reads_the_logs_that_are_worth_it(choice: str, looked_up: set[str], account: Any) -> None:
    """Of what lies in the past the settings say whose log is read; of what is new, every one."""
    words = {"new", "open", "pending", "hold", "invented", "solved", "closed"}
    settings = {None: words, choice: looked_up, "all": words}
    for setting, expected in settings.items():
        one = account({}, **({} if setting is None else {"backfill_logs": setting}))
        found = {
            word
            for word in words
            for item in one.reads({"ticket": ticket(status=word)}, "row", historical=setting is not None)
            if isinstance(item, Fetch)
        }
        assert found == expected


def test_a_look_up_tells_its_version_when_its_second_is_over(account: Any) -> None:
    """Until then the ticket may change and keep it, so that the next row has to ask again."""
    answers = {"/api/v2/tickets/42": {"ticket": ticket()}, "/api/v2/tickets/42/audits": {"audits": []}}
    changed = parse_instant("2026-03-02T08:48:00Z")
    for read_at, version in ((changed, None), (changed + 1_999, None), (changed + 2_000, changed)):
        whole, log = account(answers).look_up("ticket", "42", read_at)
        assert (whole.version, log.version) == (version, None)
    for odd in (None, "soon", 5):
        answers["/api/v2/tickets/42"] = {"ticket": ticket(updated_at=odd)}
        assert account(answers).look_up("ticket", "42")[0].version is None


def test_brands_and_statuses_get_their_names(account: Any) -> None:
    """The account's words stand in the record, so that reading it asks nobody; a day long they aren't asked for."""
    answers = {
        TICKETS: page(ticket(1, brand_id=7, custom_status_id=9), ticket(2, brand_id=8), ticket(3)),
        "/api/v2/brands": [
            {"brands": [{"id": 7, "name": "Acme"}], "meta": {"has_more": True, "after_cursor": "b"}},
            {"brands": [{"id": 8, "name": "Umbrella"}], "meta": {"has_more": False}},
        ],
        "/api/v2/custom_statuses": {"custom_statuses": [{"id": 9, "agent_label": "At the carrier"}]},
    }
    one = account(answers, base_url="https://proxy.example", subdomain=None)
    rows = one.pull().records
    fields = [item.fields for row in rows for item in one.says([row]) if not isinstance(item, Fetch | ContactOpened)]
    assert fields[0] == {"brand_id": "7", "brand": "Acme", "custom_status": "At the carrier"}
    assert fields[1] == {"brand_id": "8", "brand": "Umbrella"}
    assert not fields[2]
    assert json.loads(rows[0].body)["names"]["brands"] == {"7": "Acme"}
    one.pull(now=NOW + 3_600_000)
    assert (one.api.times("/api/v2/brands"), one.api.times("/api/v2/custom_statuses")) == (2, 1)


def test_a_row_is_never_kept_waiting_for_a_name(account: Any, refusal: Any, no_such_api: Any) -> None:
    """What the plan hasn't got is asked for once a day, what fails again after a while; rows come all the same."""
    for error, minutes_later, asked in (
        (no_such_api, 60, 1),
        (no_such_api, 1_441, 2),
        (refusal(503, b"<html>"), 11, 2),
    ):
        one = account({TICKETS: page(ticket(brand_id=7)), "/api/v2/brands": error})
        for now in (NOW, NOW + minutes_later * 60_000):
            (row,) = one.pull(now=now).records
            assert one.says([row])[1].fields["brand_id"] == "7"
        assert one.api.times("/api/v2/brands") == asked


def test_a_page_limit_is_no_weather(account: Any, refusal: Any) -> None:
    """Too far in a numbered list Zendesk says 429, which no waiting ends."""
    limit = refusal(429, {"error": "TooManyRequests", "description": "Pagination limit reached for offset model"})
    with pytest.raises(Permanent):
        account({TICKETS: limit}).pull()
    with pytest.raises(Transient):
        account({TICKETS: refusal(429, b"<html>slow down</html>")}).pull()


@pytest.mark.parametrize("body", [b"<html>", b'{"tickets": [', b"[]", b'{"tickets": {}}', b'{"tickets": [5]}', b"\xff"])
def test_an_answer_that_is_none_is_ill_weather(body: bytes, account: Any) -> None:
    """HTML, half an answer, or another shape: it is asked for again, and nothing is passed over."""
    with pytest.raises(Transient):
        account({TICKETS: body}).pull()


def user(**changes: Any) -> dict[str, Any]:
    """A row of the export of users."""
    return {
        "id": 21,
        "name": "Ada Customer",
        "email": "ada@new.example",
        "role": "end-user",
        "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2026-03-02T08:50:00Z",
        "notes": "nobody's business",
        **changes,
    }


def test_a_changed_user_is_looked_up(account: Any) -> None:
    """A row holds what is needed of a person, under a key of its own, and asks for the user by version."""
    one = account({USERS: {"users": [user()], "after_cursor": "u", "end_of_stream": False}})
    told = one.pull("users")
    (row,) = told.records
    changed = parse_instant("2026-03-02T08:50:00Z")
    assert (row.key, row.stream) == ("user:21:2026-03-02T08:50:00Z", "users")
    assert told.cursor == f"cursor:{NOW // 1000 - 180}:u"
    assert (told.more, told.reached) == (True, changed)
    assert "notes" not in json.loads(row.body)["user"]
    assert one.says([row]) == [Fetch(Ref("user", "21"), "a user has changed, and may have open tickets", changed)]


@pytest.mark.parametrize(
    ("changes", "historical"),
    [
        ({"role": "agent"}, False),
        ({"role": "admin"}, False),
        ({"created_at": "2026-03-02T08:50:00Z"}, False),
        ({}, True),
    ],
)
def test_a_user_who_matters_to_no_ticket_says_nothing(changes: Any, historical: bool, account: Any) -> None:
    """Staff, who is new, and what lies in the past."""
    assert account({}).reads({"user": user(**changes)}, "row", historical=historical) == []


def test_an_account_without_the_export_of_users_does_without(account: Any, refusal: Any, no_such_api: Any) -> None:
    """What the plan hasn't got is no failure; it is said by the check, until it is there after all."""
    told = {"users": [], "after_cursor": "u", "end_of_stream": True}
    me = {"user": {"id": 1, "role": "admin"}}
    one = account({USERS: [refusal(403, {"error": "Forbidden"}), no_such_api, told], "/api/v2/users/me": me})
    for _ in range(2):
        assert one.pull("users", "cursor:t").cursor == "cursor:t"
        assert any("export of users" in finding.what and finding.ok for finding in one.check())
    assert one.pull("users", "cursor:t").cursor == "cursor:u"
    assert not any("export of users" in finding.what for finding in one.check())


def test_users_are_followed_if_wanted(account: Any) -> None:
    """The stream is there unless the settings say otherwise, and never reads the past."""
    assert [stream.name for stream in account({}, follow_users=False).connector.streams] == ["tickets"]
    _, users = account({}, users_every_s=900).connector.streams
    assert (users.every_s, users.backfill_s) == (900, 0)


def test_limits_are_the_accounts(account: Any) -> None:
    """The export's own limit, and the account's; the add-on has more."""
    one = account({}, export_per_minute=30, requests_per_minute=2_500).connector
    limits = one.limits(one._settings)
    assert [(limit.requests, limit.per_s, limit.paths) for limit in limits] == [
        (30, 60.0, ("/api/v2/incremental/*",)),
        (2_500, 60.0, ("/api/*",)),
    ]


def test_a_row_without_any_side_is_read(account: Any) -> None:
    """Rows that were stored before names were known to it mean what they meant."""
    record = Record(body=json.dumps({"ticket": ticket(brand_id=7)}).encode(), form="row", received_at=Instant(NOW))
    _, observed, _ = account({}).says([record])
    assert observed.fields["brand_id"] == "7"
