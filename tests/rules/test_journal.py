"""Two tellings of one fact: which is kept, in any order of arrival."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from gateway.model.event import Event
from gateway.rules.journal import additions, contradicts, is_news, replaces
from tests.rules.worlds import M, customer


def told(text: str, rev: int = 0) -> Event:
    """One fact under one id, told in these words."""
    return customer(M, id="comment-7", text=text, rev=rev)


def kept(*arriving: Event) -> Event:
    """What the journal has after tellings that came one by one."""
    journal: dict[str, Event] = {}
    for event in arriving:
        journal.update(additions(journal, [event])[0])
    return journal["comment-7"]


def test_the_same_telling_twice_is_no_news() -> None:
    """Delivering an event twice changes nothing."""
    assert additions({"comment-7": told("a")}, [told("a"), told("a")]) == ({}, False)
    assert additions({}, [told("a"), told("a")]) == ({"comment-7": told("a")}, False)
    assert not contradicts(told("a"), told("a", rev=1))
    assert not contradicts(told("a"), replace(told("a"), historical=True))


def test_the_higher_rev_wins() -> None:
    """What was read from the vendor beats what was pushed, whichever came first."""
    assert replaces(told("a", 1), told("z", 0))
    assert not replaces(told("z", 0), told("a", 1))
    assert contradicts(told("a", 1), told("z", 0))


def test_of_equal_revs_the_content_decides() -> None:
    """One of the two, and always the same."""
    assert replaces(told("b"), told("a"))
    assert not replaces(told("a"), told("b"))


@pytest.mark.parametrize(
    "tellings",
    [
        (told("a"), told("b"), told("c")),
        (told("a", 1), told("b"), told("a")),
        (told("b"), told("b", 1), told("c")),
        (told("a", 1), told("b", 1), told("c", 0), told("a", 0)),
    ],
)
def test_any_order_of_arrival_keeps_the_same_telling(tellings: tuple[Event, ...]) -> None:
    """One by one or many at once: also where the same content came with a higher rev."""
    assert len({kept(*order) for order in permutations(tellings)}) == 1
    at_once = [additions({}, order)[0] for order in permutations(tellings)]
    assert all(one == {"comment-7": kept(*tellings)} for one in at_once)


def test_it_is_said_whether_something_is_replaced() -> None:
    """What is new is no replacement."""
    assert additions({}, [told("a")])[1] is False
    assert additions({"comment-7": told("a")}, [told("b")])[1] is True
    assert additions({"comment-7": told("a")}, [customer(2 * M)])[1] is False


def test_the_same_fact_with_a_higher_rev_is_kept_and_is_no_news() -> None:
    """What the vendor's log only confirms is noted, so that a later push loses to it, and judged no second time."""
    confirmed = told("a", rev=1)
    journal = {"comment-7": told("a")}
    assert additions(journal, [confirmed]) == ({"comment-7": confirmed}, False)
    assert not is_news(confirmed, journal)
    assert is_news(told("b"), journal)
    assert is_news(told("a"), {})
