"""Events that belong to no contact: read and checked as all others, and no part of any contact's history."""

from typing import Any

import msgspec
import pytest

from gateway.model.apart import APART_TYPES, convert_apart
from gateway.policy.evaluate import BadEvents, evaluate, read_events
from gateway.policy.load import load_policy

AT = "2026-03-02T09:00:00Z"
AWAY = {"type": "agent.state_changed", "at": AT, "agent": {"id": "7", "name": "Ada"}, "state": "away"}
FOUND = {"type": "selfservice.resolved", "at": AT, "topic": "refunds", "id": "s1", "historical": True}


@pytest.mark.parametrize("value", [AWAY, FOUND, {**FOUND, "type": "selfservice.viewed"}])
def test_each_is_read(value: dict[str, Any]) -> None:
    """By its own fields and those of every event."""
    assert type(convert_apart(value)).__struct_config__.tag == value["type"]
    assert value["type"] in APART_TYPES


@pytest.mark.parametrize(
    "wrong",
    [
        {**AWAY, "state": "asleep"},
        {**AWAY, "agent": {}},
        {**AWAY, "ref": {"kind": "ticket", "id": "1"}},
        {**AWAY, "at": "1999-12-31T23:59:59Z"},
        {**AWAY, "sequence": -1},
        {**FOUND, "topic": None},
        {**FOUND, "id": "x" * 201},
        {key: value for key, value in FOUND.items() if key != "at"},
    ],
)
def test_what_is_wrong_is_refused_with_its_position(wrong: dict[str, Any]) -> None:
    """As any other event."""
    opening = {"type": "contact.opened", "at": AT, "kind": "ticket", "channel": "email"}
    with pytest.raises(BadEvents, match="event 1: "):
        read_events(msgspec.json.encode([opening, wrong]))


def test_they_change_nothing() -> None:
    """A contact among them is judged as without them."""
    policy = load_policy("sla: [{id: a, metric: first_reply, within: 1h}]", "p.yaml").policy
    opening = {
        "type": "contact.opened",
        "at": AT,
        "kind": "ticket",
        "channel": "email",
        "ref": {"kind": "t", "id": "1"},
    }
    at = 1_772_442_000_000
    alone, among = (
        evaluate(read_events(msgspec.json.encode(events)), policy, at).view
        for events in ([opening], [AWAY, opening, FOUND])
    )
    assert alone == among
    assert evaluate(read_events(msgspec.json.encode([AWAY])), policy, at).view["contact"] is None
