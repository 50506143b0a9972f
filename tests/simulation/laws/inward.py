"""Checks of the way in: everything acknowledged is kept once, taken up, and neither lost nor left lying.

I1 every acknowledged event is in the journal, once, as it was told; I2 every record ended, or is parked for a reason
that the run itself has caused; I9 no lease is older than twice its length; I10 the sums match.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tests.simulation.laws.kept import Connection
from tests.simulation.laws.scene import Scene, Violation, told
from tests.simulation.laws.troubles import wrong_clocks
from tests.simulation.world.stories import CARDS

ANSWERED_WITHIN_MS = 30_000
"""No sender waits longer for an answer."""

INBOX_LEASE_MS = 5_000
DELIVERY_LEASE_MS = 10_000
FETCH_LEASE_MS = 90_000


def acknowledged_is_kept(scene: Scene) -> Iterator[Violation]:
    """I1."""
    kept = scene.kept
    count = Counter((entry.connector, entry.event) for entry in kept.journal)
    parked = {(row.connector, event) for row in kept.inbox if row.state == "parked" for event in row.events}
    for key, sent in sorted(scene.witness.told.items()):
        if sent.acked_at is not None and not count[key] and key not in parked:
            yield Violation("I1", f"event {key[1]} of {key[0]}, acknowledged {told(sent.acked_at)}, is lost")
    for key, number in sorted(count.items()):
        if number > 1:
            yield Violation("I1", f"event {key[1]} of {key[0]} is in the journal {number} times")
    for entry in kept.journal:
        known = scene.witness.told.get((entry.connector, entry.event))
        if known is None:
            yield Violation("I1", f"event {entry.event} of {entry.connector} is in the journal, and nobody told it")
        elif _content(json.loads(entry.body)) != _content(known.event):
            yield Violation("I1", f"event {entry.event} of {entry.connector} is not in the journal as it was told")
        if entry.strand not in kept.strands:
            yield Violation("I1", f"event {entry.event} of {entry.connector} belongs to no contact")


DEFAULTS: Mapping[str, Any] = {
    "sequence": 0, "rev": 0, "historical": False, "direction": "inbound", "visibility": "public", "auto": False,
}  # fmt: skip


def _content(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an event says, without what goes without saying; of a text with a card number nothing."""
    said = {name: value for name, value in event.items() if name not in DEFAULTS or value != DEFAULTS[name]}
    said.pop("rev", None)
    text = said.get("text")
    if isinstance(text, str) and any(text.endswith(card) or card[-4:] in text for card in CARDS):
        said["text"] = "…"
    return said


def records_end(scene: Scene) -> Iterator[Violation]:
    """I2."""
    journal = {(entry.connector, entry.event) for entry in scene.kept.journal}
    keys = Counter((row.connector, row.key) for row in scene.kept.inbox if row.key is not None)
    for (connector, key), number in sorted(keys.items()):
        if number > 1:
            yield Violation("I2", f"record {key} of {connector} is in the inbox {number} times")
    pushed = Counter((row.connector, id) for row in scene.kept.inbox if row.form == "push" for id in row.events)
    for (connector, id), number in sorted(pushed.items()):
        if number > 1:
            yield Violation("I2", f"event {id} of {connector}, sent again, is in the inbox {number} times")
    for row in scene.kept.inbox:
        what = f"record {row.id} of {row.connector}, received {told(row.received_at)}"
        if row.state == "parked":
            if not any(words in (row.reason or "") for words in scene.parked):
                yield Violation("I2", f"{what}, is parked: {row.reason}")
        elif row.state != "done":
            yield Violation("I2", f"{what}, is forgotten: {row.state}, due {row.due}")
        for event in row.events if row.state == "done" else ():
            if (row.connector, event) not in journal:
                yield Violation("I2", f"{what}, is done, and its event {event} is not in the journal")
    for connector, due in scene.kept.fetches:
        yield Violation("I2", f"a look-up at {connector} is forgotten, due {told(due)}")


def sums_match(scene: Scene) -> Iterator[Violation]:
    """I10: no record more than was told, no contact without a history, none of a strand without a contact."""
    kept = scene.kept
    distinct = {(row.connector, event) for row in kept.inbox for event in row.events}
    for key in sorted(distinct - scene.witness.told.keys()):
        yield Violation("I10", f"the inbox has event {key[1]} of {key[0]}, and nobody told it")
    for contact in sorted(kept.contacts):
        if not kept.history.get(contact):
            yield Violation("I10", f"contact {contact} has no history")
    for contact in sorted(set(kept.strands.values()) | set(kept.ledger)):
        if contact not in kept.contacts:
            yield Violation("I10", f"contact {contact} is spoken of and not kept")


def requests_are_taken(scene: Scene) -> Iterator[Violation]:
    """I1, its other half: no true request was sent away for good, but by a gateway with a wrong clock."""
    wrong = wrong_clocks(scene.witness.faults)
    for one in scene.witness.refused:
        asked_at = one.at - ANSWERED_WITHIN_MS
        if one.status == 401 and any(clock.start <= one.at and asked_at <= clock.end for clock in wrong):
            continue
        yield Violation("I1", f"{one.sender} was answered {one.status} at {told(one.at)}: {one.batch}, {one.body!r}")


LEASED = {
    "inbox": ("SELECT id, due FROM inbox WHERE state = 'leased'", INBOX_LEASE_MS),
    "deliveries": ("SELECT id, coalesce(replay_due, due) FROM deliveries WHERE state = 'leased'", DELIVERY_LEASE_MS),
    "fetches": ("SELECT ref, due FROM fetches WHERE claimed IS NOT NULL", FETCH_LEASE_MS),
}


def leases_are_young(
    connection: Connection, now: int, up_since: int, *, clock_was_wrong: bool = False
) -> Iterator[Violation]:
    """I9, whenever nothing is under way: what is leased and whose lease ended more than its length ago is held by
    nobody. Both instants are by the gateway's clock; a process that has just started is given the time of two leases.
    A lease of 0 was ended by a start. Under a clock that was ahead before, a lease may seem to end late."""
    for table, (query, length_ms) in LEASED.items():
        if now - up_since < 2 * length_ms:
            continue
        for id, due in connection.execute(query):
            if due is None or 0 < due < now - length_ms:
                yield Violation("I9", f"{table} {id} is leased until {told(due)}, and it is {told(now)}")
            elif due > now + 2 * length_ms and not clock_was_wrong:
                yield Violation("I9", f"{table} {id} is leased until {told(due)}: too long from {told(now)}")
