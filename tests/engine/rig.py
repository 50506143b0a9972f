"""A gateway without the outside: the real engine and the real store in memory, a clock that is told, a net that answers.

Nothing here runs by itself: a test says what arrives, moves the clock, and lets the engine do its steps.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.perform import Endpoint
from gateway.engine.world import Link, World
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.rng import SeededRng
from gateway.kernel.signing import parse_secret
from gateway.kernel.spawn import InlineSpawn
from gateway.model.instant import format_instant, parse_instant
from gateway.plugin import Context, Request
from gateway.policy.load import load_policy
from gateway.store.sqlite import SqliteStore

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
T0 = parse_instant("2026-03-02T09:00:00Z")

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
    """Keeps what is sent and answers as it is told; an answer of None is no answer."""

    sent: list[NetRequest] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Answer with the next status, 204 when none is left."""
        self.sent.append(request)
        status = self.answers.pop(0) if self.answers else 204
        if status is None:
            raise NetError("refused")
        return NetResponse(status, self.headers, b"")


@dataclass
class Rig:
    """The gateway under test."""

    gateway: Gateway
    clock: ToldClock
    net: AnsweringNet
    store: SqliteStore

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

    async def settle(self) -> None:
        """Let the engine judge and deliver until there is nothing left to do now."""
        while await self.gateway.judge_once() or await self.gateway.perform_once():
            pass

    def notices(self) -> list[tuple[str, str]]:
        """What was delivered, as (type, id)."""
        return [
            (body["type"], request.headers["webhook-id"])
            for request in self.net.sent
            if (body := json.loads(request.body))
        ]


def event(type: str, at: int, **more: Any) -> dict[str, Any]:
    """An event of ticket 1, `at` milliseconds after T0."""
    ref = {"kind": "ticket", "id": "1"}
    return {"type": type, "id": f"{type}@{at}", "at": format_instant(T0 + at), "ref": ref, **more}


def opening(at: int = 0, **more: Any) -> dict[str, Any]:
    """A ticket by e-mail."""
    return event("contact.opened", at, **{"kind": "ticket", "channel": "email", **more})


def reply(at: int, **more: Any) -> dict[str, Any]:
    """An agent's public reply."""
    return event("message.added", at, author={"kind": "agent"}, **more)


def run(story: Callable[[Rig], Coroutine[Any, Any, None]], path: str = ":memory:", policy: str = POLICY) -> None:
    """Tell a story to a fresh gateway that came into force a day before T0."""

    async def told() -> None:
        clock, net, spawn = ToldClock(), AnsweringNet(), InlineSpawn()
        store = await SqliteStore.open(path, spawn, exclusive=True)
        loaded = load_policy(policy, "policy.yaml").policy
        log = structlog.get_logger()
        link = Link("events", EventsConnector("events", EventsSettings(secret=[SECRET]), None))  # type: ignore[arg-type]
        bench = Bench(loaded, 0, {}, {"helpdesk": ("*",)}, "test", "http://gateway")
        endpoint = Endpoint("helpdesk", "https://help.example/hooks", (parse_secret(SECRET),), ("*",))
        world = World(clock, SeededRng(1), net, spawn, store, log)
        gateway = Gateway(world, {"events": link}, bench, {"helpdesk": endpoint})
        try:
            await story(Rig(gateway, clock, net, store))
        finally:
            await store.close()

    asyncio.run(told())
