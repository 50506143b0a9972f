"""What single comparisons are taken to say is what the language makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.contact_message import ContactMessage
from gateway.policy.expressions import Language
from gateway.policy.facts_types import UNTYPED
from gateway.policy.lint.atoms import compared, may_fail, steps_of, words_of
from gateway.policy.syntax import Call, Loop, Tree, quantified, tree_of
from tests.policy.build import facts

MESSAGE = ContactMessage({"paid": UNTYPED})
LANGUAGE = Language(MESSAGE)
WORDS = ("", "a", "b", "c")

asked = st.recursive(
    st.sampled_from(["t == 'a'", "'b' == t", "t != 'a'", "t in ['a', 'b']", "t in []", "true", "false"]),
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.tuples(inner, inner).map(" && ".join).map("({})".format),
        st.tuples(inner, inner).map(" || ".join).map("({})".format),
    ),
    max_leaves=6,
)


def tree(text: str) -> Tree:
    """The syntax of a condition."""
    return tree_of(LANGUAGE.compile(text).program.serialize())


def holds(text: str, **changes: object) -> bool:
    """Whether a condition holds for a contact."""
    variables = LANGUAGE.bind(MESSAGE.build(facts(**changes), ("tags", "channel", "severity", "queue")))
    return LANGUAGE.evaluate(LANGUAGE.compile(text), variables) is True


@given(asked)
def test_the_words_of_a_question(text: str) -> None:
    """A word is among those that a question asks for if the language says so."""
    loop = tree(f"contact.tags.exists(t, {text})")
    assert isinstance(loop, Loop)
    found = quantified(loop)
    assert found is not None
    words = words_of(found[1], "t")
    assert words is not None

    assert [(word in words[0]) != words[1] for word in WORDS] == [
        holds(f"contact.tags.exists(t, {text})", tags=(word,)) for word in WORDS
    ]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "contact.channel == 'chat'",
            "'chat' != contact.channel",
            "contact.channel < 'email'",
            "'email' >= contact.channel",
        ),
        *("contact.channel in ['chat', 'web']", "contact.channel.startsWith('s')", "contact.channel.contains('a')"),
        *("contact.channel.endsWith('l')", "has(contact.channel)", "contact.channel in []"),
    ],
)
def test_a_comparison_of_a_channel(text: str) -> None:
    """For every channel the same as in the language."""
    found = compared(tree(text))
    assert found is not None

    assert found[0] == "channel"
    for channel in ("email", "web", "phone", "chat", "in_app", "sms", "whatsapp", "social", "api", "other"):
        assert found[1](channel) == holds(text, channel=channel)


@pytest.mark.parametrize(
    "text", ["contact.severity < 3", "3 <= contact.severity", "contact.severity in [1, 4]", "2 > contact.severity"]
)
def test_a_comparison_of_the_severity(text: str) -> None:
    """Either way round."""
    found = compared(tree(text))
    assert found is not None

    assert [found[1](severity) for severity in range(1, 6)] == [
        holds(text, severity=severity) for severity in range(1, 6)
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("contact.channel == contact.kind", "contact.channel in [contact.kind]", "contact.channel.matches('a')"),
        *("contact.fields.channel == 'chat'", "[1, 2].exists(c, c == contact.reopened)"),
    ],
)
def test_what_is_no_comparison_with_constants(text: str) -> None:
    """It stays a fact of its own."""
    assert compared(tree(text)) is None


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        *((text, False) for text in ("contact.customer.known", "contact.subject.size() > 3", "has(contact.fields.a)")),
        *(
            (text, False)
            for text in ("contact.kind == contact.channel", "'a' in contact.fields", "contact.csat.ratio < 0.5")
        ),
        *((text, True) for text in ("contact.fields.a == 1", "has(contact.fields.a.b)", "contact.facts.paid.x == 1")),
        *(
            (text, True)
            for text in ("1 / contact.reopened == 1", "int(contact.subject) == 1", "contact.tags[0] == 'a'")
        ),
    ],
)
def test_what_may_fail(text: str, fails: bool) -> None:
    """What may be missing, of another type, or no number; what has a default never fails."""
    assert may_fail(tree(text)) == fails


def test_steps() -> None:
    """Loops in loops multiply; nobody knows how many connectors there are."""
    once, twice = (
        tree("contact.tags.exists(a, a == 'x')"),
        tree("contact.tags.all(a, contact.tags.all(b, a + b != ''))"),
    )

    assert (steps_of(once), steps_of(twice)) == (64, 64 * 65)
    assert steps_of(Call("_&&_", (once, twice))) == 64 + 64 * 65
    assert steps_of(tree("contact.connectors.exists(c, c == 'x')")) == float("inf")
    assert steps_of(tree("contact.kind == 'call'")) == 0
