"""A universe without a gateway, in which those who live around it are tested; whoever posts is answered as told."""

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.signing import parse_secret, sign
from gateway.model.instant import HOUR_MS, format_instant, parse_instant
from tests.simulation.machine.loop import SimLoop
from tests.simulation.world.endpoints import MOODY, Character, Endpoint
from tests.simulation.world.net import SimNet
from tests.simulation.world.swarm import Swarm
from tests.simulation.world.universe import Reply
from tests.simulation.world.witness import Witness

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
T0 = parse_instant("2026-03-02T09:00:00Z")


def replied(status: int, retry_after_s: int | None = None, received_at: int = 0) -> Reply:
    """What the door answers; it has a true clock unless `received_at` says otherwise."""
    return Reply(status, b"", retry_after_s, received_at)


Answer = Reply | Exception


@dataclass
class Around:
    """A universe without a gateway: whoever posts is answered as a test says, 202 when it says nothing."""

    loop: SimLoop
    swarm: Swarm
    seed: int = 1
    witness: Witness = field(default_factory=Witness)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    process: object = "first"
    answers: list[Answer] = field(default_factory=list)
    took_s: float = 0.0
    posted: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    traced: list[tuple[object, ...]] = field(default_factory=list)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _dice: dict[str, Random] = field(default_factory=dict)

    def now(self) -> int:
        """True time."""
        return T0 + round(self.loop.time() * 1000)

    def dice(self, stream: str) -> Random:
        """The chance of that name."""
        return self._dice.setdefault(stream, Random(f"{self.seed} {stream}"))

    async def sleep(self, seconds: float) -> None:
        """Virtual time."""
        await asyncio.sleep(seconds)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> object:
        """A task that is held, and is nobody's."""
        task = self.loop.create_task(work, name=name, context=Context())
        self.tasks.add(task)
        return task

    def trace(self, kind: str, *details: object) -> None:
        """Kept, with its instant."""
        self.traced.append((self.now(), kind, *details))

    async def post(self, connector: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The door."""
        now = self.now()
        self.posted.append((now, headers, body))
        answer = self.answers.pop(0) if self.answers else replied(202)
        await self.sleep(self.took_s)
        if isinstance(answer, Exception):
            raise answer
        return replace(answer, received_at=answer.received_at or now)

    async def rest(self) -> None:
        """Let everything that was begun come to its end. What failed there fails here."""
        while pending := [task for task in self.tasks if not task.done()]:
            await asyncio.wait(pending)
        for task in self.tasks:
            task.result()

    def bodies(self) -> list[list[dict[str, Any]]]:
        """The events of each request."""
        return [json.loads(body)["events"] for _, _, body in self.posted]


def run(story: Callable[[Around], Coroutine[Any, Any, None]], *, seed: int = 1, **faults: Any) -> Around:
    """Tell a story under virtual time."""
    loop = SimLoop()
    around = Around(loop, Swarm(**faults), seed)
    try:
        loop.run_until_complete(story(around))
        loop.run_until_complete(around.rest())
    finally:
        loop.close()
    return around


def event(number: int, at: int = T0, ticket: str = "1") -> dict[str, Any]:
    """An agent's reply."""
    return {
        "type": "message.added",
        "id": f"e{number}",
        "at": format_instant(at),
        "ref": {"kind": "ticket", "id": ticket},
        "author": {"kind": "agent"},
    }


def plan(count: int, every_ms: int = HOUR_MS) -> list[tuple[int, dict[str, Any]]]:
    """So many events, each so long after the other."""
    return [(T0 + number * every_ms, event(number, T0 + number * every_ms)) for number in range(count)]


def notice(around: Around, endpoint: Endpoint, id: str = "n1", body: bytes = b'{"type":"x"}') -> NetRequest:
    """A request as the gateway makes it."""
    return NetRequest("POST", endpoint.url, sign([parse_secret(SECRET)], id, around.now() // 1000, body), body)


async def send(around: Around, endpoint: Endpoint, id: str = "n1", deadline_s: float = 15.0) -> int | str:
    """One try of a notice: its status, or why there is none."""
    try:
        answer = await SimNet(around).request(notice(around, endpoint, id), deadline_s=deadline_s)
    except NetError as error:
        return f"{'timed out' if error.timed_out else 'failed'}: {error.reason}"
    return answer.status


def one(around: Around, character: Character = MOODY) -> Endpoint:
    """The only endpoint of a universe."""
    endpoint = Endpoint(around, "helpdesk", [SECRET], character)
    around.endpoints["helpdesk"] = endpoint
    return endpoint
