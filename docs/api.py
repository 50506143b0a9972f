"""What the reference says of the API, made of its document: every operation with its query and body, every shape."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from gateway.web.api.api import OPERATIONS
from gateway.web.api.document import TAGS, document
from gateway.web.api.operation import CSV
from gateway.web.api.problem import MEANINGS, NAMED

_ENUM_MAX: Final = 12


@lru_cache(maxsize=1)
def told() -> dict[str, Any]:
    """The document as JSON has it."""
    made: dict[str, Any] = json.loads(published())
    return made


@lru_cache(maxsize=1)
def published() -> str:
    """The document as the repository has it."""
    return json.dumps(document(OPERATIONS), indent=2, ensure_ascii=False) + "\n"


def overview() -> str:
    """Every operation in a line."""
    lines = ["| operation | role | does |", "|---|---|---|"]
    for path, method, rest in _operations():
        lines.append(f"| [`{method} {path}`](#{_anchor(rest)}) | {rest['x-role']} | {_begun_small(rest['summary'])} |")
    return "\n".join(lines)


def operations() -> str:
    """Every operation, by what it is about."""
    parts = []
    for tag, meaning in TAGS.items():
        found = [one for one in _operations() if tag in one[2]["tags"]]
        if found:
            parts += [f"### {tag.capitalize()}", meaning]
        for path, method, rest in found:
            parts += _operation(path, method, rest)
    return "\n\n".join(parts)


def shapes() -> str:
    """What answers and bodies are made of; a notice has a page of its own."""
    parts = []
    for name, schema in sorted(told()["components"]["schemas"].items()):
        if "properties" in schema and name not in ("Notice", "EndpointData"):
            parts += [f"### {name}", schema.get("description", ""), _fields(schema)]
    return "\n\n".join(part for part in parts if part)


def problems() -> str:
    """Every kind of problem."""
    lines = ["| `type` | status | title | what to do |", "|---|---|---|---|"]
    for kind, meaning in MEANINGS.items():
        lines.append(f"| `{NAMED}{kind}` | {meaning.status} | {meaning.title} | {_begun_small(meaning.advice)} |")
    return "\n".join(lines)


def _operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in told()["paths"].items():
        for method, rest in methods.items():
            if not path.endswith(".csv"):
                yield path, method.upper(), rest


def _operation(path: str, method: str, rest: Mapping[str, Any]) -> list[str]:
    parts = [f'<a id="{_anchor(rest)}"></a>\n**`{method} {path}`** — {rest["summary"]}']
    words = rest["description"].rpartition("Least role:")[0].strip()
    facts = [" ".join(words.split())] if words else []
    facts.append(f"Role: {rest['x-role']}.")
    answers = [f"{status}: {shown}" for status, shown in _answers(rest)]
    facts.append(f"Answers {'; '.join(answers)}.")
    if any(CSV in answer.get("content", {}) for answer in rest["responses"].values()):
        facts.append(f"Also as CSV, at `{path}.csv`.")
    if "requestBody" in rest:
        schema = next(iter(rest["requestBody"]["content"].values()))["schema"]
        left_out = "" if rest["requestBody"]["required"] else ", which may be left out"
        facts.append(f"Takes {_may_be(schema)}{left_out}.")
    parts.append(" ".join(facts))
    queries = [one for one in rest["parameters"] if one["in"] == "query"]
    if queries:
        lines = ["| query | may be | is |", "|---|---|---|"]
        for one in queries:
            needed = " **required**" if one["required"] else ""
            lines.append(f"| `{one['name']}`{needed} | {_may_be(one['schema'])} | {_words(one['description'])} |")
        parts.append("\n".join(lines))
    return parts


def _answers(rest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for status, answer in rest["responses"].items():
        content = answer.get("content", {})
        for kind, told_as in content.items():
            if kind == "application/json":
                yield status, _may_be(told_as["schema"])
            elif "problem" not in kind and kind != CSV and status == "200":
                yield status, f"`{kind}`"


def _fields(schema: Mapping[str, Any]) -> str:
    lines = ["| field | may be | is |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        left_out = "" if name in schema.get("required", ()) else "?"
        lines.append(f"| `{name}{left_out}` | {_may_be(field)} | {_words(field.get('description', ''))} |")
    return "\n".join(lines)


def _may_be(schema: Mapping[str, Any]) -> str:
    """The values that a schema takes, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        page = "notices.md" if name in ("Notice", "EndpointData") else ""
        return f"[{name}]({page}#{'' if page else name.lower()})".replace("#)", ")")
    if "allOf" in schema:
        return _may_be(schema["allOf"][0])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_may_be(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        words = ["null" if word is None else f"`{word}`" for word in schema["enum"]]
        return ", ".join(words[:_ENUM_MAX]) + ("…" if len(words) > _ENUM_MAX else "")
    kind = schema.get("type", "")
    if kind == "array":
        most = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"a list{most}: {_may_be(schema.get('items', {}))}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"names with {_may_be(values)}" if isinstance(values, dict) and values else "an object"
    return _plain(schema, kind)


def _plain(schema: Mapping[str, Any], kind: str) -> str:
    if schema.get("format") == "date-time":
        return "a time"
    if "maximum" in schema:
        return f"a number from {schema.get('minimum', 0):,} to {schema['maximum']:,}"
    if "maxLength" in schema:
        return f"text, at most {schema['maxLength']:,} characters"
    return {"string": "text", "integer": "a number", "number": "a number", "boolean": "`true` or `false`"}.get(
        kind, kind or "anything"
    )


def _anchor(rest: Mapping[str, Any]) -> str:
    return str(rest["operationId"]).lower()


def _begun_small(text: str) -> str:
    return _cell((text if text[1:2].isupper() else text[:1].lower() + text[1:]).rstrip("."))


def _words(text: str) -> str:
    """Descriptions of a type stand before those of the field that has it: the field's come last."""
    return _begun_small(text) if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
