"""Real notices are what the published schema says: every field told, none missing, whatever they are about."""

from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest

from gateway.config.load import NOTICE_TYPES
from gateway.kernel.published import notice_schema
from gateway.model.event import Event
from gateway.model.judgement import Effect, OperatorType, State
from gateway.rules.announce import announce
from gateway.rules.breaker import Health
from gateway.rules.calendar import ALWAYS
from gateway.rules.notice import numbered
from gateway.rules.operator import operator_body, operator_effect
from gateway.rules.policy import Chain, EscalationRule, Queue, RoutingRule, Step
from gateway.rules.view import notice_body
from tests.rules.worlds import (
    T0,
    H,
    M,
    agent,
    customer,
    event,
    judged,
    opening,
    policy,
    sla,
    state_of,
    status,
    tagged,
    tags,
)
from tests.support.pages import blocks, page
from tests.support.schemas import closed, wrongs

OPERATOR_TYPES = get_args(OperatorType)
SCHEMA = closed(notice_schema())
RULES = policy(
    sla("first_reply", 15 * M, marks=()),
    sla("resolution", 4 * H),
    sla("next_reply", 20 * M),
    sla("csat_recovery", H, below=0.6),
    queues=(Queue("general"), Queue("experts", "t2", 2)),
    routing=(RoutingRule("experts", "experts", ("incident",), 5), RoutingRule("default", "general")),
    when={"experts": tagged("hard")},
    chains=(Chain("chain", ALWAYS, (Step(0, ("lead",), 5 * M), Step(30 * M, ("lead",)))),),
    escalation=(EscalationRule("late", "sla.breached", "chain"), EscalationRule("hard", "matched", "chain")),
)
LATE = (
    opening(subject="Help", tags=["a"], customer={"email": "ada@example.com"}, fields={"plan": "gold", "seats": 3}),
    customer(M),
    tags(20 * M, "hard"),
    status(40 * M, "pending"),
)
WHOLE = (
    *LATE,
    event("escalation.acknowledged", 50 * M, escalation="", by="ada"),
    agent(55 * M),
    status(60 * M, "solved"),
    event("csat.received", 70 * M, score=1, min=1, max=5),
    status(80 * M, "open"),
    status(90 * M, "closed"),
)


def bodies(until: int, *events: Event) -> Iterator[dict[str, Any]]:
    """Every notice of a history as it goes out, corrections of what a late reply undoes among them."""
    result = judged(RULES, until, *events)
    told = announce(result.implied, {}, T0 + until, live_from=0, whole=True)
    yield from (body(effect, state_of(result)) for effect in told.effects)
    ledger = {entry.id: entry for entry in told.entries}
    undone = judged(RULES, until, *events, agent(5 * M))
    corrected = announce(undone.implied, ledger, T0 + until, live_from=0, whole=True)
    yield from (body(effect, state_of(undone)) for effect in corrected.effects)


def body(effect: Effect, state: State) -> dict[str, Any]:
    """A notice through JSON, as a receiver gets it."""
    made = notice_body(effect, "con_1", state, RULES, name="test", source="gateway", link="https://x.example/con_1")
    decoded: dict[str, Any] = msgspec.json.decode(numbered(msgspec.json.encode(made), 42))
    return decoded


@pytest.fixture(scope="module")
def all_bodies() -> list[dict[str, Any]]:
    """Notices of all kinds."""
    raised = next(item.id for item in judged(RULES, 30 * M, *LATE).implied if item.type == "escalation.raised")
    acknowledged = event("escalation.acknowledged", 50 * M, escalation=raised, by="ada")
    events = [acknowledged if item.at == T0 + 50 * M else item for item in WHOLE]
    return [*bodies(3 * H, *events), *bodies(45 * M, *LATE)]


def test_real_notices_are_as_published(all_bodies: list[dict[str, Any]]) -> None:
    """Not one field that the schema doesn't tell, not one that it promises and is missing."""
    assert [wrongs(SCHEMA, body) for body in all_bodies if wrongs(SCHEMA, body)] == []


def test_notices_of_every_kind_were_looked_at(all_bodies: list[dict[str, Any]]) -> None:
    """But for those that only marks give, which the next test has."""
    assert {body["type"] for body in all_bodies} >= set(NOTICE_TYPES) - {"sla.warned", *OPERATOR_TYPES}


@pytest.mark.parametrize("type", OPERATOR_TYPES)
@pytest.mark.parametrize("health", [Health(), Health(failing_since=T0, failures=10, succeeded_at=T0 - 1)])
def test_a_notice_about_an_endpoint_is_as_published(type: OperatorType, health: Health) -> None:
    """The same frame, numbered like the others; its data is about the endpoint, in words too."""
    effect = operator_effect(type, "helpdesk", health, T0)
    made = msgspec.json.encode(operator_body(effect, "helpdesk", health, "gateway"))
    told = msgspec.json.decode(numbered(made, 7))

    assert wrongs(SCHEMA, told) == []
    assert (told["subject"], told["sequence"], told["id"]) == ("helpdesk", "000000000007", effect.id)
    assert "helpdesk" in told["data"]["reason"]
    assert effect.id != operator_effect(type, "helpdesk", health, T0 + 1).id


def test_the_sequence_is_the_same_bytes_each_time_and_in_the_order_of_its_text() -> None:
    """However large the number; nothing else of the body changes."""
    numbers = [1, 9, 10, 999_999_999_999]
    texts = [numbered(b'{"id":"a","b":{}}', number) for number in numbers]

    assert texts == sorted(texts)
    assert texts[1] == b'{"sequence":"000000000009","id":"a","b":{}}'


def test_a_warning_is_as_published() -> None:
    """With the mark that was reached."""
    from gateway.rules.policy import Mark

    rules = policy(sla("first_reply", 10 * M, marks=(Mark("50%", 5 * M),)))
    result = judged(rules, 6 * M, opening())
    told = announce(result.implied, {}, T0 + 6 * M, live_from=0, whole=True)
    (warned,) = [effect for effect in told.effects if effect.type == "sla.warned"]

    made = body(warned, state_of(result))

    assert wrongs(SCHEMA, made) == []
    assert made["data"]["mark"] == "50%"


def test_the_example_has_the_published_fields() -> None:
    """That of the page about notices, but for its empty `data`."""
    example, *_ = blocks(page("reference/notices.md"), "json")

    assert {path.partition(":")[0] for path in wrongs(SCHEMA, msgspec.json.decode(example))} == {"data"}


@pytest.mark.parametrize("change", [{"type": "sla.broken"}, {"specversion": "2.0"}, {"more": 1}, {"subject": None}])
def test_another_notice_is_told(change: dict[str, Any], all_bodies: list[dict[str, Any]]) -> None:
    """The test would see a field that is wrong."""
    assert wrongs(SCHEMA, {**all_bodies[0], **change}) != []
