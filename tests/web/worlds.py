"""A gateway with everything real but time, chance and the network: a store in memory, a policy, the connector `events`.

Nothing runs by itself: `judge` does what the loops would do by now.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import structlog

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.engine.gateway import Gateway
from gateway.engine.judge import Bench
from gateway.engine.process import process
from gateway.engine.tick import tick
from gateway.engine.turns import Turns
from gateway.engine.world import Link, World
from gateway.kernel.log import redact
from gateway.kernel.ports import Net, NetError, NetRequest, NetResponse
from gateway.kernel.rng import SeededRng
from gateway.kernel.signing import parse_secret, sign
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import Outcome, Performed
from gateway.model.instant import format_instant, parse_instant
from gateway.plugin import Context, Request
from gateway.store.sqlite import SqliteStore
from tests.support.policies import in_force

NOW = parse_instant("2026-03-02T09:00:00Z")
"""A Monday, nine in the morning."""

S, M, H, D = 1_000, 60_000, 3_600_000, 86_400_000
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "a-token-of-twenty-four-b"

POLICY = """
version: 1
name: test
calendars:
  office:
    timezone: Europe/Berlin
    hours: {mon-fri: ["08:00-12:00", "13:00-18:00"]}
severity:
  - {id: outage, when: '"outage" in contact.tags', severity: 1}
  - {id: paying, when: 'contact.priority == "high"', severity: 2}
sla:
  - {id: urgent-first-reply, when: contact.severity == 1, metric: first_reply, within: 15m, warn: [50%]}
  - id: email-first-reply
    when: contact.channel == "email"
    metric: first_reply
    within: 4h
    calendar: office
    warn: [75%]
  - {id: work, metric: agent_work, within: 3d, calendar: office}
queues:
  general: {team: t1, tier: 1}
  engineers: {team: t3, tier: 3}
routing:
  - {id: outage, when: contact.severity == 1, queue: engineers, skills: [incident], priority: 10}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
  head: {endpoints: [helpdesk]}
chains:
  sev1:
    steps:
      - {after: 0m, notify: [lead]}
      - {after: 30m, notify: [head]}
      - {after: 2h, notify: [head, lead]}
escalation:
  - {id: outage-late, when: contact.severity == 1, on: sla.breached, chain: sev1}
"""


@dataclass
class StoppedClock:
    """Stands where it is put."""

    at: int = NOW

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        """Time stands: only who wants no more than to let others go on comes back."""
        if seconds > 0:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


class NoNet:
    """Nobody is out there."""

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        raise NetError("refused")


@dataclass
class Whole:
    """A gateway and what it is made of."""

    gateway: Gateway
    clock: StoppedClock
    store: SqliteStore
    spawn: InlineSpawn
    logged: io.StringIO
    posted: int = field(default=0)

    async def post(self, *events: Mapping[str, Any], connector: str = "shop") -> None:
        """Events come in, as if posted and signed."""
        self.posted += 1
        body = body_of(*events)
        answer = await self.gateway.receive(
            connector, Request("POST", signed(body, self.clock.at, f"msg_{self.posted}"), {}, body, self.clock.at)
        )
        assert answer is not None
        assert answer.status == 202, answer.body

    async def judge(self) -> None:
        """Everything that waits is judged, and time passes until now."""
        world, links, bench = self.gateway.world, self.gateway.links, self.gateway.bench
        now, turns = self.clock.at, Turns(self.clock)
        while await process(world, links, bench, now, turns) or await tick(world, bench, now):
            pass

    async def close(self) -> None:
        """Let go of everything."""
        await self.store.close()
        await self.spawn.close()


def run(work: Callable[[Whole], Awaitable[None]], **of: Any) -> None:
    """Run `work` on a new gateway."""

    async def whole() -> None:
        async with asyncio.timeout(30):
            made = await make(**of)
            try:
                await work(made)
            finally:
                await made.close()

    asyncio.run(whole())


async def make(*, at: int = NOW, policy: str = POLICY, connectors: tuple[str, ...] = ("shop",)) -> Whole:
    """A gateway with connectors of the plugin `events`, and an endpoint that gets every notice."""
    clock, spawn = StoppedClock(at), InlineSpawn()
    store = await SqliteStore.open(":memory:", spawn, exclusive=True)
    settings = EventsSettings.model_validate({"secret": SECRET})
    context = cast(Context, None)
    links = {name: Link(name, EventsConnector(name, settings, context)) for name in connectors}
    logged = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(logged),
        processors=[structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(0),
    )
    world = World(clock, SeededRng(1), cast(Net, NoNet()), spawn, store, log)
    bench = Bench(
        policies=await in_force(world, policy),
        live_from=dict.fromkeys(links, 0),
        subscriptions={"helpdesk": ("*",)},
        source="orion-gateway",
        admin_url="http://127.0.0.1:8081",
    )
    return Whole(Gateway(world, links, bench, {}), clock, store, spawn, logged)


async def refuse(whole: Whole) -> None:
    """The endpoint refuses the first of the notices that are due."""
    (delivery, *_) = await whole.store.claim_deliveries(now=NOW, lease_ms=1_000, room={"helpdesk": 1})
    outcome = Outcome(delivery=delivery.id, attempt=1, state="ready", at=NOW, error="answered 503", next_at=NOW + M)
    state = (await whole.store.endpoint_states())["helpdesk"]
    ailing = msgspec.structs.replace(state, health=msgspec.structs.replace(state.health, failing_since=NOW))
    await whole.store.finish_deliveries(Performed(outcomes=(outcome,), now=NOW, endpoints=(ailing,)))


def opened(number: int, at: int, **fields: Any) -> dict[str, Any]:
    """A ticket that comes by e-mail, unless the fields say otherwise."""
    return event("contact.opened", number, at, **{"kind": "ticket", "channel": "email", **fields})


def event(type: str, number: int, at: int, **fields: Any) -> dict[str, Any]:
    """An event of ticket `number`."""
    return {
        "type": type,
        "at": format_instant(at),
        "id": f"{type}:{number}:{at}",
        "ref": {"kind": "ticket", "id": str(number)},
        **fields,
    }


def body_of(*events: Mapping[str, Any]) -> bytes:
    """What is posted to the connector `events`."""
    return msgspec.json.encode({"events": events})


def signed(body: bytes, at: int, id: str = "msg_1") -> dict[str, str]:
    """The headers that prove a body."""
    return sign([parse_secret(SECRET)], id, at // 1000, body)
