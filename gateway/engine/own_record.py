"""A record in the gateway's own words: events that it, or a person by it, has to tell go the way of every datum."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.kernel.cards import hide_cards
from gateway.model.event import Event, encode_event
from gateway.model.instant import Instant
from gateway.model.record import Record

_IDS: Final = frozenset({"id", "escalation", "email", "phone", "handle"})
"""Keys of our events whose texts are never card numbers. A customer's identities have passed what their connector lets
pass: hidden here, they would be somebody else's."""


def record_of(events: Sequence[Event], now: int) -> Record:
    """Events as one record for the inbox, keyed by the first: all of them are judged together, and told once."""
    body = msgspec.json.encode({"events": [msgspec.Raw(encode_event(event)) for event in events]})
    body, _ = hide_cards(body, _IDS)
    return Record(body=body, form="events", key=events[0].id, received_at=Instant(now))
