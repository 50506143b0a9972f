"""Payloads that others published go through `receive` and `normalize`; skipped where they are not at hand."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings

from gateway.plugin import (
    Accepted,
    BadPayload,
    ContactObserved,
    ContactOpened,
    Context,
    Fetch,
    MessageAdded,
    Record,
    Request,
    StatusChanged,
    format_instant,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")
SECRET = "signing-secret"


@pytest.fixture(scope="module")
def published() -> Path:
    """The folder of Zendesk's published payloads."""
    folder = os.environ.get("GATEWAY_FIXTURES")
    if not folder:
        pytest.skip("GATEWAY_FIXTURES names no folder of published payloads")
    return Path(folder) / "zendesk"


def connector() -> Zendesk:
    context: Any = Context(http=None)  # type: ignore[arg-type]
    return Zendesk("zendesk", ZendeskSettings(subdomain="acme", webhook_secret=SECRET), context)


def pushed(body: bytes) -> list[Any]:
    """What a webhook says, signed and received."""
    timestamp = format_instant(NOW)
    mark = hmac.new(SECRET.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    headers = {
        "x-zendesk-webhook-signature": base64.b64encode(mark).decode(),
        "x-zendesk-webhook-signature-timestamp": timestamp,
    }
    receipt = connector().receive(Request("POST", headers, {}, body, NOW))
    assert isinstance(receipt, Accepted)
    return [item for record in receipt.records for item in connector().normalize(record)]


def fetched(body: bytes) -> list[Any]:
    return list(connector().normalize(Record(body=body, form="fetched", received_at=NOW)))


def test_a_published_comment_is_a_message(published: Path) -> None:
    """The example of a comment, with ids as numbers and nine digits of a second."""
    (message,) = pushed((published / "third_party_example_comment_added.json").read_bytes())
    assert isinstance(message, MessageAdded)
    assert (message.id, message.author.kind, message.visibility) == ("comment:9876543210", "agent", "public")
    assert message.at == parse_instant("2025-01-08T14:25:30Z")


def test_a_published_change_of_status_is_looked_up(published: Path) -> None:
    """The example of a change of status."""
    (fetch,) = pushed((published / "third_party_example_status_changed.json").read_bytes())
    assert isinstance(fetch, Fetch)
    assert fetch.ref.id == "5158"


@pytest.mark.parametrize("name", ["ticket", "tickets", "ticket_show_many"])
def test_published_tickets_open_and_are_observed(name: str, published: Path) -> None:
    """Each published ticket gives its opening and one observation, with a status and a channel that we know."""
    body = (published / "go-zendesk" / "GET" / f"{name}.json").read_bytes()
    content = json.loads(body)
    tickets = content.get("tickets") or [content["ticket"]]
    items = fetched(body)
    opened = [item for item in items if isinstance(item, ContactOpened)]
    observed = [item for item in items if isinstance(item, ContactObserved)]
    assert len(opened) == len(observed) == len(tickets) > 0
    assert {item.status for item in observed} <= {"new", "open", "pending", "on_hold", "solved", "closed"}
    assert {item.channel for item in opened} <= {"email", "web", "api", "chat", "phone", "other"}
    rows = [json.dumps({"ticket": ticket}).encode() for ticket in tickets]
    said = [
        item
        for row in rows
        for item in connector().normalize(Record(body=row, form="row", stream="tickets", received_at=NOW))
    ]
    looked_up = [item for item in said if isinstance(item, Fetch)]
    assert [item for item in said if not isinstance(item, Fetch)] == items
    assert [fetch.ref.id for fetch in looked_up] == [str(ticket["id"]) for ticket in tickets]
    assert [fetch.version for fetch in looked_up] == [parse_instant(ticket["updated_at"]) for ticket in tickets]


def test_a_published_log_gives_comment_and_change(published: Path) -> None:
    """The published log has a private comment and a change of status by a trigger."""
    items = fetched((published / "go-zendesk" / "GET" / "ticket_audits.json").read_bytes())
    comment, change = items
    assert isinstance(comment, MessageAdded)
    assert (comment.id, comment.author.kind, comment.visibility) == ("comment:2127301148", "agent", "internal")
    assert isinstance(change, StatusChanged)
    assert (change.id, change.to, change.ref.id) == ("audit:2127301143:2127301163", "open", "666")


def test_every_other_published_payload_is_read_or_bad(published: Path) -> None:
    """Whatever of the vendor's comes by any way: events, look-ups, or BadPayload."""
    read = 0
    for path in sorted(published.rglob("*.json")):
        for form in ("push", "row", "fetched"):
            try:
                list(connector().normalize(Record(body=path.read_bytes(), form=form, received_at=NOW)))
            except BadPayload as error:
                assert str(error)
            else:
                read += 1
    assert read >= 6
