"""Who is outside of a gateway that is killed: senders, a vendor whose rows are pulled, and receivers with moods.

They know what was told and acknowledged, and what came back; nothing of it is asked of the gateway.
"""

import http.client
import json
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Lock

from gateway.model.identity import StrandKey, contact_id
from gateway.model.instant import HOUR_MS
from tests.acceptance.batch import Batch
from tests.acceptance.process import Sender, event, now_ms
from tests.acceptance.receiver import Receiver, Try
from tests.crash.flow import DOWN, HEARD, LOOPBACK, PAST, PORT, ROWS, urgent

CONNECTIONS = 3
DATAGRAMS = 20
"""So many are sent in a life, while it is told other things."""

PAST_ROWS = 300
"""Tickets of an hour ago: so many pages of three that a backfill has something to do in every life."""


@dataclass
class Senders:
    """Connections that post batches, each until it is acknowledged. What isn't acknowledged is sent again later."""

    waiting: deque[Batch] = field(default_factory=deque)
    acknowledged: list[Batch] = field(default_factory=list)
    _made: int = 0
    _lock: Lock = field(default_factory=Lock)

    def more(self, batches: int) -> None:
        """Have so many more to tell, and nothing that was not tried again is left behind."""
        for _ in range(batches):
            self.waiting.append(Batch(self._made))
            self._made += 1

    def send(self, url: str, acknowledged: Callable[[int], None] = lambda number: None) -> None:
        """Send until all is acknowledged or the gateway is gone; tell how many have been acknowledged by it."""
        before = len(self.acknowledged)

        def noted() -> None:
            acknowledged(len(self.acknowledged) - before)

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for sender in [pool.submit(self._connection, url, noted) for _ in range(CONNECTIONS)]:
                sender.result()

    def told(self) -> list[str]:
        """The ids of all events that were acknowledged."""
        return [event["id"] for batch in self.acknowledged for event in batch.events]

    def _connection(self, url: str, noted: Callable[[], None]) -> None:
        with Sender(url) as sender:
            while (batch := self._next()) is not None:
                try:
                    answer = sender.post(*batch.events)
                except (OSError, http.client.HTTPException):
                    self.waiting.appendleft(batch)
                    return
                assert answer.status == 202, f"a batch was answered {answer.status}: {answer.body!r}"
                assert answer.json["accepted"] + answer.json["duplicates"] == len(batch.events)
                with self._lock:
                    self.acknowledged.append(batch)
                    noted()

    def _next(self) -> Batch | None:
        try:
            return self.waiting.popleft()
        except IndexError:
            return None


@dataclass
class Vendor:
    """The folder that the connector `flow` pulls from. `told` are the events that it can know; those of `past` contacts
    are nothing that anybody may be called for."""

    folder: Path
    rows: int = 0
    told: list[str] = field(default_factory=list)
    due: set[str] = field(default_factory=set)
    past: set[str] = field(default_factory=set)
    refused: int = 0
    sent: dict[str, str] = field(default_factory=dict)
    """What was sent by datagram, which may be lost: ids of events, and their contacts."""

    def __post_init__(self) -> None:
        self.folder.mkdir()
        (self.folder / ROWS).touch()
        at = now_ms() - HOUR_MS
        rows = [urgent(f"past{number}", at) for number in range(PAST_ROWS)]
        (self.folder / PAST).write_text("".join(json.dumps({"event": event}) + "\n" for event in rows))
        self.told = [event["id"] for event in rows]
        self.past = {contact_id(StrandKey("flow", "ticket", f"past{number}")) for number in range(PAST_ROWS)}

    def more(self, chance: Random, gone: float = 0.3) -> None:
        """Some tickets: whole ones, some of which turn out to be somebody else's, two to be looked up, and with a
        chance of `gone` one that can't be; and a call in pieces, in any order, some of them twice, of which nobody may
        hear: it was before the gateway began."""
        at = now_ms()
        for _ in range(4):
            ticket = f"row{self.rows}-{at:x}"
            self._row(event=self._opened(ticket, at))
            if chance.random() < 0.5:
                self._row(event=self._somebody_else(ticket, at + 1))
        for _ in range(2):
            self._row(look_up=f"found{self.rows}-{at:x}")
            self._opened(f"found{self.rows - 1}-{at:x}", at)
        self._call(chance, f"call{self.rows}", at - HOUR_MS)
        if chance.random() < gone:
            self._row(look_up=f"gone{self.rows}-{at:x}")
            self.refused += 1

    def say(self) -> None:
        """Send some openings by datagram to where the connector says that it listens."""
        try:
            port = int((self.folder / PORT).read_text())
        except (OSError, ValueError):  # it has not said so yet
            return
        at = now_ms()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(DATAGRAMS):
                ticket = f"said{len(self.sent)}-{at:x}"
                event = urgent(ticket, at)
                self.sent[event["id"]] = contact_id(StrandKey("flow", "ticket", ticket))
                sender.sendto(json.dumps({"event": event}).encode(), (LOOPBACK, port))

    def heard(self) -> set[str]:
        """The ids of what was sent and handed over to the gateway."""
        try:
            lines = (self.folder / HEARD).read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return set()
        # The last line of a process that was killed may have been cut off.
        return {json.loads(line)["event"]["id"] for line in lines if line.endswith(b"}\n")}

    def down(self, is_so: bool) -> None:
        """Look nothing up any more, or again."""
        if is_so:
            (self.folder / DOWN).touch()
        else:
            (self.folder / DOWN).unlink(missing_ok=True)

    def _opened(self, ticket: str, at: int) -> dict[str, object]:
        event = urgent(ticket, at)
        self.told.append(event["id"])
        self.due.add(contact_id(StrandKey("flow", "ticket", ticket)))
        return event

    def _somebody_else(self, ticket: str, at: int) -> dict[str, object]:
        other = event("contact.observed", ticket, at, customer={"email": f"other-{ticket}@customer.example"})
        self.told.append(other["id"])
        return other

    def _call(self, chance: Random, call: str, at: int) -> None:
        pieces: list[tuple[tuple[str, ...], dict[str, object]]] = [
            ((call,), {"call": call, "at": {"begin": at}}),
            ((f"{call} leg",), {"at": {"answer": at + 1_000}}),
            ((f"{call} log",), {"at": {"end": at + 9_000}}),
            ((call, f"{call} leg"), {}),
            ((f"{call} leg", f"{call} log"), {}),
        ]
        pieces += chance.sample(pieces, 2)
        chance.shuffle(pieces)
        for names, piece in pieces:
            self._row(names=names, piece=piece)
        self.told += [f"{call}/{word}" for word in ("opened", "answered", "end")]
        self.past.add(contact_id(StrandKey("flow", "call", call)))

    def _row(self, **row: object) -> None:
        with (self.folder / ROWS).open("ab") as file:
            file.write(json.dumps(row).encode() + b"\n")
        self.rows += 1


@dataclass
class Moods:
    """How an endpoint answers: as it should; `restless`, sometimes not; or not at all while it is `down`. It keeps
    what it answered each try, and which life of the gateway had made it: that is the end of the path."""

    chance: Random
    restless: bool = False
    down: bool = False
    book: list[tuple[str, str, int | None]] = field(default_factory=list)

    def __call__(self, one: Try) -> int | None:
        status: int | None = 204
        if self.down or (self.restless and self.chance.random() < 0.15):
            status = 503 if self.chance.random() < 0.7 else None
        self.book.append((one.path, one.id, status))
        return status

    def again_for_nothing(self) -> list[str]:
        """The notices that a gateway sent again after they had been taken from it: it had not been killed meanwhile."""
        taken: set[tuple[str, str]] = set()
        found: list[str] = []
        for life, id, status in list(self.book):
            if (life, id) in taken:
                found.append(id)
            if status == 204:
                taken.add((life, id))
        return found


def receiver(seed: str) -> tuple[Receiver, Moods]:
    """A receiver that isn't started yet, and its moods."""
    moods = Moods(Random(seed))
    return Receiver(answer=moods), moods
