"""What enrichers were asked and said, as a contact's path tells it; and an answer as the cause of what it changed."""

from typing import Any

import msgspec
import pytest

from gateway.model.event import Event
from gateway.policy.load import load_policy
from gateway.rules.policy import Policy
from gateway.rules.timeline import Timeline
from gateway.rules.trace.enquiries import CHANGES_TOLD, REDACTED, WORD_MAX, differences
from gateway.rules.trace.path import Enquiry, Trace
from gateway.rules.trace.tracing import ENQUIRIES_MAX, trace
from gateway.rules.trace.tried import tried
from tests.rules.worlds import T0, M, event, judged, opening, sourced, state_of


class Paid(msgspec.Struct):
    """The facts of an enricher."""

    disputed: bool = False
    charges: list[str] = []


ADA = {"email": "ada@x.example"}
RULES = """
version: 1
name: paid
severity:
  - {id: disputed, when: contact.facts.payments.disputed, severity: 2}
  - {id: large, when: 'contact.facts.payments.charges.size() > 1', severity: 1}
enrich:
  - {id: who-pays, enricher: payments}
"""


def rules() -> Policy:
    """A policy whose severity asks for facts."""
    return load_policy(RULES, "p.yaml", enrichers={"payments": Paid}).policy


def answer(after: int, **said: Any) -> Event:
    """What the enricher says."""
    facts = {"status": "ok", "facts": said.pop("facts")} if "facts" in said else {"status": "unavailable"}
    return event("enrichment.received", after, enricher="payments", **{**facts, **said})


def traced(*events: Event) -> Trace:
    """The path an hour later."""
    return trace(sourced(*events), Timeline.only(rules()), T0 + 60 * M)


def told(enquiry: Enquiry) -> str:
    """In a line: minutes, kind, rule, reason, what changed, and the cause's id."""
    parts = (enquiry.kind, enquiry.rule, enquiry.reason, ", ".join(enquiry.changed), f"({enquiry.cause.id})")
    return f"{(enquiry.at - T0) // M} {' '.join(part for part in parts if part)}"


def test_what_was_asked_and_answered_is_told_in_order() -> None:
    """Asked by which rule and after which event; each answer with its reason, or with what it changed."""
    found = traced(
        opening(customer=ADA),
        answer(M, reason="no answer within 5 s"),
        answer(2 * M, facts={"disputed": False, "paid": "129.00 EUR", "tags": ["a"]}),
        answer(3 * M, facts={"disputed": True, "paid": "129.00 EUR", "tags": ["a", "b"]}),
        event("contact.observed", 4 * M, customer={"email": "bob@x.example"}),
    )
    assert [told(one) for one in found.enquiries] == [
        "0 asked who-pays (contact.opened@0)",
        "1 unavailable no answer within 5 s (enrichment.received@60000)",
        "2 ok payments.disputed became false, payments.paid became 129.00 EUR, payments.tags changed "
        "(enrichment.received@120000)",
        "3 ok payments.disputed became true, payments.tags changed (enrichment.received@180000)",
        "4 asked who-pays (contact.observed@240000)",
    ]


def test_an_answer_about_somebody_else_is_told_as_passed_over() -> None:
    """It changes nothing, and says so."""
    other = answer(M, facts={"disputed": True}, customer={"email": "bob@x.example"})
    found = traced(opening(customer=ADA), other)

    assert [told(one) for one in found.enquiries][1:] == [
        "1 ok it speaks of another customer: passed over (enrichment.received@60000)"
    ]
    assert [turn.before for turn in found.turns if turn.of == "severity"] == [""]


@pytest.mark.parametrize("said", [{"all": True}, {"fields": ["customer"]}])
def test_what_was_said_of_a_redacted_customer_is_not_told(said: dict[str, Any]) -> None:
    """That there was an answer stays, and what it knew goes; where another field is redacted, it stays."""
    events = (opening(customer=ADA), answer(M, facts={"name": "Ada Lovelace"}))
    found = traced(*events, event("contact.redacted", 2 * M, **said))
    kept = traced(*events, event("contact.redacted", 2 * M, fields=["subject"]))

    assert [told(one) for one in found.enquiries][1] == f"1 ok {REDACTED} (enrichment.received@60000)"
    assert [told(one) for one in kept.enquiries][1:] == [
        "1 ok payments.name became Ada Lovelace (enrichment.received@60000)"
    ]


def test_an_answer_is_the_cause_of_the_severity_that_it_changed() -> None:
    """With the very fact that the condition read, not all that is known."""
    known = {"name": "Ada", **{f"more{n}": n for n in range(20)}, "disputed": True}
    found = traced(opening(customer=ADA), answer(M, facts=known))
    (turn,) = [turn for turn in found.turns if turn.of == "severity" and turn.before]

    assert (turn.before, turn.after, turn.rule) == ("3", "2", "disputed")
    assert (turn.cause.type, turn.cause.id) == ("enrichment.received", "enrichment.received@60000")
    assert turn.because == ("facts.payments.disputed became true",)


def test_rules_tell_the_fact_that_they_read() -> None:
    """By its whole name; a list as it is."""
    policy = rules()
    state = state_of(judged(policy, M, opening(customer=ADA), answer(0, facts={"disputed": True, "charges": ["a"]})))
    by_rule = {one.rule: dict(one.values) for one in tried(state, policy)["severity"]}

    assert by_rule["disputed"] == {"facts.payments.disputed": True}


def test_a_long_enquiry_keeps_its_ends() -> None:
    """An enricher that answers again and again doesn't make the path endless."""
    found = traced(opening(customer=ADA), *(answer(n * 1_000, facts={"n": n}) for n in range(ENQUIRIES_MAX + 50)))

    assert len(found.enquiries) == ENQUIRIES_MAX
    assert found.enquiries_left_out == 51
    assert found.enquiries[0].kind == "asked"
    assert found.enquiries[-1].changed == (f"payments.n became {ENQUIRIES_MAX + 49}",)


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (None, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["f.a.c"]),
        ({"a": {"b": 1}}, {"a": 2}, ["f.a"]),
        ({"a": 2}, {"a": {"b": 1}}, ["f.a"]),
        ({"a": 1, "b": 2}, {"b": 2}, ["f.a"]),
        ({}, {"x" * 999: 1}, ["f." + "x" * WORD_MAX]),
    ],
)
def test_differences_have_names(before: Any, after: Any, names: list[str]) -> None:
    """What is nested by its path; what has another shape as a whole."""
    assert [name for name, _ in differences(before, after, "f")] == names


def test_whatever_is_said_is_told_in_short() -> None:
    """Deep, long, and out of every range."""
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"d": deep, "n": 10**5_000}
    found = traced(opening(customer=ADA), answer(M, facts={"t": "x" * 10_000, "deep": deep}))
    (changed,) = [one.changed for one in found.enquiries if one.kind == "ok"]

    assert len(changed) == CHANGES_TOLD + 1
    assert max(map(len, changed)) < 400
