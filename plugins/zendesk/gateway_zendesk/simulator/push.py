"""How a simulated account sends its webhooks: signed, one after the other, each with a few tries.

What is signed is the timestamp of the delivery and the body's very bytes. Faults lose, double, swap and delay them; how
long a delay is over is told by the clock that the account was given.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import aiohttp
from pydantic import SecretStr

from gateway.plugin import MINUTE_MS, SECOND_MS, NowFunction, format_instant
from gateway_zendesk.simulator.hooks import ACCOUNT_ID, KINDS, MESSAGE, Hook
from gateway_zendesk.webhook import SIGNATURE, TIMESTAMP, signature

TRIES = 5
WAIT_S = 0.2
"""Seconds between the tries of one webhook."""

ANSWER_WITHIN_S = 12.0
DELAY_MS = 8 * MINUTE_MS
LOOK_AGAIN_S = 0.25
"""Seconds after which webhooks that are delayed are looked at again."""


@dataclass(slots=True)
class Webhook:
    """A subscription: to which address, of which events, signed with which secret."""

    id: str
    endpoint: str
    secret: SecretStr
    created: int
    kinds: tuple[str, ...] = (*KINDS, MESSAGE)
    active: bool = True


@dataclass(slots=True)
class Pusher:
    """Sends what happens to every webhook that is subscribed to it."""

    now: NowFunction
    faults: set[str]
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    given_up: int = 0
    _waiting: deque[tuple[Webhook, bytes]] = field(default_factory=deque)
    _delayed: list[tuple[int, Webhook, bytes]] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, hooks: list[Hook]) -> None:
        """Queue webhooks; the faults of now apply."""
        sent = [
            (webhook, hook.body)
            for hook in hooks
            for webhook in self.webhooks.values()
            if webhook.active and hook.kind in webhook.kinds
        ]
        if not sent or self.faults & {"lose", "no_webhook"}:
            return
        if "reorder" in self.faults:
            sent.reverse()
        if "duplicate" in self.faults:
            sent = [one for one in sent for _ in range(2)]
        if "delay" in self.faults:
            due = self.now() + DELAY_MS
            self._delayed += [(due, webhook, body) for webhook, body in sent]
        elif "reorder" in self.faults and self._waiting:
            self._waiting.extendleft(sent)
        else:
            self._waiting.extend(sent)
        self._idle.clear()
        self._news.set()

    def release(self) -> None:
        """What is delayed is sent now."""
        self._waiting.extend((webhook, body) for _, webhook, body in self._delayed)
        self._delayed.clear()
        self._news.set()

    async def settled(self) -> None:
        """Come back when nothing waits to be sent, but for what is delayed until later by the account's clock."""
        self._take_due()
        if self._waiting or self._news.is_set():
            self._idle.clear()
            self._news.set()
            await self._idle.wait()

    async def run(self) -> None:
        """Send what is queued, until cancelled."""
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN_S)
        async with aiohttp.ClientSession(timeout=limit, headers={"User-Agent": "Zendesk Webhook"}) as session:
            while True:
                await self._something()
                self._take_due()
                while self._waiting:
                    # Taken before it is sent: meanwhile another one may be put in front.
                    await self._deliver(session, *self._waiting.popleft())
                self._news.clear()
                self._idle.set()

    async def _something(self) -> None:
        """Come back when there may be something to send."""
        if not self._delayed:
            await self._news.wait()
            return
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._news.wait()
        except TimeoutError:
            return

    def _take_due(self) -> None:
        now = self.now()
        self._waiting.extend((webhook, body) for due, webhook, body in self._delayed if due <= now)
        self._delayed = [one for one in self._delayed if one[0] > now]

    async def _deliver(self, session: aiohttp.ClientSession, webhook: Webhook, body: bytes) -> None:
        for turn in range(TRIES):
            if turn:
                await asyncio.sleep(WAIT_S * turn)
            if await self._post(session, webhook, body):
                return
        self.given_up += 1

    async def _post(self, session: aiohttp.ClientSession, webhook: Webhook, body: bytes) -> bool:
        timestamp = format_instant(self.now() // SECOND_MS * SECOND_MS)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Zendesk-Account-Id": str(ACCOUNT_ID),
            "X-Zendesk-Webhook-Id": webhook.id,
            SIGNATURE: signature(webhook.secret, timestamp, body),
            TIMESTAMP: timestamp,
        }
        try:
            async with session.post(webhook.endpoint, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                return 200 <= response.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
