"""The kit's checks of the connector, and what is Yourvendor's own."""

import json
from pathlib import Path
from typing import Any

from gateway.testing import ConnectorSuite
from gateway_yourvendor import Yourvendor, YourvendorSettings

from gateway.plugin import ContactOpened, Context, Event, Instant, Record, StatusChanged

SAMPLES = Path(__file__).parent / "samples"


class TestYourvendor(ConnectorSuite):
    """Every check of the kit is a test: `pytest -k retry` runs those that have it in their id."""

    connector = Yourvendor
    samples = SAMPLES


def said(ticket: dict[str, Any]) -> list[Event]:
    """What the connector makes of a ticket."""
    settings = YourvendorSettings(token="a-token", webhook_secret="whsec_" + "a2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM=")
    connector = Yourvendor("yourvendor", settings, Context(http=None))
    record = Record(body=json.dumps({"ticket": ticket}).encode(), form="row", received_at=Instant(1_772_442_000_000))
    return list(connector.normalize(record))


def test_words_of_tomorrow_are_passed_over() -> None:
    """A channel that we don't know is `other`; a status that we don't know changes nothing."""
    ticket = json.loads((SAMPLES / "row_solved.json").read_bytes())["ticket"]
    ticket["channel"] = "carrier pigeon"
    ticket["log"][-1]["to"] = "melted"
    events = said(ticket)

    assert [event.channel for event in events if isinstance(event, ContactOpened)] == ["other"]
    assert [event for event in events if isinstance(event, StatusChanged)] == []
