"""Proving Zendesk's webhooks: what is accepted, and that everything else is 401."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.plugin import (
    Accepted,
    BadPayload,
    Context,
    Receipt,
    Record,
    Refused,
    Request,
    format_instant,
    parse_instant,
)

SECRET = "signing-secret-of-the-webhook"
NOW = parse_instant("2026-03-02T09:00:00Z")
BODY = b'{\n  "type": "zen:event-type:ticket.created",\n  "id": "01HZ",\n  "detail": {"id": "42"}\n}\n'
SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"


def connector(secret: Any = SECRET) -> Zendesk:
    context: Any = Context(http=None)  # type: ignore[arg-type]
    return Zendesk("zendesk", ZendeskSettings(subdomain="acme", webhook_secret=secret), context)


def signed(body: bytes = BODY, *, secret: str = SECRET, timestamp: str = format_instant(NOW)) -> dict[str, str]:
    mark = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return {TIMESTAMP: timestamp, SIGNATURE: base64.b64encode(mark).decode()}


def receive(headers: dict[str, str], body: bytes = BODY, secret: Any = SECRET) -> Receipt:
    return connector(secret).receive(Request("POST", headers, {}, body, NOW))


def record(receipt: Receipt) -> Record:
    assert isinstance(receipt, Accepted)
    (only,) = receipt.records
    return only


def refused(receipt: Receipt) -> Refused:
    assert isinstance(receipt, Refused)
    assert receipt.status == 401
    assert SECRET not in receipt.why
    return receipt


def test_what_zendesk_signed_is_kept_byte_for_byte() -> None:
    """The record is the very body, under the event's id."""
    kept = record(receive(signed()))
    assert (kept.body, kept.key, kept.form, kept.received_at) == (BODY, "01HZ", "push", NOW)


WITHOUT_ID = b'{"type": "zen:event-type:ticket.created", "id": %b}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nope",
        b"\xff",
        b"[]",
        b"5",
        b'{"ticket_id": "42"}',
        b'{"id": "42"}',
        b'{"type": ["zen:event-type:x"]}',
        WITHOUT_ID % b"5",
        WITHOUT_ID % b"null",
        WITHOUT_ID % b'""',
        WITHOUT_ID % (b'"' + b"x" * 201 + b'"'),
    ],
)
def test_what_is_signed_is_kept_even_if_nobody_understands_it(body: bytes) -> None:
    """A signed body without a usable event id is kept too, without a key, so that each one counts."""
    assert record(receive(signed(body), body)).key is None


def test_every_secret_verifies() -> None:
    """While a secret is rotated, either one verifies; without any, nothing is accepted."""
    assert record(receive(signed(secret="old"), secret=["new", "old"]))
    assert record(receive(signed(secret="new"), secret=["new", "old"]))
    refused(receive(signed(secret="older"), secret=["new", "old"]))
    refused(receive(signed(), secret=None))
    with pytest.raises(ValidationError):
        connector([""])


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_fresh_timestamp_is_accepted(seconds: int) -> None:
    """Five minutes to either side are allowed, whatever the event's own time."""
    assert record(receive(signed(timestamp=format_instant(NOW + seconds * 1000))))


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_a_stale_timestamp_is_401(seconds: int) -> None:
    """More than five minutes is a replay."""
    refused(receive(signed(timestamp=format_instant(NOW + seconds * 1000))))


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "now",
        "2026-03-02",
        "2026-03-02T09:00:00",
        "1772442000",
        "2026-03-02T09:00:00Z\u00a0",
        "\u0662026-03-02T09:00:00Z",
        "2026-03-02T09:00:00Z" + " " * 200,
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "é",
    ],
)
def test_a_timestamp_that_is_none_is_401(timestamp: str) -> None:
    """A timestamp that can't be read is refused, even if it is signed."""
    refused(receive(signed(timestamp=timestamp)))


def test_a_signature_that_is_wrong_is_401() -> None:
    """Missing, empty, foreign, truncated, not ASCII, and of another body."""
    right = signed()
    for name in right:
        refused(receive({key: value for key, value in right.items() if key != name}))
        refused(receive({**right, name: ""}))
    for wrong in (right[SIGNATURE][:-1], right[SIGNATURE] + "=", "é", "\udce9", "A" * 10_000, right[SIGNATURE].lower()):
        refused(receive({**right, SIGNATURE: wrong}))
    refused(receive(right, BODY.rstrip(b"\n")))
    refused(receive(signed(secret="foreign")))


@given(st.text(), st.text(), st.binary(max_size=50))
def test_no_request_raises(timestamp: str, mark: str, body: bytes) -> None:
    """Whatever comes, the answer is a receipt."""
    refused(receive({TIMESTAMP: timestamp, SIGNATURE: mark}, body))


def test_a_signed_nonsense_is_parked_not_lost() -> None:
    """What can't be read is accepted first, and BadPayload when it is normalized."""
    kept = record(receive(signed(b"nope"), b"nope"))
    with pytest.raises(BadPayload):
        list(connector().normalize(kept))
