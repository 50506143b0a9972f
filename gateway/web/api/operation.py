"""What an operation of the API is: declared once, with all that the server, the document and the reference need of it.

Laws. An operation is data and a function; nothing is answered that isn't declared here, and what is declared is what
the OpenAPI document says.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from aiohttp import web

from gateway.engine.explaining import Explaining
from gateway.engine.gateway import Gateway
from gateway.engine.operate import Operating
from gateway.kernel.ports import Clock
from gateway.web.api.problem import MEANINGS, Kind
from gateway.web.api.query import NoQuery
from gateway.web.counted import Counted
from gateway.web.replies import Handler
from gateway.web.routes import Role

JSON: Final = "application/json"
CSV: Final = "text/csv"

Q = TypeVar("Q", bound=msgspec.Struct)
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the operations work with."""

    gateway: Gateway
    clock: Clock
    counted: Counted
    explaining: Explaining
    operating: Operating
    stream: Handler
    """Answers who wants to know at once what changes."""


@dataclass(frozen=True, slots=True)
class Asked(Generic[Q, B]):
    """A request that has been read: who asks, the words of its path, its query and its body."""

    by: str
    path: Mapping[str, str]
    query: Q
    body: B
    request: web.Request


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: a value of the type that the operation declares for the status.

    `next` is where the next page begins. `etag` is for values that change by themselves as time passes: what they are
    made of; without it the answer's own bytes are.
    """

    value: object
    status: int = 200
    next: str | None = None
    etag: object = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a path: what it names, and whether it is a number."""

    meaning: str
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `answers` are types by status, all in `media`; `rows` is the field of the answer that is a list,
    and that is the CSV. `optional` says of a body that it may be left out; `reads` is what it is read as, where its
    `body` only describes it."""

    method: Literal["GET", "POST"]
    path: str
    id: str
    tag: str
    summary: str
    role: Role
    run: Callable[[Desk, Asked[Any, Any]], Awaitable[Said | web.StreamResponse]]
    answers: Mapping[int, Any]
    problems: tuple[Kind, ...] = ()
    words: Mapping[str, Word] = field(default_factory=dict)
    query: type[msgspec.Struct] = NoQuery
    body: Any = None
    reads: Any = None
    optional: bool = True
    media: str = JSON
    rows: str = ""

    @property
    def read_only(self) -> bool:
        """Whether it only looks."""
        return self.method == "GET"


def problems_of(operation: Operation) -> tuple[Kind, ...]:
    """Every kind of problem that an operation may answer with, by status."""
    common: list[Kind] = ["bad-query", "unauthenticated", "misdirected", "failed", "unavailable"]
    if operation.role != "anyone":
        common.append("forbidden")
    if operation.words:
        common.append("not-found")
    if operation.method == "POST":
        common += ["bad-body", "timeout", "too-large", "media-type"]
    return tuple(sorted({*common, *operation.problems}, key=lambda kind: (MEANINGS[kind].status, kind)))
