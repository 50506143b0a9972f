"""What a check of a plugin is: a small function under an id that never changes, and the registry of all of them.

Laws. An id is never used for something else. A check that is given up stays listed, `deprecated` by the one that takes
its place, and isn't run any more. What a check says of itself stands in its docstring, once: what is asked, `Why:`,
`Mend:`, and code that does it after `Example::`; the pages and the failures are made of it.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

KIT_VERSION: Final = "1.2"
"""Grows by its second number where checks are added, by its first where one asks for more than it did."""

Level = Literal["bronze", "silver", "gold"]
LEVELS: Final[tuple[Level, ...]] = ("bronze", "silver", "gold")

Sort = Literal["connector", "enricher"]
"""What is checked."""

BOTH: Final[tuple[Sort, ...]] = ("connector", "enricher")

PAGE: Final = "docs/reference/kit.md"
"""Where every check has a section under its id."""


class Unmet(Exception):
    """A check has failed: what was seen, `where` in the plugin's source, and `mend` if there is more to say than the
    check says of itself."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.where = where
        self.mend = mend


class NotApplicable(Exception):
    """A check has nothing to ask of this class; why."""


Work = Callable[[Any], Awaitable[None] | None]
"""A check's function: it is given the subject, and raises Unmet or NotApplicable or nothing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a connector or an enricher must do, or (`of`) both. `needs`: the abilities without which there is
    nothing to ask; `since`: the version of the kit that brought it."""

    id: str
    title: str
    level: Level
    needs: tuple[str, ...]
    since: str
    run: Work
    of: tuple[Sort, ...] = ("connector",)
    deprecated: str = ""
    """The id of the check that takes its place; empty for one that is in use."""

    @property
    def theme(self) -> str:
        """The module that it stands in."""
        return self.run.__module__.rpartition(".")[2]

    @property
    def page(self) -> str:
        """Where more is said about it."""
        return f"{PAGE}#{self.id}"

    def told(self, part: Literal["what", "why", "mend"]) -> str:
        """A part of its docstring, in one line."""
        text = (inspect.getdoc(self.run) or "").partition("Example::")[0]
        whole = {"what": ""}
        name = "what"
        for line in text.splitlines():
            for word in ("why", "mend"):
                if line.lower().startswith(f"{word}:"):
                    name, line = word, line.partition(":")[2]
            whole[name] = f"{whole.get(name, '')} {line.strip()}".strip()
        return whole.get(part, "")

    @property
    def example(self) -> str:
        """Code that does what it asks; empty where words are enough."""
        return inspect.cleandoc((inspect.getdoc(self.run) or "").partition("Example::")[2]).strip()


CHECKS: Final[dict[str, Check]] = {}
"""Every check by its id, in the order in which they are run."""


def check(
    id: str,
    title: str,
    *,
    level: Level,
    needs: tuple[str, ...] = (),
    since: str = "1.0",
    of: tuple[Sort, ...] = ("connector",),
    deprecated: str = "",
) -> Callable[[Work], Work]:
    """Register a function as the check of this id."""

    def registered(run: Work) -> Work:
        if id in CHECKS:
            raise ValueError(f"there are two checks {id!r}")
        CHECKS[id] = Check(id, title, level, needs, since, run, of, deprecated)
        return run

    return registered
