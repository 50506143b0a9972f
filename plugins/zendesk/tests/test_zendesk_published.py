"""Payloads that others published go through `receive` and `normalize`; skipped where they are not at hand."""

import asyncio
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
    Ref,
    Request,
    StatusChanged,
    VendorResponse,
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


def test_published_users_are_followed_or_not(published: Path) -> None:
    """Users as rows of their export: who asks for help is looked up at their version, staff and who is new is not."""
    content = json.loads((published / "go-zendesk" / "GET" / "users.json").read_bytes())
    users = [*content["users"], json.loads((published / "go-zendesk" / "GET" / "user.json").read_bytes())["user"]]
    for user in users:
        row = json.dumps({"user": user}).encode()
        said = list(connector().normalize(Record(body=row, form="row", stream="users", received_at=NOW)))
        age = parse_instant(user["updated_at"]) - parse_instant(user["created_at"])
        if user["role"] == "end-user" and age >= 2_000:
            assert said == [Fetch(Ref("user", str(user["id"])), said[0].reason, parse_instant(user["updated_at"]))]
        else:
            assert said == []
    changed = {**users[-1], "updated_at": "2026-03-01T00:00:00Z"}
    (told,) = fetched(json.dumps({"user": changed, "requested": [7]}).encode())
    assert (told.customer.id, told.customer.email) == (str(changed["id"]), changed["email"])


def test_a_published_search_result_is_a_ticket(published: Path) -> None:
    """A row as another list shows it: brand and address are told, and nobody is taken for staff."""
    (row,) = json.loads((published / "go-zendesk" / "ticket_result.json").read_bytes())
    opened, observed = fetched(json.dumps({"ticket": row}).encode())
    assert (opened.channel, opened.direction) == ("api", "inbound")
    assert observed.fields["brand_id"] == str(row["brand_id"])
    assert observed.fields["link"] == f"https://acme.zendesk.com/agent/tickets/{row['id']}"
    assert (observed.priority, observed.status) == ("urgent", "new")


def test_a_published_webhook_is_judged(published: Path) -> None:
    """A webhook that triggers fire, to another address: not ours, and well if it were."""
    hook = json.loads((published / "go-zendesk" / "GET" / "webhook.json").read_bytes())["webhook"]
    for endpoint, words in ((hook["endpoint"], "no webhook"), ("https://x.example/in/zendesk", "triggers")):
        told = {"webhooks": [{**hook, "endpoint": endpoint}]}
        answers = {"/api/v2/webhooks": told, "/api/v2/users/me.json": {"user": {"id": 1, "role": "admin"}}}

        class Http:
            async def get(self, path: str, params: Any = None, answers: Any = answers) -> VendorResponse:
                return VendorResponse(200, {}, json.dumps(answers.get(path, {})).encode())

        context: Any = Context(http=Http())  # type: ignore[arg-type]
        settings = ZendeskSettings(subdomain="acme", webhook_secret=SECRET)
        found = asyncio.run(Zendesk("zendesk", settings, context).check())
        assert words in found[-1].what


def test_published_names_are_known(published: Path) -> None:
    """The brands of an account, by id."""
    listed = json.loads((published / "go-zendesk" / "GET" / "brands.json").read_bytes())["brands"]
    names = {"brands": {str(brand["id"]): brand["name"] for brand in listed}}
    ticket = json.loads((published / "go-zendesk" / "GET" / "ticket.json").read_bytes())["ticket"]
    body = {"ticket": {**ticket, "brand_id": listed[0]["id"]}, "names": names}
    assert fetched(json.dumps(body).encode())[1].fields["brand"] == listed[0]["name"]


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
