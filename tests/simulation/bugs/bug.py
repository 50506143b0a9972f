"""A planted bug: what it is, under which seed it is known to be found, and which law it breaks there."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

Plant = Callable[[pytest.MonkeyPatch], None]
"""Makes the bug: a patch of the real code, taken back after one universe."""


@dataclass(frozen=True)
class Bug:
    """A bug, in words. Under `seed` every invariant of `broken_by` is broken, and none without it."""

    name: str
    words: str
    plant: Plant
    seed: int
    broken_by: tuple[str, ...]


class Bed:
    """Where bugs are planted: a list that grows by a decorator."""

    def __init__(self) -> None:
        self.bugs: list[Bug] = []

    def bug(self, *broken_by: str, seed: int) -> Callable[[Plant], Plant]:
        """A function that plants a bug; its docstring says what the bug is."""

        def planting(plant: Plant) -> Plant:
            self.bugs.append(Bug(plant.__name__, (plant.__doc__ or "").strip(), plant, seed, broken_by))
            return plant

        return planting
