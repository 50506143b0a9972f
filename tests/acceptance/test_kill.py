"""A gateway that is killed, at any point and again and again, loses nothing that it acknowledged and says nothing else.

What counts is looked at from outside: the answers that senders got, what the receiver got, and the file that is left.
"""

import http.client
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Lock

import pytest

from tests.acceptance.batch import Batch
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
)
from tests.acceptance.proofs import (
    called_late,
    not_delivered,
    not_raised_once,
    not_replayed,
    not_the_same,
    not_whole,
    out_of_order,
    raised,
)
from tests.acceptance.receiver import Receiver, Try


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


def right(found: Kept, receiver: Receiver, told: list[str], due: set[str]) -> None:
    """Everything is there once, is what follows, and came as it was; whoever is due was escalated once."""
    wrong = (
        not_whole(found, told),
        not_replayed(found),
        not_the_same(found),
        not_delivered(found, receiver),
        out_of_order(found, receiver),
        not_raised_once(receiver, due),
        called_late(found, REPLY_WITHIN_MS),
    )
    assert [line for one in wrong for line in one] == []


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
    due = {contact for batch in stream.acknowledged for contact in batch.due}

    found = settled(site, last, receiver, due)

    assert len(stream.acknowledged) == 30
    right(found, receiver, [event["id"] for batch in stream.acknowledged for event in batch.events], due)


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
    right(found, receiver, [event["id"] for event in events], {contact_of(ticket) for ticket in tickets})
    assert len(raised(receiver)) == len(tickets)


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
    right(found, receiver, [f"{ticket}/contact.opened" for ticket in (*tickets, "refused")], due)
    assert raised(receiver).keys() == due
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
