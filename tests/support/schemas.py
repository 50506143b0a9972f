"""JSON Schemas as editors apply them: to data as JSON has it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator

from gateway.kernel.document import Document

Schema = dict[str, Any]


def read(text: str) -> Any:
    """A YAML text as an editor sees it: dates are text, and so are keys."""
    return as_json(Document.parse(text, "f.yaml").data)


def as_json(value: Any) -> Any:
    """A value with text for every date and every key."""
    if isinstance(value, dict):
        return {str(key): as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def wrongs(schema: Schema, value: Any) -> list[str]:
    """What a schema has against a value: path and reason."""
    found = Draft202012Validator(schema).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def undescribed(schema: Schema) -> list[str]:
    """The properties without a description."""
    return [name for name, told in _properties(schema) if "description" not in told]


def open_objects(schema: Schema) -> list[Schema]:
    """The mappings of fixed keys that would take any other key as well."""
    found = []
    for part in _parts(schema):
        if part.get("type") == "object" and "properties" in part and part.get("additionalProperties") is not False:
            found.append(part)
    return found


def closed(schema: Any) -> Any:
    """The same schema, in which no mapping of fixed keys takes another one."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {word: closed(told) for word, told in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


def _properties(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for part in _parts(schema):
        for name, told in part.get("properties", {}).items():
            if isinstance(told, dict):
                yield name, told


def _parts(schema: Any) -> Iterator[Schema]:
    """The schema and every one in it; conditions (`if`, `then`, `else`) only narrow others and are left out."""
    if isinstance(schema, list):
        for item in schema:
            yield from _parts(item)
    elif isinstance(schema, dict):
        yield schema
        for word, told in schema.items():
            if word not in ("if", "then", "else", "examples", "default", "const", "enum"):
                yield from _parts(told)
