"""What changes, told to all who listen: a look at the whole database every second, or every few where there is much to
look at, and none while nobody listens.

Told are hints. What a listener reads after a hint is at least as new as the hint; what it missed, it reads again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from aiohttp import web

from gateway.engine.connections import State, states_of
from gateway.engine.gateway import Gateway
from gateway.engine.supervise import Loop
from gateway.rules.breaker import Health, Standing
from gateway.web.live.listener import HEARTBEAT, MISSED, Listener, framed
from gateway.web.shapes.contact import listed

FEED: Final[web.AppKey["Feed"]] = web.AppKey("feed")
"""The feed of an app."""

EVERY_S, EVERY_MAX_S = 1.0, 3.0
"""From one look to the next, at least and at most."""

APART_FACTOR = 100
"""Between them is so many times what a look takes: with 20,000 open contacts it takes some 20 ms."""

HEARTBEAT_S = 12.0
"""After so long, the next look brings a heartbeat: with the longest wait before it, within 15 seconds."""

STUCK_S = 60.0
"""A listener that takes nothing for so long is cut off: nobody reads at its other end."""

LISTENERS_MAX = 200
TOLD_MAX = 500
"""Contacts that are told one by one; when more have changed since the last look, all are told to read again."""

_Told = Mapping[str, object]


class TooMany(Exception):
    """As many listen as may."""


class ContactEnded(msgspec.Struct, frozen=True):
    """A contact that isn't open any more."""

    id: str


class ConnectorChanged(msgspec.Struct, frozen=True):
    """A connector, and how it stands."""

    name: str
    state: State


class EndpointChanged(msgspec.Struct, frozen=True):
    """An endpoint, and how it stands."""

    name: str
    state: Standing


@dataclass(slots=True)
class Feed:
    """The feed of one gateway. `generation` grows whenever a look finds that anything at all was written, `standings`
    whenever it finds that a connector or an endpoint stands otherwise: that may come by time alone."""

    gateway: Gateway
    generation: int = 0
    standings: int = 0
    _listeners: set[Listener] = field(default_factory=set)
    _loop: Loop | None = None
    _apart_s: float = EVERY_S
    _beaten_s: float = 0.0
    """So long ago was the last heartbeat."""

    _mark: object = None
    _seen: dict[str, int] | None = None
    _told: _Told | None = None

    @property
    def watching(self) -> bool:
        """Whether anybody listens, so that `generation` grows."""
        return self._loop is not None and self._seen is not None

    def listen(self, listener: Listener) -> None:
        """Have a listener told what changes from now on. Raises TooMany."""
        if len(self._listeners) >= LISTENERS_MAX:
            raise TooMany
        self._listeners.add(listener)
        if self._loop is None:
            self._loop = Loop(self.gateway.world, "feed", self.step)
            self._loop.start()

    def leave(self, listener: Listener) -> None:
        """Tell a listener nothing more."""
        self._listeners.discard(listener)

    def close(self) -> None:
        """Tell everybody that nothing more comes, and look no more."""
        for listener in self._listeners:
            listener.end()
        self._listeners.clear()
        if self._loop is not None:
            self._loop.nudge()

    async def step(self) -> float:
        """Look once; the seconds until the next look. Without listeners it is the last."""
        for listener in [listener for listener in self._listeners if listener.gone()]:
            listener.end()
            self._listeners.discard(listener)
        if not self._listeners:
            if self._loop is not None:
                self._loop.end()
            self._loop, self._mark, self._seen, self._told = None, None, None, None
            self._apart_s = EVERY_S
            return 0
        self._mind()
        clock = self.gateway.world.clock
        began_s = clock.monotonic()
        await self.look()
        self._apart_s = min(max(EVERY_S, APART_FACTOR * (clock.monotonic() - began_s)), EVERY_MAX_S)
        return self._apart_s

    async def look(self) -> None:
        """Compare what is with what was told last, and tell the difference."""
        store = self.gateway.world.store
        mark = await store.change_mark()
        if mark != self._mark or self._seen is None:
            versions = await store.card_versions()
            frames = [] if self._seen is None else await self._changes(self._seen, versions)
            # Only now: whoever asks in a new generation reads what is told in it, or newer.
            self._mark, self._seen = mark, versions
            self.generation += 1
            self._tell(frames)
        told = await self._standing()
        if self._told is not None and told != self._told:
            self.standings += 1
            self._tell(framed(*_of(key, value)) for key, value in told.items() if self._told.get(key) != value)
        self._told = told

    async def _changes(self, seen: Mapping[str, int], versions: Mapping[str, int]) -> list[bytes]:
        changed = [contact for contact, version in versions.items() if seen.get(contact) != version]
        ended = sorted(seen.keys() - versions.keys())
        if len(changed) + len(ended) > TOLD_MAX:
            return [MISSED]
        cards = sorted(await self.gateway.world.store.cards_of(changed), key=lambda card: card.id)
        frames = [framed("contact.changed", msgspec.json.encode(listed(card))) for card in cards]
        return [*frames, *(framed("contact.ended", msgspec.json.encode(ContactEnded(contact))) for contact in ended)]

    async def _standing(self) -> dict[str, object]:
        """How connectors and endpoints are. Endpoints change by time alone, too: a pause ends."""
        gateway, now = self.gateway, self.gateway.world.clock.now()
        health = {name: state.health for name, state in (await gateway.world.store.endpoint_states()).items()}
        told: dict[str, object] = {
            f"connector.{name}": ConnectorChanged(name, state) for name, state, _ in await states_of(gateway)
        }
        for name in sorted({*gateway.endpoints, *health}):
            told[f"endpoint.{name}"] = EndpointChanged(name, health.get(name, Health()).standing(now))
        return told

    def _tell(self, frames: Iterable[bytes]) -> None:
        for frame in frames:
            for listener in self._listeners:
                listener.put(frame)

    def _mind(self) -> None:
        """Send a heartbeat when it is time, and cut off who takes nothing."""
        self._beaten_s += self._apart_s
        beats = self._beaten_s >= HEARTBEAT_S
        if beats:
            self._beaten_s = 0.0
        for listener in list(self._listeners):
            listener.idle_s += self._apart_s if listener.waits else 0.0
            if listener.idle_s > STUCK_S:
                listener.end()
                listener.cut()
                self._listeners.discard(listener)
            elif beats:
                listener.put(HEARTBEAT)


def _of(key: str, value: object) -> tuple[str, bytes]:
    kind, _, _ = key.partition(".")
    return f"{kind}.changed", msgspec.json.encode(value)
