"""Judging by conditions: hostile contacts, rules that fail alone, and the list that equals one by one."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.model.contact import Facts
from gateway.model.identity import Customer
from gateway.policy.contact_message import ContactMessage
from gateway.policy.expressions import Language
from gateway.policy.matcher import CompiledMatcher, CompiledRule
from tests.policy.build import facts, loaded, rules

BOMB = "contact.tags.all(a, contact.tags.all(b, contact.tags.all(c, a + b + c != '')))"
"""Work that grows with the cube of the tags."""

MESSAGE = ContactMessage({})
LANGUAGE = Language(MESSAGE)

WEIGHT = "contact.tags.all(a, contact.tags.all(b, a + b != ''))"
"""Work that fits into the budget alone, but not three times."""


def test_a_division_by_zero_fails_alone() -> None:
    """A rule that divides by zero counts as not matched, is named with its reason, and the others decide."""
    matcher = loaded(rules("true", "1 / contact.reopened == 1", 'contact.kind == "call"', "", "!false")).policy.matcher
    verdict = matcher.verdict("severity", facts())

    assert verdict.matched == (True, False, False, True, True)
    assert verdict.failed == {"r1": "divide by zero"}


def test_a_bomb_fails_alone() -> None:
    """A nested comprehension over many tags runs out of its budget; the other rules still decide."""
    matcher = loaded(rules('"t1" in contact.tags', BOMB, "contact.tags.size() == 64")).policy.matcher
    verdict = matcher.verdict("severity", facts(tags=tuple(f"t{n}" for n in range(10_000))))

    assert verdict.matched == (True, False, True)
    assert verdict.failed == {"r1": "too much work: more than 10,000 steps"}


def test_the_budget_is_each_rules_own() -> None:
    """Rules that are too much work together, but not alone, all decide."""
    matcher = loaded(rules(WEIGHT, WEIGHT, WEIGHT)).policy.matcher
    verdict = matcher.verdict("severity", facts(tags=tuple(f"t{n}" for n in range(64))))

    assert (verdict.matched, verdict.failed) == ((True, True, True), {})


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("contact.fields.none == 1", 'Key not found in map : "none"'),
        ("contact.fields.plan < 3", "No matching overloads found : _<_(string, int64)"),
        ('timestamp("soon") == contact.opened_at', "String to Timestamp conversion failed"),
        ('contact.opened_at.getHours("No/Where") == 1', "Invalid timezone"),
    ],
)
def test_reasons(condition: str, reason: str) -> None:
    """What fails only with a contact is told in the verdict."""
    matcher = loaded(rules(condition)).policy.matcher

    assert matcher.verdict("severity", facts(fields={"plan": "gold"})).failed == {"r0": reason}


def test_limits() -> None:
    """At most 64 tags of 100 characters and 100 fields reach the rules; the rest is counted."""
    matcher = loaded(
        rules(
            "contact.tags.size() == 64",
            "contact.tags.all(t, t.size() == 100)",
            "contact.fields.size() == 100 && has(contact.fields.f99) && !has(contact.fields.f100)",
        )
    ).policy.matcher
    contact = facts(tags=(f"{n:0200}" for n in range(10_000)), fields={f"f{n}": n for n in range(10_000)})
    verdict = matcher.verdict("severity", contact)

    assert verdict.matched == (True, True, True)
    assert verdict.cut == {"tags": 10_000, "fields": 9_900}


@pytest.mark.parametrize(
    ("condition", "cut"),
    [
        ("contact.tags.size() == 64", {"tags": 3}),
        ("has(contact.fields.f100)", {"fields": 5}),
        ('contact.fields["f1"] == 1 && "a" in contact.tags', {"tags": 3, "fields": 5}),
        ("contact == contact", {"tags": 3, "fields": 5}),
        ('contact.kind == "call"', {}),
        ("", {}),
    ],
)
def test_what_is_cut(condition: str, cut: dict[str, int]) -> None:
    """A section counts what it did not get to see of what it reads: tags left out or shortened, and fields left out."""
    matcher = loaded(rules(condition, section="sla")).policy.matcher
    tags = ("a" * 101, *(f"t{n}" for n in range(63)), "b" * 101, "c")

    assert matcher.verdict("sla", facts(tags=tags, fields={f"f{n}": n for n in range(105)})).cut == cut


def test_nothing_is_cut() -> None:
    """A contact with 64 tags of 100 characters and 100 fields comes through whole, and nothing is counted."""
    matcher = loaded(rules("contact.tags.size() == 64 && contact.fields.size() == 100")).policy.matcher
    verdict = matcher.verdict(
        "severity", facts(tags=(f"{n:0100}" for n in range(64)), fields={f"f{n}": n for n in range(100)})
    )

    assert (verdict.matched, verdict.cut) == ((True,), {})


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ('contact.fields.plan == "gold"', True),
        ('contact.fields["plan"] == "gold"', True),
        ('has(contact.fields.plan) && !has(contact.fields.other) && !("other" in contact.fields)', True),
        ('"plan" in contact.fields', True),
        ("contact.fields[contact.group] == 1.0", True),
        ("contact.group in contact.fields", True),
        ('contact.fields.exists(name, name == "seats")', True),
        ('["plan"].all(name, contact.fields[name] == "gold")', True),
        ("contact.fields.size() == 2", True),
        ('["x"].all(contact, contact == "x") && contact.fields.plan == "gold"', True),
        ("contact.fields.plan == contact.fields.missing", False),
    ],
)
def test_reading_fields(condition: str, matches: bool) -> None:
    """A field is found whichever way it is read: by a name that stands there, by one that is worked out, in a loop."""
    matcher = loaded(rules(condition)).policy.matcher
    contact = facts(group="seats", fields={"plan": "gold", "seats": 1})

    assert matcher.verdict("severity", contact).matched == (matches,)


def test_a_field_beyond_the_limit_has_no_name() -> None:
    """The 101st field is not seen, by its name either."""
    matcher = loaded(rules("has(contact.fields.f99)", "has(contact.fields.f100)")).policy.matcher

    assert matcher.verdict("severity", facts(fields={f"f{n}": n for n in range(200)})).matched == (True, False)


@pytest.mark.parametrize(
    ("condition", "fields"),
    [
        ("contact.fields.x > 1 || contact.fields.x <= 1 || true", {"x": float("nan")}),
        ("contact.fields.x > 1", {"x": float("inf")}),
        ("contact.fields.x > 1", {"x": 10**400}),
        ("contact.fields.x < 1", {"x": -(10**400)}),
        ("contact.fields.x == 'a\\x00b'", {"x": "a\x00b"}),
        ("contact.fields.x == 'a?'", {"x": "a\ud800"}),
        ("has(contact.fields.x)", {"x": None, "\udfff": "a", "": "b"}),
    ],
)
def test_strange_values(condition: str, fields: dict[str, str | float | int | None]) -> None:
    """Numbers without end, half characters and zero bytes are values like others."""
    verdict = loaded(rules(condition)).policy.matcher.verdict("severity", facts(fields=fields))

    assert (verdict.matched, verdict.failed) == ((True,), {})


def test_strange_texts() -> None:
    """Half characters in any text are mended on the way to the rules."""
    odd = "\ud83d\x00é"
    matcher = loaded(rules("contact != contact || true", section="sla")).policy.matcher
    contact = facts(
        subject=odd,
        group=odd,
        assignee=odd,
        language=odd,
        tags=(odd,),
        reopened=2**70,
        customer=Customer(email=odd + "@" + odd, phone=odd),
        facts={"payments": {odd: odd}},
    )

    assert matcher.verdict("sla", contact).failed == {}


class Nested(msgspec.Struct):
    text: str = ""
    many: list[int] = []
    deeper: "Nested | None" = None
    either: int | str = 0
    pair: tuple[float, ...] = ()


def test_strange_facts() -> None:
    """Facts that don't fit their types keep the defaults; a type that holds itself, or one of two, is understood."""
    matcher = loaded(
        rules(
            "has(contact.facts.n)",
            'contact.facts.n.text == ""',
            "contact.facts.n.many == [1, 9223372036854775807]",
            'contact.facts.n.deeper.deeper.text == "down"',
            'contact.facts.n.either == "word"',
            "contact.facts.n.pair.size() == 0",
        ),
        n=Nested,
    ).policy.matcher
    answer = {
        "text": 3,
        "many": [1, "two", True, 2**80, None],
        "deeper": {"deeper": {"text": "down"}},
        "either": "word",
        "pair": "no list",
    }

    assert matcher.verdict("severity", facts(facts={"n": answer})).matched == (True,) * 6
    assert matcher.verdict("severity", facts(facts={"n": ["no", "mapping"]})).matched[0]


def test_deep_facts() -> None:
    """Untyped facts that are nested without end are cut."""
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"a": deep}
    text = rules("has(contact.facts.deep.a)") + "enrich: [{id: e, enricher: deep}]\n"

    assert loaded(text).policy.matcher.verdict("severity", facts(facts={"deep": deep})).matched == (True,)


def test_no_conditions() -> None:
    """Rules without a condition always match, whatever the contact is."""
    assert loaded(rules("", "")).policy.matcher.verdict("severity", facts()).matched == (True, True)
    assert loaded(rules("")).policy.matcher.verdict("routing", facts()).matched == ()


def test_a_rule_too_deep_for_the_list() -> None:
    """A condition that compiles alone, but not inside the list, is judged all the same."""
    deep = next(
        condition
        for depth in range(40, 0, -1)
        if compiles(condition := "(" * depth + "contact.reopened == 0" + ")" * depth)
    )
    matcher = loaded(rules(deep, 'contact.kind == "call"')).policy.matcher

    assert matcher.verdict("severity", facts()).matched == (True, False)


def compiles(condition: str) -> bool:
    from gateway.kernel.document import Problems

    try:
        loaded(rules(condition))
    except Problems:
        return False
    return True


def test_hundreds_of_rules() -> None:
    """A section may have hundreds of conditions, and each is that of its own rule; one that fails stays alone."""
    texts = [f"contact.reopened == {n}" for n in range(300)]
    texts[130] = "1 / (contact.reopened - 290) == 1"
    verdict = loaded(rules(*texts)).policy.matcher.verdict("severity", facts(reopened=290))

    assert [place for place, holds in enumerate(verdict.matched) if holds] == [290]
    assert verdict.failed == {"r130": "divide by zero"}


def test_conditions_too_long_for_a_list() -> None:
    """Conditions that together are longer than an expression may be are judged all the same."""
    long = "contact.reopened in [" + ", ".join(str(n) for n in range(1_500)) + "]"
    verdict = loaded(rules(*[long] * 15, "false")).policy.matcher.verdict("severity", facts(reopened=3))

    assert verdict.matched == (*[True] * 15, False)


def compiled(*texts: str) -> list[CompiledRule]:
    return [CompiledRule(f"r{n}", LANGUAGE.compile(text) if text else None) for n, text in enumerate(texts)]


def test_every_contact_is_asked_of_itself() -> None:
    """An answer is that of the contact and of what has been decided of it, whoever was asked of before."""
    matcher = CompiledMatcher(
        MESSAGE, LANGUAGE, {"severity": compiled('"a" in contact.tags'), "sla": compiled("contact.severity == 1")}
    )
    first, second = facts(tags=("a",), severity=1), facts(tags=("b",), severity=1)
    answers = [
        (matcher.verdict("severity", asked).matched[0], matcher.verdict("sla", asked).matched[0])
        for asked in (first, second, first, replace(first, severity=2), first)
    ]

    assert answers == [(True, True), (False, True), (True, True), (True, False), (True, True)]


def test_sections_of_any_name() -> None:
    """The matcher takes sections as they are given, in any order; a rule's failure is told in its own section alone."""
    matcher = CompiledMatcher(
        MESSAGE,
        LANGUAGE,
        {
            "actions": compiled("contact.customer.known", "1 / contact.reopened == 1", ""),
            "enrich": [],
            "escalation": compiled("true", "false"),
        },
    )
    actions, enrich, escalation = (matcher.verdict(name, facts()) for name in ("actions", "enrich", "escalation"))

    assert (actions.matched, actions.failed) == ((False, False, True), {"r1": "divide by zero"})
    assert (enrich.matched, enrich.failed) == ((), {})
    assert (escalation.matched, escalation.failed) == ((True, False), {})


ATOMS = [
    "true", "false", "1 / contact.reopened == 1", 'contact.kind == "call"', 'contact.channel in ["email", "chat"]',
    "contact.fields.x > 1", 'contact.fields["x"] == "a"', "has(contact.fields.y)", "contact.fields.size() == 1",
    WEIGHT, BOMB,
    'contact.tags.exists(t, t == "t1")', "contact.subject.size() > 2", 'contact.subject.matches("a+$")',
    'contact.priority == "none"', "contact.customer.known // said by the vendor", "[1, 2][contact.reopened] == 1",
]  # fmt: skip

conditions = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.builds("({}\n) && ({}\n)".format, inner, inner),
        st.builds("({}\n) || ({}\n)".format, inner, inner),
        st.builds("!({}\n)".format, inner),
    ),
    max_leaves=3,
)
contacts = st.builds(
    facts,
    tags=st.integers(0, 64).map(lambda count: tuple(f"t{n}" for n in range(count))),
    reopened=st.integers(0, 3),
    subject=st.none() | st.text(max_size=5),
    kind=st.sampled_from(["ticket", "call"]),
    fields=st.dictionaries(
        st.sampled_from(["x", "y"]), st.none() | st.booleans() | st.integers() | st.text(max_size=2)
    ),
)


@given(st.lists(conditions, min_size=1, max_size=3), st.lists(conditions, min_size=1, max_size=3), contacts)
def test_sections_together_equal_each_alone(first: list[str], second: list[str], contact: Facts) -> None:
    """What another section asks of the same contact changes no verdict."""
    sections = {"severity": compiled(*first), "enrich": compiled(*second)}
    both = CompiledMatcher(MESSAGE, LANGUAGE, sections)

    for name, own in sections.items():
        assert both.verdict(name, contact) == CompiledMatcher(MESSAGE, LANGUAGE, {name: own}).verdict(name, contact)


@given(st.lists(conditions, min_size=1, max_size=6), contacts)
def test_the_list_equals_one_by_one(texts: list[str], contact: Facts) -> None:
    """Judging a section as one list gives what judging each rule alone gives, failures included."""
    section = compiled(*texts)
    together = CompiledMatcher(MESSAGE, LANGUAGE, {"sla": section}).verdict("sla", contact)
    alone = [CompiledMatcher(MESSAGE, LANGUAGE, {"sla": [rule]}).verdict("sla", contact) for rule in section]

    assert together.matched == tuple(verdict.matched[0] for verdict in alone)
    assert together.failed == {id: reason for verdict in alone for id, reason in verdict.failed.items()}
