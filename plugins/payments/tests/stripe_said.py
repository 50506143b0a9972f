"""What several tests of the connector use: events and objects as Stripe shows them, an API that answers from a
dictionary, and the connector before it."""

import asyncio
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway_payments.matter import Matter, join
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.settings import StripeSettings

from gateway.plugin import (
    Context,
    Event,
    Fetch,
    Instant,
    Permanent,
    Piece,
    Record,
    Ref,
    Transient,
    Unauthorized,
    VendorError,
    VendorResponse,
)

T = 1_771_900_000
"""When the samples' story begins, in seconds."""

NOW = (T + 60) * 1000
SAMPLES = Path(__file__).parent / "samples"
KEY = "rk_test_" + "0" * 16
SECRET = "whsec_of_a_test"


def sample(name: str) -> dict[str, Any]:
    """A sample by its name."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return found


def changed(name: str, *, at: int | None = None, **values: Any) -> dict[str, Any]:
    """A sample of an event whose object has other values, and which happened at `at` (seconds)."""
    event = sample(name)
    event["created"] = event["created"] if at is None else at
    event["data"]["object"] = {**event["data"]["object"], **values}
    event["id"] = f"evt_{zlib.crc32(json.dumps(event, sort_keys=True).encode())}"
    return event


def refused(status: int, body: Any = b"") -> VendorError:
    """How a refusal of the API reaches the connector."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = Unauthorized if status == 401 else Transient if status >= 500 else Permanent
    return kind(f"the vendor answered {status}", status=status, body=raw)


NO_PERMISSION = refused(403, {"error": {"message": "Having the 'rak_dispute_read' permission would allow this."}})
MISSING = refused(404, {"error": {"code": "resource_missing", "message": "No such thing"}})


class Http:
    """Answers by path: with an object, an error, what a function of the parameters says, or the next of a list."""

    def __init__(self, answers: Mapping[str, Any], date: str = "") -> None:
        self.answers = {path: list(told) if isinstance(told, list) else told for path, told in answers.items()}
        self.asked: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.date = date
        self.clock_ahead_s: float | None = 0.0

    async def get(
        self, path: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> VendorResponse:
        self.asked.append((path, dict(params or {}), dict(headers or {})))
        answer = self.answers.get(path, MISSING)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if callable(answer):
            answer = answer(params or {})
        if isinstance(answer, VendorError):
            raise answer
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return VendorResponse(200, {"date": self.date} if self.date else {}, body)


class Account:
    """A connector before an API."""

    def __init__(self, answers: Mapping[str, Any] | None = None, *, date: str = "", **settings: Any) -> None:
        self.http = Http(answers or {}, date)
        http: Any = self.http
        values = {"api_key": KEY, "webhook_secret": SECRET, **settings}
        self.connector = Stripe("stripe", StripeSettings(**values), Context(http=http))

    def reads(self, body: Any, form: Any = "push", **more: Any) -> list[Any]:
        """What one body means."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return list(self.connector.normalize(Record(body=raw, form=form, received_at=Instant(NOW), **more)))

    def look_up(self, kind: str, id: str, now: int = NOW) -> list[Record]:
        """What a look-up finds."""
        return list(asyncio.run(self.connector.fetch(Ref(kind, id), now)))

    def pull(self, cursor: str | None = None, now: int = NOW) -> Any:
        """One page of events."""
        return asyncio.run(self.connector.pull(self.connector.streams[0], cursor, now))

    def check(self) -> list[Any]:
        """What the check finds."""
        return list(asyncio.run(self.connector.check()))

    def tells(self, *events: Any, reads: Any = ()) -> list[Event]:
        """What events and re-reads make together, in whichever order they came."""
        facts = Matter()
        for form, bodies in (("push", events), ("fetched", reads)):
            for body in bodies:
                for said in self.reads(body, form):
                    assert isinstance(said, Piece | Fetch)
                    facts = join(facts, said.facts) if isinstance(said, Piece) else facts
        return sorted(self.connector.tell(facts), key=lambda event: (event.at, event.sequence))
