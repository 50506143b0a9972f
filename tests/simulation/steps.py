"""A short story told again and again: each time the gateway dies one step later, until it has died at every one.

A step is what lies between two awaits of anything that runs in it, from its start on; and each death is tried with the
power going too.
"""

from collections.abc import Iterator
from functools import partial

from tests.simulation.life import Outcome, live
from tests.simulation.world import swarm
from tests.simulation.world.universe import Death

SEED = 7
DAYS = 0.06
"""Some contacts, answered and not answered, within an hour and a half."""

short = partial(live, SEED, without=swarm.NAMES, days=DAYS)
"""The story, with no fault but its death."""


def deaths(stride: int = 1) -> Iterator[Death]:
    """Every step at which the gateway can die, or every so manieth."""
    steps = short().figures["steps"]
    for step in range(0, steps, stride):
        yield Death(step, power_fails=step // stride % 2 == 1)


def die(death: Death) -> Outcome:
    """The story in which it dies so."""
    return short(death=death)
