"""A contact's card: which promise counts, who waits since when, which escalations go on, what the contact is called."""

from typing import Any

import pytest

from gateway.model.event import Event
from gateway.rules.calendar import ALWAYS
from gateway.rules.card import SUBJECT_MAX, Card, CardDue, CardRef, card_of
from gateway.rules.policy import Chain, EscalationRule, Policy, Queue, RoutingRule, Step
from tests.rules.worlds import T0, H, M, agent, customer, event, judged, opening, policy, sla, state_of, status

RULES = policy(
    sla("first_reply", 15 * M, id="reply"),
    sla("agent_work", 4 * H, id="work"),
    sla("resolution", 8 * H, id="end"),
    sla("next_reply", 30 * M, id="next"),
    queues=(Queue("general", "t1", 2),),
    routing=(RoutingRule("default", "general"),),
    chains=(Chain("chain", ALWAYS, (Step(0, ("lead",)), Step(30 * M, ("lead",)))),),
    escalation=(EscalationRule("late", "sla.breached", "chain", "first_reply"),),
)


def card(until: int, *events: Event, rules: Policy = RULES) -> Card:
    """The card `until` milliseconds after the opening."""
    return card_of(state_of(judged(rules, until, *events)), rules)


def promised(due: CardDue | None) -> tuple[Any, ...] | None:
    """A promise, its instants as lengths from the opening."""
    return None if due is None else (due.rule, due.metric, (due.at - T0) // M, due.breached)


def test_the_promise_that_is_due_first_counts() -> None:
    """With the target of its rule, and since when it counts."""
    found = card(M, opening())

    assert found.due == CardDue(T0 + 15 * M, "first_reply", "reply", T0, 15 * M)
    assert found.then is None


def test_one_that_is_breached_counts_before_what_is_due() -> None:
    """The longest breached before all; then what comes next. It stays in first place as long as nobody keeps it."""
    late = card(20 * M, opening())
    later = card(5 * H, opening())

    assert (promised(late.due), promised(late.then)) == (
        ("reply", "first_reply", 15, True), ("work", "agent_work", 240, False),
    )  # fmt: skip
    assert (promised(later.due), promised(later.then)) == (
        ("reply", "first_reply", 15, True), ("end", "resolution", 480, False),
    )  # fmt: skip
    assert promised(card(5 * H, opening(), agent(20 * M)).due) == ("work", "agent_work", 240, True)


def test_a_paused_promise_has_no_deadline() -> None:
    """The card says that there is one."""
    found = card(H, opening(), agent(M), status(2 * M, "pending"))

    assert promised(found.due) == ("end", "resolution", 480, False)
    assert (found.paused, card(H, opening(), agent(M)).paused) == (True, False)


def test_what_is_met_cancelled_or_ended_is_no_promise() -> None:
    """An ended contact has none, and nobody waits."""
    ended = card(H, opening(), agent(M), status(2 * M, "solved"))

    assert (ended.due, ended.then, ended.paused, ended.calls, ended.waiting_since) == (None, None, False, (), None)


@pytest.mark.parametrize(
    ("events", "since"),
    [
        ((opening(),), 0),
        ((opening(), customer(5 * M)), 0),
        ((opening(), agent(M)), None),
        ((opening(), agent(M), customer(5 * M), customer(6 * M)), 5),
        ((opening(), agent(M), customer(5 * M), agent(7 * M)), None),
        ((opening(direction="outbound"),), None),
        ((opening(direction="outbound"), customer(5 * M)), 5),
        ((opening(), status(2 * M, "solved"), customer(5 * M), status(9 * M, "open")), 9),
        ((opening(), status(2 * M, "solved"), status(9 * M, "open")), None),
    ],
)
def test_who_waits_has_waited_since(events: tuple[Event, ...], since: int | None) -> None:
    """From the opening if they began it, else from the first message that nobody has answered."""
    assert card(10 * M, *events).waiting_since == (None if since is None else T0 + since * M)


def test_escalations_that_go_on_are_on_the_card() -> None:
    """At which step, and whether somebody has taken it; resolved ones are gone."""
    (call,) = card(20 * M, opening()).calls
    taken = event("escalation.acknowledged", 21 * M, escalation=call.id, by="ann")

    assert (call.rule, call.chain, call.step, call.steps, call.acknowledged) == ("late", "chain", 1, 2, False)
    assert (call.raised_at, call.next_at) == (T0 + 15 * M, T0 + 45 * M)
    (call,) = card(60 * M, opening(), taken).calls
    assert (call.step, call.acknowledged, call.next_at) == (1, True, None)
    assert card(60 * M, opening(), agent(22 * M)).calls == ()


def test_a_policy_without_the_chain_tells_the_steps_that_were_taken() -> None:
    """And one without the rule tells no deadline."""
    state = state_of(judged(RULES, 20 * M, opening()))
    found = card_of(state, policy())

    assert [(call.step, call.steps) for call in found.calls] == [(1, 1)]
    assert (promised(found.due), found.then) == (("reply", "first_reply", 15, True), None)


def test_the_contact_is_told_as_it_is() -> None:
    """Where it belongs, who has it, and what it is."""
    found = card(
        M, opening(subject="help", priority="high", group="support", assignee="ann", customer={"email": "a@b.example"})
    )

    assert (found.kind, found.channel, found.direction, found.status) == ("ticket", "email", "inbound", "new")
    assert (found.subject, found.severity, found.priority) == ("help", 2, "high")
    assert (found.queue, found.team, found.tier, found.group, found.assignee) == ("general", "t1", 2, "support", "ann")
    assert (found.refs, found.opened_at, found.updated_at) == ((CardRef("test", "ticket", "1"),), T0, T0)


@pytest.mark.parametrize(
    ("customer", "called"),
    [
        ({"name": "Ada", "email": "a@b.example"}, "Ada"),
        ({"email": "a@b.example", "phone": "+1"}, "a@b.example"),
        ({"phone": "+1", "id": "7"}, "+1"),
        ({"handles": [{"network": "mastodon", "handle": "@ada"}], "id": "7"}, "@ada"),
        ({"id": "7"}, "7"),
        ({}, ""),
        ({"name": "x" * 999}, "x" * (SUBJECT_MAX - 1) + "…"),
    ],
)
def test_a_customer_is_called_by_name_or_by_what_is_known(customer: dict[str, Any], called: str) -> None:
    """At a length that fits on a card."""
    assert card(M, opening(customer=customer)).customer == called


def test_a_long_subject_is_cut() -> None:
    """One that just fits isn't."""
    assert card(M, opening(subject="x" * SUBJECT_MAX)).subject == "x" * SUBJECT_MAX
    assert card(M, opening(subject="x" * (SUBJECT_MAX + 1))).subject == "x" * (SUBJECT_MAX - 1) + "…"
