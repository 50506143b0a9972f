"""Tables of traps: what has gone wrong in others' integrations, our rule, and a story that fails without the rule.

Every connector has one, in its own `tests/traps/stories.py`: there stand its `TABLE` and its `MODULES`, which tell the
stories. Numbers are our list's of threads; letters are the weather in which readers differ.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final

import pytest

from tests.support.source import ROOT

Story = Callable[[], Awaitable[None]]
Without = Callable[[pytest.MonkeyPatch], None]

WITHIN_S: Final = 30.0
"""A story that takes longer doesn't come to its end."""


@dataclass(frozen=True)
class Trap:
    """One trap. `sources`: repository and number of the thread. `without`: takes the rule away from the code."""

    id: str
    sources: str
    wrong: str
    rule: str
    story: Story
    without: Without

    @property
    def place(self) -> str:
        """Where the story is told, from the root."""
        return f"{self.story.__module__.replace('.', '/')}.py"


@dataclass(frozen=True)
class Elsewhere:
    """A trap that can't happen here. `reason` says why."""

    sources: str
    wrong: str
    reason: str


class Table:
    """The traps of a connector: `numbers` are those of the list that concern its vendor or any; `elsewhere` those of
    them that can't happen to it."""

    def __init__(self, numbers: Sequence[str], elsewhere: Mapping[str, Elsewhere]) -> None:
        self.numbers = tuple(numbers)
        self.elsewhere = dict(elsewhere)
        self.traps: dict[str, Trap] = {}

    def trap(self, id: str, sources: str, *, wrong: str, rule: str, without: Without) -> Callable[[Story], Story]:
        """Enter a story into the table. `wrong`: what happened to others; `rule`: ours."""

        def entered(story: Story) -> Story:
            if id in self.traps:
                raise ValueError(f"trap {id} is there already")
            self.traps[id] = Trap(id, sources, wrong, rule, story, without)
            return story

        return entered

    def assert_whole(self, modules: Sequence[ModuleType]) -> None:
        """Every number is told, or said why it can't happen here; never both, never neither; each module tells some."""
        assert sorted([*self.traps, *self.elsewhere]) == sorted(self.numbers)
        assert {trap.story.__module__ for trap in self.traps.values()} == {module.__name__ for module in modules}


def told(trap: Trap) -> None:
    """Tell the story of a trap to its end: AssertionError where it ends badly."""

    async def within() -> None:
        async with asyncio.timeout(WITHIN_S):
            await trap.story()

    asyncio.run(within())


def told_without(trap: Trap, patch: pytest.MonkeyPatch) -> None:
    """Tell it without the rule: AssertionError where it ends well, since it would prove nothing then."""
    trap.without(patch)
    with pytest.raises(AssertionError):
        told(trap)


def tables() -> dict[str, Table]:
    """The table of every connector that has one, by the name of its folder; its stories are in it."""
    found: dict[str, Table] = {}
    for path in sorted((ROOT / "plugins").glob("*/tests/traps/stories.py")):
        name = path.relative_to(ROOT).parts[1]
        found[name] = import_module(f"plugins.{name}.tests.traps.stories").TABLE
    return found
