"""What several tests of the connector use: an API that answers from a dictionary, and the connector before it."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from gateway_freshdesk import Freshdesk
from gateway_freshdesk.settings import FreshdeskSettings

from gateway.plugin import (
    SECOND_MS,
    Context,
    Instant,
    Permanent,
    RateLimited,
    Record,
    Ref,
    Transient,
    VendorError,
    VendorResponse,
    format_instant,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")


def refused(status: int, body: Any = b"") -> VendorError:
    """How a refusal of the API reaches the connector."""
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    if status == 429:
        return RateLimited("the vendor answered 429", retry_after_s=60.0, body=raw)
    kind = Transient if status >= 500 else Permanent
    return kind(f"the vendor answered {status}", status=status, body=raw)


class Api:
    """Answers by path: with an object, an error, or what a function of the parameters says."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.rests: list[tuple[str, float, bool]] = []

    def rest(self, path: str, seconds: float, *, past_only: bool = False) -> None:
        self.rests.append((path, seconds, past_only))

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> VendorResponse:
        self.asked.append((path, dict(params or {})))
        answer = self.answers.get(path, refused(404))
        if callable(answer):
            answer = answer(params or {})
        if isinstance(answer, VendorError):
            raise answer
        if isinstance(answer, VendorResponse):
            return answer
        return VendorResponse(200, {}, answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    def times(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(asked == path for asked, _ in self.asked)


class Account:
    """A connector before an API, and what they say to each other."""

    def __init__(self, answers: Mapping[str, Any], **settings: Any) -> None:
        self.api = Api(answers)
        http: Any = self.api
        chosen = FreshdeskSettings(**{"domain": "acme", "api_key": "a-key", **settings})
        self.connector = Freshdesk("freshdesk", chosen, Context(http=http))

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
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.says([Record(body=raw, form=form, received_at=Instant(received_at), **more)])


class TicketList:
    """The list of tickets as Freshdesk keeps it: by their time of change, page by page, with a wall at the end."""

    def __init__(self, per_page: int = 3, pages_max: int = 300) -> None:
        self.per_page, self.pages_max = per_page, pages_max
        self.changed: dict[int, int] = {}
        """When each ticket was changed, in seconds."""

        self.after: Callable[[Mapping[str, Any]], None] = lambda params: None
        """What happens behind each answer."""

    def __call__(self, params: Mapping[str, Any]) -> VendorResponse | VendorError:
        if params["page"] > self.pages_max:
            return refused(400, {"description": "Validation failed", "errors": [{"field": "page"}]})
        since = parse_instant(params["updated_since"]) // SECOND_MS
        rows = sorted((second, id) for id, second in self.changed.items() if second >= since)
        first = (params["page"] - 1) * self.per_page
        shown = [ticket(id, second) for second, id in rows[first : first + self.per_page]]
        self.after(params)
        more = len(rows) > first + self.per_page
        headers = {"link": '<https://acme.freshdesk.com/api/v2/tickets?page=2>; rel="next"'} if more else {}
        return VendorResponse(200, headers, json.dumps(shown).encode())


def ticket(id: int, changed_s: int, **more: Any) -> dict[str, Any]:
    """A ticket that was last changed at a second."""
    at = format_instant(changed_s * SECOND_MS)
    return {"id": id, "created_at": at, "updated_at": at, "status": 2, "source": 1, "priority": 1, **more}


def ids(records: Sequence[Record]) -> list[int]:
    """The tickets of rows."""
    return [json.loads(record.body)["ticket"]["id"] for record in records]


@pytest.fixture
def account() -> Callable[..., Account]:
    """Makes accounts."""
    return Account


@pytest.fixture
def refusal() -> Callable[..., VendorError]:
    """Makes refusals."""
    return refused


@pytest.fixture
def listed() -> Callable[..., TicketList]:
    """Makes lists of tickets."""
    return TicketList


@pytest.fixture
def ids_of() -> Callable[[Sequence[Record]], list[int]]:
    """Reads the ids of rows."""
    return ids
