"""Bugs that are planted into the gateway to see whether the simulation finds them: each is one that others have had.

A bug is a patch of the real code, made for one universe and taken back after it. Its `seed` is one under which it is
known to be found, by the invariants of `broken_by`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.simulation.bugs import inward as bugs_inward
from tests.simulation.bugs import outward as bugs_outward
from tests.simulation.bugs.bug import Bug
from tests.support.policies import loaded


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """Plant a bug for a while; none where no name is given. Raises KeyError for a bug that doesn't exist."""
    if name is None:
        yield
        return
    with pytest.MonkeyPatch.context() as patch:
        # A policy that was read before remembers its calendars: they must be counted by the patched code, too.
        loaded.cache_clear()
        try:
            bugs()[name].plant(patch)
            yield
        finally:
            loaded.cache_clear()


def bugs() -> Mapping[str, Bug]:
    """Every bug, by its name."""
    return {bug.name: bug for bug in (*bugs_inward.BED.bugs, *bugs_outward.BED.bugs)}
