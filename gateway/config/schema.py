"""The JSON Schema of gateway.yaml, for editors: its own keys, and the settings of the plugins that are installed.

The other keys of a connector or enricher are those of its plugin, refused as the plugin's settings refuse them.
Settings that can't be described (a plugin is a stranger's) may be anything.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from gateway.config.load import NOTICE_FAMILIES, NOTICE_TYPES
from gateway.config.shape import ConnectorShape, EnricherShape, FileShape
from gateway.kernel.json_schema import SECRET_SCHEMA, model_schema

_NOTICES: Final = {
    "anyOf": [{"enum": [*NOTICE_FAMILIES, *NOTICE_TYPES]}, {"type": "string", "pattern": r"[*?\[]"}],
    "examples": ["sla.*", "escalation.*"],
}
_DEFINED: Final = "#/$defs/"


def config_schema(
    connectors: Mapping[str, type[BaseModel]], enrichers: Mapping[str, type[BaseModel]]
) -> dict[str, Any]:
    """The schema of gateway.yaml where these plugins are installed: their settings types by name."""
    schema = model_schema(FileShape, "gateway", "The configuration of Orion Gateway")
    definitions: dict[str, Any] = schema["$defs"]
    definitions["EndpointShape"]["properties"]["notices"]["items"] = _NOTICES
    for kind, shape, plugins in (
        ("connector", ConnectorShape, connectors),
        ("enricher", EnricherShape, enrichers),
    ):
        common = definitions[shape.__name__]
        for name, settings in plugins.items():
            own, inner = _described(settings, f"{kind}-{name}")
            definitions |= inner
            definitions[f"{kind}-{name}"] = _beside_common(own, common, shape)
        definitions[shape.__name__] = _by_plugin(common, kind, tuple(plugins))
    return schema


def _by_plugin(common: Mapping[str, Any], kind: str, plugins: tuple[str, ...]) -> dict[str, Any]:
    """What all connectors, or enrichers, have, and by their plugin what more."""
    if not plugins:
        return dict(common)
    properties = {**common["properties"], "plugin": {**common["properties"]["plugin"], "enum": list(plugins)}}
    choices = [
        {
            "if": {"properties": {"plugin": {"const": name}}, "required": ["plugin"]},
            "then": {"$ref": f"{_DEFINED}{kind}-{name}"},
        }
        for name in plugins
    ]
    return {**common, "properties": properties, "allOf": choices}


def _described(settings: type[BaseModel], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a plugin's settings, and its definitions under names of their own, which begin with `name`."""
    try:
        own = _ours(model_schema(settings, "", ""), name)
    except Exception:  # a stranger's types: pydantic and their own code raise what they like
        return {}, {}
    inner = {f"{name}-{part}": told for part, told in own.pop("$defs", {}).items()}
    return own, inner


def _beside_common(own: Mapping[str, Any], common: Mapping[str, Any], shape: type[BaseModel]) -> dict[str, Any]:
    """A plugin's settings beside the keys that every connector, or enricher, has."""
    shared = {key: common["properties"][key] for key in shape.model_fields}
    return {
        **{word: told for word, told in own.items() if word not in ("$schema", "$id", "title")},
        "type": "object",
        "properties": {**own.get("properties", {}), **shared},
    }


def _ours(schema: Any, name: str) -> Any:
    """The schema with places for secrets, which pydantic takes for text, and with the names of our definitions."""
    if isinstance(schema, list):
        return [_ours(item, name) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "password":
        return {**SECRET_SCHEMA, **{word: told for word, told in schema.items() if word == "description"}}
    made = {word: _ours(told, name) for word, told in schema.items()}
    if isinstance(ref := made.get("$ref"), str):
        made["$ref"] = ref.replace(_DEFINED, f"{_DEFINED}{name}-")
    return made
