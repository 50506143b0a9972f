"""The types of enrichers' facts: as declared, bounded, kept as text, and what a policy makes of them."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.document import Problems
from gateway.policy.facts_types import (
    DEPTH_MAX,
    FIELDS_MAX,
    UNTYPED,
    WORDS,
    FactsType,
    facts_type_of,
    read_told,
    told,
)
from gateway.policy.kept import Unreadable, load_kept, pack_calendars, read_kept
from gateway.policy.load import Loaded, load_policy
from tests.policy.build import facts
from tests.support.purse import PurseFacts
from tests.support.told import told as shown

POLICY = """\
severity:
  - {id: big, when: contact.facts.payments.paid > 3, severity: 1}
enrich:
  - {id: paid, enricher: payments}
"""


class Kind(StrEnum):
    """A word."""

    A = "a"


class Inner(msgspec.Struct):
    amount: float = 0.0


class Everything(msgspec.Struct, rename={"called": "calledOtherwise"}):
    """One field of each type."""

    word: str = ""
    number: float = 0.0
    count: int = 0
    flag: bool = False
    kind: Kind = Kind.A
    choice: Literal["a", "b"] = "a"
    mixed: Literal["a", 1] = "a"
    maybe: Annotated[str | None, msgspec.Meta(max_length=3)] = None
    either: str | int = ""
    when: datetime | None = None
    words: tuple[str, ...] = ()
    inners: list[Inner] = []
    nested: list[list[int]] = []
    anything: dict[str, Any] = {}
    called: int = 0


class Endless(msgspec.Struct):
    """It has itself inside."""

    again: "Endless | None" = None
    word: str = ""


class Wide(msgspec.Struct):
    """So many of itself that a tree of them has no end."""

    a: "list[Wide]" = []
    b: "list[Wide]" = []
    c: "list[Wide]" = []
    d: "list[Wide]" = []
    e: "list[Wide]" = []
    f: "list[Wide]" = []


def test_each_type_has_its_word() -> None:
    """By the names under which facts are stored; what has no type of ours may be anything."""
    assert facts_type_of(None) == UNTYPED
    assert facts_type_of(Everything) == {
        "word": "text",
        "number": "number",
        "count": "whole",
        "flag": "flag",
        "kind": "text",
        "choice": "text",
        "mixed": "anything",
        "maybe": "text",
        "either": "anything",
        "when": "anything",
        "words": ["text"],
        "inners": [{"amount": "number"}],
        "nested": "anything",
        "anything": UNTYPED,
        "calledOtherwise": "whole",
    }


def size(type_: FactsType) -> tuple[int, int]:
    """How many fields a type has in all, and how deep they lie."""
    if isinstance(type_, str):
        return 0, 0
    inner = [size(one) for one in (type_ if isinstance(type_, list) else type_.values())]
    own = 0 if isinstance(type_, list) else 1
    return own * len(inner) + sum(count for count, _ in inner), own + max((deep for _, deep in inner), default=0)


@pytest.mark.parametrize("declared", [Endless, Wide])
def test_types_without_an_end_are_cut(declared: type[msgspec.Struct]) -> None:
    """At a depth and a number; conditions are compiled all the same."""
    count, deep = size(facts_type_of(declared))

    assert count <= FIELDS_MAX + 6 and deep <= DEPTH_MAX + 1
    load_policy(POLICY.replace(".paid > 3", ".again.again.word == ''"), "p", enrichers={"payments": Endless})
    load_policy("enrich:\n  - {id: e, enricher: payments}\n", "p", enrichers={"payments": declared})


TYPES = st.recursive(
    st.sampled_from(sorted(WORDS)),
    lambda inner: (
        st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | inner.filter(lambda one: not isinstance(one, list)).map(lambda one: [one])
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), TYPES, max_size=3))
def test_what_is_told_is_read(types: dict[str, FactsType]) -> None:
    """Whatever the types and names are; the same types are told by the same bytes, whatever their order."""
    assert read_told(told(types)) == types
    assert told(dict(reversed(types.items()))) == told(types)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"a":"string"}', b'{"a":[]}', b'{"a":[["text"]]}', b'{"a":null}', b"\xff", b'{"a":{"b":5}}']
)
def test_what_nobody_told_is_refused(body: bytes) -> None:
    """A kept policy with it says that it is damaged."""
    with pytest.raises(ValueError):
        read_told(body)
    with pytest.raises(Unreadable):
        read_kept(POLICY, body, "p")


# ── In a policy ──────────────────────────────────────────────────────────────────────────────────────────────────────


def wrong(text: str, enrichers: dict[str, type | None] | None) -> list[str]:
    """What is wrong with a policy where these are configured."""
    with pytest.raises(Problems) as caught:
        load_policy(text, "p", enrichers=enrichers)
    return [shown(problem).removeprefix("p:") for problem in caught.value.problems]


def severity(loaded: Loaded, **known: object) -> bool:
    """Whether the first rule of severity matches a contact with these facts."""
    return loaded.policy.matcher.verdict("severity", facts(facts={"payments": known})).matched[0]


def test_who_knows_of_no_enricher_says_nothing_of_them() -> None:
    """That none is configured is another thing: then whoever is asked is unknown, once and at its place."""
    load_policy(POLICY, "p")

    assert wrong(POLICY, {}) == [
        "4:26: unknown-enricher: there is no enricher 'payments'; add it under `enrichers` in gateway.yaml"
    ]
    assert wrong(POLICY, {"payment": None}) == [
        "4:26: unknown-enricher: there is no enricher 'payments'; did you mean 'payment'?"
    ]
    load_policy(POLICY, "p", enrichers={"payments": None})


def test_facts_of_nobody_are_no_field() -> None:
    """Neither asked nor configured."""
    assert wrong(POLICY.partition("enrich")[0], {}) == [
        "2:34: bad-expression: contact.facts has no field 'payments'; add an enricher of that name under "
        "`enrichers` in gateway.yaml"
    ]


def test_a_wrong_type_is_an_error_at_its_place() -> None:
    """Where the types are known; else it fails where it is evaluated."""
    text = POLICY.replace("paid > 3", "paid > 'x'").replace("when: contact", 'when: "contact').replace("'x'", "'x'\"")
    (problem,) = wrong(text, {"payments": PurseFacts})

    assert problem == "2:50: bad-expression: '>' can't be applied to (int, string)"
    assert not severity(load_policy(text, "p"), paid=5)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        (
            "contact.facts.payments.number > 3",
            "'>' can't be applied to (double, int); write the number as the field is: 10 is whole, 10.0 isn't",
        ),
        ("contact.facts.payments", "a condition must give true or false; compare a field of contact.facts.payments"),
    ],
)
def test_mistakes_over_facts_say_what_to_write(condition: str, told: str) -> None:
    """In the words of the policy, not in those of the language behind it."""
    (problem,) = wrong(POLICY.replace("contact.facts.payments.paid > 3", condition), {"payments": Everything})

    assert problem.partition("bad-expression: ")[2] == told


def test_the_types_of_facts_are_a_part_of_the_policy() -> None:
    """Of those that it uses, and only where they are known: another type is another policy."""
    nobody, typed = load_policy(POLICY, "p"), load_policy(POLICY, "p", enrichers={"payments": PurseFacts})
    beside = load_policy(POLICY, "p", enrichers={"payments": PurseFacts, "other": Everything})
    other = load_policy(
        POLICY, "p", enrichers={"payments": msgspec.defstruct("Other", [("paid", int, 0), ("more", str, "")])}
    )
    untyped = load_policy(POLICY, "p", enrichers={"payments": None})

    assert nobody.policy.hash == untyped.policy.hash
    assert typed.policy.hash == beside.policy.hash
    assert len({one.policy.hash for one in (nobody, typed, other)}) == 3
    assert (nobody.facts, typed.facts, untyped.facts) == (
        b"",
        told({"payments": facts_type_of(PurseFacts)}),
        told({"payments": UNTYPED}),
    )


def test_a_kept_policy_has_the_types_of_its_time() -> None:
    """Nobody need be configured any more. A fact that is missing has its default by the types, and is an error without:
    what was judged once is judged the same for ever."""
    text = POLICY.replace("paid > 3", "paid < 3")
    calendars = pack_calendars({})
    typed, untyped = (load_policy(text, "p", enrichers={"payments": known}) for known in (PurseFacts, None))

    for loaded, matches in ((typed, True), (untyped, False)):
        kept = load_kept(text, calendars, loaded.facts, loaded.policy.hash)
        assert kept.matcher.verdict("severity", facts(facts={"payments": {}})).matched[0] is matches
        assert severity(loaded) is matches
        assert read_kept(text, loaded.facts, "p").policy.hash == loaded.policy.hash


def test_facts_that_are_read_and_never_asked_are_kept_too() -> None:
    """Else the policy could not be read once its enricher is gone."""
    text = POLICY.partition("enrich")[0]
    loaded = load_policy(text, "p", enrichers={"payments": PurseFacts})

    assert read_kept(text, loaded.facts, "p").policy.hash == loaded.policy.hash
