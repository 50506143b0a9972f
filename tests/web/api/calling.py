"""Calls of the API, each of whose answers is held against the document that declares it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from gateway.model.instant import parse_instant
from gateway.web.admin import admin_app
from gateway.web.api.api import OPERATIONS
from gateway.web.api.document import document
from tests.support.schemas import closed
from tests.web.raw import Reply, ask, served
from tests.web.worlds import TOKEN, Whole

PROBLEM = "application/problem+json"
NO_BODY = (304,)

formats = FormatChecker(())
formats.checks("date-time", raises=ValueError)(
    lambda text: not isinstance(text, str) or parse_instant(text) is not None
)


@lru_cache(maxsize=1)
def told() -> dict[str, Any]:
    """The document, as it is published."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document(OPERATIONS)))
    return made


@lru_cache(maxsize=1)
def _components() -> dict[str, Any]:
    """What answers are made of: here nothing may be in them that isn't declared."""
    made: dict[str, Any] = closed(told()["components"])
    return made


@lru_cache(maxsize=500)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**msgspec.json.decode(schema), "components": _components()}, format_checker=formats)


def undeclared(operation: dict[str, Any], reply: Reply) -> list[str]:
    """What an answer has that its operation doesn't declare."""
    answer = operation["responses"].get(str(reply.status))
    if answer is None:
        return [f"status {reply.status}: {reply.body[:300]!r}"]
    if "$ref" in answer:
        answer = told()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    if reply.status in NO_BODY:
        return ["a body"] if reply.body else []
    kind = reply.headers["content-type"].partition(";")[0]
    if kind not in answer["content"]:
        return [f"{kind} of status {reply.status}"]
    found = [f"no {name}" for name in answer.get("headers", {}) if name != "Link" and name.lower() not in reply.headers]
    if kind not in ("application/json", PROBLEM):
        return found
    schema = answer["content"][kind]["schema"]
    errors = _validator(msgspec.json.encode(schema).decode()).iter_errors(msgspec.json.decode(reply.body))
    return found + [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


@dataclass
class Caller:
    """Who calls a gateway that is served."""

    port: int
    token: str = TOKEN
    wrong: list[str] = field(default_factory=list)
    """What was answered and isn't declared."""

    async def call(self, method: str, path: str, target: str = "", body: bytes = b"", **headers: str) -> Reply:
        """Call the operation at `path`, by `target` where that has words or a query."""
        if self.token:
            headers.setdefault("authorization", f"Bearer {self.token}")
        if body:
            headers.setdefault("content_type", "application/json")
        reply = await ask(self.port, method, target or path, body, **headers)
        operation = told()["paths"][path][method.lower()]
        self.wrong += [f"{method} {target or path} {body[:80]!r}: {one}" for one in undeclared(operation, reply)]
        return reply

    async def value(self, path: str, target: str = "", status: int = 200) -> Any:
        """What a GET answers, which is declared."""
        reply = await self.call("GET", path, target)
        assert (reply.status, self.wrong) == (status, []), reply.body
        return msgspec.json.decode(reply.body)


@asynccontextmanager
async def calling(whole: Whole, token: str = TOKEN) -> AsyncIterator[Caller]:
    """The gateway is served meanwhile."""
    async with served(admin_app(whole.gateway, whole.clock, TOKEN)) as port:
        yield Caller(port, token)
