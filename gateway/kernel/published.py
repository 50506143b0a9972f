"""The JSON Schemas (draft 2020-12) of what comes in and goes out: our own events, and notices.

Made of the types that read the events and describe the notices, so that none of them says what the code doesn't.
"""

from typing import Any, Final

import msgspec

from gateway.kernel.json_schema import head
from gateway.model.event import REF_MAX, Event
from gateway.model.event_words import COMMON, FIELDS, MEANINGS, PARTS
from gateway.model.instant import Instant
from gateway.rules.notice import EndpointData, Notice

EVENTS_MAX: Final = 1_000
"""Events of one request."""

_DEFINED: Final = "#/$defs/"
_INSTANT: Final = {"type": "string", "format": "date-time"}
_COUNT: Final = {"minimum": 0, "maximum": 2**63 - 1}


def event_schema() -> dict[str, Any]:
    """One event as the connector `events` takes it; the whole request is its definition `Request`."""
    kinds, definitions = msgspec.json.schema_components([Event], schema_hook=_hook, ref_template=_DEFINED + "{name}")
    for name, told in definitions.items():
        _describe(name, told)
    request = {
        "description": "What is posted: some events, taken whole or refused whole.",
        "type": "object",
        "properties": {
            "events": {
                "description": "The events, in any order.",
                "type": "array",
                "items": {"$ref": "#"},
                "maxItems": EVENTS_MAX,
            }
        },
        "required": ["events"],
        "additionalProperties": False,
    }
    return {
        **head("event", "An event of Orion Gateway"),
        "description": "What happened to one contact, in the gateway's own words.",
        "oneOf": kinds[0]["anyOf"],
        "$defs": {**definitions, "Request": request},
    }


def notice_schema() -> dict[str, Any]:
    """What an endpoint gets. Fields that it doesn't name may come with a later version."""
    (root, endpoint), definitions = msgspec.json.schema_components(
        [Notice, EndpointData], ref_template=_DEFINED + "{name}"
    )
    whole = definitions.pop(root["$ref"].removeprefix(_DEFINED))
    data = whole["properties"]["data"]
    contact = {"$ref": data.pop("$ref")} if "$ref" in data else data.pop("allOf")[0]
    data["anyOf"] = [contact, endpoint]
    for name, told in definitions.items():
        told.pop("title", None)
        for field, text in PARTS.get(name, {}).items():
            told["properties"][field]["description"] = _sentence(text)
    return {
        **head("notice", "A notice of Orion Gateway"),
        **whole,
        "title": "A notice of Orion Gateway",
        "$defs": definitions,
    }


def _hook(kind: type) -> dict[str, Any]:
    if kind is Instant:
        return dict(_INSTANT)
    raise NotImplementedError(kind)


def _describe(name: str, schema: dict[str, Any]) -> None:
    """Put to a definition the words of its fields, and the limits that are proved after reading."""
    schema.pop("title", None)
    properties: dict[str, Any] = schema["properties"]
    words = {**FIELDS, **PARTS.get(name, {})}
    if "type" in properties:
        tag: str = properties["type"]["enum"][0]
        properties["type"] = {"const": tag}
        schema["description"] = _sentence(MEANINGS[tag])
        schema["required"] = [*schema["required"], "id"]
        words |= {**COMMON, "type": "what happened"}
        properties["id"] |= {"minLength": 1}
        properties["sequence"] |= _COUNT
        properties["rev"] |= _COUNT
    if name == "Ref":
        for told in properties.values():
            told |= {"minLength": 1, "maxLength": REF_MAX}
    for field, told in properties.items():
        told["description"] = _sentence(words[field])
        if not told.get("default", True):
            # What isn't there is not told as a value: an editor would write it.
            del told["default"]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
