"""Zendesk's published OpenAPI document, made to say what its own API does: the overlay, each part with its reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML

EXPECTED: Final[tuple[tuple[str, str, str], ...]] = (
    ("response", "status code", "the document knows hardly any status but 200"),
    ("request", "route not found: /api/vID/tickets/ID/conversation_log", "conversations are younger than the document"),
    ("request", "route not found: /api/vID/webhooks", "webhooks have a document of their own"),
    ("request.query", "required property 'start_time'", "the document wants a start beside a cursor; Zendesk doesn't"),
    (
        "response.body.brands.logo",
        "must be object",
        "null where there is no logo: a schema without a type can't be overlaid",
    ),
    ("request.path", "required property 'user_id'", "the document has a path parameter that is in no path"),
)
"""Violations that say something of the document: where, a part of the message and its path, and why."""


def overlaid(document: Path, to: Path) -> None:
    """Write the document as JSON, with the overlay.

    Every property may be null: the document says so nowhere, and every recorded answer has nulls. A ticket may be
    deleted: the export has such, and the document's list of statuses does not.
    """
    reader = YAML(typ="safe", pure=True)
    # A bare `=` is a word to YAML, with a tag of its own.
    reader.constructor.add_constructor("tag:yaml.org,2002:value", lambda made, node: made.construct_scalar(node))
    content = reader.load(document.read_text(encoding="utf-8"))
    for schema in _schemas(content):
        _open(schema)
    to.write_bytes(msgspec.json.encode(content))


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node
        for child in list(node.values()):
            yield from _schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from _schemas(child)


def _open(schema: dict[str, Any]) -> None:
    if schema.get("type") == "object":
        schema["nullable"] = True
    for name, told in schema["properties"].items():
        # Without a type, or with null twice among the values, Prism couldn't read the schema and would check nothing.
        if not isinstance(told, dict) or not isinstance(told.get("type"), str):
            continue
        told["nullable"] = True
        if name == "status" and "hold" in told.get("enum", ()):
            told["enum"] = [*told["enum"], "deleted"]
