"""Freshdesk's webhooks: proving one, and which ticket it names.

Laws. Freshdesk signs nothing: an automation's webhook proves itself by a token that it was given, so that whoever saw
one request can send any other. So nothing is believed but that a ticket may have changed: its id is read, and the
ticket is looked up. Placeholders are put into the body as they are: a quotation mark in a subject makes it no JSON, and
the id is found all the same.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from pydantic import SecretStr

from gateway.plugin import BadPayload, Fetch, Instant, Json, Record, Refused, Request, read_json, same_secret
from gateway_freshdesk.normalize import ticket_ref
from gateway_freshdesk.reading import ID_DIGITS_MAX, an_id
from gateway_freshdesk.settings import TOKEN_MAX

HEADER: Final = "x-gateway-token"
NAMES: Final = ("ticket_id", "id")
"""Under which a body of an administrator's own making may hold the id."""

TICKETS_MAX: Final = 5
"""Tickets that one broken body may name: a customer can write what looks like an id."""

_SCANNED_MAX: Final = 1_000_000
_FIELDS_MAX: Final = 1_000
_FORM_NAMES: Final = (*NAMES, "freshdesk_webhook[ticket_id]")
_NAMED: Final = re.compile(rb"\bticket_id[\"']?\s{0,8}[:=]\s{0,8}[\"']?([0-9]{1,18})(?![0-9])")


def unproved(tokens: Sequence[SecretStr], request: Request) -> Refused | None:
    """Why a request isn't proved to be of the account's making; None if it is. Every token is tried."""
    if not tokens:
        return Refused(401, "no webhook_token is set for this connector")
    given = request.headers.get(HEADER) or _password(request.headers.get("authorization", ""))
    if len(given) > TOKEN_MAX or not given.isascii():
        return Refused(401, f"{HEADER} is malformed")
    proved = [same_secret(given, token.get_secret_value()) for token in tokens]
    return None if any(proved) else Refused(401, f"{HEADER}, or the password of HTTP Basic, doesn't match")


def _password(header: str) -> str:
    """The password of HTTP Basic; empty where there is none."""
    scheme, _, pair = header[: 2 * TOKEN_MAX].partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(pair.strip(), validate=True).decode("latin-1").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def record_of(request: Request) -> Record:
    """A proved webhook as a record. Deliveries have no id: each counts."""
    return Record(body=request.body, form="push", received_at=Instant(request.received_at))


def push_events(body: bytes) -> Iterator[Fetch]:
    """The look-ups that a webhook is worth. Raises BadPayload where it names no ticket."""
    for id in named_in(body):
        yield Fetch(ticket_ref(id), "a webhook named the ticket")


def named_in(body: bytes) -> list[str]:
    """The tickets that a webhook's body names: as JSON, as a form, or as text that was to be one of them."""
    try:
        said = read_json(body)
    except BadPayload:
        return _named_in_text(body)
    found = [id for source in _sources(said) if (id := _id(source)) is not None]
    if not found:
        raise BadPayload("no `ticket_id`: put the ticket's id into the webhook's content")
    return found[:1]


def _sources(said: object) -> Iterator[Json]:
    """Where the id may stand, Freshdesk's own form first."""
    if isinstance(said, dict):
        yield from (inner for key in ("freshdesk_webhook", "ticket") if isinstance(inner := said.get(key), dict))
        yield said


def _id(source: Json) -> str | None:
    return next((id for name in NAMES if (id := an_id(source, name)) is not None), None)


def _named_in_text(body: bytes) -> list[str]:
    """The tickets that a form names, or text that is no JSON because of what stands beside the id."""
    scanned = body[:_SCANNED_MAX]
    found = [match.decode() for match in _NAMED.findall(scanned)]
    if not found:
        found = [value for name, value in _form(scanned) if name in _FORM_NAMES]
    ids = [str(int(id)) for id in found if id.isascii() and id.isdigit() and len(id) <= ID_DIGITS_MAX and int(id)]
    if not ids:
        raise BadPayload("neither JSON nor a form that names a `ticket_id`")
    return list(dict.fromkeys(ids))[:TICKETS_MAX]


def _form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form; none where there are so many that nobody has written it."""
    try:
        return parse_qsl(body.decode("latin-1"), max_num_fields=_FIELDS_MAX)
    except ValueError:
        return []
