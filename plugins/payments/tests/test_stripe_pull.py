"""The walk through the account's events: no end of the process, and no event that is shown late, loses any."""

from typing import Any

import pytest
from gateway_payments.stripe import pull
from gateway_payments.stripe.events import PULLED

from gateway.plugin import Permanent, Transient
from plugins.payments.tests.stripe_said import NOW, Account, refused

EVENTS = "/v1/events"
NOW_S = NOW // 1000


def event(number: int, created: int) -> dict[str, Any]:
    return {"object": "event", "id": f"evt_{number}", "created": created, "type": "x", "data": {"object": {}}}


class Log:
    """A list of events as Stripe gives it: the newest first, by pages."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = list(rows)

    def __call__(self, params: Any) -> Any:
        rows = sorted(self.rows, key=lambda row: (-row["created"], row["id"]))
        rows = [row for row in rows if row["created"] >= params["created[gte]"]]
        if after := params.get("starting_after"):
            ids = [row["id"] for row in rows]
            if after not in ids:
                return refused(400, {"error": {"code": "resource_missing", "param": "starting_after"}})
            rows = rows[ids.index(after) + 1 :]
        limit = params["limit"]
        return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": EVENTS}


def walked(account: Account, cursor: str | None = None, now: int = NOW) -> tuple[list[str], str]:
    """The keys of the records up to the end, and the cursor behind them."""
    keys: list[str] = []
    while True:
        page = account.pull(cursor, now)
        keys += [record.key for record in page.records]
        assert not page.more or page.cursor != cursor
        cursor = page.cursor
        if not page.more:
            return keys, cursor


def test_what_is_asked() -> None:
    """At most 20 types, in the account's version; from thirty days ago at first."""
    account = Account({EVENTS: Log()})
    account.pull()
    path, params, headers = account.http.asked[0]

    assert (path, headers["Stripe-Version"]) == (EVENTS, "2026-10-28.endive")
    assert [params[f"types[{place}]"] for place in range(len(PULLED))] == list(PULLED)
    assert len(PULLED) <= 20
    assert params["created[gte]"] == NOW_S - 30 * 86_400


def test_every_event_of_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of one second, too."""
    monkeypatch.setattr(pull, "PER_PAGE", 2)
    log = Log(*(event(number, NOW_S - 100 + number // 4) for number in range(11)))

    assert sorted(walked(Account({EVENTS: log}))[0]) == sorted(f"evt_{number}" for number in range(11))


def test_an_interrupted_walk_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came meanwhile is found by the next walk, for the first one's newest is where that goes down to."""
    monkeypatch.setattr(pull, "PER_PAGE", 2)
    log = Log(*(event(number, NOW_S - 5_000 - number) for number in range(6)))
    page = Account({EVENTS: log}).pull()
    log.rows += [event(number, NOW_S - 10 + number) for number in range(10, 13)]
    rest, cursor = walked(Account({EVENTS: log}), page.cursor)
    later, _ = walked(Account({EVENTS: log}), cursor)

    assert [*(record.key for record in page.records), *rest] == [f"evt_{number}" for number in range(6)]
    assert {"evt_10", "evt_11", "evt_12"} <= {*later}


def test_what_is_shown_late_is_found() -> None:
    """Up to five minutes behind the newest that was seen."""
    log = Log(event(1, NOW_S - 20))
    account = Account({EVENTS: log})
    _, cursor = walked(account)
    log.rows.append(event(2, NOW_S - 320))

    assert walked(account, cursor)[0] == ["evt_1", "evt_2"]


def test_what_is_old_is_not_read_for_ever() -> None:
    """An hour after the last event, what lies before it isn't read again."""
    log = Log(*(event(number, NOW_S - 4_000 + number) for number in range(3)))
    account = Account({EVENTS: log})
    _, cursor = walked(account)

    assert walked(account, cursor)[0] == ["evt_2"]


def test_an_event_from_the_future_hides_nothing() -> None:
    """A clock of theirs that is wrong moves the walk no further than ours."""
    log = Log(event(1, NOW_S + 999_999))
    account = Account({EVENTS: log})
    _, cursor = walked(account)
    log.rows.append(event(2, NOW_S))

    assert "evt_2" in walked(account, cursor)[0]


def test_a_page_behind_an_event_that_is_gone_is_the_end() -> None:
    """Stripe keeps events for thirty days: what is behind one that is older is older still."""
    page = Account({EVENTS: Log(event(1, NOW_S))}).pull(f"{NOW_S - 9}:{NOW_S}:evt_gone")

    assert (list(page.records), page.more) == ([], False)


def test_another_refusal_is_none() -> None:
    """It moves nothing."""
    with pytest.raises(Permanent):
        Account({EVENTS: refused(400, {"error": {"code": "parameter_unknown"}})}).pull(f"{NOW_S}:{NOW_S}:evt_1")


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"data": {}},
        {"data": ["evt_1"]},
        {"data": [{"object": "charge", "id": "ch_1", "created": 1_771_900_000}]},
        {"data": [{"object": "event", "id": "evt_1"}]},
        {"data": [{"object": "event", "id": "x" * 300, "created": 1_771_900_000}]},
        {"data": [event(1, NOW_S)] * 101},
        b"{",
    ],
)
def test_an_api_that_lies_is_ill_weather(answer: Any) -> None:
    """The cursor stays."""
    with pytest.raises(Transient):
        Account({EVENTS: [answer]}).pull()


def test_the_same_page_again_is_no_way_on() -> None:
    """A page that says that there is more, and is the same each time."""
    again = {"data": [event(1, NOW_S)], "has_more": True}
    account = Account({EVENTS: lambda params: again})

    with pytest.raises(Transient):
        account.pull(account.pull().cursor)


@pytest.mark.parametrize("cursor", ["", "x", ":", "1:", "-1:2:", "walk:3"])
def test_a_cursor_of_nobodys_begins_anew(cursor: str) -> None:
    """Nothing is lost by it."""
    account = Account({EVENTS: Log()})
    account.pull(cursor)

    assert account.http.asked[0][1]["created[gte]"] == NOW_S - 30 * 86_400


def test_without_a_key_nothing_is_pulled() -> None:
    """Webhooks are all there is."""
    assert Account(api_key=None).connector.streams == ()
