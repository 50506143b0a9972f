"""How far a sync has come: bars with an estimate on a terminal, a line now and then elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from gateway.cli import output
from gateway.cli.sync_words import run_words
from gateway.cli.table import clean
from gateway.kernel.ports import Clock
from gateway.kernel.store import SyncRow
from gateway.kernel.values import share_of

LINE_EVERY_S = 10.0


class Progress:
    """Shows runs of one connector. Use it as a context: it leaves the terminal as it was."""

    def __init__(self, connector: str, clock: Clock) -> None:
        self._connector = connector
        self._clock = clock
        self._bars: Bars | None = None
        self._tasks: dict[tuple[str, int | None], TaskID] = {}
        self._told: dict[tuple[str, int | None], tuple[float, str]] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[told]}"),
                TimeRemainingColumn(compact=True, elapsed_when_finished=True),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def show(self, run: SyncRow, waits: str = "") -> None:
        """A run as it is now; `waits`: what it waits for."""
        key = (run.stream, run.since)
        words = run_words(run, waits)
        if self._bars is None:
            self._line(key, f"{run.connector}/{run.stream}: {words}", waits)
            return
        if key not in self._tasks:
            name = f"{clean(run.connector)}/{clean(run.stream)}"
            self._tasks[key] = self._bars.add_task(name, total=None, told="")
        total, done = share_of(run)
        self._bars.update(self._tasks[key], total=total, completed=done, told=words, refresh=True)

    def _line(self, key: tuple[str, int | None], line: str, waits: str) -> None:
        """Where nobody sees a bar move: the first page, each wait once, and a line every LINE_EVERY_S seconds."""
        now = self._clock.monotonic()
        at, before = self._told.get(key, (-LINE_EVERY_S, ""))
        if now - at >= LINE_EVERY_S or (waits and waits != before):
            self._told[key] = (now, waits)
            output.say(line)
