"""JSON Schema (draft 2020-12) of the files that people write, for their editors: made of the models that read them.

Descriptions are the texts that stand behind the fields in the model's source. Laws: a schema takes whatever the reader
takes, and every mapping of fixed keys refuses the others.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import DictSchema, ModelSchema, WithDefaultSchema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER: Final = "urn:orion-gateway:schema:"
"""What the `$id` of every schema begins with: a name, not an address."""

_PLACE: Final = {"type": "string", "minLength": 1}

SECRET_SCHEMA: Final[dict[str, Any]] = {
    "description": "A secret's place, never its text.",
    "oneOf": [
        {
            "type": "object",
            "properties": {key: {**_PLACE, "description": told}},
            "required": [key],
            "additionalProperties": False,
        }
        for key, told in (("env", "The environment variable that holds it."), ("file", "The file that holds it."))
    ],
}
"""One secret in a file that people write."""

SECRETS_SCHEMA: Final[dict[str, Any]] = {
    "description": "A secret's place, or a list of up to 8 of them: the first signs, all of them verify.",
    "anyOf": [SECRET_SCHEMA, {"type": "array", "items": SECRET_SCHEMA, "minItems": 1, "maxItems": 8}],
}
"""One secret, or a list of them."""


def model_schema(model: type[BaseModel], name: str, title: str) -> dict[str, Any]:
    """The whole schema of a file whose content `model` reads; `name` ends its `$id`."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    for definition in schema.get("$defs", {}).values():
        definition.pop("title", None)
    schema.pop("title", None)
    return {**head(name, title), **schema}


def head(name: str, title: str) -> dict[str, Any]:
    """What every schema begins with."""
    return {"$schema": DIALECT, "$id": IDENTIFIER + name, "title": title}


def attribute_texts(model: type) -> Mapping[str, str]:
    """The texts that stand behind the fields of a class, or of those above it, by the field's name."""
    texts: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        texts |= _texts_of_module(owner.__module__).get(owner.__qualname__, {})
    return texts


class _Generator(GenerateJsonSchema):
    """pydantic's, but: no titles made of names, no `null` as a default, and keys of mappings have their pattern."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def dict_schema(self, schema: DictSchema) -> dict[str, Any]:
        keys = self.generate_inner(schema["keys_schema"]) if "keys_schema" in schema else {}
        values = self.generate_inner(schema["values_schema"]) if "values_schema" in schema else {}
        made: dict[str, Any] = {"type": "object", "additionalProperties": values or True}
        if names := {word: value for word, value in keys.items() if word != "type"}:
            made["propertyNames"] = names
        self.update_with_validations(made, schema, self.ValidationsMapping.object)
        return made

    def default_schema(self, schema: WithDefaultSchema) -> dict[str, Any]:
        default = schema.get("default")
        if default is None or not isinstance(default, str | int | float | bool | list | dict):
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def model_schema(self, schema: ModelSchema) -> dict[str, Any]:
        made = super().model_schema(schema)
        if "description" in made:
            made["description"] = _in_one_line(made["description"])
        cls, properties = schema["cls"], made.get("properties", {})
        texts = attribute_texts(cls)
        for field, info in cls.model_fields.items():
            told = info.description or texts.get(field)
            if told and isinstance(shown := properties.get(info.alias or field), dict):
                shown["description"] = _in_one_line(told)
        return made


@lru_cache(maxsize=64)
def _texts_of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """The texts behind the fields of every class of a module, by the class's name; none where there is no source."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    return {node.name: dict(_texts_in(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _texts_in(node: ast.ClassDef) -> list[tuple[str, str]]:
    return [
        (field.target.id, text.value.value)
        for field, text in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
