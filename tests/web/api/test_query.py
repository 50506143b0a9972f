"""Query strings, read strictly."""

import pytest
from multidict import MultiDict

from gateway.model.instant import parse_instant
from gateway.web.api.contacts import ContactsQuery
from gateway.web.api.problem import Refused
from gateway.web.api.query import WORDS_MAX, QueryReader

reader = QueryReader(ContactsQuery)


def refused(*pairs: tuple[str, str]) -> dict[str, str]:
    """What is wrong with a query, by its place."""
    with pytest.raises(Refused) as caught:
        reader.read(MultiDict(pairs))
    return {wrong.place: wrong.reason for wrong in caught.value.errors}


def test_a_query_is_read_into_its_type() -> None:
    """Lists by repetition, times in any zone, what isn't asked for as the type has it."""
    pairs = [("queue", "a"), ("queue", ""), ("severity", "1"), ("breached", "false"), ("limit", "7"), ("queue", "a")]
    read = reader.read(MultiDict([*pairs, ("due_before", "2026-03-02T10:00:00+01:00"), ("order", "opened")]))

    assert (read.queue, read.severity, read.breached, read.limit, read.order) == (("a", ""), (1,), False, 7, "opened")
    assert read.due_before == parse_instant("2026-03-02T09:00:00Z")
    assert reader.read(MultiDict()) == ContactsQuery()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "1001"), ("limit", "-1"), ("limit", "1e3"), ("limit", "٢"), ("limit", ""),
        ("limit", "9" * 5_000), ("limit", " 5"), ("limit", "5_0"), ("severity", "10"), ("severity", "²"),
        ("breached", "yes"), ("breached", "True"), ("breached", ""), ("order", "id"), ("status", "lost"),
        ("status", "open,new"), ("due_before", "tomorrow"), ("due_before", "2026-03-02T09:00:00"),
        ("due_before", "9" * 5_000), ("text", "x" * 101), ("queue", "x" * 201), ("queue", "\udcff"),
        ("after", "x" * 2_001),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    """With what to ask instead."""
    found = refused((name, value))

    assert set(found) == {f"query.{name}"}
    assert found[f"query.{name}"].startswith(f"{name} is ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """An unknown name among it, and a name that stands twice where one is meant."""
    found = refused(("limit", "1"), ("limit", "1"), ("sort", "id"), ("order", "id"))

    assert set(found) == {"query.limit", "query.sort", "query.order"}
    assert found["query.limit"] == "limit is one number from 1 to 1000"
    assert found["query.order"] == "order is one of changed, due, opened"
    assert found["query.sort"].startswith("'sort' is unknown")
    assert "limit" in refused(("limt", "1"))["query.limt"]


def test_a_list_has_its_bounds() -> None:
    """So many values, and no more."""
    values = [("queue", f"q{number}") for number in range(WORDS_MAX + 1)]

    assert set(refused(*values)) == {"query.queue"}
    assert len(reader.read(MultiDict(values[1:])).queue) == WORDS_MAX
