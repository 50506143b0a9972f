"""A gateway that is killed, at any point and again and again, loses nothing that it acknowledged and says nothing else.

What counts is looked at from outside: the answers that senders got, what the receiver got, and the file that is left.
"""

import http.client
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from random import Random
from threading import Lock
from typing import Any

import pytest

from tests.acceptance.kept import Kept, is_quiet, kept, wait_for_counts
from tests.acceptance.process import (
    REPLY_WITHIN_MS,
    Daemon,
    Sender,
    Site,
    contact_of,
    event,
    eventually,
    now_ms,
    opening,
    reply,
)
from tests.acceptance.receiver import Receiver, Try


class Batch:
    """The events of one request: a grave ticket, one that nobody answers, and one that is answered."""

    def __init__(self, number: int) -> None:
        self.number = number

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """They happen when they are first sent, and stay the same however often they are sent."""
        at = now_ms()
        return [
            opening(f"grave{self.number}", at, priority="urgent"),
            opening(f"late{self.number}", at),
            opening(f"answered{self.number}", at),
            reply(f"answered{self.number}", at + 1),
        ]


class Stream:
    """Batches that several connections send at a time, each until it has been acknowledged."""

    def __init__(self, batches: int) -> None:
        self.waiting = deque(Batch(number) for number in range(batches))
        self.acknowledged: list[Batch] = []
        self._lock = Lock()

    def send(self, daemon: Daemon, kill_after: int | None = None, connections: int = 4) -> None:
        """Send until all is acknowledged or the gateway is gone. After so many acknowledgements, kill it."""
        ends = None if kill_after is None else len(self.acknowledged) + kill_after
        with ThreadPoolExecutor(connections) as pool:
            for sender in [pool.submit(self._connection, daemon, ends) for _ in range(connections)]:
                sender.result()

    def _connection(self, daemon: Daemon, ends: int | None) -> None:
        with Sender(daemon.listen) as sender:
            while (batch := self._next()) is not None:
                try:
                    answer = sender.post(*batch.events)
                except (OSError, http.client.HTTPException):
                    self.waiting.appendleft(batch)
                    return
                assert answer.status == 202
                assert answer.json["accepted"] + answer.json["duplicates"] == len(batch.events)
                with self._lock:
                    self.acknowledged.append(batch)
                    if len(self.acknowledged) == ends:
                        daemon.kill()

    def _next(self) -> Batch | None:
        try:
            return self.waiting.popleft()
        except IndexError:
            return None


def settled(site: Site, daemon: Daemon, receiver: Receiver, raised: set[str]) -> Kept:
    """Wait until each of these contacts' escalation is delivered and nothing waits; end the gateway, read its file."""
    wait_for_counts(site.database_file, is_quiet, "nothing waits")
    wait_for_counts(
        site.database_file,
        lambda counts: is_quiet(counts) and raised <= receiver.contacts("escalation.raised"),
        "every escalation has come, and nothing waits",
    )
    assert daemon.stop() == 0
    assert site.faults() == []
    return kept(site.database_file)


def is_whole(found: Kept, told: list[str]) -> None:
    """Every event that was told is in the journal once, and nothing else; every record is through, and came once."""
    assert Counter(found.events) == Counter(told)
    assert {record.state for record in found.inbox} == {"done"}
    assert max(Counter(record.key for record in found.inbox).values()) == 1


def is_replay(site: Site, found: Kept) -> None:
    """Every contact is what its history implies, and just that was said of it."""
    policy = site.loaded()
    for story in found.stories.values():
        assert story.row.state is not None
        judged = story.replayed(policy, now_ms())
        assert story.row.state == judged.state
        assert {entry.id for entry in story.ledger.values() if entry.stands} == {one.id for one in judged.implied}


def is_delivered(found: Kept, receiver: Receiver) -> None:
    """Every notice came, proved, each time under its own id with its own bytes; and nothing else came."""
    bodies = {delivery.effect: delivery.body for delivery in found.deliveries}
    tries = receiver.by_id()
    assert {delivery.state for delivery in found.deliveries} == {"delivered"}
    assert tries.keys() == bodies.keys()
    for id, several in tries.items():
        assert {(one.proved, one.body, one.notice["id"]) for one in several} == {(True, bodies[id], id)}


def raised_once(receiver: Receiver) -> Counter[str]:
    """By contact, how many different escalations came."""
    return Counter(contact for contact, _ in {(one.contact, one.id) for one in receiver.of_type("escalation.raised")})


@pytest.mark.parametrize("seed", [1, 2])
def test_a_stream_loses_nothing(site: Site, receiver: Receiver, seed: int) -> None:
    """Killed right after an acknowledgement while other requests are in flight: every event is there once, what is due
    is escalated once, and whoever was answered in time is never called late."""
    chance = Random(seed)
    stream = Stream(30)
    for _ in range(2):
        daemon = site.start()
        stream.send(daemon, kill_after=chance.randint(1, 12))
        assert daemon.ended() == -9
    last = site.start()
    stream.send(last)
    due = {contact_of(f"{kind}{batch.number}") for batch in stream.acknowledged for kind in ("grave", "late")}

    found = settled(site, last, receiver, due)

    assert len(stream.acknowledged) == 30
    is_whole(found, [event["id"] for batch in stream.acknowledged for event in batch.events])
    is_replay(site, found)
    is_delivered(found, receiver)
    assert {contact for contact in raised_once(receiver) if contact in due} == due
    assert {count for contact, count in raised_once(receiver).items() if contact in due} == {1}
    for story in _answered_in_time(found):
        assert story.said("sla.breached") == []


def _answered_in_time(found: Kept) -> Iterator[Any]:
    for story in found.stories.values():
        events = {entry.event.id.rpartition("/")[2]: entry for entry in story.history}
        if (answer := events.get("message.added")) is not None:
            deadline = int(events["contact.opened"].event.at) + REPLY_WITHIN_MS
            if answer.received_at <= deadline:
                yield story


@pytest.mark.parametrize("seed", [3])
def test_a_backlog_survives(site: Site, receiver: Receiver, seed: int) -> None:
    """Killed as soon as a backlog is acknowledged, and again in the midst of judging it, out of order as it is."""
    chance = Random(seed)
    tickets = [f"grave{number}" for number in range(15)]
    first = site.start()
    at = now_ms()
    events = [
        *(opening(ticket, at, priority="urgent") for ticket in tickets),
        *(
            event("message.added", ticket, at, id=f"{ticket}/{part}", author={"kind": "customer"}, sequence=part)
            for ticket in tickets
            for part in range(1, 60)
        ),
    ]
    chance.shuffle(events)
    with Sender(first.listen) as sender:
        answers = [sender.post(*events[start : start + 450]).status for start in range(0, len(events), 450)]
    first.kill()
    first.ended()
    for share in (0.7, 0.3):
        _killed_when_left(site, site.spawn(), round(len(events) * share))

    found = settled(site, site.start(), receiver, {contact_of(ticket) for ticket in tickets})

    assert answers == [202, 202]
    is_whole(found, [event["id"] for event in events])
    is_replay(site, found)
    is_delivered(found, receiver)
    assert raised_once(receiver) == {contact_of(ticket): 1 for ticket in tickets}


def _killed_when_left(site: Site, daemon: Daemon, records: int) -> None:
    """Kill the gateway as soon as no more than so many records wait."""
    wait_for_counts(
        site.database_file,
        lambda counts: counts["inbox_ready"] <= records or daemon.child.poll() is not None,
        f"no more than {records} records wait",
        then=daemon.kill,
    )
    assert daemon.ended() == -9


def test_a_delivery_comes_again_as_it_was(site: Site, receiver: Receiver) -> None:
    """Killed again and again while one notice was refused and waits for its next try, and the receiver has others that
    it hasn't answered: every notice comes until it is taken, under the same id, byte for byte."""
    tickets = [f"grave{number}" for number in range(5)]
    receiver.answer = Killing(site, (3, 4, 3))
    first = site.start()
    at = now_ms()
    with Sender(first.listen) as sender:
        answers = [sender.post(opening("refused", at, priority="urgent"))]
        eventually(lambda: _refused(kept(site.database_file)), "the refusal is noted")
        answers.append(sender.post(*(opening(ticket, at, priority="urgent") for ticket in tickets)))
    killed = [first.ended(), site.spawn().ended(), site.spawn().ended()]
    due = {contact_of(ticket) for ticket in (*tickets, "refused")}

    found = settled(site, site.start(), receiver, due)

    assert [answer.json["accepted"] for answer in answers] == [1, 5]
    assert killed == [-9, -9, -9]
    is_whole(found, [f"{ticket}/contact.opened" for ticket in (*tickets, "refused")])
    is_replay(site, found)
    is_delivered(found, receiver)
    assert raised_once(receiver) == dict.fromkeys(due, 1)
    again = {several[0].contact for several in receiver.by_id().values() if len(several) > 1}
    assert contact_of("refused") in again
    assert again & {contact_of(ticket) for ticket in tickets}


def _refused(found: Kept) -> list[int]:
    return [delivery.id for delivery in found.deliveries if delivery.last_status == 503]


class Killing:
    """Refuses the very first try and takes all others; kills each gateway at so many tries of its own, before it has
    the answer."""

    def __init__(self, site: Site, after: tuple[int, ...]) -> None:
        self._site = site
        self._after = after
        self._tries: Counter[int] = Counter()

    def __call__(self, one: Try) -> int:
        number = len(self._site.started) - 1
        self._tries[number] += 1
        if number < len(self._after) and self._tries[number] == self._after[number]:
            self._site.started[number].kill()
        return 503 if self._tries.total() == 1 else 204
