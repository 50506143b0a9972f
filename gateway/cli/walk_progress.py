"""How far a walk through many things has come: a bar with an estimate on a terminal, a line now and then elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from gateway.cli import output
from gateway.kernel.ports import Clock

LINE_EVERY_S = 10.0


class WalkProgress:
    """Shows how many of `total` things are through. Use it as a context: it leaves the terminal as it was.

    Without a `clock` nothing is told where there is no terminal.
    """

    def __init__(self, what: str, total: int, clock: Clock | None) -> None:
        self._what = what
        self._total = total
        self._clock = clock
        self._bars: Bars | None = None
        self._told_at = clock.monotonic() if clock else 0.0
        self._done = 0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bars.add_task(self._what, total=self._total)
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def add(self, more: int) -> None:
        """So many more are through."""
        self.show(self._done + more)

    def show(self, done: int) -> None:
        """So many are through."""
        self._done = done
        if self._bars is not None:
            self._bars.update(self._task, completed=done)
            return
        if self._clock is None:
            return
        now = self._clock.monotonic()
        if now - self._told_at >= LINE_EVERY_S:
            self._told_at = now
            output.say(f"{self._what}: {done:,} of {self._total:,}")
