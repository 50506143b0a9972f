"""Card numbers never reach the disk, whichever way a record comes, and no log has them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from gateway.engine.own_record import record_of
from gateway.engine.pausing import pause
from gateway.engine.pull import pull_once
from gateway.kernel.log import redacted
from gateway.model.event import EnrichmentReceived
from gateway.model.identity import Customer, Ref
from gateway.plugin import BadPayload, Event, Fetch, Instant, Page, Permanent, Receipt, Record, Refused, Request, Stream
from tests.engine.rig import Rig, Vendor, opening, reply, run

CARDS = ("4111111111111111", "5555 5555 5555 4444", "3782-822463-10005")
SHOWN = ("411111••••••1111", "5555 55•• •••• 4444", "3782-82••••-•0005")
STREAM = Stream("tickets")


class Paying(Vendor):
    """Whatever it is asked for, customers have written card numbers into it."""

    streams: tuple[Stream, ...] = (STREAM,)
    id_keys: ClassVar[frozenset[str]] = frozenset({"id", "agent"})

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """Nothing: the record is what this is about."""
        yield from super().normalize(record) if b"fetch" in record.body else ()

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page."""
        return Page([Record(body=text(), form="row", stream=stream.name, received_at=Instant(now))], "end", False)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """One answer, or an error that quotes."""
        if ref.id == "gone":
            raise Permanent(f"no ticket with {CARDS[0]}", status=404)
        return [Record(body=text(), form="fetched", received_at=Instant(now))]


def text(**more: Any) -> bytes:
    """A body with cards in it."""
    return json.dumps({"comments": [{"text": f"Pay with {card}, cvv 987!"} for card in CARDS], **more}).encode()


def on_disk(path: Path) -> bytes:
    """Every byte that lies in the folder of the database: the file, its log of changes, what lies beside it."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()) if file.is_file())


def traces(rig: Rig, path: Path) -> list[str]:
    """The cards that can be read from the disk or from a log line as it is written."""
    logged = json.dumps([{key: redacted(key, value) for key, value in entry.items()} for entry in rig.log.entries])
    kept = on_disk(path) + logged.encode()
    return [card for card in (*CARDS, "cvv 987") if card.encode() in kept or card.replace(" ", "").encode() in kept]


def test_pushed_pulled_and_looked_up_cards_never_reach_the_disk(tmp_path: Path) -> None:
    """Each way in hides them before the first write, counts them, and tells of it without a word of the content."""
    path = tmp_path / "gateway.db"

    async def story(rig: Rig) -> None:
        rig.connectors["vendor"] = Paying()
        await rig.restart()
        link = rig.link("vendor")
        counted = []
        assert await rig.gateway.receive("vendor", Request("POST", {}, {}, text(), rig.clock.now()))
        counted.append(link.counts["cards_hidden"])
        await pull_once(rig.world, link, STREAM)
        counted.append(link.counts["cards_hidden"])
        await rig.told({"fetch": "42"}, {"fetch": "gone"})
        await rig.settle()
        await rig.gateway.fetch_once()
        counted.append(link.counts["cards_hidden"])
        assert counted == [6, 12, 18]
        assert await rig.post(opening(subject=f"card {CARDS[0]}"), reply(5, text=f"and {CARDS[1]}")) == 202
        await rig.settle()
        assert traces(rig, path) == []
        assert b"411111\xe2\x80\xa2" in on_disk(path)
        lines = [entry for entry in rig.log.entries if entry["event"] == "cards_hidden"]
        assert {(line["connector"], line["count"]) for line in lines} == {("vendor", 6), ("events", 2)}
        assert all(set(line) == {"event", "log_level", "connector", "count"} for line in lines)

    run(story, path)


def test_a_key_that_names_its_content_says_nothing_of_what_was_hidden() -> None:
    """Two events that differ in the hidden digits only have one key: nobody can guess them from it."""

    async def story(rig: Rig) -> None:
        for card in ("4111111111111111", "4111110000091111"):
            assert await rig.post(opening(subject=f"card {card}")) == 202
        assert rig.link("events").counts == {"accepted": 1, "duplicates": 1, "cards_hidden": 2}
        assert await rig.post(opening(subject="card 4111-1111-1111-1111")) == 202
        assert rig.link("events").counts["accepted"] == 2

    run(story)


def test_ids_stay_where_the_connector_says_that_they_are_ids() -> None:
    """A ticket whose id would pass for a card is still that ticket."""

    async def story(rig: Rig) -> None:
        assert await rig.post(opening(ticket=CARDS[0], subject=CARDS[0])) == 202
        await rig.settle()
        contact = await rig.contact(CARDS[0])
        assert contact.state is not None and contact.state.contact.subject == SHOWN[0]

    run(story)


def test_a_refusal_is_logged_without_cards() -> None:
    """The sender is told what it sent; a log line isn't."""

    class Strict(Vendor):
        """Quotes what it refuses."""

        def receive(self, request: Request) -> Receipt:
            """No."""
            return Refused(422, f"unknown word {CARDS[0]!r}")

    async def story(rig: Rig) -> None:
        rig.connectors["vendor"] = Strict()
        await rig.restart()
        assert await rig.gateway.receive("vendor", Request("POST", {}, {}, b"", rig.clock.now()))
        (line,) = (entry for entry in rig.log.entries if entry["event"] == "request_refused")
        assert redacted("why", line["why"]) == f"unknown word {SHOWN[0]!r}"

    run(story)


def test_what_people_write_is_hidden_too() -> None:
    """Reasons and names of who acts, in the store and in the audit; the reason of a record that can't be read."""

    class Quoting(Vendor):
        """Says what it could not read, decoded."""

        def normalize(self, record: Record) -> Iterator[Event | Fetch]:
            """No."""
            raise BadPayload(f"no ticket in {CARDS[1]}")
            yield

    async def story(rig: Rig) -> None:
        rig.connectors["vendor"] = Quoting()
        await rig.restart()
        store = rig.world.store
        await pause(store, ["vendor"], "vendor", f"Jane {CARDS[0]}", rig.clock.now(), f"until {CARDS[2]} is paid")
        kept = (await store.pauses())["vendor"]
        assert (kept.by, kept.reason) == (f"Jane {SHOWN[0]}", f"until {SHOWN[2]} is paid")
        (deed,) = await store.audit(9)
        assert not any(card in f"{deed.actor} {deed.object} {deed.detail}" for card in CARDS)
        await rig.told({"x": 1})
        await rig.settle()
        (parked,) = await store.inbox(state="parked", limit=9)
        assert parked.reason == f"no ticket in {SHOWN[1]}"

    run(story)


def test_no_key_of_what_is_logged_has_a_card() -> None:
    """A mapping from vendors' words may have anything as its keys."""
    assert redacted("fields", {CARDS[0]: [CARDS[1]]}) == {SHOWN[0]: [SHOWN[1]]}


def test_what_an_enricher_says_is_hidden_and_of_whom_is_not() -> None:
    """An answer counts for the customer that it is about only: a number of his that passes for a card stays whole."""
    customer = Customer(id=CARDS[0], phone="4915112345009")
    told = EnrichmentReceived(
        id="asked/ok",
        at=Instant(1_772_442_000_000),
        ref=Ref("ticket", "1"),
        enricher="payments",
        status="ok",
        facts={"note": f"paid with {CARDS[1]}", "list": [CARDS[2]]},
        customer=customer,
    )
    (event,) = json.loads(record_of([told], 0).body)["events"]
    assert event["facts"] == {"note": f"paid with {SHOWN[1]}", "list": [SHOWN[2]]}
    assert event["customer"] == {"id": CARDS[0], "phone": "4915112345009"}
