"""A connector whose vendor is a folder: `rows.jsonl` is its stream, `down` says that it can't look anything up.

`past.jsonl` is another stream, to which nothing new comes any more: all of it is for a backfill.

A row is an event, names a ticket that has to be looked up, or is a piece of a call. What is looked up says in its own
id when it happened, in hex; an id that begins with `gone` is refused for good. A call is told to wait as long as no
answer is known; every call is answered, so in the end none of that may be left.

An enricher of the same folder says of each customer by which address it was asked; while `down` is there it fails.

It listens, too: where, stands in `port`. What it has heard by datagram and handed over it notes in `heard`: that must
never be lost, while a datagram that it had not handed over yet may be.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel

from gateway.model.instant import DAY_MS
from gateway.plugin import (
    CallAnswered,
    CallEnded,
    ContactObserved,
    ContactOpened,
    Context,
    Customer,
    Ear,
    Event,
    Fetch,
    Finding,
    Instant,
    Page,
    Permanent,
    Piece,
    Record,
    Ref,
    Stream,
    Transient,
    convert_event,
    hookimpl,
)
from tests.acceptance.process import opening
from tests.crash.haste import hurry
from tests.support import installed

PAGE_ROWS = 3
ROWS, PAST = "rows.jsonl", "past.jsonl"
NOTHING_NEW = "nothing is new"
A_LIFE_S = 3_600.0
"""Who reaches back for less asks for what is new: since the start, if the first pull didn't succeed at once."""
DOWN = "down"
PORT, HEARD = "port", "heard"
LOOPBACK = "127.0.0.1"


class FlowSettings(BaseModel):
    """Where the vendor is."""

    folder: Path


class Marks(msgspec.Struct, frozen=True):
    """What is known of a call: what happened, and when. `call` is empty where no piece has said yet which it is."""

    call: str = ""
    at: dict[str, int] = {}


class Seen(msgspec.Struct, frozen=True):
    """What the enricher says of a customer."""

    email: str = ""


class Register:
    """Says who was asked for, when the vendor isn't down."""

    plugin: ClassVar[str] = "flow"
    settings_type: ClassVar[type[BaseModel]] = FlowSettings
    facts_type: ClassVar[type[msgspec.Struct]] = Seen

    def __init__(self, name: str, settings: FlowSettings, context: Context) -> None:
        self._folder = settings.folder

    async def lookup(self, customer: Customer, now: int) -> Seen:
        """The address."""
        if (self._folder / DOWN).exists():
            raise Transient("503")
        return Seen(customer.email or "")

    async def check(self) -> Sequence[Finding]:
        """Nothing to ask."""
        return []


class Flow:
    """Pulls rows, looks tickets up, puts calls together, and listens."""

    plugin: ClassVar[str] = "flow"
    settings_type: ClassVar[type[BaseModel]] = FlowSettings
    facts_type: ClassVar[type[msgspec.Struct]] = Marks
    streams: ClassVar[tuple[Stream, ...]] = (
        Stream("rows", every_s=0.03, backfill_s=0.0),
        Stream("past", every_s=0.1, backfill_s=86_400.0),
    )

    def __init__(self, name: str, settings: FlowSettings, context: Context) -> None:
        self._folder = settings.folder

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """The next rows; the cursor is how many there were before."""
        if stream.name == "past" and stream.backfill_s < A_LIFE_S:
            return Page([], NOTHING_NEW, False)
        if stream.name == "past" and (self._folder / DOWN).exists():
            raise Transient("503")
        text = (self._folder / (PAST if stream.name == "past" else ROWS)).read_bytes()
        rows = text[: text.rfind(b"\n") + 1].splitlines()
        begin = int(cursor or 0)
        page = rows[begin : begin + PAGE_ROWS]
        records = [
            Record(body=row, form="row", key=f"{stream.name} {begin + number}", stream=stream.name, received_at=now)
            for number, row in enumerate(page)
        ]
        return Page(records, str(begin + len(page)), begin + len(page) < len(rows))

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The ticket's opening."""
        if (self._folder / DOWN).exists():
            raise Transient("503")
        if ref.id.startswith("gone"):
            raise Permanent("there is no such ticket")
        event = urgent(ref.id, int(ref.id.rpartition("-")[2], 16))
        return [Record(body=json.dumps({"event": event}).encode(), form="ticket", received_at=now)]

    async def listen(self, ear: Ear) -> None:
        """Hand over what is heard, each an event, and note it once that is done."""
        heard: list[bytes] = []
        socket = await ear.udp(LOOPBACK, 0, lambda data, source: heard.append(data))
        (self._folder / PORT).write_text(str(socket.port))
        is_over = False
        while not is_over:
            is_over = await ear.rest(0.005)
            offered, heard[:] = heard[:], []
            if await ear.emit([Record(body=data, received_at=Instant(ear.now())) for data in offered]):
                with (self._folder / HEARD).open("ab") as file:
                    file.write(b"".join(data + b"\n" for data in offered))
            else:
                heard[:0] = offered

    def normalize(self, record: Record) -> Iterator[Event | Fetch | Piece]:
        """An event, a piece of a call, or what has to be looked up."""
        row: dict[str, Any] = json.loads(record.body)
        if "piece" in row:
            yield Piece(tuple(row["names"]), Marks(**row["piece"]))
        elif "look_up" in row:
            yield Fetch(Ref("ticket", row["look_up"]), "a thin row")
        else:
            yield convert_event(row["event"])

    def join(self, facts: Marks, more: Marks) -> Marks:
        """Both."""
        return Marks(facts.call or more.call, dict(sorted({**facts.at, **more.at}.items())))

    def tell(self, facts: Marks) -> Iterator[Event]:
        """The call as far as it is known, once it has begun; a call without an end counts as lost a day later."""
        if not facts.call:
            return
        ref, began = Ref("call", facts.call), Instant(facts.at["begin"])
        yield ContactOpened(id=f"{facts.call}/opened", at=began, ref=ref, kind="call", channel="phone")
        if "answer" in facts.at:
            yield CallAnswered(id=f"{facts.call}/answered", at=Instant(facts.at["answer"]), ref=ref)
        else:
            yield ContactObserved(id=f"{facts.call}/waits", at=began, ref=ref, sequence=1, tags=("waits",))
        end = facts.at.get("end", began + DAY_MS)
        yield CallEnded(
            id=f"{facts.call}/end", at=Instant(end), ref=ref, reason="hung up" if "end" in facts.at else "lost"
        )

    async def check(self) -> Sequence[Finding]:
        """Nothing to ask."""
        return []


def urgent(ticket: str, at: int) -> dict[str, Any]:
    """The opening of a ticket whose customer has an address of their own."""
    return opening(ticket, at, priority="urgent", customer={"email": f"{ticket}@customer.example"})


@hookimpl
def gateway_enrichers(register: Any) -> None:
    """What `plugin: flow` asks for, among enrichers."""
    register(Register)


@hookimpl
def gateway_connectors(register: Any) -> None:
    """What `plugin: flow` asks for. Whoever asks is a gateway that is going to be killed, and in haste."""
    hurry()
    register(Flow)


def install(folder: Path) -> None:
    """Make a folder that, on the path of Python, is an installed plugin."""
    installed.install(folder, "flow", "tests.crash.flow")
