"""How a simulated account sends its webhooks: signed, and again until they are taken, for three days by its own clock.

What is signed is the second of the sending and the body's very bytes; while a secret is being replaced, with both. A
body stays what it was, however late it is sent. Faults lose, double and swap webhooks.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import Final

import aiohttp
import msgspec

from gateway.plugin import DAY_MS, HOUR_MS, SECOND_MS, NowFunction, hmac_sha256
from gateway_payments.stripe.simulator.account import Happening, Json

SIGNATURE: Final = "Stripe-Signature"
FIRST_WAIT_MS: Final = 5 * SECOND_MS
"""After the first try; each wait is twice the one before, of half a day at most. Stripe doesn't say its own waits."""

LONGEST_WAIT_MS: Final = 12 * HOUR_MS
GIVEN_UP_AFTER_MS: Final = 3 * DAY_MS
ANSWER_WITHIN_S: Final = 20.0
LOOK_AGAIN_S: Final = 0.25
"""Seconds after which webhooks that wait for another try are looked at again."""


@dataclass(slots=True)
class Endpoint:
    """Where webhooks go: its object of the API, and its secrets with the instant until which each signs."""

    row: Json
    secrets: list[tuple[str, int | None]]

    def wants(self, type: str) -> bool:
        """Whether events of this type go there."""
        wanted = self.row["enabled_events"]
        return self.row["status"] == "enabled" and ("*" in wanted or type in wanted)

    def roll(self, secret: str, now: int, keep_ms: int = DAY_MS) -> None:
        """Sign with a new secret too, and with the old ones for so long yet."""
        self.secrets = [(old, now + keep_ms if until is None else until) for old, until in self.secrets]
        self.secrets.append((secret, None))

    def signing(self, now: int) -> list[str]:
        """The secrets that sign now, the newest first."""
        return [secret for secret, until in reversed(self.secrets) if until is None or until > now]


def signed(secrets: list[str], at_s: int, body: bytes) -> str:
    """The header that proves a body: `t`, a `v1` for each secret, and the `v0` that nobody may trust."""
    message = f"{at_s}.".encode() + body
    proofs = [f"v1={hmac_sha256(secret, message).hex()}" for secret in secrets]
    return ",".join([f"t={at_s}", *proofs, f"v0={hmac_sha256('v0', message).hex()}"])


@dataclass(slots=True)
class _Letter:
    """One event on its way to one endpoint."""

    endpoint: Endpoint
    happening: Happening
    body: bytes
    first_at: int
    wait_ms: int = FIRST_WAIT_MS
    due: int = 0


@dataclass(slots=True)
class Pusher:
    """Sends what happens to every endpoint that wants it."""

    now: NowFunction
    chance: Random
    faults: set[str]
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    muted: bool = False
    """What happens now is told to nobody."""

    sent: int = 0
    given_up: int = 0
    _waiting: deque[_Letter] = field(default_factory=deque)
    _later: list[_Letter] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, happening: Happening) -> None:
        """Queue an event; the faults of now apply."""
        wanting = [one for one in self.endpoints.values() if one.wants(happening.type)]
        if self.muted or not wanting:
            return
        happening.waiting = {one.row["id"] for one in wanting}
        if "lose" in self.faults:
            return
        body = msgspec.json.format(msgspec.json.encode(happening.body()), indent=2)
        for endpoint in wanting:
            for _ in range(2 if "duplicate" in self.faults else 1):
                self._put(_Letter(endpoint, happening, body, self.now()))
        self._idle.clear()
        self._news.set()

    def _put(self, letter: _Letter) -> None:
        place = self.chance.randint(0, len(self._waiting)) if "reorder" in self.faults else len(self._waiting)
        self._waiting.insert(place, letter)

    async def settled(self) -> None:
        """Come back when nothing waits to be sent, but for what is tried again later by the account's clock."""
        self._take_due()
        if self._waiting or self._news.is_set():
            self._idle.clear()
            self._news.set()
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        agent = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
        async with aiohttp.ClientSession(timeout=limit, headers={"User-Agent": agent}) as session:
            while True:
                await self._something()
                self._take_due()
                while self._waiting:
                    await self._send(session, self._waiting.popleft())
                self._news.clear()
                self._idle.set()

    async def _something(self) -> None:
        """Come back when there may be something to send."""
        if not self._later:
            await self._news.wait()
            return
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._news.wait()
        except TimeoutError:
            return

    def _take_due(self) -> None:
        now = self.now()
        self._waiting.extend(one for one in self._later if one.due <= now)
        self._later = [one for one in self._later if one.due > now]

    async def _send(self, session: aiohttp.ClientSession, letter: _Letter) -> None:
        if await self._post(session, letter):
            letter.happening.waiting.discard(letter.endpoint.row["id"])
            self.sent += 1
            return
        letter.due = self.now() + letter.wait_ms
        letter.wait_ms = min(2 * letter.wait_ms, LONGEST_WAIT_MS)
        if letter.due - letter.first_at > GIVEN_UP_AFTER_MS:
            self.given_up += 1
        else:
            self._later.append(letter)

    async def _post(self, session: aiohttp.ClientSession, letter: _Letter) -> bool:
        now = self.now()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            SIGNATURE: signed(letter.endpoint.signing(now), now // SECOND_MS, letter.body),
        }
        url = letter.endpoint.row["url"]
        try:
            async with session.post(url, data=letter.body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
