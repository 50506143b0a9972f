"""A vendor that is asked: an append-only list behind a cursor, and objects that can be looked up.

Laws. Its state lives outside of every process; each start makes a new connector for it. Rows are only ever added, in
the order in which they become visible. A row counts as acknowledged when the gateway asks with a cursor behind it: row
and cursor are in one transaction, so it must have been stored. A thin row names its object only: the event is what a
look-up of the object brings. What fails here fails before anything is handed over, or is lost on its way.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from gateway.plugin import (
    BadPayload,
    Event,
    Fetch,
    Finding,
    Instant,
    Page,
    RateLimited,
    Record,
    Ref,
    Stream,
    Transient,
    VendorError,
    convert_event,
)
from tests.simulation.world.net import Link, Lost, Outside
from tests.simulation.world.witness import Told

T = TypeVar("T")

DEADLINE_S = 30.0
"""The connector's own deadline for one request to the vendor."""

PAGE = 3
OVERLAP_MAX = 5
RETRY_AFTER_MAX_S = 900.0


@dataclass(frozen=True, slots=True)
class Row:
    """One change, visible from an instant on."""

    at: int
    event: dict[str, Any]
    thin: bool


@dataclass
class Feed:
    """The vendor. `plan`: what happens there, each with its true instant. `raised`: how often its connector broke."""

    universe: Outside
    name: str
    plan: Sequence[tuple[int, dict[str, Any]]]
    every_s: float = 120.0
    raised: int = 0
    told: dict[str, Told] = field(default_factory=dict)
    rows: list[Row] = field(init=False)
    link: Link = field(init=False)
    _given: dict[int, int] = field(default_factory=dict)
    _places: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _visible: int = 0
    _acked: int = 0
    _recovered: bool = False

    def __post_init__(self) -> None:
        self.link = Link(self.universe, f"feed {self.name}")
        self._dice = self.universe.dice(f"feed {self.name}")
        dice, thin = self.universe.dice(f"feed {self.name} rows"), self.universe.swarm.feed_thin
        timed = sorted(enumerate(self.plan), key=lambda one: (one[1][0], one[0]))
        self.rows = [Row(at, event, dice.random() < thin) for _, (at, event) in timed]
        self.told = {row.event["id"]: Told(self.name, row.event) for row in self.rows}
        for place, row in enumerate(self.rows):
            self._places.setdefault((row.event["ref"]["kind"], row.event["ref"]["id"]), []).append(place)
        self.universe.witness.told.update({(self.name, id): told for id, told in self.told.items()})

    @property
    def idle(self) -> bool:
        """Whether the gateway has shown that it has every row."""
        return self._acked == len(self.rows)

    def recover(self) -> None:
        """Work well for ever."""
        self._recovered = True
        self.link.recover()

    def connector(self) -> "FeedConnector":
        """What a process of the gateway talks to it with."""
        return FeedConnector(self)

    def visible(self) -> int:
        """How many rows can be seen now."""
        now = self.universe.now()
        while self._visible < len(self.rows) and self.rows[self._visible].at <= now:
            self._visible += 1
        return self._visible

    async def page(self, cursor: str | None, now: int) -> Page:
        """The rows behind a cursor, sometimes with some that were there before. Raises VendorError."""
        return await self._asked("page", lambda: self._page(int(cursor or 0), now))

    async def found(self, ref: Ref, now: int) -> list[Record]:
        """All that is known of an object by now. Raises VendorError."""
        return await self._asked("object", lambda: self._found(ref, now))

    def _page(self, start: int, now: int) -> Page:
        self._acknowledge(start)
        overlap = self._dice.randint(1, OVERLAP_MAX) if self._dice.random() < self._rate("feed_overlap") else 0
        visible = self.visible()
        end = max(start, min(start + PAGE, visible))
        for place in range(start, end):
            self._given[place] = max(now, self._given.get(place, now))
        records = [self._record(place, now) for place in range(max(0, start - overlap), end)]
        self.universe.trace("page", self.name, start, end)
        return Page(records, str(end), more=start < end < visible)

    def _record(self, place: int, now: int) -> Record:
        row = self.rows[place]
        ref = row.event["ref"]
        content = {"thin": [ref["kind"], ref["id"]]} if row.thin else {"events": [row.event]}
        body = json.dumps({"row": place, **content}).encode()
        return Record(body=body, form="row", key=f"row-{place}", stream="changes", received_at=Instant(now))

    def _found(self, ref: Ref, now: int) -> list[Record]:
        visible = self.visible()
        events = [self.rows[place].event for place in self._places.get((ref.kind, ref.id), ()) if place < visible]
        self.universe.trace("object", self.name, ref.id, len(events))
        if not events:
            return []
        return [Record(body=json.dumps({"events": events}).encode(), form="fetched", received_at=Instant(now))]

    def _acknowledge(self, end: int) -> None:
        """The gateway has the rows up to there."""
        now = self.universe.now()
        for place in range(self._acked, end):
            row = self.rows[place]
            told = self.told[row.event["id"]]
            told.first_sent_at, told.acked_at = row.at, now
            told.received_at = None if row.thin else self._given.get(place)
        self._acked = max(self._acked, end)

    async def _asked(self, what: str, serve: Callable[[], T]) -> T:
        """What the vendor answers over its link, if nothing goes wrong. Raises VendorError, or worse."""
        hangs, raises, fails, kind, size = (self._dice.random() for _ in range(5))
        if hangs < self._rate("feed_hanging"):
            await asyncio.Event().wait()
        if raises < self._rate("feed_raises"):
            self.raised += 1
            raise RuntimeError("the connector's own mistake")
        failing = failure(what, kind, size) if fails < self._rate("feed_failing") else None
        try:
            answer = await self.link.carry(_soon(serve, failing), DEADLINE_S, what)
        except Lost as lost:
            raise Transient(f"GET /{what}: {lost.reason}") from None
        if isinstance(answer, VendorError):
            raise answer
        return answer

    def _rate(self, fault: str) -> float:
        return 0.0 if self._recovered else float(getattr(self.universe.swarm, fault))


class FeedConnector:
    """Pulls the feed, and looks up what a thin row names."""

    plugin: ClassVar[str] = "feed"
    settings_type: ClassVar[type[BaseModel]] = BaseModel
    id_keys: ClassVar[frozenset[str]] = frozenset({"agent", "assignee", "by", "group", "id", "message", "queue"})

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.streams = (Stream("changes", every_s=feed.every_s, backfill_s=0.0),)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of the feed."""
        return await self._feed.page(cursor, now)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The object's events."""
        return await self._feed.found(ref, now)

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """The events of a row or of an object, or the look-up that a thin row asks for."""
        content = json.loads(record.body)
        if "thin" in content:
            kind, id = content["thin"]
            yield Fetch(Ref(kind, id), "a thin row")
            return
        for event in content["events"]:
            try:
                yield convert_event(event)
            except ValueError as error:
                raise BadPayload(str(error)) from None

    async def check(self) -> Sequence[Finding]:
        """There is no account."""
        return [Finding(True, "a simulated vendor")]


def failure(what: str, kind: float, size: float) -> VendorError:
    """How vendors fail, as their client says it."""
    failures = (
        Transient(f"GET /{what}: 503", status=503),
        Transient(f"GET /{what}: 503", status=503, retry_after_s=size * RETRY_AFTER_MAX_S),
        Transient(f"GET /{what}: the answer is not JSON", status=200, body=b"<!DOCTYPE html><html>"),
        RateLimited(f"GET /{what}: 429", retry_after_s=1 + size * RETRY_AFTER_MAX_S),
    )
    return failures[int(kind * len(failures))]


def _soon(serve: Callable[[], T], failing: VendorError | None) -> Callable[[], Awaitable[T | VendorError]]:
    async def answer() -> T | VendorError:
        return serve() if failing is None else failing

    return answer
