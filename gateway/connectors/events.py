"""The connector `events`: any system posts `{"events": [ … ]}` in the gateway's own words, signed by Standard Webhooks.

A request is taken whole or refused whole: one wrong event among many refuses all, and the answer names its position.
An event's `id` and content are the record's key, so that an event sent twice is a duplicate. An `id` from an earlier
request that comes back with other content is stored and parked by the core, where people see it (`strict_ids`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, field_validator

from gateway.plugin import (
    DAY_MS,
    NESTING_MAX,
    Accepted,
    BadPayload,
    BadSignature,
    Connector,
    Context,
    EnrichmentReceived,
    Event,
    Fetch,
    Finding,
    Instant,
    Receipt,
    Record,
    Refused,
    Request,
    Secrets,
    check_event,
    convert_event,
    decode_event,
    decode_events,
    encode_event,
    hookimpl,
    parse_webhook_secret,
    read_json,
    verify_standard_webhook,
)

EVENTS_MAX = 1_000
"""Events that one request may bring."""

AHEAD_MAX_MS = DAY_MS
"""How far in the future an event may lie, in milliseconds."""


class EventsSettings(BaseModel):
    """What any system posts, signed by Standard Webhooks."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: Secrets
    """One Standard Webhooks secret (`whsec_…`) or a list of them, all of which verify."""

    @field_validator("secret")
    @classmethod
    def _readable(cls, secrets: Secrets) -> Secrets:
        for secret in secrets:
            parse_webhook_secret(secret.get_secret_value())
        return secrets


class _Wrong(Exception):
    """Why the event at `position` refuses its request."""

    def __init__(self, position: int, why: str) -> None:
        super().__init__(f"event {position}: {why}")
        self.position = position


class EventsConnector:
    """Receives events in the gateway's own words."""

    plugin: ClassVar[str] = "events"
    strict_ids: ClassVar[bool] = True
    id_keys: ClassVar[frozenset[str]] = frozenset(
        {"agent", "assignee", "by", "escalation", "group", "id", "message", "phone", "queue"}
    )
    settings_type: ClassVar[type[BaseModel]] = EventsSettings

    def __init__(self, name: str, settings: EventsSettings, context: Context) -> None:
        self._secrets = tuple(parse_webhook_secret(secret.get_secret_value()) for secret in settings.secret)

    def receive(self, request: Request) -> Receipt:
        """Prove the sender (else 401), then check every event (else 422): a record for each."""
        try:
            verify_standard_webhook(self._secrets, request.headers, request.body, request.received_at)
        except BadSignature as error:
            return Refused(401, str(error))
        try:
            return Accepted(_records(_events(request.body), request.received_at))
        except _Wrong as error:
            return Refused(422, str(error), {"position": error.position})
        except BadPayload as error:
            return Refused(422, str(error))

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """The event that the record is."""
        try:
            yield decode_event(record.body)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BadPayload(f"no event: {error}") from None

    async def check(self) -> Sequence[Finding]:
        """There is nobody to ask."""
        return [Finding(True, f"{len(self._secrets)} secret(s) verify what is posted here")]


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(EventsConnector)


def _events(body: bytes) -> Iterable[Event]:
    """The events of a body. What isn't right at first sight is read once more, event by event, to say what is wrong."""
    try:
        events = decode_events(body)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return _one_by_one(body)
    if len(events) > EVENTS_MAX or (body.count(b"[") + body.count(b"{") > NESTING_MAX and _may_nest(events)):
        return _one_by_one(body)
    return events


def _may_nest(events: Iterable[Event]) -> bool:
    """Whether one of the events may nest as deep as it likes: the facts of an enrichment are any JSON."""
    return any(isinstance(event, EnrichmentReceived) for event in events)


def _one_by_one(body: bytes) -> Iterator[Event]:
    for position, value in enumerate(_listed(read_json(body))):
        try:
            yield convert_event(value)
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise _Wrong(position, str(error)) from None


def _listed(body: Any) -> list[Any]:
    if not isinstance(body, dict) or not isinstance(body.get("events"), list):
        raise BadPayload('the body is not like {"events": [ … ]}')
    if unknown := sorted(set(body) - {"events"}):
        raise BadPayload(f"unknown field {unknown[0][:100]!r}: the body has `events` only")
    events: list[Any] = body["events"]
    if len(events) > EVENTS_MAX:
        raise BadPayload(f"{len(events)} events: send at most {EVENTS_MAX} in one request")
    return events


def _records(events: Iterable[Event], received_at: int) -> list[Record]:
    seen: dict[str, bytes] = {}
    records = []
    received = Instant(received_at)
    for position, event in enumerate(events):
        body = _checked(position, event, received_at)
        if seen.setdefault(event.id, body) != body:
            raise _Wrong(position, f"another event of this request has the id {event.id!r} and other content")
        records.append(Record(body=body, form="push", key=event.id, exact=True, received_at=received))
    return records


def _checked(position: int, event: Event, received_at: int) -> bytes:
    """The canonical bytes of an event that anybody may say. Raises _Wrong."""
    if not event.id:
        raise _Wrong(position, "it has no `id`")
    try:
        check_event(event)
    except ValueError as error:
        raise _Wrong(position, str(error)) from None
    if event.at > received_at + AHEAD_MAX_MS:
        raise _Wrong(position, "`at` lies more than 24 h in the future")
    try:
        return encode_event(event)
    except (OverflowError, ValueError, TypeError, RecursionError):
        raise _Wrong(position, "a number is out of range: whole numbers have at most 64 bits") from None
