"""Runs a simulated account: it is filled, things happen in it at a rate, and people let more happen by typing names.

The simulator is foreign code: what it raises is told in one line, with the simulator's name on it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.cli.failures import FOUND, USAGE, Failed
from gateway.cli.output import OutputClosed
from gateway.cli.simulate.telling import Teller
from gateway.kernel.clock import SystemClock
from gateway.kernel.log import hide_secrets
from gateway.kernel.problems import did_you_mean
from gateway.kernel.rng import SeededRng
from gateway.kernel.spawn import LoopSpawn
from gateway.model.instant import DAY_MS
from gateway.plugin import FAULTS
from gateway.plugin.manager import abilities

HISTORY_MS: Final = 7 * DAY_MS
SETTLE_S: Final = 3.0
"""At the end, webhooks that are under way have so long to arrive."""

_LINE_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    seed: int
    objects: int
    push_to: str | None
    rate: float
    faults: tuple[str, ...]
    for_s: float | None


@dataclass(slots=True)
class Account:
    """A running simulator, what is wrong with it, and how people steer it."""

    simulator: Any
    wanted: Wanted
    teller: Teller
    clock: SystemClock = field(default_factory=SystemClock)
    faults: set[str] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failure: Exception | None = None

    def act(self, name: str) -> None:
        """Let something happen, and tell it."""
        ref = self.simulator.act(name)
        self.teller.acted(self.clock.now(), name, ref)

    def switch(self, name: str) -> None:
        """Switch a fault on, or off if it is on."""
        on = name not in self.faults
        self.simulator.fault(name, on=on)
        (self.faults.add if on else self.faults.discard)(name)
        self.teller.switched(self.clock.now(), name, self._meaning(name), on=on)

    def _meaning(self, name: str) -> str:
        """What a fault is, in the simulator's own words where it has some."""
        own = getattr(sys.modules.get(type(self.simulator).__module__), "FAULTS", {})
        return str({**FAULTS, **own}.get(name, "")) if isinstance(own, Mapping) else ""

    async def live(self) -> None:
        """Let things happen, one after the other, until it ends."""
        rng, names = SeededRng(self.wanted.seed), sorted(self.simulator.acts)
        while names and self.wanted.rate:
            await self.clock.sleep(60 / self.wanted.rate)
            self.safely(lambda: self.act(names[round(rng.uniform(-0.49, len(names) - 0.51))]))

    async def end(self) -> None:
        """Bring the end, if there is one."""
        if self.wanted.for_s is not None:
            await self.clock.sleep(self.wanted.for_s)
            self.ended.set()

    def safely(self, work: Callable[[], None]) -> None:
        """Do it; what goes wrong ends everything, and is raised at the end."""
        try:
            work()
        except Exception as error:  # foreign code, called from the loop: nobody else could tell
            self.failure = error
            self.ended.set()

    def heard(self, line: str) -> None:
        """Do what a typed line says."""
        word = line.strip()
        if word in ("q", "quit", "exit"):
            self.ended.set()
        elif word in self.simulator.acts:
            self.safely(lambda: self.act(word))
        elif word in self.simulator.faults:
            self.safely(lambda: self.switch(word))
        elif word:
            self.teller.unknown(word, did_you_mean(word, (*self.simulator.acts, *self.simulator.faults)))


async def perform(kind: Any, wanted: Wanted, teller: Teller) -> None:
    """Run it to its end. Raises Failed, and OutputClosed when nobody reads any more."""
    if "simulates" not in abilities(kind):
        raise Failed(USAGE, f"the plugin {kind.plugin} brings no simulator", "`gateway plugin list` shows who can")
    with _told(kind):
        account = Account(kind.simulator(None, wanted.seed), wanted, teller)
        _check_faults(account)
        settings = await account.simulator.start(account.clock.now, wanted.push_to)
    try:
        with _told(kind):
            await _run(kind, account, settings)
    finally:
        await account.simulator.stop()


async def _run(kind: Any, account: Account, settings: Any) -> None:
    spawn, loop = LoopSpawn(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, account.ended.set)
    try:
        if account.wanted.objects:
            account.simulator.seed(account.wanted.objects, since=account.clock.now() - HISTORY_MS)
        account.teller.started(kind, settings, account.simulator, account.wanted.push_to)
        for name in account.wanted.faults:
            account.switch(name)
        spawn.task("acts", account.live())
        spawn.task("end", account.end())
        with _typed(account, loop):
            await account.ended.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await account.simulator.settled()
    finally:
        await spawn.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    if account.failure is not None:
        raise account.failure


def _check_faults(account: Account) -> None:
    known = sorted(account.simulator.faults)
    for name in account.wanted.faults:
        if name not in known:
            hint = did_you_mean(name, known) or f"; there are {', '.join(known) or 'none'}"
            raise Failed(USAGE, f"--fault: it has no fault {name[:60]!r}{hint}")


@contextmanager
def _typed(account: Account, loop: asyncio.AbstractEventLoop) -> Any:
    """Hear what is typed, where somebody can type."""
    try:
        number = sys.stdin.fileno()
        loop.add_reader(number, lambda: _read(account, loop, number))
    except (OSError, ValueError):  # a file, or nothing: there is nobody
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(number)


def _read(account: Account, loop: asyncio.AbstractEventLoop, number: int) -> None:
    try:
        content = os.read(number, _LINE_MAX)
    except OSError:
        content = b""
    if not content:
        loop.remove_reader(number)
    for line in content.decode("utf-8", "replace").splitlines():
        account.heard(line)


@contextmanager
def _told(kind: Any) -> Any:
    """Whatever the simulator raises, in words."""
    try:
        yield
    except (Failed, OutputClosed, asyncio.CancelledError):
        raise
    except Exception as error:  # foreign code: it is its author who reads this
        words = hide_secrets(f"{type(error).__name__}: {error}")[:300]
        raise Failed(FOUND, f"the simulator of {kind.plugin} raised {words}") from error
