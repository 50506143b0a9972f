"""The OpenAPI 3.1 document, made of the operations and of the types of their questions and answers.

Descriptions are those of the types; of a field it is the text behind it in its source, or the one in its annotation.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, cast, get_args

import msgspec
from msgspec import inspect

from gateway import __version__
from gateway.kernel.json_schema import attribute_texts
from gateway.kernel.published import notice_schema
from gateway.model.instant import Instant
from gateway.model.judgement import NoticeType, OperatorType
from gateway.web.api.operation import CSV, JSON, Operation, problems_of
from gateway.web.api.problem import MEANINGS, MEDIA, NAMED, Kind, Problem
from gateway.web.api.query import WORDS_MAX

SCHEMAS: Final = "#/components/schemas/"
_DEFINED: Final = "#/$defs/"
_TIME: Final = {"type": "string", "format": "date-time", "description": "RFC 3339 with a zone."}

TAGS: Final[Mapping[str, str]] = {
    "contacts": "What customers ask, and whether they are answered in time.",
    "overview": "What a wallboard shows: sums, queues, announcements.",
    "escalations": "Calls for more people that are going on.",
    "deliveries": "Notices on their way to endpoints.",
    "inbox": "What came in.",
    "endpoints": "The receivers of notices.",
    "connectors": "The links to vendors.",
    "policy": "The rules by which contacts are judged.",
    "gateway": "The gateway itself.",
    "access": "Who may, and what people have done.",
}

_ETAG: Final = {"description": "The name of this answer, for If-None-Match.", "schema": {"type": "string"}}
_LINK: Final = {"description": 'The next page: `<address>; rel="next"`.', "schema": {"type": "string"}}
_HEADERS_OF_NOTICE: Final = {
    "webhook-id": "The notice's id, the same on every try.",
    "webhook-timestamp": "When it was sent, in seconds since 1970.",
    "webhook-signature": "Its signatures, by Standard Webhooks.",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """The whole document."""
    known = tuple(operations)
    schemas = _Schemas(known)
    paths: dict[str, Any] = {}
    for operation in known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
        if operation.rows:
            paths[f"{operation.path}.csv"] = {"get": _sheet(operation, schemas)}
    used = {operation.tag for operation in known}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Orion Gateway",
            "version": __version__,
            "summary": "Every customer contact, whichever vendor it came from, under one true clock.",
            "description": "Times are RFC 3339 in UTC, lengths are seconds. Fields that an answer doesn't declare may "
            "come with a later version: pass over what you don't know. Every list is a CSV as well, at the same path "
            "with `.csv` or by `Accept: text/csv`. Every GET answers a HEAD, and in JSON has an ETag.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The gateway's `admin` address."}],
        "security": [{"bearer": []}, {"cookie": []}],
        "tags": [{"name": name, "description": told} for name, told in TAGS.items() if name in used],
        "paths": paths,
        "webhooks": {type: _webhook(type) for type in get_args_of_notices()},
        "components": {
            "schemas": schemas.components,
            "responses": {kind: _problem(kind) for kind in _kinds(known)},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `gateway token new`, or the one that the start prints. Each operation "
                    "names the least role that it asks for in `x-role`: viewer, operator or admin.",
                },
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "orion_gateway",
                    "description": "What a browser gets for a token; behind the name stands the port.",
                },
            },
        },
    }


def get_args_of_notices() -> Iterator[str]:
    """The type of every notice."""
    for member in get_args(NoticeType):
        yield from get_args(member) or (member,)


class _Schemas:
    """The schemas of every type that any operation names, and how each is referred to."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        types = [kind for operation in operations for kind in _types(operation) if kind is not str]
        self._queries = {operation.query for operation in operations}
        told, components = msgspec.json.schema_components(
            [Problem, *types, *self._queries], schema_hook=_hook, ref_template=SCHEMAS + "{name}"
        )
        self._told = {id(kind): schema for kind, schema in zip((Problem, *types), told, strict=False)}
        for cls in _structs((Problem, *types, *self._queries)):
            _describe(components[cls.__name__], cls)
        self._parameters = {query: components.pop(query.__name__, {}) for query in self._queries}
        self.components = {**components, **_notice_components()}

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type."""
        return dict(self._told[id(kind)])

    def parameters(self, operation: Operation) -> list[dict[str, Any]]:
        """The parameters of an operation, of its path and of its query."""
        found: list[dict[str, Any]] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": word.meaning,
                "schema": {"type": "integer", "minimum": 0} if word.number else {"type": "string", "minLength": 1},
            }
            for name, word in operation.words.items()
        ]
        query = self._parameters[operation.query]
        for name, told in query.get("properties", {}).items():
            schema = _without_null(told)
            description = schema.pop("description", "")
            if schema.get("type") == "array":
                schema["maxItems"] = WORDS_MAX
            if schema.get("default") in ([], (), ""):
                del schema["default"]
            required = name in query.get("required", ())
            found.append(
                {"name": name, "in": "query", "required": required, "description": description, "schema": schema}
            )
        return found


def _operation(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    """One operation as the document tells it."""
    told: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": f"{(operation.run.__doc__ or '').strip()}\n\nLeast role: {operation.role}.".strip(),
        "x-role": operation.role,
        "parameters": schemas.parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.body is not None:
        told["requestBody"] = {
            "required": not operation.optional,
            "content": {JSON: {"schema": schemas.of(operation.body)}},
        }
    return told


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in operation.answers.items():
        content = {operation.media: {"schema": {"type": "string"} if kind is str else schemas.of(kind)}}
        if operation.rows:
            content[CSV] = {"schema": {"type": "string"}}
        answer: dict[str, Any] = {"description": f"{HTTPStatus(status).phrase}.", "content": content}
        headers = {"ETag": _ETAG} if operation.read_only and operation.media == JSON and status == 200 else {}
        if operation.rows:
            headers["Link"] = _LINK
        found[str(status)] = {**answer, "headers": headers} if headers else answer
    if operation.read_only and operation.media == JSON:
        found["304"] = {"description": "It is what If-None-Match names.", "headers": {"ETag": _ETAG}}
    return {**found, **_problems(operation, found)}


def _problems(operation: Operation, before: Mapping[str, Any]) -> dict[str, Any]:
    """The problems of an operation by status; two of one status share one answer."""
    found: dict[str, Any] = {}
    for kind in problems_of(operation):
        status = str(MEANINGS[kind].status)
        if status in before:  # readiness says in its own words that it isn't well
            before[status]["content"][MEDIA] = {"schema": {"$ref": f"{SCHEMAS}Problem"}}
        elif status in found:
            found[status] = {"description": "The request can't be read.", "content": _told_of(int(status))}
        else:
            found[status] = {"$ref": f"#/components/responses/{kind}"}
    return dict(sorted(found.items()))


def _sheet(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    """The same list as a CSV, at an address of its own."""
    told = _operation(operation, schemas)
    answer = {
        "description": f"{HTTPStatus.OK.phrase}: a row of heads, then one for each.",
        "headers": {"ETag": _ETAG, "Link": _LINK},
        "content": {CSV: {"schema": {"type": "string"}}},
    }
    told["responses"] = {**told["responses"], "200": answer}
    return {**told, "operationId": f"{operation.id}Csv", "summary": f"{operation.summary} As CSV."}


def _problem(kind: Kind) -> dict[str, Any]:
    meaning = MEANINGS[kind]
    return {"description": f"`{NAMED}{kind}`: {meaning.title}. {meaning.advice}", "content": _told_of(meaning.status)}


def _told_of(status: int) -> dict[str, Any]:
    """In what a problem is told. What isn't HTTP, or has a line of more than 8 KiB, is refused before anything of it is
    looked at, in a few words of text."""
    content: dict[str, Any] = {MEDIA: {"schema": {"$ref": f"{SCHEMAS}Problem"}}}
    return {**content, "text/plain": {"schema": {"type": "string"}}} if status == HTTPStatus.BAD_REQUEST else content


def _kinds(operations: Iterable[Operation]) -> list[Kind]:
    found = {kind for operation in operations for kind in problems_of(operation)}
    return [kind for kind in MEANINGS if kind in found]


def _webhook(type: str) -> dict[str, Any]:
    """A notice as an endpoint gets it."""
    data = "EndpointData" if type in get_args(OperatorType) else "NoticeData"
    return {
        "post": {
            "operationId": "notice." + type,
            "summary": f"The notice `{type}`.",
            "description": "Signed by Standard Webhooks; sent again until it is answered with 2xx.",
            "security": [],
            "parameters": [
                {"name": name, "in": "header", "required": True, "description": told, "schema": {"type": "string"}}
                for name, told in _HEADERS_OF_NOTICE.items()
            ],
            "requestBody": {
                "required": True,
                "content": {
                    JSON: {
                        "schema": {
                            "allOf": [{"$ref": f"{SCHEMAS}Notice"}],
                            "properties": {"type": {"const": type}, "data": {"$ref": SCHEMAS + data}},
                        }
                    }
                },
            },
            "responses": {
                "2XX": {"description": "It was taken."},
                "410": {"description": "No notice is wanted any more."},
            },
        }
    }


@lru_cache(maxsize=1)
def _notice_components() -> dict[str, Any]:
    """The notice and what it is made of, as components."""
    text = msgspec.json.encode(notice_schema()).replace(_DEFINED.encode(), SCHEMAS.encode())
    schema: dict[str, Any] = msgspec.json.decode(text)
    definitions: dict[str, Any] = schema.pop("$defs")
    whole = {word: told for word, told in schema.items() if word not in ("$schema", "$id")}
    return {**definitions, "Notice": whole}


def _types(operation: Operation) -> list[Any]:
    return [*operation.answers.values(), *([] if operation.body is None else [operation.body])]


def _hook(kind: type) -> dict[str, Any]:
    if kind is Instant:
        return dict(_TIME)
    raise NotImplementedError(kind)


def _structs(types: Iterable[Any]) -> list[type[msgspec.Struct]]:
    """Every struct that the types are made of."""
    found: dict[type[msgspec.Struct], None] = {}
    waiting: list[Any] = list(inspect.multi_type_info(list(types)))
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.StructType):
            if kind.cls not in found:
                found[kind.cls] = None
                waiting += [field.type for field in kind.fields]
            continue
        waiting += [getattr(kind, name) for name in ("type", "item_type", "key_type", "value_type") if _has(kind, name)]
        waiting += getattr(kind, "types", ()) or getattr(kind, "item_types", ())
    return list(found)


def _has(kind: inspect.Type, name: str) -> bool:
    return isinstance(getattr(kind, name, None), inspect.Type)


def _describe(schema: dict[str, Any], cls: type[msgspec.Struct]) -> None:
    """Give a component the words that stand behind its fields."""
    schema.pop("title", None)
    if "description" in schema:
        schema["description"] = " ".join(schema["description"].split())
    texts = attribute_texts(cls)
    fields = cast(inspect.StructType, inspect.type_info(cls)).fields
    for field in fields:
        told = schema.get("properties", {}).get(field.encode_name)
        if told is not None and field.name in texts:
            told["description"] = " ".join(texts[field.name].split())


def _without_null(told: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: left out it is null, and nobody writes null in a query."""
    schema = {word: value for word, value in told.items() if word != "default" or value is not None}
    if "anyOf" not in schema:
        if None in schema.get("enum", ()):
            schema["enum"] = [word for word in schema["enum"] if word is not None]
        return schema
    rest = [one for one in schema.pop("anyOf") if one != {"type": "null"}]
    return {**rest[0], **schema} if len(rest) == 1 else {**schema, "anyOf": rest}
