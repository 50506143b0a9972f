"""What several tests of the connector use: an API that answers from a dictionary, and the connector before it."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings

from gateway.plugin import (
    Context,
    Instant,
    Permanent,
    RateLimited,
    Record,
    Ref,
    Transient,
    VendorError,
    VendorResponse,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")


def refused(status: int, body: Any) -> VendorError:
    """How a refusal of the API reaches the connector."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    if status == 429:
        return RateLimited("the vendor answered 429", retry_after_s=60.0, body=raw)
    kind = Transient if status >= 500 else Permanent
    return kind(f"the vendor answered {status}", status=status, body=raw)


GONE = refused(404, {"error": "RecordNotFound", "description": "Not found"})
NO_SUCH_API = refused(404, {"error": "InvalidEndpoint", "description": "Not found"})


class Api:
    """Answers by path: with an object, an error, what a function of the parameters says, or the next of a list."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = {path: list(told) if isinstance(told, list) else told for path, told in answers.items()}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> VendorResponse:
        self.asked.append((path, dict(params or {})))
        answer = self.answers.get(path.removesuffix(".json"), NO_SUCH_API)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = answer(params or {})
        if isinstance(answer, VendorError):
            raise answer
        return VendorResponse(200, {}, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked.removesuffix(".json") == path for asked, _ in self.asked)


class Account:
    """A connector before an API, and what they say to each other."""

    def __init__(self, answers: Mapping[str, Any], **settings: Any) -> None:
        self.api = Api(answers)
        http: Any = self.api
        self.connector = Zendesk("zendesk", ZendeskSettings(**{"subdomain": "acme", **settings}), Context(http=http))

    def look_up(self, kind: str, id: str, now: int = NOW) -> list[Record]:
        """What a look-up finds."""
        return list(asyncio.run(self.connector.fetch(Ref(kind, id), now)))

    def pull(self, name: str = "tickets", cursor: str | None = None, now: int = NOW) -> Any:
        """One page of a stream."""
        stream = next(stream for stream in self.connector.streams if stream.name == name)
        return asyncio.run(self.connector.pull(stream, cursor, now))

    def check(self) -> list[Any]:
        """What the check finds."""
        return list(asyncio.run(self.connector.check()))

    def says(self, records: Any) -> list[Any]:
        """What records mean."""
        return [item for record in records for item in self.connector.normalize(record)]

    def reads(self, body: Any, form: Any = "fetched", *, received_at: int = NOW, **more: Any) -> list[Any]:
        """What one body means."""
        return self.says([Record(body=json.dumps(body).encode(), form=form, received_at=Instant(received_at), **more)])


@pytest.fixture
def account() -> Callable[..., Account]:
    """Makes accounts."""
    return Account


@pytest.fixture
def refusal() -> Callable[[int, Any], VendorError]:
    """Makes refusals."""
    return refused


@pytest.fixture
def gone() -> VendorError:
    """The refusal that says that the object isn't there."""
    return GONE


@pytest.fixture
def no_such_api() -> VendorError:
    """The refusal that says that the account hasn't got the API."""
    return NO_SUCH_API
