"""The values that a condition read, as people are shown them: what the condition saw, plain, and never too much."""

from typing import Any

import msgspec
import pytest

from gateway.model.contact import Facts
from gateway.model.identity import Customer
from gateway.policy.contact_message import TAGS_MAX
from gateway.policy.reading import CUT, ITEMS_MAX, READS_MAX, TEXT_MAX
from gateway.rules.policy import Reading
from tests.policy.build import facts, loaded, rules


class Payments(msgspec.Struct):
    """The facts of an enricher."""

    plan: str = ""
    odd: Any = None


def reading(condition: str, contact: Facts) -> Reading:
    """What one condition reads."""
    text = rules(condition, section="escalation")
    return loaded(text, payments=Payments).policy.matcher.readings("escalation", contact)[0]


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("contact.channel == 'email'", {"channel": "email"}),
        ("contact.priority != 'urgent' && contact.group == ''", {"priority": "none", "group": ""}),
        ("'a' in contact.tags", {"tags": ["a", "b"]}),
        ("contact.fields.vip == true || 'none' in contact.fields", {"fields.vip": True, "fields.none": None}),
        ("has(contact.facts.payments)", {"facts.payments": {"plan": "gold"}}),
        ("contact.facts.payments.plan == 'gold'", {"facts.payments.plan": "gold"}),
        ("has(contact.facts.payments.odd)", {"facts.payments.odd": None}),
        ("contact.facts.payments.odd.a['b'][0] == 'c'", {"facts.payments.odd.a.b": None}),
        ("contact.customer.email != '' && contact.customer.known", {"customer.email": "a@b.c", "customer.known": True}),
        ("contact.csat.given", {"csat.given": False}),
        ("contact.opened_at > timestamp('2020-01-01T00:00:00Z')", {"opened_at": "2026-03-02T09:00:00.123Z"}),
        ("contact.severity < 3 && contact.queue == ''", {"severity": 2, "queue": ""}),
        ("contact.reopened > 0", {"reopened": 0}),
        ("contact.connectors == ['x']", {"connectors": ["desk"]}),
        ("true", {}),
    ],
)
def test_values(condition: str, values: dict[str, object]) -> None:
    """By field, or by the key that is asked of one, with the condition's text."""
    contact = facts(
        tags=("a", "b"),
        fields={"vip": True, "other": 1},
        facts={"payments": {"plan": "gold"}},
        customer=Customer(email="a@b.c"),
        severity=2,
    )
    assert reading(condition, contact) == Reading(condition, values)


def test_a_rule_that_always_matches_reads_nothing() -> None:
    """It has no condition to show."""
    assert reading("", facts()) == Reading()


def test_a_contact_read_as_a_whole_shows_all_its_fields() -> None:
    """Each by its name."""
    found = reading("contact == contact", facts(subject="Help", tags=("a",))).values

    assert (found["subject"], found["tags"], found["language"], found["fields"]) == ("Help", ["a"], "", {})


def test_hours_at_the_opening() -> None:
    """The calendars that were open."""
    assert reading("'always' in contact.opened_during", facts(opened_during=("always",))).values == {
        "opened_during": ["always"]
    }


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6,
        "\ud800",
        float("nan"),
        float("inf"),
        10**5000,
        [["deep"] * 99] * 99,
        {"\udfff": {"a": {"b": {"c": {"d": {"e": 1}}}}}},
        {f"k{n}": ["x" * 10**4] * 99 for n in range(99)},
        object(),
        b"bytes",
        {1, 2},
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_a_vendor_sent_is_shown_in_short(value: object) -> None:
    """As JSON, and at most some thousand characters a value."""
    contact = facts(facts={"payments": {"odd": value}}, fields={"odd": value}, subject="s" * 10**6)
    found = reading("contact.fields.odd == 1 || has(contact.facts.payments.odd) || contact.subject == ''", contact)

    assert found.values.keys() == {"fields.odd", "facts.payments.odd", "subject"}
    assert len(msgspec.json.encode(found.values)) < 2 * ITEMS_MAX**2 * (TEXT_MAX + 10)
    assert found.values["subject"].endswith(CUT)


def test_very_many_tags_fields_and_reads_are_cut() -> None:
    """What the condition didn't get to see isn't shown either."""
    contact = facts(tags=[f"{n:0200}" for n in range(10_000)], fields={f"f{n}": n for n in range(10_000)})
    found = reading("contact.tags.size() > 0 && 'f100' in contact.fields && 'f99' in contact.fields", contact).values
    assert (len(found["tags"]), len(found["tags"][0])) == (TAGS_MAX, 100)
    assert (found["fields.f100"], found["fields.f99"]) == (None, 99)

    many = " || ".join(f"'f{n}' in contact.fields" for n in range(READS_MAX + 20))
    assert len(reading(many, contact).values) == READS_MAX
