"""The five ports that carry the world: Clock, Rng, Net, Spawn, and Store (in `kernel/store.py`).

The engine takes them as arguments and touches nothing else outside itself.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from gateway.kernel.reach import INTERNET, Reach

T = TypeVar("T")
Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Clock(Protocol):
    """The time of day for deadlines, and a steady one for durations."""

    def now(self) -> int:
        """Milliseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backward; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Come back after `seconds` of the steady time; 0 lets others go on."""
        ...


class Rng(Protocol):
    """Chance, for jitter and for names of runs; never for ids of effects."""

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high]."""
        ...

    def token(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        ...


@dataclass(frozen=True, slots=True)
class NetRequest:
    """One HTTP request to the outside. `reach`: what it may be connected to."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    reach: Reach = INTERNET


@dataclass(frozen=True, slots=True)
class NetResponse:
    """What came back, at most `body_max` bytes of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NetError(Exception):
    """No answer came: refused, reset, not resolved, over its deadline (`timed_out`), or not allowed (`blocked`)."""

    def __init__(self, reason: str, *, blocked: bool = False, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.blocked = blocked
        self.timed_out = timed_out

    @property
    def verdict(self) -> Literal["blocked", "failed"]:
        """All that may be told to who could be sounding a network out by trying addresses."""
        return "blocked" if self.blocked else "failed"


class Net(Protocol):
    """Requests to the outside; never follows a redirect."""

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Send and read the answer, all within `deadline_s` seconds. Raises NetError."""
        ...


Source = tuple[str, int]
"""Address and port of who sent something."""

Heard = Callable[[bytes, Source], None]
"""What is called for each datagram."""


class Socket(Protocol):
    """Something that listens."""

    @property
    def port(self) -> int:
        """Where it listens, which matters where any free one was asked for."""
        ...

    @property
    def lost(self) -> int:
        """Datagrams that the system has dropped since it was opened, because nobody read them soon enough; 0 where the
        system doesn't say."""
        ...

    def send(self, data: bytes, to: Source) -> None:
        """Send a datagram; one that the system doesn't take now is lost, as any may be. TCP sends nothing here."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class ByteStream(Protocol):
    """A connection that somebody made to us."""

    @property
    def source(self) -> Source:
        """Who made it."""
        ...

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises EOFError where the other side ends before, OSError where it breaks."""
        ...


class Sockets(Protocol):
    """Those who speak to us first, other than by HTTP. Raises OSError where an address can't be had."""

    async def udp(self, host: str, port: int, heard: Heard) -> Socket:
        """Listen for datagrams; `heard` must not wait, and what it raises is logged."""
        ...

    async def tcp(self, host: str, port: int, serve: Callable[[ByteStream], Awaitable[None]]) -> Socket:
        """Listen for connections, a bounded number at once; each lasts until `serve` returns."""
        ...


class Task(Protocol):
    """A running piece of work."""

    def cancel(self) -> object:
        """Ask it to stop."""
        ...

    def done(self) -> bool:
        """Whether it has ended."""
        ...

    def __await__(self) -> Any: ...


class Spawn(Protocol):
    """Work beside the caller: tasks on the loop, and calls on named threads."""

    def task(self, name: str, work: Coroutine[Any, Any, None]) -> Task:
        """Start `work`; it is kept alive until it ends, and a failure is logged under `name`."""
        ...

    def call(self, thread: str, function: Callable[[], T]) -> Awaitable[T]:
        """Run `function` on the thread of that name: calls of one thread run one after the other, in order."""
        ...


class Crew(Protocol):
    """Work that processes may share. What goes to them and comes back can be pickled; a job is never None."""

    def answers(
        self, setup: Callable[[], Callable[[Job], Answer]], jobs: AsyncIterator[Job]
    ) -> AsyncGenerator[tuple[Job, Answer]]:
        """Every job with its answer, in no promised order. Each process calls `setup` once, for what answers."""
        ...
