"""The published schemas of events and notices say what is read and what is sent."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gateway.connectors import events as connector
from gateway.kernel.published import EVENTS_MAX, event_schema, notice_schema
from gateway.model.event import Event, check_event, convert_event
from gateway.model.event_words import COMMON, FIELDS, MEANINGS
from tests.support.pages import blocks, page
from tests.support.schemas import open_objects, undescribed, wrongs

EVENT = event_schema()
NOTICE = notice_schema()
TYPES = {cls.__struct_config__.tag: cls for cls in Event.__args__}
BASE: dict[str, Any] = {"id": "e1", "at": "2026-03-02T09:00:00Z", "ref": {"kind": "ticket", "id": "1"}}
OWN: dict[str, Any] = {
    "kind": "ticket",
    "channel": "email",
    "author": {"kind": "agent"},
    "message": "e0",
    "to": "open",
    "by": "ada",
    "score": 4,
    "min": 1,
    "max": 5.5,
    "into": {"kind": "ticket", "id": "2"},
    "enricher": "payments",
    "status": "ok",
    "escalation": "msg_1",
}


def least(tag: str) -> dict[str, Any]:
    """The shortest event of a type."""
    needed = {field.name for field in msgspec.structs.fields(TYPES[tag]) if field.required} - BASE.keys()
    return {"type": tag, **BASE, **{name: OWN[name] for name in needed}}


def taken(value: Any) -> bool:
    """Whether the connector `events` takes it, as far as one event tells."""
    try:
        event = convert_event(value)
        check_event(event)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return False
    return event.id != ""


@pytest.mark.parametrize("schema", [EVENT, NOTICE], ids=["event", "notice"])
def test_they_are_schemas(schema: dict[str, Any]) -> None:
    """Draft 2020-12, with a name, a title, and a description of every field; they are plain JSON."""
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].startswith("urn:orion-gateway:schema:")
    assert schema["title"]
    assert undescribed(schema) == []
    assert json.loads(json.dumps(schema))


def test_unknown_fields_come_in_nowhere_and_go_out_where_they_like() -> None:
    """We refuse them; receivers pass over them."""
    assert open_objects(EVENT) == []
    assert len(open_objects(NOTICE)) > 5


def test_every_event_is_told() -> None:
    """Its type and its fields, none more and none fewer."""
    fields = {field.name for cls in TYPES.values() for field in msgspec.structs.fields(cls)}

    assert set(MEANINGS) == set(TYPES)
    assert set(FIELDS) | set(COMMON) == fields | {"type"}
    assert len(EVENT["oneOf"]) == len(TYPES)


@pytest.mark.parametrize("tag", TYPES)
def test_the_shortest_event_of_each_type_passes(tag: str) -> None:
    """And not without any of its fields, nor with one that nobody knows."""
    event = least(tag)

    assert taken(event)
    assert wrongs(EVENT, event) == []
    for field in event:
        assert wrongs(EVENT, {name: value for name, value in event.items() if name != field}) != []
    assert wrongs(EVENT, {**event, "colour": "red"}) != []


def test_the_example_passes() -> None:
    """That of the page on sending events, alone and as a request."""
    names: dict[str, Any] = {}
    exec(compile(blocks(page("how-to/send-events.md"), "python")[1], "example", "exec"), names)

    assert wrongs(EVENT, names["opened"]) == []
    assert wrongs(_request(), {"events": [names["opened"]]}) == []


def test_a_request_is_a_definition_of_its_own() -> None:
    """As many events as one request may bring, and nothing beside them."""
    assert EVENTS_MAX == connector.EVENTS_MAX
    assert wrongs(_request(), {"events": []}) == []
    assert wrongs(_request(), {"events": [least("contact.deleted")] * 3}) == []
    assert EVENT["$defs"]["Request"]["properties"]["events"]["maxItems"] == EVENTS_MAX
    assert wrongs(_request(), {"events": [], "more": 1}) != []
    assert wrongs(_request(), {"events": [{**least("contact.deleted"), "id": ""}]}) != []
    assert wrongs(_request(), [least("contact.deleted")]) != []


def _request() -> dict[str, Any]:
    """The definition of a request, as a validator takes it by its name."""
    return {
        "$schema": EVENT["$schema"],
        "$id": "urn:test:request",
        "$ref": "#/$defs/Whole/$defs/Request",
        "$defs": {"Whole": EVENT},
    }


VALUES = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            -1,
            2**63,
            1.5,
            "",
            "x",
            "a" * 201,
            [],
            ["a"],
            [1],
            {},
            "open",
            "email",
            "ok",
            "ticket",
        ),
        *(
            "urgent",
            "public",
            "bot",
            {"kind": "a", "id": "b"},
            {"kind": "", "id": "b"},
            {"kind": "agent", "name": None},
        ),
        *({"email": "a@b", "handles": [{"network": "n", "handle": "h"}]}, {"colour": 1}, "2026-03-02T09:00:00Z"),
        *("2026-03-02T10:00:00+01:00", {"a": 1, "b": None, "c": "x"}, {"a": []}),
    ]
)


@given(
    st.sampled_from(sorted(TYPES)),
    st.dictionaries(st.sampled_from(sorted({*FIELDS, *COMMON} - {"type"})), VALUES, max_size=4),
)
def test_whatever_is_taken_passes_and_nothing_else(tag: str, fields: dict[str, Any]) -> None:
    """One judgement by both, but for what a time is, which a schema without formats can't tell."""
    event = {**least(tag), **fields}
    told = wrongs(EVENT, event)

    if taken(event):
        assert told == []
    elif isinstance(event["at"], str) and event["at"][:2] == "20":
        assert told != []
