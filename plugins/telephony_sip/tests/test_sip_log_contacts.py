"""From the exchange's folder to contacts: the connector pulls, reads, joins by names, and tells."""

import asyncio
from pathlib import Path
from typing import Any

from gateway_telephony_sip import TelephonySip
from gateway_telephony_sip.facts import Call
from gateway_telephony_sip.settings import TelephonySettings

from gateway.plugin import ContactObserved, Context, Event, Piece, VendorHttp, parse_instant

SAMPLES = Path(__file__).parent / "samples/asterisk"
NOW = parse_instant("2026-03-02T09:00:00Z")


def connector(**more: Any) -> TelephonySip:
    """A connector that reads the samples."""
    logs = {"queue_log": str(SAMPLES / "queue_log"), "cdr": str(SAMPLES / "Master.csv"), **more}
    settings = TelephonySettings.model_validate({"asterisk": logs, "numbers": {"country": "49"}})
    unused = VendorHttp.__new__(VendorHttp)  # files are read, and nobody is called
    return TelephonySip("phones", settings, Context(http=unused))


def pieces(phones: TelephonySip) -> list[Piece]:
    """What all lines of both logs say."""
    pages = [asyncio.run(phones.pull(stream, None, NOW)) for stream in phones.streams]
    said = [item for page in pages for record in page.records for item in phones.normalize(record)]
    return [item for item in said if isinstance(item, Piece)]


def joined(phones: TelephonySip, found: list[Piece]) -> list[Call]:
    """One call for all pieces that share a name, as the core puts them together."""
    calls: list[tuple[set[str], Call]] = []
    for piece in found:
        names, facts = set(piece.names), piece.facts
        for mine in [known for known in calls if known[0] & names]:
            calls.remove(mine)
            names, facts = names | mine[0], phones.join(mine[1], facts)
        assert isinstance(facts, Call)
        calls.append((names, facts))
    return [facts for _, facts in calls]


def told(phones: TelephonySip) -> dict[str, list[Event]]:
    """The events by contact."""
    contacts = [list(phones.tell(facts)) for facts in joined(phones, pieces(phones))]
    return {events[0].ref.id: events for events in contacts if events}


def outcome(events: list[Event]) -> dict[str, Any]:
    """What is observed at the end."""
    (found,) = [event for event in events if isinstance(event, ContactObserved) and event.id.endswith(":outcome")]
    assert isinstance(found.fields, dict)
    return dict(found.fields)


def test_linked_calls_become_contacts() -> None:
    """Two of the three calls name their Call-ID, and are told under it; the third is kept."""
    contacts = told(connector())

    assert set(contacts) == {"0f6b0f10-d5b7@192.0.2.10", "a84b4c76e66710@192.0.2.10"}
    talked, gave_up = outcome(contacts["a84b4c76e66710@192.0.2.10"]), outcome(contacts["0f6b0f10-d5b7@192.0.2.10"])
    assert (talked["outcome"], talked["wait_s"], talked["handle_s"]) == ("answered", 12, 60)
    assert (gave_up["outcome"], gave_up["wait_s"], gave_up["ended_by"]) == ("abandoned", 20, "caller")


def test_without_a_listener_each_call_is_a_contact() -> None:
    """Under the exchange's own name where no Call-ID is known."""
    contacts = told(connector(unlinked="contact"))

    assert len(contacts) == 3
    support = outcome(contacts["asterisk:1772441500.44"])
    assert (support["outcome"], support["wait_s"]) == ("answered", 40)


def test_reading_twice_says_nothing_new() -> None:
    """A second reading gives the same keys, and facts that bring nothing."""
    phones = connector()
    pages = [asyncio.run(phones.pull(stream, None, NOW)) for stream in phones.streams * 2]
    keys = [record.key for page in pages for record in page.records]
    found = pieces(phones)

    assert len(set(keys)) == len(keys) // 2
    assert joined(phones, found) == joined(phones, found + found)
