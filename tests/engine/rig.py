"""A gateway without the outside: the real engine and the real store, a clock that is told, a net that answers.

Nothing here runs by itself: a test says what arrives, moves the clock, and lets the engine do its steps.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import structlog
from msgspec.structs import replace as changed
from pydantic import BaseModel
from structlog.testing import LogCapture

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.perform import Endpoint
from gateway.engine.world import EnricherLink, Link, World
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.rng import SeededRng
from gateway.kernel.signing import parse_secret
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import ContactRow, Delivery, Listed
from gateway.model.contact import Facts
from gateway.model.identity import Ref, StrandKey, contact_id
from gateway.model.instant import DAY_MS, MINUTE_MS, SECOND_MS, Instant, format_instant, parse_instant
from gateway.plugin import (
    Accepted,
    BadPayload,
    Connector,
    Enricher,
    Event,
    Fetch,
    Finding,
    Receipt,
    Record,
    Request,
    convert_event,
)
from gateway.rules.advance import Judged, Sourced
from gateway.rules.policy import Matcher, Policy, Reading, Section, Verdict
from gateway.rules.replay import replay
from gateway.store.sqlite import SqliteStore
from tests.support.policies import Fixed, in_force, loaded

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
T0 = parse_instant("2026-03-02T09:00:00Z")
SECOND = SECOND_MS
MINUTE = MINUTE_MS
HOUR = 60 * MINUTE

POLICY = """
version: 1
name: rig
queues:
  general: {team: t1, tier: 1}
  urgent: {team: t2, tier: 2}
severity:
  - id: fraud
    when: contact.tags.exists(t, t == "fraud")
    severity: 1
sla:
  - {id: reply, metric: first_reply, within: 15m, warn: [50%]}
routing:
  - id: urgent
    when: contact.severity == 1
    queue: urgent
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  late:
    steps:
      - {after: 0m, notify: [lead]}
      - {after: 30m, notify: [lead]}
escalation:
  - {id: late, on: sla.breached, chain: late}
"""


@dataclass
class ToldClock:
    """A clock that stands until it is moved."""

    at: int = T0

    def now(self) -> int:
        """Where it was put."""
        return self.at

    def monotonic(self) -> float:
        """The same, in seconds."""
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        """Only lets others go on: time moves when the test says so."""
        await asyncio.sleep(0)


@dataclass
class AnsweringNet:
    """Keeps what is sent and answers as it is told; an answer of None is no answer. `down` are URLs that never do."""

    sent: list[NetRequest] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Answer with the next status, 204 when none is left."""
        self.sent.append(request)
        status = None if request.url in self.down else (self.answers.pop(0) if self.answers else 204)
        if status is None:
            raise NetError("the connection was refused")
        return NetResponse(status, self.headers, b"")


class Vendor:
    """A connector that believes whatever it is told: a record's body is a list of events. `broken` makes it raise."""

    plugin: ClassVar[str] = "vendor"
    settings_type: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, name: str = "vendor", settings: Any = None, context: Any = None) -> None:
        self.broken = False

    def receive(self, request: Request) -> Receipt:
        """Take everything, as one record."""
        if self.broken:
            raise RuntimeError("broken")
        return Accepted([Record(body=request.body, received_at=Instant(request.received_at))])

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """The events of the list; `{"fetch": ID}` asks for a look-up of a ticket."""
        if self.broken:
            raise RuntimeError("broken")
        items = json.loads(record.body)
        if not isinstance(items, list):
            raise BadPayload("not a list")
        for item in items:
            if "fetch" in item:
                yield Fetch(Ref("ticket", item["fetch"]), "a thin push")
            else:
                yield convert_event(item)

    async def check(self) -> Sequence[Finding]:
        """Nothing to ask."""
        return []


class Cursed:
    """A matcher that raises on every contact with a marked tag: a fault of the rules."""

    def __init__(self, inner: Matcher) -> None:
        self.inner = inner
        self.reads = inner.reads

    def verdict(self, section: Section, facts: Facts) -> Verdict:
        """Raise, or judge."""
        if "cursed" in facts.contact.tags:
            raise ZeroDivisionError("cursed")
        return self.inner.verdict(section, facts)

    def readings(self, section: Section, facts: Facts) -> tuple[Reading, ...]:
        """As the other one."""
        return self.inner.readings(section, facts)


def events_connector() -> EventsConnector:
    """The built-in connector with the tests' secret."""
    return EventsConnector("events", EventsSettings(secret=[SECRET]), None)  # type: ignore[arg-type]


@dataclass
class Rig:
    """The gateway under test. `restart` makes another one on the same store, as after the end of a process."""

    path: str = ":memory:"
    policy: str = POLICY
    connectors: dict[str, Connector] = field(default_factory=lambda: {"events": events_connector(), "vendor": Vendor()})
    enrichers: dict[str, Enricher] = field(default_factory=dict)
    subscriptions: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"helpdesk": ("*",)})
    dry: bool = False
    spawn: InlineSpawn = field(default_factory=InlineSpawn)
    clock: ToldClock = field(default_factory=ToldClock)
    net: AnsweringNet = field(default_factory=AnsweringNet)
    log: LogCapture = field(default_factory=LogCapture)
    endpoints: dict[str, Endpoint] = field(init=False)
    gateway: Gateway = field(init=False)
    store: SqliteStore = field(init=False)

    def __post_init__(self) -> None:
        secrets = (parse_secret(SECRET),)
        self.endpoints = {
            name: Endpoint(name, url_of(name), secrets, notices) for name, notices in self.subscriptions.items()
        }

    async def open(self, since: int) -> None:
        """Open the store and build a gateway on it; what has never been in force comes into force at `since`."""
        self.store = await SqliteStore.open(self.path, self.spawn, exclusive=True)
        await self.build(since)

    async def build(self, since: int) -> None:
        """A gateway on the store that is open."""
        log = structlog.wrap_logger(None, processors=[self.log])
        world = World(self.clock, SeededRng(1), self.net, self.spawn, self.store, log)
        bench = Bench(
            policies=await in_force(world, self.policy),
            live_from=await self.store.started(list(self.connectors), since),
            subscriptions=self.subscriptions,
            source="test",
            admin_url="http://gateway",
            dry=self.dry,
        )
        links = {name: Link(name, connector) for name, connector in self.connectors.items()}
        enrichers = {
            name: EnricherLink(name, enricher, timeout_s=5.0, concurrency=2, ttl_s=600.0)
            for name, enricher in self.enrichers.items()
        }
        self.gateway = Gateway(world, links, bench, self.endpoints, enrichers=enrichers)

    async def restart(self, at: int | None = None) -> None:
        """End this gateway without a word, and start another at an instant: on the same file, or in the same memory."""
        if at is not None:
            self.clock.at = at
        if self.path == ":memory:":
            await self.build(self.clock.at)
            return
        await self.store.close()
        await self.open(self.clock.at)

    @property
    def world(self) -> World:
        """The gateway's own world."""
        return self.gateway.world

    def link(self, name: str) -> Link:
        """A connector's link in the gateway that runs now."""
        return self.gateway.links[name]

    async def post(self, *events: dict[str, Any], name: str = "events") -> int:
        """Send events, signed; returns the status of the answer."""
        body = json.dumps({"events": list(events)}).encode()
        answer = await self.gateway.receive(name, Request("POST", self.signed(body), {}, body, self.clock.now()))
        assert answer is not None
        return answer.status

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a sender that has the secret."""
        second = str(self.clock.now() // 1000)
        mark = hmac.new(KEY, b"msg_1." + second.encode() + b"." + body, hashlib.sha256).digest()
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": second,
            "webhook-signature": "v1," + base64.b64encode(mark).decode(),
        }

    async def told(self, *events: dict[str, Any], name: str = "vendor") -> None:
        """Put a record into the inbox that holds events, received now."""
        await self.store.add_records(
            name, [Record(body=json.dumps(events).encode(), received_at=Instant(self.clock.now()))]
        )

    async def settle(self) -> None:
        """Let the engine judge and deliver until there is nothing left to do now."""
        while await self.gateway.judge_once() or await self.gateway.perform_once():
            pass

    async def at(self, offset: int) -> None:
        """Move the clock to `offset` milliseconds after T0, and settle; let that millisecond end, and settle again."""
        self.clock.at = T0 + offset
        await self.settle()
        await self.end_millisecond()

    async def end_millisecond(self) -> None:
        """Nothing more can come in it: what is due in it is judged."""
        self.clock.at += 1
        await self.settle()

    def bodies(self, *types: str) -> list[dict[str, Any]]:
        """What was sent, of these types or all."""
        bodies = [json.loads(request.body) for request in self.net.sent]
        return [body for body in bodies if not types or body["type"] in types]

    def types(self) -> list[str]:
        """The types of what was sent, in order."""
        return [body["type"] for body in self.bodies()]

    async def contact(self, id: str = "1", connector: str = "events") -> ContactRow:
        """The contact of a ticket, which must be known."""
        row = await self.store.find_contact(contact_id(StrandKey(connector, "ticket", id)))
        assert row is not None
        return row

    async def replayed(self, row: ContactRow) -> Judged:
        """What the contact's history implies by now, from nothing."""
        history = await self.store.history(row.id)
        events = [Sourced(entry.strand.connector, entry.event) for entry in history]
        policies = await self.gateway.bench.policies.timeline(0)
        judged = replay(events, policies, self.clock.now())
        if judged.state is None:
            return judged
        waiting = sorted({int(entry.event.at) for entry in history if entry.event.at > self.clock.now()})
        return replace(judged, state=changed(judged.state, future=tuple(waiting)))

    async def parked(self) -> list[Listed]:
        """The parked records, the oldest first."""
        return (await self.store.inbox(limit=1_000, state="parked"))[::-1]

    async def deliveries(self, state: str | None = None) -> list[Delivery]:
        """The deliveries, the oldest first."""
        return (await self.store.deliveries(limit=1_000, state=state))[::-1]


def curse(rig: Rig) -> None:
    """Let the rules raise on marked contacts."""
    policy = loaded(rig.policy).policy
    judge_by(rig, replace(policy, matcher=Cursed(policy.matcher)))


def judge_by(rig: Rig, policy: Policy) -> None:
    """Let this policy judge, as if it had always been in force."""
    rig.gateway.bench = replace(rig.gateway.bench, policies=Fixed(rig.store, policy))


async def states(rig: Rig) -> list[str]:
    """The states of all records, the oldest first."""
    return [row.state for row in await rig.store.inbox(limit=1_000)][::-1]


def url_of(endpoint: str) -> str:
    """Where an endpoint is."""
    return f"https://{endpoint}.example/hooks"


def event(type: str, at: int, ticket: str = "1", **more: Any) -> dict[str, Any]:
    """An event of a ticket, `at` milliseconds after T0."""
    ref = {"kind": "ticket", "id": ticket}
    return {"type": type, "id": f"{ticket}/{type}@{at}", "at": format_instant(T0 + at), "ref": ref, **more}


def opening(at: int = 0, ticket: str = "1", **more: Any) -> dict[str, Any]:
    """A ticket by e-mail."""
    return event("contact.opened", at, ticket, **{"kind": "ticket", "channel": "email", **more})


def reply(at: int, ticket: str = "1", **more: Any) -> dict[str, Any]:
    """An agent's public reply."""
    return event("message.added", at, ticket, author={"kind": "agent"}, **more)


async def until(done: Callable[[], bool]) -> None:
    """Let the others go on until it is so."""
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - nothing tells of it, and it is only a matter of turns
            await asyncio.sleep(0)


def run(story: Callable[[Rig], Coroutine[Any, Any, None]], path: Path | str = ":memory:", **options: Any) -> None:
    """Tell a story to a fresh gateway that came into force a day before T0."""

    async def told() -> None:
        rig = Rig(str(path), **options)
        await rig.open(T0 - DAY_MS)
        try:
            await story(rig)
        finally:
            await rig.store.close()

    asyncio.run(told())
