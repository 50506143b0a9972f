"""How a simulated account sends its webhooks: with a shared token and no signature, one after the other, each with a
few tries. Faults lose, double and swap them.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from pydantic import SecretStr

from gateway_freshdesk.simulator.hooks import Hook

TOKEN: Final = "X-Gateway-Token"  # noqa: S105 - the header's name
TRIES: Final = 5
WAIT_S: Final = 0.2
"""Seconds between the tries of one webhook; Freshdesk itself waits half an hour."""

ANSWER_WITHIN_S: Final = 12.0


@dataclass(slots=True)
class Pusher:
    """Sends what happens to the rule's address."""

    faults: set[str]
    token: SecretStr
    url: str | None = None
    given_up: int = 0
    _waiting: deque[Hook] = field(default_factory=deque)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, hook: Hook) -> None:
        """Queue a webhook; the faults of now apply."""
        if self.url is None or "lose" in self.faults:
            return
        for _ in range(2 if "duplicate" in self.faults else 1):
            if "reorder" in self.faults:
                self._waiting.appendleft(hook)
            else:
                self._waiting.append(hook)
        self._idle.clear()
        self._news.set()

    async def settled(self) -> None:
        """Come back when nothing waits to be sent."""
        if self._waiting or self._news.is_set():
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with aiohttp.ClientSession(timeout=limit, headers={"User-Agent": "Freshdesk"}) as session:
            while True:
                await self._news.wait()
                while self._waiting:
                    # Taken before it is sent: meanwhile another one may be put in front.
                    await self._deliver(session, self._waiting.popleft())
                self._news.clear()
                self._idle.set()

    async def _deliver(self, session: aiohttp.ClientSession, hook: Hook) -> None:
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(WAIT_S * turn)
            if await self._post(session, hook):
                return
        self.given_up += 1

    async def _post(self, session: aiohttp.ClientSession, hook: Hook) -> bool:
        if self.url is None:
            return True
        headers = {"Content-Type": hook.type, **self.proof()}
        try:
            async with session.post(self.url, data=hook.body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def proof(self) -> dict[str, str]:
        """The header that shows who sends it."""
        token = self.token.get_secret_value()
        if "basic" in self.faults:
            return {"Authorization": aiohttp.encode_basic_auth("freshdesk", token)}
        return {TOKEN: token}
