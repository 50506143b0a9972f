"""The demo's chat: a system that has no plugin, and tells the connector `events` of itself in signed POSTs."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.kernel.net import AiohttpNet
from gateway.kernel.ports import Clock, NetError, NetRequest, Rng
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.signing import new_secret, parse_secret, sign
from gateway.kernel.spawn import LoopSpawn
from gateway.model.instant import format_instant

ANSWER_S: Final = 5.0
"""So long the gateway may take to acknowledge."""

TRIES: Final = 5
Told = dict[str, Any]


@dataclass(slots=True)
class Chat:
    """Chats by number. Times are milliseconds since the epoch; `url` is where the gateway takes events."""

    clock: Clock
    rng: Rng
    url: str = ""
    secret: str = field(init=False, repr=False)
    _waiting: list[tuple[str, list[Told]]] = field(default_factory=list)
    _number: int = 0
    _net: AiohttpNet = field(default_factory=AiohttpNet)
    _spawn: LoopSpawn = field(default_factory=LoopSpawn)
    _sending: bool = False

    def __post_init__(self) -> None:
        self.secret = new_secret(self.rng.token(32))

    def settings(self) -> dict[str, str]:
        """The settings with which the connector `events` hears it."""
        return {"secret": self.secret}

    def open(self, text: str, priority: str | None, *, at: int) -> int:
        """Somebody begins a chat; its number."""
        self._number += 1
        opened = {"type": "contact.opened", "kind": "chat", "channel": "chat", "subject": text}
        self._tell(self._number, at, opened | ({"priority": priority} if priority else {}), _said("customer", text))
        return self._number

    def name(self, chat: int, email: str, name: str, *, at: int) -> None:
        """The visitor says who they are."""
        self._tell(chat, at, {"type": "contact.observed", "customer": {"email": email, "name": name}})

    def answer(self, chat: int, text: str, *, at: int) -> None:
        """An agent writes."""
        self._tell(chat, at, _said("agent", text))

    async def stop(self) -> None:
        """Stop sending."""
        await self._spawn.close()
        await self._net.close()

    def _tell(self, chat: int, at: int, *events: Told) -> None:
        """Let the gateway know of it, after all that it is still to hear."""
        common = {"at": format_instant(at), "ref": {"kind": "chat", "id": str(chat)}}
        id = f"msg_{self.rng.token(16).hex()}"
        named = [{**event, **common, "id": f"{id}-{place}"} for place, event in enumerate(events)]
        self._waiting.append((id, named))
        if not self._sending:
            self._sending = True
            self._spawn.task("chat", self._send())

    async def _send(self) -> None:
        """One message after the other, each until it was taken."""
        try:
            while self._waiting:
                id, events = self._waiting[0]
                for _ in range(TRIES):
                    if await self._sent(id, msgspec.json.encode({"events": events})):
                        break
                    await self.clock.sleep(1.0)
                del self._waiting[0]
        finally:
            self._sending = False

    async def _sent(self, id: str, body: bytes) -> bool:
        headers = {"content-type": "application/json"}
        headers |= sign([parse_secret(self.secret)], id, self.clock.now() // 1000, body)
        try:
            answer = await self._net.request(
                NetRequest("POST", self.url, headers, body, PRIVATE_TOO), deadline_s=ANSWER_S
            )
        except NetError:
            return False
        return 200 <= answer.status < 300


def _said(who: str, text: str) -> Told:
    return {"type": "message.added", "author": {"kind": who}, "text": text}
