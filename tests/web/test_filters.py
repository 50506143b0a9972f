"""What a board's address asks for, and how it is written again."""

from typing import get_args
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from multidict import MultiDict

from gateway.kernel.board import Wanted
from gateway.model.words import Channel
from gateway.web.api.contacts import ContactsQuery
from gateway.web.api.query import WORDS_MAX, QueryReader
from gateway.web.asked import BadQuestion
from gateway.web.pages.filters import BREACHED, ESCALATED, LISTS, NONE, Filters, filters_of
from tests.web.worlds import NOW, M

CHANNELS = st.sampled_from(get_args(Channel))
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
PAIRS = st.one_of(
    st.tuples(st.sampled_from([name for name in LISTS if name not in ("severity", "channel")]), WORDS),
    st.tuples(st.just("channel"), CHANNELS),
    st.tuples(st.just("severity"), st.sampled_from("123456789")),
    st.tuples(st.just("breached"), st.sampled_from(list(BREACHED))),
    st.tuples(st.just("escalated"), st.sampled_from(list(ESCALATED))),
    st.tuples(st.just("within"), st.integers(1, 10_080).map(str)),
    st.tuples(st.just("text"), WORDS),
)


def asked(address: str) -> Filters:
    """The filters of an address."""
    return filters_of(MultiDict(parse_qsl(urlsplit(address).query, keep_blank_values=True)))


@settings(max_examples=50)
@given(st.lists(PAIRS, max_size=8, unique_by=lambda pair: pair[0]))
def test_an_address_says_again_what_was_asked(pairs: list[tuple[str, str]]) -> None:
    """Whatever is asked is asked again by the address that is written for it; each choice takes away itself alone."""
    filters = filters_of(MultiDict(pairs))

    assert asked(filters.href("/")) == filters
    for choice, pair in zip(filters.choices("/"), filters.pairs, strict=True):
        assert set(asked(choice.without).pairs) == set(filters.pairs) - {pair}


def test_what_is_asked_of_the_store() -> None:
    """Several words of one field, none by its sign, minutes from now; what is empty says nothing."""
    filters = asked("/?queue=fraud&queue=~&severity=1&breached=false&within=15&escalated=active&text=+paid+&team=")

    assert filters.wanted(NOW) == Wanted(
        queue=("fraud", ""),
        severity=(1,),
        breached=False,
        escalated="active",
        due_before=NOW + 15 * M,
        text="paid",
    )
    assert [choice.words for choice in filters.choices("/")] == [
        "queue fraud",
        "no queue",
        "severity 1",
        "not breached",
        "due within 15 min",
        "escalated, nobody has taken it",
        "with “paid”",
    ]


def test_one_word_is_put_in_place_of_another() -> None:
    """A number's link keeps the filters that it isn't about; the place of a page is never kept."""
    filters = asked("/?queue=fraud&breached=true&after=p1")

    assert filters.after == "p1"
    assert filters.href("/", breached="false", within="15") == "/?queue=fraud&breached=false&within=15"
    assert filters.href("/", breached="", queue="") == "/"
    assert filters.href("/", after="p 2") == "/?queue=fraud&breached=true&after=p+2"


@settings(max_examples=50)
@given(st.lists(PAIRS, max_size=8, unique_by=lambda pair: pair[0]), st.booleans())
def test_the_sheet_has_what_the_board_has(pairs: list[tuple[str, str]], nobodys: bool) -> None:
    """The API takes the address of the sheet, and wants of the store what the board wants; minutes from now aside."""
    filters = filters_of(MultiDict([*pairs, *([("assignee", NONE)] if nobodys else [])]))
    query = MultiDict(parse_qsl(urlsplit(filters.sheet()).query, keep_blank_values=True))

    assert QueryReader(ContactsQuery).read(query).wanted() == replace(filters.wanted(NOW), due_before=None)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("colour=red", "'colour' can't be asked"),
        ("severity=0", "severity is one number from 1 to 9"),
        ("severity=²", "severity is one number from 1 to 9"),
        ("breached=yes", "breached is one word, true or false"),
        ("escalated=maybe", "escalated is one of"),
        ("within=0", "within is one number of minutes"),
        ("within=99999999", "within is one number of minutes"),
        ("within=-1", "within is one number of minutes"),
        ("within=5&within=6", "within is one number of minutes"),
        ("text=a&text=b", "text is one text"),
        (f"text={'a' * 101}", "text of 0 to 100"),
        (f"queue={'a' * 201}", "text of 0 to 200"),
        ("channel=carrier", "channel is one of api"),
        ("status=open", "'status' can't be asked"),
        ("&".join(f"queue=q{number}" for number in range(WORDS_MAX + 1)), f"at most {WORDS_MAX}"),
        ("after=a&after=b", "after is one place"),
    ],
)
def test_what_cannot_be_asked_is_said(query: str, why: str) -> None:
    """A wrong word is refused with what it may be, and never taken for another."""
    with pytest.raises(BadQuestion, match=why):
        asked(f"/?{query}")


def test_half_a_character_is_refused() -> None:
    """What can't be written isn't asked of the store."""
    with pytest.raises(BadQuestion, match="text is one text"):
        filters_of(MultiDict({"text": "\ud800"}))
