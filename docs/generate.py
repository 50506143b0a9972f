"""Writes the tables of the reference and the published schemas from the code: `python -m docs.generate` or `make docs`.

A page has them between `<!-- generated: NAME -->` and `<!-- end -->`; everything else on it is written by hand.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from docs import api, connectors, door, kit, problems, purse
from gateway.cli.schema import Named, schema_text
from gateway.config import values
from gateway.config.schema import config_schema
from gateway.config.shape import ConnectorShape
from gateway.model.event import Event, EventBase
from gateway.model.event_words import COMMON, MEANINGS
from gateway.model.words import METRICS
from gateway.policy import durations, scalars
from gateway.policy.presets import PRESETS
from gateway.policy.schema import policy_schema

FOLDER: Final = Path(__file__).parent / "reference"
PAGES: Final = (
    "policy.md",
    "configuration.md",
    "events.md",
    "hooks.md",
    "kit.md",
    "../how-to/enrich-with-payments.md",
    "api.md",
    "problems/README.md",
    *(f"connectors/{name}.md" for name in connectors.CONNECTORS),
)
SCHEMAS: Final[tuple[Named, ...]] = ("policy", "policy-tests", "event", "notice")
"""Those that are the same in every installation; that of the configuration knows the plugins that are there."""

API: Final = FOLDER / "schemas" / "openapi.json"
"""Where the document of the API lies."""

_BLOCK: Final = re.compile(r"(<!-- generated: ([a-z_-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_CALENDARS: Final = ("WeeklyHours", "AnyOf", "AllOf")

SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("The file", ("",)),
    ("A calendar", _CALENDARS),
    ("A holiday", ("CountryHolidays", "DatedHoliday")),
    ("An exception", ("ExceptionalDay",)),
    ("A rule of `severity`", ("SeverityEntry",)),
    ("A rule of `sla`", ("SlaEntry",)),
    ("A queue", ("QueueEntry",)),
    ("A rule of `routing`", ("RoutingEntry",)),
    ("A role", ("RoleEntry",)),
    ("A chain", ("ChainEntry",)),
    ("A step of a chain", ("StepEntry",)),
    ("A rule of `escalation`", ("EscalationEntry",)),
    ("A rule of `enrich`", ("EnrichEntry",)),
    ("A rule of `actions`", ("ActionEntry",)),
    ("What an action does", ("Deed",)),
    ("A comment", ("Comment",)),
    ("A test", ("PolicyTest",)),
    ("The contact of a test", ("Given",)),
    ("An event of a test", ("GivenEvent",)),
    ("A further look", ("Look",)),
    ("What a test expects", ("Expected",)),
    ("A clock that a test expects", ("ExpectedClock",)),
    ("A notice that a test expects", ("ExpectedNotice",)),
)
"""Headings of the policy's reference, and the definitions under each."""

_KNOWN: Final[tuple[tuple[Mapping[str, Any], str], ...]] = (
    (scalars.NAME_SCHEMA, "a name"),
    ({"type": "string", "enum": list(METRICS)}, "a [metric](#clocks)"),
    ({"$ref": "#/$defs/ConnectorShape"}, "[a connector](#each-connector)"),
    ({"$ref": "#/$defs/EnricherShape"}, "[an enricher](#each-enricher)"),
    ({"$ref": "#/$defs/EndpointShape"}, "[an endpoint](#each-endpoint)"),
    (values.ADDRESS_SCHEMA, "an address, such as `127.0.0.1:8080` or `[::1]:8080`"),
    (values.POLICY_SCHEMA, f"a path, {', '.join(f'`preset:{name}`' for name in PRESETS)}"),
    (values.KEY_FILE_SCHEMA, "a path"),
    (values.SIZE_SCHEMA, "a size, such as `512KiB`, or a number of bytes"),
    (durations.DURATION_SCHEMA, "a duration"),
    (durations.POSITIVE_SCHEMA, "a duration, longer than `0s`"),
    (durations.SHARE_SCHEMA, "a share, `0%` to `100%`"),
    (durations.MARK_SCHEMA, "a mark"),
    (scalars.DATE_SCHEMA, "a date, such as `2026-12-24`"),
    (scalars.AT_SCHEMA, "a time with its zone, such as `2026-03-02T09:00:00Z`"),
    (scalars.INTERVAL_SCHEMA, "hours, such as `08:00-12:00`"),
    (scalars.HOURS_SCHEMA, "hours such as `08:00-12:00`, a list of at most 48, or `24x7`"),
    (scalars.WEEK_SCHEMA, "`24x7`, or a mapping of weekdays to hours"),
    (scalars.WHEN_SCHEMA, "an expression, at most 10,000 characters"),
)


def generated(text: str) -> str:
    """A page with its tables written anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{_TABLES[match[2]]()}\n\n{match[3]}", text)


def main() -> None:
    """Write every page whose tables have changed."""
    for name in PAGES:
        path = FOLDER / name
        before = path.read_text(encoding="utf-8")
        after = generated(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"wrote {path.name}")
    for what in SCHEMAS:
        schema_file(what).write_text(schema_text(what), encoding="utf-8")
    API.write_text(api.published(), encoding="utf-8")


def schema_file(what: Named) -> Path:
    """Where a published schema lies."""
    return FOLDER / "schemas" / f"{what}.schema.json"


def _policy() -> str:
    schema = _policy_schema()
    parts = []
    for heading, names in SECTIONS:
        parts.append(f"### {heading}")
        for name in names:
            part = schema["$defs"][name] if name else schema
            parts += [part["description"], *([_keys(part)] if "properties" in part else [])]
    return "\n\n".join(parts)


def _configuration(definition: str) -> str:
    schema = config_schema({name: kind.settings_type for name, kind in connectors.CONNECTORS.items()}, {})
    part = schema["$defs"][definition] if definition else schema
    if definition.startswith("connector-"):
        own = {key: told for key, told in part["properties"].items() if key not in ConnectorShape.model_fields}
        part = {**part, "properties": own}
    return _keys(part)


def _nested(name: str) -> str:
    """The keys of a connector's sections, each under a heading of its own."""
    schema = config_schema({name: kind.settings_type for name, kind in connectors.CONNECTORS.items()}, {})
    parts = []
    for key, told in schema["$defs"][f"connector-{name}"]["properties"].items():
        choices = [choice["$ref"] for choice in (told, *told.get("anyOf", ())) if "$ref" in choice]
        part = schema["$defs"][choices[0].rpartition("/")[2]] if choices else {}
        if part.get("properties") and key not in ConnectorShape.model_fields:
            parts.append(f"### `{key}`\n\n{_keys(part)}")
    return "\n\n".join(parts)


def _keys(schema: Mapping[str, Any]) -> str:
    lines = ["| key | may be | default | is |", "|---|---|---|---|"]
    for key, told in schema["properties"].items():
        may_be = "a plugin that is installed" if key == "plugin" else _may_be(told)
        default = "**required**" if key in schema.get("required", ()) else _default(told)
        lines.append(f"| `{key}` | {may_be} | {default} | {_meaning(told['description'])} |")
    return "\n".join(lines)


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default in (None, "", [], {}):
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _may_be(schema: Mapping[str, Any]) -> str:
    bare = {word: told for word, told in schema.items() if word not in ("description", "default")}
    for known, words in _KNOWN:
        if bare == known:
            return words
    if "$ref" in schema:
        return _reference(schema["$ref"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            choices = [_may_be(told) for told in schema[several] if told.get("type") != "null"]
            return " or ".join(dict.fromkeys(choices))
    return _BY_TYPE[schema["type"]](schema)


def _reference(ref: str) -> str:
    name = ref.rpartition("/")[2]
    heading = next((heading for heading, names in SECTIONS if name in names), "")
    if not heading:
        return "a mapping of keys"
    anchor = re.sub(r"[^a-z -]", "", heading.lower()).replace(" ", "-")
    return f"[{heading[:1].lower()}{heading[1:]}](#{anchor})"


def _text(schema: Mapping[str, Any]) -> str:
    if "pattern" in schema:
        shown = " or ".join(f"`{example}`" for example in schema.get("examples", []))
        return f"text such as {shown}" if shown else f"text: `{_cell(schema['pattern'])}`"
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if most is None:
        return "text"
    return f"text, {f'{least} to' if least else 'at most'} {most:,} characters"


def _number(schema: Mapping[str, Any]) -> str:
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    return kind if low is None else f"{kind}, {low:,} to {high:,}"


def _list(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    count = "" if most is None else f", {f'{least} to' if least else 'at most'} {most:,}"
    return f"a list{count}: {_may_be(schema['items'])}"


def _mapping(schema: Mapping[str, Any]) -> str:
    values = schema.get("additionalProperties")
    if "properties" in schema or not isinstance(values, dict):
        return " and ".join(f"`{{{key}: …}}`" for key in schema.get("properties", {})) or "a mapping"
    most = f", at most {schema['maxProperties']:,}" if "maxProperties" in schema else ""
    return f"a mapping of names{most}: {_may_be(values)}"


def _meaning(text: str) -> str:
    return _cell((text if text[1:2].isupper() else text[:1].lower() + text[1:]).rstrip("."))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _common() -> str:
    return "\n".join(["| field | is |", "|---|---|", *(f"| `{field}` | {told} |" for field, told in COMMON.items())])


def _types() -> str:
    lines = ["| type | carries | means |", "|---|---|---|"]
    common = {field.name for field in msgspec.structs.fields(EventBase)}
    for cls in Event.__args__:
        tag = cls.__struct_config__.tag
        carried = [_field(field) for field in msgspec.structs.fields(cls) if field.name not in common]
        lines.append(f"| `{tag}` | {', '.join(sorted(carried, key=_optional))} | {MEANINGS[tag]} |")
    return "\n".join(lines)


def _optional(field: str) -> int:
    return 2 if "?" in field else 1 if "=" in field else 0


def _field(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return f"`{field.name}`"
    if field.default in (None, msgspec.UNSET, msgspec.NODEFAULT, ()):
        return f"`{field.name}?`"
    default = str(field.default).lower() if isinstance(field.default, bool) else field.default
    return f"`{field.name} = {default}`"


@lru_cache(maxsize=1)
def _policy_schema() -> dict[str, Any]:
    return policy_schema()


_BY_TYPE: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": lambda _: "`true` or `false`",
    "array": _list,
    "object": _mapping,
}
_TABLES: dict[str, Callable[[], str]] = {
    "policy": _policy,
    "configuration": lambda: _configuration(""),
    "connector": lambda: _configuration("ConnectorShape"),
    "enricher": lambda: _configuration("EnricherShape"),
    "endpoint": lambda: _configuration("EndpointShape"),
    "event": _common,
    "event-types": _types,
    "hooks": door.hooks,
    "abilities": door.abilities,
    "ability-words": door.ability_words,
    "lent": door.lent,
    "enrichers": door.enrichers,
    "simulator": door.simulator,
    "values": door.values,
    "ways": door.ways,
    "client": door.client,
    "errors": door.errors,
    "tools": door.tools,
    "faults": door.faults,
    "kit-checks": kit.connectors,
    "kit-checks-enricher": kit.enrichers,
    "kit-sections": kit.sections,
    "purse": purse.purse,
    "problems": problems.table,
    "api-overview": api.overview,
    "api-operations": api.operations,
    "api-problems": api.problems,
    "api-shapes": api.shapes,
}


def _of_connector(name: str) -> Mapping[str, Callable[[], str]]:
    """The parts of a connector's page."""
    return {
        f"connector-{name}": lambda: _configuration(f"connector-{name}"),
        f"nested-{name}": lambda: _nested(name),
        f"abilities-{name}": lambda: connectors.abilities_of(name),
        f"auth-{name}": lambda: connectors.auth_of(name),
        f"streams-{name}": lambda: connectors.streams_of(name),
        f"limits-{name}": lambda: connectors.limits_of(name),
        f"simulator-{name}": lambda: connectors.simulator_of(name),
    }


for _name in connectors.CONNECTORS:
    _TABLES |= _of_connector(_name)

if __name__ == "__main__":
    main()
