"""Zendesk's published OpenAPI document, made to say what its own API does: the overlay, each part with its reason."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from ruamel.yaml import YAML

EXPECTED: Final[tuple[tuple[str, str, str], ...]] = (
    ("response", "status code", "the document knows hardly any status but 200"),
    ("request.header", "security", "the document knows no OAuth"),
)
"""Violations that say something of the document: where, a part of the message, and why."""


def overlaid(document: Path, to: Path) -> None:
    """Write the document as JSON, with the overlay.

    Every property may be null: the document says so nowhere, and every recorded answer has nulls. A ticket may be
    deleted: the export has such, and the document's list of statuses does not.
    """
    text = document.read_text(encoding="utf-8")
    content = YAML(typ="safe").load(text)
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
    for name, told in schema["properties"].items():
        if not isinstance(told, dict):
            continue
        if "$ref" in told or "allOf" in told or "anyOf" in told or "oneOf" in told:
            schema["properties"][name] = {"anyOf": [told, {"nullable": True, "enum": [None]}]}
            continue
        told["nullable"] = True
        if "enum" in told:
            told["enum"] = [*told["enum"], None]
            if name == "status" and "hold" in told["enum"]:
                told["enum"].append("deleted")
