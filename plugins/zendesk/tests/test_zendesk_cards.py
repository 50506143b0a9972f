"""Card numbers that customers write are hidden, and Zendesk's ids are never taken for one."""

import asyncio
import json
from typing import Any, cast

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from gateway_zendesk.webhook import record_of

from gateway.engine.arrive import arrived
from gateway.engine.world import Link
from gateway.plugin import (
    ContactAssigned,
    ContactOpened,
    Context,
    Event,
    MessageAdded,
    Record,
    Ref,
    Request,
    VendorHttp,
    parse_instant,
)

NOW = parse_instant("2026-03-02T09:00:00Z")
CARD = "4111 1111 1111 1111"
SHOWN = "4111 11•• •••• 1111"
AGENT = "4222222222222"
"""An id of thirteen digits that would pass for a card."""

TICKET = {
    "id": 42,
    "created_at": "2026-03-02T08:30:00Z",
    "updated_at": "2026-03-02T08:30:00Z",
    "subject": f"Paid with {CARD}",
    "status": "open",
    "requester_id": int(AGENT),
    "custom_fields": [{"id": int(AGENT), "value": CARD}],
}
AUDIT = {
    "id": 100,
    "ticket_id": 42,
    "created_at": "2026-03-02T08:31:00Z",
    "author_id": int(AGENT),
    "events": [
        {"id": 1, "type": "Comment", "body": f"My card: {CARD}", "public": True, "author_id": int(AGENT)},
        {"id": 2, "type": "Change", "field_name": "assignee_id", "value": AGENT, "previous_value": None},
        {"id": 3, "type": "Change", "field_name": "subject", "value": CARD.replace(" ", ""), "previous_value": ""},
    ],
}
PUSH = {
    "type": "zen:event-type:ticket.comment_added",
    "id": "01HX",
    "time": "2026-03-02T08:31:00Z",
    "subject": "zen:ticket:42",
    "detail": {"id": "42", "requester_id": AGENT, "assignee_id": AGENT},
    "event": {"comment": {"id": AGENT, "is_public": True, "body": CARD, "author": {"id": AGENT, "is_staff": False}}},
}


class Answer:
    """What Zendesk says."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def json(self) -> Any:
        """As it is read."""
        return json.loads(json.dumps(self.value))


class Api:
    """One ticket and its log."""

    async def get(self, path: str, params: Any = None) -> Answer:
        """The log, or the ticket."""
        return Answer({"audits": [AUDIT]} if "audits" in path else {"ticket": TICKET, "users": []})


class Silent:
    """A world whose log nobody reads."""

    @property
    def log(self) -> "Silent":
        """Itself."""
        return self

    def warning(self, *_: object, **__: object) -> None:
        """Nothing."""


@pytest.fixture
def zendesk() -> Zendesk:
    """The connector on that account."""
    settings = ZendeskSettings.model_validate(
        {"subdomain": "example", "client_id": "a", "client_secret": "b", "webhook_secret": "c"}
    )
    return Zendesk("zendesk", settings, Context(http=cast(VendorHttp, Api())))


def stored(zendesk: Zendesk, records: list[Record]) -> list[Record]:
    """The records as they lie in the inbox."""
    return arrived(cast(Any, Silent()), Link("zendesk", zendesk), records)


def events(zendesk: Zendesk, records: list[Record]) -> list[Event]:
    """What they say."""
    return [event for record in records for event in zendesk.normalize(record) if not hasattr(event, "reason")]


def test_a_looked_up_ticket_keeps_its_ids_and_hides_its_cards(zendesk: Zendesk) -> None:
    """The log writes an assignee as text under `value`, as it does a subject: the one stays, the other doesn't."""
    records = stored(zendesk, list(asyncio.run(zendesk.fetch(Ref("ticket", "42"), NOW))))
    assert not any(CARD.encode() in record.body or b"4111111111111111" in record.body for record in records)
    told = events(zendesk, records)
    assert [event.assignee for event in told if isinstance(event, ContactAssigned)] == [AGENT]
    (opened,) = (event for event in told if isinstance(event, ContactOpened))
    assert opened.customer and opened.customer.id == AGENT
    (comment,) = (event for event in told if isinstance(event, MessageAdded))
    assert (comment.text, comment.author.id) == (f"My card: {SHOWN}", AGENT)


def test_a_webhook_keeps_its_ids_and_hides_its_cards(zendesk: Zendesk) -> None:
    """Webhooks write every id as text."""
    request = Request("POST", {}, {}, json.dumps(PUSH).encode(), NOW)
    (comment,) = events(zendesk, stored(zendesk, [record_of(request)]))
    assert isinstance(comment, MessageAdded)
    assert (comment.id, comment.text, comment.author.id) == (f"comment:{AGENT}", SHOWN, AGENT)
