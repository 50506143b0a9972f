"""How the simulated org tells of changes: an Apex class posts the ids of what has changed, signed as Standard Webhooks.

One request a transaction, which says ids and nothing else; an id of its own, so that a second try is known to be one.
Faults lose, double and swap them.
"""

import asyncio
import base64
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import aiohttp
import msgspec
from pydantic import SecretStr

from gateway.plugin import SECOND_MS, NowFunction, parse_webhook_secret
from gateway_salesforce.simulator.ids import SHORT

TRIES = 5
WAIT_S = 0.2
"""Seconds between the tries of one request."""

ANSWER_WITHIN_S: Final = 12.0


@dataclass(frozen=True, slots=True)
class Push:
    """One request: its id, and its body."""

    id: str
    body: bytes


@dataclass(slots=True)
class Pusher:
    """Sends what has changed to one address."""

    now: NowFunction
    faults: set[str]
    secret: SecretStr
    random: Random
    url: str | None = None
    given_up: int = 0
    _waiting: deque[Push] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, ids: Sequence[str]) -> None:
        """Queue a request that names these; the faults of now apply."""
        if self.url is None or "lose" in self.faults:
            return
        push = self.made(ids)
        sent = [push, push] if "duplicate" in self.faults else [push]
        if "reorder" in self.faults:
            self._waiting.extendleft(sent)
        else:
            self._waiting.extend(sent)
        self._idle.clear()
        self._news.set()

    def made(self, ids: Sequence[str]) -> Push:
        """A request that names these."""
        named = [id[:SHORT] if "short_ids" in self.faults else id for id in ids]
        return Push(f"msg_{self.random.getrandbits(96):024x}", msgspec.json.encode({"ids": named}))

    def signed(self, push: Push) -> dict[str, str]:
        """The headers of a request that is sent now."""
        at_s = self.now() // SECOND_MS
        secret = parse_webhook_secret(self.secret.get_secret_value())
        content = b"%b.%d.%b" % (push.id.encode(), at_s, push.body)
        proof = base64.b64encode(secret.sign(content)).decode()
        told = {"webhook-id": push.id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{proof}"}
        return {"Content-Type": "application/json", **told}

    async def settled(self) -> None:
        """Come back when nothing waits to be sent."""
        if self._waiting or self._news.is_set():
            self._idle.clear()
            self._news.set()
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        headers = {"User-Agent": "SFDC-Callout/66.0"}
        async with aiohttp.ClientSession(timeout=limit, headers=headers) as session:
            while True:
                await self._news.wait()
                while self._waiting:
                    # Taken before it is sent: meanwhile another one may be put in front.
                    await self._deliver(session, self._waiting.popleft())
                self._news.clear()
                self._idle.set()

    async def _deliver(self, session: aiohttp.ClientSession, push: Push) -> None:
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(WAIT_S * turn)
            if self.url is None or await self._post(session, self.url, push):
                return
        self.given_up += 1

    async def _post(self, session: aiohttp.ClientSession, url: str, push: Push) -> bool:
        try:
            async with session.post(url, data=push.body, headers=self.signed(push), allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
