"""A condition's syntax as plain values: what says the same is equal, what differs is not."""

import pytest

from gateway.policy.contact_message import ContactMessage
from gateway.policy.expressions import Language
from gateway.policy.facts_types import UNTYPED
from gateway.policy.syntax import (
    Call,
    Constant,
    Listed,
    Loop,
    Select,
    Tree,
    Variable,
    children,
    put,
    quantified,
    tree_of,
)

LANGUAGE = Language(ContactMessage({"paid": UNTYPED}))
CONTACT = Variable("contact")
KIND, TAGS = Select(CONTACT, "kind"), Select(CONTACT, "tags")


def tree(text: str) -> Tree:
    """The syntax of a condition."""
    return tree_of(LANGUAGE.compile(text).program.serialize())


def test_the_parts() -> None:
    """Constants keep their types, a method's target comes first, `has` is a tested select."""
    assert tree('contact.kind == "call"') == Call("_==_", (KIND, Constant("string_value", "call")))
    assert tree('contact.kind.startsWith("c")') == Call("startsWith", (KIND, Constant("string_value", "c")))
    assert tree("has(contact.facts.paid)") == Select(Select(CONTACT, "facts"), "paid", tested=True)
    assert tree("contact.kind in []") == Call("@in", (KIND, Listed(())))
    assert tree("true") == Constant("bool_value", True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contact.fields.a == 1", "contact.fields.a == true"),
        ("contact.fields.a == 1", "contact.fields.a == 1.0"),
        ("contact.fields.a == 1", "contact.fields.a == 1u"),
        ('contact.fields.a == "x"', 'contact.fields.a == b"x"'),
        ("has(contact.fields.a)", "has(contact.fields.b)"),
        ('contact.fields == {"a": 1}', 'contact.fields == {"b": 1}'),
        ("contact.fields.a == null", "contact.fields.a == false"),
    ],
)
def test_what_differs(one: str, other: str) -> None:
    """By type, by word, by field."""
    assert tree(one) != tree(other)


def test_layout_makes_no_difference() -> None:
    """Blanks, parentheses and comments say nothing."""
    assert tree('(contact.kind=="call")  // calls') == tree('contact.kind == "call"')


def test_loops() -> None:
    """`exists` and `all` are told from other loops, with what they ask of each element."""
    asked = Call("_==_", (Variable("t"), Constant("string_value", "x")))
    found = [tree(f'contact.tags.{name}(t, t == "x")') for name in ("exists", "all", "exists_one")[:2]]

    assert all(isinstance(one, Loop) and one.over == TAGS for one in found)
    assert [quantified(one) for one in found if isinstance(one, Loop)] == [("exists", asked), ("all", asked)]
    other = tree('contact.tags.exists_one(t, t == "x")')
    assert any(isinstance(part, Loop) and quantified(part) is None for part in (other, *children(other)))


def test_a_value_in_the_place_of_a_name() -> None:
    """Everywhere but in a loop that takes the same name."""
    value = Constant("string_value", "x")
    inner = tree('["a"].exists(t, t in contact.tags) && contact.kind == "call"')

    assert put(Call("f", (Variable("t"), KIND)), "t", value) == Call("f", (value, KIND))
    assert put(inner, "t", value) == inner
    assert put(Select(Listed((Variable("t"),)), "a"), "t", value) == Select(Listed((value,)), "a")
