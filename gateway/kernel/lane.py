"""On whose behalf a vendor is asked: what is live goes before what is read in hindsight.

A lane belongs to the task that works, and to all that it awaits: a connector needn't know of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Lane = Literal["live", "backfill"]

_lane: ContextVar[Lane] = ContextVar("lane", default="live")


def lane() -> Lane:
    """The lane of the work that goes on here."""
    return _lane.get()


@contextmanager
def in_lane(name: Lane) -> Iterator[None]:
    """Work in a lane until the block ends."""
    token = _lane.set(name)
    try:
        yield
    finally:
        _lane.reset(token)
