"""Ids that are derived from their causes, and what is known of a customer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identity import Customer, Handle, Ref, StrandKey, contact_id, derived_id

# Parts that look like the separators and lengths which a careless joining would use.
AWKWARD = st.text(alphabet="0123456789:,|. a\x00é\ud800", max_size=6)


def test_an_id_has_its_prefix_and_no_dot() -> None:
    """26 letters and digits behind the prefix; the signed content of a webhook is split by dots."""
    assert re.fullmatch(r"msg_[a-z2-7]{26}", derived_id("msg", "sla.breached", "fr", 12))


@given(st.lists(AWKWARD, max_size=4), st.lists(AWKWARD, max_size=4))
def test_no_two_lists_of_causes_read_alike(left: list[str], right: list[str]) -> None:
    """Wherever the parts are cut, other parts give another id."""
    assert (derived_id("x", *left) == derived_id("x", *right)) == (left == right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("ab", "c"), ("a", "bc")),
        (("a", ""), ("a",)),
        (("", "a"), ("a", "")),
        (("1:a",), ("a",)),
        (("a1:b",), ("a", "b")),
        ((), ("",)),
    ],
)
def test_parts_cannot_be_shifted(left: tuple[str, ...], right: tuple[str, ...]) -> None:
    """A part that holds the look of another one stays one part."""
    assert derived_id("x", *left) != derived_id("x", *right)


def test_deciding_twice_gives_the_same_id() -> None:
    """An id is a hash of its causes: the same in every process, for ever."""
    assert derived_id("msg", "a", 1) == derived_id("msg", "a", 1) == "msg_jyc2xvurdoa4zjbgk754swm2va"


def test_halves_of_a_surrogate_pair_have_an_id() -> None:
    """Text that no encoding takes still names something."""
    assert derived_id("x", "\ud800") != derived_id("x", "\udc00")


def test_the_same_object_at_two_connectors_is_two_contacts() -> None:
    """A contact's id names connector, kind and id of its first strand."""
    keys = [StrandKey("a", "ticket", "1"), StrandKey("b", "ticket", "1"), StrandKey("a", "call", "1")]
    assert len({contact_id(key) for key in keys}) == 3
    assert keys[0].ref == Ref("ticket", "1")
    assert str(keys[0]) == "a:ticket:1"


@pytest.mark.parametrize(
    ("customer", "known"),
    [
        (Customer(), False),
        (Customer(name="Ada"), False),
        (Customer(verified=("ada@example.com",)), False),
        (Customer(id="7"), True),
        (Customer(email="ada@example.com"), True),
        (Customer(phone="+15550100"), True),
        (Customer(handles=(Handle("mastodon", "@ada"),)), True),
    ],
)
def test_a_customer_is_known_by_what_finds_them(customer: Customer, known: bool) -> None:
    """A name alone finds nobody."""
    assert customer.known is known


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        (None, ""),
        ("", ""),
        ("ada", ""),
        ("ada@Example.COM", "example.com"),
        ("a@b@c.example", "c.example"),
        ("ada@", ""),
    ],
)
def test_the_domain_is_what_follows_the_last_at_sign(email: str | None, domain: str) -> None:
    """In lower case; empty where there is none."""
    assert Customer(email=email).domain == domain
