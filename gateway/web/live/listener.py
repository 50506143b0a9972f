"""One who listens to the feed, and what waits to be sent to it: bounded, whatever its speed."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

WAITING_MAX = 500
"""Frames that wait for one listener. With one more, all are dropped, and the listener is told that it missed some."""


def framed(event: str, data: bytes) -> bytes:
    """An event as the stream carries it; `data` is JSON, which has no line breaks."""
    return b"event: %b\ndata: %b\n\n" % (event.encode(), data)


MISSED = framed("missed", b"{}")
"""Something happened that is not told: read your list again."""

HEARTBEAT = b":\n\n"


@dataclass(slots=True, eq=False)
class Listener:
    """Frames on their way to one listener. `gone` says whether it has hung up, `cut` ends its connection at once."""

    gone: Callable[[], bool]
    cut: Callable[[], None]
    idle_s: float = 0.0
    """So long it hasn't taken what waits for it."""

    _frames: deque[bytes] = field(default_factory=deque)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _missed: bool = False
    _ended: bool = False

    @property
    def waits(self) -> bool:
        """Whether something waits to be taken."""
        return bool(self._frames) or self._missed

    def put(self, frame: bytes) -> None:
        """Have a frame sent, if there is room."""
        if len(self._frames) >= WAITING_MAX:
            self._frames.clear()
            self._missed = True
        if not self._missed:
            self._frames.append(frame)
        self._woken.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._woken.set()

    async def take(self) -> bytes:
        """All that waits, when there is something; empty at the end."""
        await self._woken.wait()
        self._woken.clear()
        frames = b"".join([MISSED] if self._missed else self._frames)
        self._frames.clear()
        self._missed = False
        self.idle_s = 0.0
        if self._ended:
            self._woken.set()
            return b""
        return frames
