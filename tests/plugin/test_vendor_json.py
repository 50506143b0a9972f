"""Single values of a vendor's JSON: what is there is given as it is, and what has another type is refused by name."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.plugin import BadPayload, Json, flag, mapping, mappings, needed, text

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
"""Whatever JSON can hold."""


@pytest.mark.parametrize(
    ("read", "type", "refusal"),
    [(text, str, "a is no text"), (flag, bool, "a is neither true nor false")],
)
@given(value=ANY)
def test_a_value_is_what_it_is_or_refused(
    read: Callable[[Json, str], object], type: type, refusal: str, value: Any
) -> None:
    """Text stays text, a flag a flag, null is None; another type is never made to fit, and the error names the key."""
    if value is None or isinstance(value, type):
        assert read({"a": value}, "a") is value
    else:
        with pytest.raises(BadPayload, match=f"^{refusal}$"):
            read({"a": value}, "a")


def test_what_is_not_there_is_none() -> None:
    """No such key says as much as null; empty text and false are said."""
    assert (text({}, "a"), flag({}, "a"), mappings(None, "tickets")) == (None, None, [])
    assert (text({"a": ""}, "a"), flag({"a": False}, "a")) == ("", False)


@given(ANY)
def test_objects_and_lists_of_them(value: Any) -> None:
    """An object is given as it is, a list of objects with all of them; the error tells the list from its items."""
    if isinstance(value, dict):
        assert mapping(value, "ticket") is value
        assert mappings([value, value], "tickets") == [value, value]
        return
    with pytest.raises(BadPayload, match="^ticket is no object$"):
        mapping(value, "ticket")
    with pytest.raises(BadPayload, match="^an item of tickets is no object$"):
        mappings([{}, value], "tickets")
    if value is not None and not isinstance(value, list):
        with pytest.raises(BadPayload, match="^tickets is no list$"):
            mappings(value, "tickets")


@pytest.mark.parametrize("value", ["", 0, False])
def test_what_is_needed_is_there_even_if_it_is_nothing_much(value: object) -> None:
    """Only None is missing."""
    assert needed(value, "id") is value
    with pytest.raises(BadPayload, match="^id is missing$"):
        needed(None, "id")
