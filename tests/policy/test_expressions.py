"""Conditions: what they may say of a contact, and where in the file a mistake in one stands."""

import msgspec
import pytest

from gateway.policy.contact_message import ContactMessage
from gateway.policy.expressions import Language
from tests.policy.build import facts, loaded, problems, rules


class Disputes(msgspec.Struct):
    open: int = 0
    reasons: list[str] = []


class Payments(msgspec.Struct):
    total: float = 0.0
    vip: bool = False
    disputes: Disputes | None = None
    notes: dict[str, str] = {}


def holds(condition: str, *, section: str = "escalation", **changes: object) -> bool:
    matcher = loaded(rules(condition, section=section)).policy.matcher
    verdict = matcher.verdict(section, facts(**changes))  # type: ignore[arg-type]
    assert not verdict.failed
    return verdict.matched[0]


@pytest.mark.parametrize(
    "condition",
    [
        'contact.kind == "ticket" && contact.channel == "email" && contact.direction == "inbound"',
        'contact.status == "pending"',
        'contact.subject.contains("refund")',
        'contact.priority == "high"',
        'contact.tags == ["a", "b"] && contact.tags.exists(t, t in ["b"])',
        'contact.group == "G" && contact.assignee == "A" && contact.language == "de"',
        'contact.fields.plan == "gold" && contact.fields.seats > 3 && contact.fields.vip == true',
        'contact.fields["no such"] == 1 || true',
        "has(contact.fields.plan) && !has(contact.fields.other)",
        "contact.fields.empty == null",
        'contact.opened_at == timestamp("2026-03-02T09:00:00.123Z")',
        'contact.opened_at.getHours("Europe/Berlin") == 10',
        "contact.reopened == 2",
        'contact.connectors == ["desk", "phone"]',
        'contact.customer.known && contact.customer.email == "ada@Example.com"',
        'contact.customer.domain == "example.com"',
        'contact.customer.phone == ""',
        "!contact.csat.given && contact.csat.ratio == 0.0",
        'contact.severity == 2 && contact.queue == "general" && contact.team == "t" && contact.tier == 3',
        'contact.skills == ["s"] && contact.route_priority == 7',
        "true",
        'true // a comment, with a ")" in it',
    ],
)
def test_reads(condition: str) -> None:
    """Every field of a contact can be read, with the types that were promised."""
    from gateway.model.identity import Customer

    assert holds(
        condition,
        status="pending",
        subject="my refund",
        priority="high",
        tags=("a", "b"),
        group="G",
        assignee="A",
        language="de",
        fields={"plan": "gold", "seats": 4, "vip": True, "empty": None},
        reopened=2,
        connectors=("desk", "phone", "desk"),
        customer=Customer(email="ada@Example.com"),
        severity=2,
        queue="general",
        team="t",
        tier=3,
        skills=("s",),
        route_priority=7,
    )


@pytest.mark.parametrize(
    "condition",
    [
        'contact.subject == "" && contact.group == "" && contact.assignee == "" && contact.language == ""',
        'contact.priority == "none"',
        "contact.tags.size() == 0 && contact.reopened == 0",
        '!contact.customer.known && contact.customer.domain == ""',
        "!has(contact.facts.payments) && contact.facts.payments.total == 0.0",
        "contact.facts.payments.disputes.open == 0",
        "!has(contact.facts.payments.disputes)",
    ],
)
def test_defaults(condition: str) -> None:
    """What a contact lacks has a default, and `has()` tells."""
    matcher = loaded(rules(condition), payments=Payments).policy.matcher

    assert matcher.verdict("severity", facts()).matched == (True,)


def test_typed_facts() -> None:
    """An enricher's facts have the types that it declares; `has()` is true once it has answered, even with nothing."""
    matcher = loaded(
        rules(
            "contact.facts.payments.total > 9.5 && contact.facts.payments.vip",
            'contact.facts.payments.disputes.open == 2 && "late" in contact.facts.payments.disputes.reasons',
            "has(contact.facts.payments)",
            'contact.facts.payments.notes.a == "b"',
        ),
        payments=Payments,
    ).policy.matcher
    answer = {
        "total": 10, "vip": True, "disputes": {"open": 2, "reasons": ["late", 3]}, "notes": {"a": "b"}, "other": 1,
    }  # fmt: skip
    full = matcher.verdict("severity", facts(facts={"payments": answer, "unknown": {"a": 1}}))
    empty = matcher.verdict("severity", facts(facts={"payments": {}}))

    assert full.matched == (True, True, True, True)
    assert empty.matched == (False, False, True, False)
    assert problems(rules("contact.facts.payments.totl > 1.0"), payments=Payments) == [
        "8:29: bad-expression: contact.facts.payments has no field 'totl'; did you mean 'total'?"
    ]


def test_untyped_facts() -> None:
    """The facts of an enricher that only the file names can be read all the same."""
    text = rules("has(contact.facts.payments) && contact.facts.payments.total > 3")
    names = ["payments", "not-a-word", "a_b", "aB"]
    enrich = "".join(f"  - {{id: e{number}, enricher: {name}}}\n" for number, name in enumerate(names))
    matcher = loaded(text + "enrich:\n" + enrich).policy.matcher

    assert matcher.verdict("severity", facts(facts={"payments": {"total": 4}})).matched == (True,)
    assert matcher.verdict("severity", facts()).matched == (False,)


STYLES = [
    ("when: {}", (2, 11)),
    ('when: "{}"', (2, 12)),
    ("when: '{}'", (2, 12)),
    ("when: |\n      {}", (3, 7)),
    ("when: >-\n      {}", (3, 7)),
    ("when:\n      {}", (3, 7)),
]


@pytest.mark.parametrize(
    ("style", "start"), STYLES, ids=["plain", "double", "single", "literal", "folded", "next line"]
)
def test_places_in_every_style(style: str, start: tuple[int, int]) -> None:
    """A mistake is told at its line and column in the file, however the condition is written in YAML."""
    when = style.format("true && contact.chanel == contact.kind")
    line, column = start

    assert problems(f"severity:\n  - {when}\n    id: a\n    severity: 1\n") == [
        f"{line}:{column + 15}: bad-expression: contact has no field 'chanel'; did you mean 'channel'?"
    ]


@pytest.mark.parametrize("sign", ["|", ">", ">-", "|2"])
def test_places_over_several_lines(sign: str) -> None:
    """In a block the line is the line of the file, folded or not, after characters of any width."""
    text = f"severity:\n  - id: a\n    severity: 1\n    when: {sign}\n"
    text += '      "é" != contact.subject &&\n      "😀" != contact.subjekt\n'

    assert [line.split(": ")[0] for line in problems(text)] == ["6:21"]


def test_each_mistake_of_a_condition() -> None:
    """A condition with two mistakes shows two."""
    found = problems(rules("contact.foo == 1 &&\ncontact.severty == contact.bar"))

    assert [line.split(":")[:2] for line in found] == [["8", "14"], ["9", "14"], ["9", "33"]]


@pytest.mark.parametrize(
    ("condition", "column", "message"),
    [
        ('contact.reopened == "1"', 24, "'==' can't be applied to (int, string)"),
        ("contact.reopened", 7, "a condition must give true or false, this gives int"),
        (
            "contact.fields.vip",
            7,
            "a condition must give true or false; compare the value, as in contact.fields.vip == true",
        ),
        ("1 +", 10, "not an expression: mismatched input '<EOF>'"),
        ("contct.kind == 'call'", 13, "there is nothing named 'contct.kind'; did you mean 'contact.kind'?"),
        ("channel == 'chat'", 7, "there is nothing named 'channel'; did you mean 'contact.channel'?"),
        ("contact.customer.emial == ''", 23, "contact.customer has no field 'emial'; did you mean 'email'?"),
        ("(" * 40 + "true" + ")" * 40, 7, "nested too deeply; at most 32 levels"),
        ("__import__('os').system('x') == 0", 17, "there is nothing named '__import__'"),
    ],
)
def test_not_a_condition(condition: str, column: int, message: str) -> None:
    """A type error, an unknown name, bad syntax or a result that is no boolean is an error at load."""
    found = problems(rules(condition))

    assert found[0].startswith(f"8:{column}: bad-expression: {message}"), found


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ('contact.channel == "emial"', [26]),
        ('"emial" != contact.channel', [7]),
        ('contact.channel in ["email", "fone"] && contact.kind in ["tiket"]', [36, 64]),
        ('contact.direction == "in"', [28]),
        ('contact.status == "done"', [25]),
        ('contact.priority == "medium"', [27]),
        ('contact.tags.exists(t, contact.kind == t || contact.kind == "x")', [67]),
        ('true ? contact.kind == "x" : [contact.kind == "y"][0]', [30, 53]),
        ('contact.queue == "genral"', [24]),
    ],
)
def test_words_that_can_not_be(condition: str, columns: list[int]) -> None:
    """A word that a field of fixed words can't have is an error at load, on either side and in lists."""
    found = problems(rules(condition, section="escalation"))

    assert [int(line.split(":")[1]) for line in found] == columns, found
    assert all("can never be" in line for line in found)


@pytest.mark.parametrize(
    "condition",
    [
        'contact.priority == "none" || contact.status in ["merged", "deleted", "solved"]',
        'contact.tags.exists(contact, contact == "emial")',
        'contact.subject == "emial" || contact.fields.kind == "x"',
        'contact.queue in ["", "general"]',
        'contact.channel.startsWith("e")',
    ],
)
def test_words_that_can_be(condition: str) -> None:
    """Other fields take any word; a loop's own variable is not the contact."""
    loaded(rules(condition, section="escalation"))


@pytest.mark.parametrize(
    ("section", "field", "known"),
    [
        *(
            (section, field, False)
            for section in ("severity", "routing")
            for field in ("queue", "skills", "team", "tier")
        ),
        ("severity", "severity", False),
        ("severity", "route_priority", False),
        ("routing", "severity", True),
        *((section, field, True) for section in ("sla", "escalation") for field in ("severity", "queue", "tier")),
    ],
)
def test_sections_read_what_is_known(section: str, field: str, known: bool) -> None:
    """A section reads nothing that it or a later one decides."""
    text = rules(f"contact.{field} == contact.{field}", section=section)
    if known:
        assert loaded(text).policy.matcher.reads == {field}
    else:
        found = problems(text)
        assert len(found) == 2
        assert all(f"contact.{field} isn't known yet" in line for line in found)


@pytest.mark.parametrize(
    ("condition", "reads"),
    [
        ('contact.kind == "call" || contact.customer.known', {"kind", "customer"}),
        ("has(contact.csat) && contact.fields.a == 1", {"csat", "fields"}),
        ('contact.tags.exists(contact, contact == "x")', {"tags"}),
        ("contact.tags.exists(t, t == contact.subject)", {"tags", "subject"}),
        (
            'contact.tags.map(t, t + contact.group).size() > 1 && {"a": contact.language}.size() == 1',
            {"tags", "group", "language"},
        ),
        (".contact.reopened == 1", {"reopened"}),
        ("true", set()),
    ],
)
def test_what_is_read(condition: str, reads: set[str]) -> None:
    """The matcher knows which of the contact's fields its conditions read."""
    assert loaded(rules(condition)).policy.matcher.reads == reads


@pytest.mark.parametrize(
    ("condition", "reads"),
    [
        ("contact.fields.a.b == 1", {("fields", "a")}),
        ('has(contact.fields.a) && contact.fields["b c"] == 1', {("fields", "a"), ("fields", "b c")}),
        ('"a" in contact.fields || "b" in contact.tags', {("fields", "a"), ("tags", "b")}),
        ("contact.customer.known", {("customer", "known")}),
        ("contact.fields[contact.group] == 1", {("fields", None), ("group", None)}),
        ("contact.group in contact.fields", {("fields", None), ("group", None)}),
        ("contact.fields.exists(key, key == 'a') && contact.fields.a == 1", {("fields", None), ("fields", "a")}),
        ('[{"a": 1}].all(contact, contact.a == 1)', set()),
    ],
)
def test_which_keys_are_read(condition: str, reads: set[tuple[str, str | None]]) -> None:
    """A key that stands in the expression is all that is read of its field; any other way of looking reads it whole."""
    compiled = Language(ContactMessage({})).compile(condition)
    assert {(read.field, read.key) for read in compiled.uses.reads} == reads


def test_the_contact_as_a_whole() -> None:
    """A condition that looks at the contact itself reads all of its fields."""
    assert loaded(rules("contact == contact", section="sla")).policy.matcher.reads >= {"kind", "facts", "severity"}


def test_cut_by_a_comma() -> None:
    """A condition that a comma of {…} has cut is told as that."""
    found = problems("severity:\n  - {id: a, severity: 1, when: size(contact.tags, 1) == 1}\n")

    assert found[0].startswith("2:32: bad-expression: cut by a comma inside {…}; put the expression in quotes")
    assert found[1].startswith("2:51: unknown-key")


def test_braces_need_quotes() -> None:
    """Brackets in a condition inside {…} stop YAML itself; the hint is the same."""
    found = problems('severity:\n  - {id: a, severity: 1, when: contact.kind in ["call"]}\n')

    assert len(found) == 1
    assert found[0].startswith("2:48: yaml-syntax:")
    assert "quotes" in found[0]


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("chanel == 'chat'", "'contact.channel'"),
        ("contact.channel == email", '"email", in quotes'),
        ("contact.subject.startWith('x')", "'startsWith'"),
        ("contact.tags.exist(t, t == 'x')", "'exists'"),
        ("contact.channel = 'chat'", "'=='"),
        ("contact.channel == 'chat' and true", "'&&'"),
        ("contact.channel == 'chat' or true", "'||'"),
        ("not contact.customer.known", "'!'"),
        ("contact.priority == 'URGENT'", "'urgent'"),
        ("contact.facts.paymets.paid", "'payments'"),
        ("contact.facts.payments.piad", "'paid'"),
        ("contact.Channel == 'chat'", "'channel'"),
    ],
)
def test_what_is_meant_is_told(condition: str, meant: str) -> None:
    """Names, words of other languages, forgotten quotes, other letters."""

    class Payments(msgspec.Struct):
        paid: bool

    assert f"did you mean {meant}?" in problems(rules(condition), payments=Payments)[0]
