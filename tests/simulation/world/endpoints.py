"""The receivers of notices: each proves what it hears, keeps a ledger, and answers by its mood.

Laws. Everything that reaches an endpoint is in the witness, with what it answered; what it refuses to connect to it has
not heard. Signatures are proved by the published library, never by the gateway's own code. A steady endpoint is always
well and so is the way to it: nothing may wait there because another one is down.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Literal, TypeVar
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from gateway.kernel.ports import NetRequest, NetResponse
from gateway.model.instant import DAY_MS, SECOND_MS, datetime_of
from tests.simulation.world.net import Answered, Link, Outside
from tests.simulation.world.universe import Unreachable
from tests.simulation.world.witness import Heard

T = TypeVar("T")

Mode = Literal["well", "slow", "failing", "limiting", "refusing", "silent", "moved"]
"""How an endpoint is: it answers at once, late, 5xx, 429, takes no connection, never answers, or sends elsewhere."""

BAD_MODES: tuple[Mode, ...] = ("slow", "failing", "limiting", "refusing", "silent", "moved")
DOWN_MODES: tuple[Mode, ...] = ("failing", "refusing", "silent")

WELL = (200, 200, 200, 202, 204)
FAILED = (500, 502, 503, 503, 504)

QUICK_S = 0.2
SLOW_S = 25.0
"""A quick answer takes less than the one, a slow one less than the other: more than a try may take."""

TOLERANCE_S = 300
WITHIN_MS = 2 * DAY_MS
"""What happens to an endpoint only once begins within so long after its start."""


@dataclass(frozen=True, slots=True)
class Character:
    """What an endpoint is like: how often it is bad (a factor), and what may happen to it at all."""

    bad: float = 0.0
    down: bool = False
    gone: bool = False
    picky: bool = False


STEADY = Character()
MOODY = Character(bad=1.0, picky=True)
WRETCHED = Character(bad=2.0, down=True)
LEAVING = Character(bad=0.5, gone=True)


@dataclass(frozen=True, slots=True)
class Phase:
    """A mode, from an instant until another."""

    start: int
    end: int
    mode: Mode


class Weather:
    """How an endpoint is at an instant: well, but for bad phases by chance and one long one. Time goes forward only."""

    def __init__(self, universe: Outside, name: str, character: Character) -> None:
        self._swarm = universe.swarm
        self._dice = universe.dice(f"endpoint {name} phases")
        self._rate = character.bad * self._swarm.endpoint_bad
        now = universe.now()
        self.down = _long_phase(universe.dice(f"endpoint {name} down"), now, self._swarm.endpoint_down_days)
        if not character.down or not self._swarm.endpoint_down_days:
            self.down = None
        self._phase = self._next(now)

    def mode(self, now: int) -> Mode:
        """How it is."""
        if self.down is not None and self.down.start <= now < self.down.end:
            return self.down.mode
        while self._phase is not None and self._phase.end <= now:
            self._phase = self._next(self._phase.end)
        return "well" if self._phase is None or now < self._phase.start else self._phase.mode

    def clear(self) -> None:
        """Well for ever."""
        self.down = self._phase = None

    def _next(self, after: int) -> Phase | None:
        modes: Sequence[Mode] = self._swarm.endpoint_modes
        if not self._rate or not modes:
            return None
        start = after + round(self._dice.expovariate(self._rate / DAY_MS))
        length = 1 + round(self._dice.expovariate(1 / (self._swarm.endpoint_bad_s * SECOND_MS)))
        return Phase(start, start + length, self._dice.choice(modes))


@dataclass
class Endpoint:
    """One receiver. `secrets` in text form: any of them proves a request. `known`: all that it ever had.

    `taken`: what it has answered with 2xx, by id, and when first. `wrongs`: what no receiver should ever hear, in plain
    words. `gone_at`: when it answered 410, after which a person has to enable it.
    """

    universe: Outside
    name: str
    secrets: Sequence[str]
    character: Character = STEADY
    taken: dict[str, int] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    gone_at: int | None = None
    known: list[str] = field(default_factory=list)
    link: Link = field(init=False)
    weather: Weather = field(init=False)

    def __post_init__(self) -> None:
        self.link = Link(self.universe, self.name, calm=self.character is STEADY)
        self.weather = Weather(self.universe, self.name, self.character)
        self._dice = self.universe.dice(f"endpoint {self.name}")
        self.trust(self.secrets)
        self._bodies: dict[str, bytes] = {}
        self._recovered = False
        leaves = self.character.gone and self.universe.swarm.endpoint_gone
        chance = self.universe.dice(f"endpoint {self.name} gone").random()
        self._leaves_at = self.universe.now() + round(chance * WITHIN_MS) if leaves else None

    @property
    def host(self) -> str:
        """The host of its URL."""
        return f"{self.name}.example"

    @property
    def url(self) -> str:
        """Where notices go."""
        return f"https://{self.host}/hooks"

    def trust(self, secrets: Sequence[str]) -> None:
        """Let these prove requests from now on, and no others."""
        self.secrets = secrets
        self.known += secrets
        self._oracles = [Webhook(secret) for secret in secrets]

    def mode(self) -> Mode:
        """How it is now."""
        return self.weather.mode(self.universe.now())

    def refuses(self, id: str) -> bool:
        """Whether it refuses this notice for good: 422, however often it comes."""
        if not self.character.picky or self._recovered:
            return False
        mark = hashlib.sha256(f"{self.name} {id}".encode()).digest()
        return int.from_bytes(mark[:4], "big") < self.universe.swarm.endpoint_picky * 2**32

    def recover(self) -> None:
        """Be well for ever, and the way there too."""
        self._recovered = True
        self._leaves_at = None
        self.weather.clear()
        self.link.recover()

    async def hear(self, request: NetRequest) -> Answered | None:
        """Take a request, and answer it or not. Raises Unreachable."""
        mode = self.mode()
        chance = [self._dice.random() for _ in range(5)]
        if mode == "refusing":
            raise Unreachable(self.name)
        heard = self._witnessed(request)
        if mode == "silent":
            return None
        status, headers = self._answer(mode, heard, chance)
        await self.universe.sleep(chance[0] * (SLOW_S if mode == "slow" else QUICK_S))
        heard.status, heard.asked = status, headers.get("retry-after")
        self.universe.trace("answered", self.name, heard.id, status)
        if 200 <= status < 300:
            self.taken.setdefault(heard.id, self.universe.now())
        return Answered(heard, NetResponse(status, headers, b"" if status == 204 else b"{}"))

    def _witnessed(self, request: NetRequest) -> Heard:
        headers = {name.lower(): value for name, value in sorted(request.headers.items())}
        id = headers.get("webhook-id", "")
        now = self.universe.now()
        proved = proves(self._oracles, headers, request.body)
        # The sender clears `reply_lost` when it has the answer: one that is dead by then never does.
        heard = Heard(now, self.name, id, headers, request.body, proved, None, reply_lost=True)
        self.universe.witness.heard.append(heard)
        self.universe.trace("heard", self.name, id, hashlib.sha256(request.body).hexdigest()[:16])
        if not proved:
            self.wrongs.append(f"{id}: no signature proves it")
        if self._bodies.setdefault(id, request.body) != request.body:
            self.wrongs.append(f"{id}: came with two bodies")
        if request.method != "POST" or urlsplit(request.url).path != "/hooks":
            self.wrongs.append(f"{id}: {request.method} {urlsplit(request.url).path}")
        return heard

    def _answer(self, mode: Mode, heard: Heard, chance: Sequence[float]) -> tuple[int, Mapping[str, str]]:
        now = self.universe.now()
        if not heard.proved or (self.universe.swarm.endpoint_strict_time and stale(heard.headers, now)):
            return 401, {}
        if self._leaves_at is not None and now >= self._leaves_at:
            self._leaves_at, self.gone_at = None, now
            return 410, {}
        if mode == "failing":
            return _one(FAILED, chance[1]), retry_after(now, chance[2], chance[3], chance[4])
        if mode == "limiting":
            return 429, retry_after(now, chance[2], chance[3], chance[4])
        if mode == "moved":
            return 301, {"location": f"https://{self.host}/elsewhere"}
        return (422 if self.refuses(heard.id) else _one(WELL, chance[1])), {}


def company(universe: Outside, names: Sequence[str], secrets: Sequence[str]) -> dict[str, Endpoint]:
    """An endpoint for each name: the first is steady, the others differ by seed."""
    dice = universe.dice("endpoints")
    others = [MOODY, WRETCHED, LEAVING]
    dice.shuffle(others)
    characters = [STEADY, *(others[at % len(others)] for at in range(len(names) - 1))]
    return {
        name: Endpoint(universe, name, secrets, character) for name, character in zip(names, characters, strict=True)
    }


def proves(oracles: Sequence[Webhook], headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is right, at the instant that the headers name.

    The library's own `verify` asks the machine's clock for the time, so it only signs here, and the marks are compared.
    """
    id, second, listed = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not id or not second.isdecimal() or len(second) > 12:
        return False
    try:
        right = [oracle.sign(id, datetime.fromtimestamp(int(second), UTC), body.decode()) for oracle in oracles]
    except (UnicodeDecodeError, OverflowError, ValueError, OSError):
        return False
    marks = listed.encode().split(b" ")
    return any(hmac.compare_digest(one.encode(), mark) for one in right for mark in marks)


def stale(headers: Mapping[str, str], now: int) -> bool:
    """Whether a request's timestamp is further from now than the standard's libraries allow."""
    return abs(now - int(headers["webhook-timestamp"]) * SECOND_MS) > TOLERANCE_S * SECOND_MS


def retry_after(now: int, chance: float, kind: float, size: float) -> dict[str, str]:
    """A `Retry-After` as receivers send it: often none, else seconds, a date, or nonsense."""
    if chance < 0.4:
        return {}
    seconds = 1 + int(600 * size**2)
    texts = (
        str(seconds),
        str(seconds),
        format_datetime(datetime_of(now) + timedelta(seconds=seconds), usegmt=True),
        format_datetime(datetime_of(now) - timedelta(seconds=seconds), usegmt=True),
        f"-{seconds}",
        "soon",
        f"{seconds}.5",
        "99999999999",
        "9" * 40,
        "",
    )
    return {"retry-after": _one(texts, kind)}


def _long_phase(dice: Random, now: int, days: float) -> Phase:
    start = now + round(dice.random() * WITHIN_MS)
    return Phase(start, start + round(days * DAY_MS), dice.choice(DOWN_MODES))


def _one(some: Sequence[T], chance: float) -> T:
    return some[int(chance * len(some))]
