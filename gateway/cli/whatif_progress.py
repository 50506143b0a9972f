"""How many contacts have been judged: a bar on a terminal, nothing elsewhere."""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


class Progress:
    """Shows it. Use it as a context: it leaves the terminal as it was."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        self._bars: Bars | None = None
        self._task = TaskID(0)

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
            self._task = self._bars.add_task("contacts", total=self._contacts)
            self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bars is not None:
            self._bars.stop()

    def add(self, contacts: int) -> None:
        """So many more have been judged."""
        if self._bars is not None:
            self._bars.advance(self._task, contacts)
