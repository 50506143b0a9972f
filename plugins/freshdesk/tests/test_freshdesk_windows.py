"""Windows of changed tickets: nothing is missed while rows move, within a second, or behind an end."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from gateway.plugin import SECOND_MS, Permanent, Transient, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
NOW_S = NOW // SECOND_MS
PATH = "/api/v2/tickets"


def begun(second: int) -> str:
    """The cursor of a run that begins at a second."""
    return f"since:{second}:{second}"


def read(account: Any, ids_of: Any, cursor: str | None = None, *, at_most: int = 400) -> tuple[list[int], str]:
    """Pull to the end: the ids of all rows in their order, and the cursor behind them."""
    found: list[int] = []
    for _ in range(at_most):
        page = account.pull(cursor=cursor)
        found += ids_of(page.records)
        assert page.cursor != cursor or not page.more, "a cursor that stays"
        cursor = page.cursor
        if not page.more:
            return found, page.cursor
    raise AssertionError("it doesn't end")


def test_the_first_request_says_since_when(account: Callable[..., Any], listed: Callable[..., Any]) -> None:
    """Without `updated_since` Freshdesk shows the last thirty days."""
    reader = account({PATH: listed()}, backfill_days=365)
    page = reader.pull()
    assert page.cursor == begun(NOW_S - 3600), "an empty account has a cursor"
    _, params = reader.api.asked[0]
    assert params == {
        "updated_since": "2025-03-02T09:00:00Z",
        "order_by": "updated_at",
        "order_type": "asc",
        "include": "requester,stats,description",
        "per_page": 100,
        "page": 1,
    }


@pytest.mark.parametrize("name", ["deleted", "spam"])
def test_what_was_removed_is_a_list_of_its_own(
    name: str, account: Callable[..., Any], listed: Callable[..., Any]
) -> None:
    """The list of tickets doesn't show it; what that filter shows has ended, whether its rows say so or not."""
    tickets = listed()
    tickets.changed = {7: NOW_S - 60}
    reader = account({PATH: tickets})
    page = reader.pull(name)
    _, params = reader.api.asked[0]
    assert params["filter"] == name
    assert [event.id for event in reader.says(page.records)][-1] == "ticket:7:deleted"


def test_pages_are_turned_by_time(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """Every request is for the first page of a window, and the next run begins a little earlier than the last row."""
    tickets = listed()
    tickets.changed = {id: NOW_S - 1000 + 10 * id for id in range(10)}
    reader = account({PATH: tickets})
    found, cursor = read(reader, ids_of)
    assert list(dict.fromkeys(found)) == list(range(10))
    assert {params["page"] for _, params in reader.api.asked} == {1}
    assert cursor == begun(NOW_S - 910 - 300)


def test_nothing_is_missed_while_rows_move(
    account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any
) -> None:
    """With each page that is shown tickets change, and go to the end of the list: what stays is seen all the same."""
    for seed in range(20):
        chance, tickets = Random(seed), listed(per_page=4)
        tickets.changed = {id: NOW_S - 5000 + chance.randrange(60) for id in range(60)}
        latest = NOW_S - 1000

        def moves(_: Mapping[str, Any], chance: Random = chance, tickets: Any = tickets) -> None:
            nonlocal latest
            for id in chance.sample(sorted(tickets.changed), 2):
                if latest < NOW_S - 900:
                    latest += 1
                    tickets.changed[id] = latest

        tickets.after = moves
        reader = account({PATH: tickets})
        found, _ = read(reader, ids_of)
        assert set(found) == set(tickets.changed), f"seed {seed}"


def test_a_second_with_more_than_a_page(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """It is walked from its last page back to its first: tickets that leave it meanwhile make none be missed."""
    tickets = listed()
    second = NOW_S - 600
    tickets.changed = {id: second for id in range(40)} | {100: second + 5, 101: second - 5}

    def leave(params: Mapping[str, Any]) -> None:
        if params["page"] > 1:
            left = min(id for id, at in tickets.changed.items() if at == second)
            tickets.changed[left] = second + 20 + left

    tickets.after = leave
    reader = account({PATH: tickets})
    found, _ = read(reader, ids_of)
    assert set(found) == set(tickets.changed)
    turned = [params["page"] for _, params in reader.api.asked if "include" in params and params["page"] > 1]
    assert turned == sorted(turned, reverse=True), "backwards"


def test_a_stop_within_a_second_loses_nothing(
    account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any
) -> None:
    """All that is needed is in the cursor: another connector goes on from each."""
    tickets = listed()
    tickets.changed = {id: NOW_S - 600 for id in range(20)}
    found: set[int] = set()
    cursor, more = None, True
    while more:
        account({PATH: tickets}).pull(cursor=cursor)  # read, and lost
        page = account({PATH: tickets}).pull(cursor=cursor)
        found |= set(ids_of(page.records))
        cursor, more = page.cursor, page.more
    assert found == set(tickets.changed)


def test_a_spent_budget_makes_no_search_begin_anew(
    account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any, refusal: Any
) -> None:
    """Where the account allows three requests at a time, the last page of a second is found all the same."""
    tickets, left = listed(), 0
    tickets.changed = {id: NOW_S - 600 for id in range(400)}

    def answers(params: Mapping[str, Any]) -> Any:
        nonlocal left
        left -= 1
        return refusal(429) if left < 0 else tickets(params)

    reader = account({PATH: answers})
    found: set[int] = set()
    cursor, more, pages = None, True, 0
    while more and pages < 200:
        left, pages = 3, pages + 1
        page = reader.pull(cursor=cursor)
        found |= set(ids_of(page.records))
        cursor, more = page.cursor, page.more
    assert not more
    assert found == set(tickets.changed)


def test_a_page_that_is_refused_is_not_passed_over(account: Callable[..., Any], refusal: Any) -> None:
    """A page that is to be read was shown while it was looked for: no wall is before it."""
    with pytest.raises(Permanent):
        account({PATH: refusal(400)}).pull(cursor=f"since:{NOW_S - 900}:{NOW_S - 600}:3")


def test_a_second_behind_the_wall_is_told(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """What Freshdesk shows nobody is no silence."""
    tickets = listed(pages_max=4)
    tickets.changed = {id: NOW_S - 600 for id in range(13)}
    with pytest.raises(
        Permanent, match=r"more than 4 pages of tickets were changed in the second 2026-03-02T08:50:00Z"
    ):
        read(account({PATH: tickets}), ids_of)
    tickets.changed.pop(0)
    found, _ = read(account({PATH: tickets}), ids_of)
    assert set(found) == set(tickets.changed), "as many as there are pages are read"


def test_the_wall_is_met_nowhere_else(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """More rows than there are pages are read, since a window begins where the last one ended."""
    tickets = listed(pages_max=2)
    tickets.changed = {id: NOW_S - 3000 + id for id in range(100)}
    found, _ = read(account({PATH: tickets}), ids_of)
    assert set(found) == set(tickets.changed)


def test_what_is_committed_late_is_found(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """A row that appears behind the cursor, five minutes late at most, is read by the next run."""
    tickets = listed()
    tickets.changed = {1: NOW_S - 400, 2: NOW_S - 10}
    reader = account({PATH: tickets})
    _, cursor = read(reader, ids_of)
    tickets.changed[3] = NOW_S - 300
    found, _ = read(reader, ids_of, cursor)
    assert 3 in found


def test_what_is_old_is_not_read_for_ever(account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any) -> None:
    """Behind thousands that were changed at once nothing may come for days."""
    tickets = listed()
    tickets.changed = {id: NOW_S - 86_400 for id in range(9)}
    reader = account({PATH: tickets})
    _, cursor = read(reader, ids_of)
    assert cursor == begun(NOW_S - 3600)
    found, again = read(reader, ids_of, cursor)
    assert (found, again) == ([], cursor)


def test_an_empty_answer_moves_no_place(account: Callable[..., Any], listed: Callable[..., Any]) -> None:
    """Where nothing was changed since, the next run begins where this one did."""
    assert account({PATH: listed()}).pull(cursor=begun(NOW_S - 100)).cursor == begun(NOW_S - 100)


def test_a_second_that_was_read_while_it_went_on(
    account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any
) -> None:
    """What joins it behind the walk is found by the next run, though nothing came in any later second."""
    tickets = listed()
    tickets.changed = {id: NOW_S for id in range(9)}
    reader = account({PATH: tickets})
    _, cursor = read(reader, ids_of)
    tickets.changed[9] = NOW_S
    found, _ = read(reader, ids_of, cursor)
    assert 9 in found


def test_a_row_is_final_when_its_second_is_over(account: Callable[..., Any], listed: Callable[..., Any]) -> None:
    """Read again behind it, the same row is another record: only then it says that nothing more can come."""
    tickets = listed()
    tickets.changed = {1: NOW_S}
    reader = account({PATH: tickets})
    keys = [reader.pull(now=NOW + later_ms).records[0].key for later_ms in (0, 1_999, 2_000, 9_000)]
    assert keys[0] == keys[1] != keys[2] == keys[3]


def test_a_time_to_come_is_no_place_to_stay(
    account: Callable[..., Any], listed: Callable[..., Any], ids_of: Any
) -> None:
    """A row from next year is read, and what changes now is read behind it."""
    tickets = listed()
    tickets.changed = {1: NOW_S - 60, 2: NOW_S - 50, 3: NOW_S + 31_536_000, 4: NOW_S + 31_536_001}
    _, cursor = read(account({PATH: tickets}), ids_of)
    assert cursor == begun(NOW_S - 300)
    assert account({PATH: listed()}).pull(cursor=begun(NOW_S + 31_536_000)).cursor == begun(NOW_S)


@pytest.mark.parametrize("answer", [b"{}", b"[1]", b'"x"', b"null"])
def test_another_shape_is_ill_weather(answer: bytes, account: Callable[..., Any]) -> None:
    """It moves no cursor."""
    with pytest.raises(Transient):
        account({PATH: answer}).pull()


def test_rows_without_a_time_end_nothing(account: Callable[..., Any]) -> None:
    """That there is more, but not where, is said."""
    with pytest.raises(Transient, match="but not where"):
        account({PATH: [{"id": id} for id in range(100)]}).pull()


def test_a_refusal_of_the_first_page_is_one(account: Callable[..., Any], refusal: Any) -> None:
    """Only behind the first page is a refusal the wall."""
    with pytest.raises(Permanent):
        account({PATH: refusal(400)}).pull()


def test_rows_have_keys_of_their_own(account: Callable[..., Any], listed: Callable[..., Any]) -> None:
    """The same row in another window is the same record; among the deleted ones it is another."""
    tickets = listed()
    tickets.changed = {1: NOW_S - 60}
    reader = account({PATH: tickets})
    first, second = reader.pull().records[0], reader.pull(cursor=begun(NOW_S - 90)).records[0]
    assert first == second
    assert reader.pull("deleted").records[0].key != first.key
    assert (first.key, first.exact, first.stream) == (f"tickets:1:{NOW_S - 60}", True, "tickets")
