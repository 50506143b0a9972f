"""Which gateway is killed where: all of it follows from a seed, a site's number and the number of its kills."""

from dataclasses import dataclass
from random import Random

from tests.support.points import STEPS, points

PEOPLES = "asked for by a command of a person"
GRANTED = "of connectors that a person has authorized; tests/kernel/test_renewal.py crashes those"
UPGRADED = "at the first start after some upgrades; tests/engine/test_listing.py crashes that"
NOT_HERE = {
    "access_used": PEOPLES,
    "add_access": PEOPLES,
    "ask_sync": PEOPLES,
    "enable_endpoint": PEOPLES,
    "keep_tokens": PEOPLES,
    "lease_tokens": GRANTED,
    "pause_connector": PEOPLES,
    "put_cards": UPGRADED,
    "release_tokens": GRANTED,
    "renew_tokens": GRANTED,
    "replay_deliveries": PEOPLES,
    "replay_delivery": PEOPLES,
    "replay_record": PEOPLES,
    "resume_connector": PEOPLES,
    "revoke_access": PEOPLES,
    "write_audit": PEOPLES,
}
"""Transactions that a daemon never makes by itself, and why."""

AT_FIRST = ("schema", "first_backfill")
"""What is passed by the first start only."""

AT_START = (*AT_FIRST, "open", "put_in_force", "policy", "started", "register_endpoints", "note")
"""What is passed once by a start, if at all."""

SELDOM = ("give_up_fetch", "hasten_deliveries", "put_off_fetches")
"""What is passed once in a life, if what is wrong outside lasts for long enough."""

COLD_EVERY = 6
COLD_UNTIL = 60
COLD_LATER_EVERY = 60
"""Of so many kills one is of a process that was started from nothing; such a start takes as long as six others, so it
becomes seldom when there are many."""

RANDOM_EVERY = 4
PER_SITE = 15


@dataclass(frozen=True)
class Kill:
    """How one life ends: at the n-th pass of a point; or, with no point, so long after so many acknowledgements, or
    so long after its start where nobody is waited for."""

    point: str = ""
    nth: int = 1
    cold: bool = False
    acknowledgements: int | None = None
    delay_s: float = 0.0

    def __str__(self) -> str:
        process = "cold" if self.cold else "warm"
        if self.point:
            return f"at pass {self.nth} of {self.point}"
        since = "its start" if self.acknowledgements is None else f"acknowledgement {self.acknowledgements}"
        return f"{process}, {self.delay_s * 1000:.0f} ms after {since}"


def reachable() -> tuple[str, ...]:
    """The points that a daemon passes in such a run."""
    return tuple(point for point in points() if point.rpartition(".")[0] not in NOT_HERE)


def plan(seed: int, site: int, kills: int, point: str = "") -> list[Kill]:
    """The kills of a site. One after the other, sites go through all points, in an order of the seed's; the first kill
    of a site is where only a first start comes by."""
    chance = Random(f"{seed}/{site}")
    first = [f"{name}.{step}" for name in AT_FIRST for step in STEPS]
    order = [point] if point else [one for one in reachable() if one not in first]
    Random(seed).shuffle(order)
    begin = site * PER_SITE
    found: list[Kill] = []
    for number in range(begin, begin + kills):
        if point:
            found.append(_at(chance, point))
        elif number == begin:
            found.append(Kill(first[site % len(first)]))
        elif _is_cold(number):
            found.append(_at_random(chance, cold=True))
        elif number % RANDOM_EVERY == 0:
            found.append(_at_random(chance, cold=False))
        else:
            found.append(_at(chance, order[_points_before(number) % len(order)]))
    return found


def _points_before(number: int) -> int:
    """How many kills before this one were at points."""
    return sum(1 for before in range(number) if before % PER_SITE and not _is_cold(before) and before % RANDOM_EVERY)


def _is_cold(number: int) -> bool:
    every = COLD_EVERY if number < COLD_UNTIL else COLD_LATER_EVERY
    return number % every == every - 1


def _at(chance: Random, point: str) -> Kill:
    often = point.rpartition(".")[0] not in (*AT_START, *SELDOM)
    return Kill(point, chance.choice((1, 1, 1, 2, 3, 5)) if often else 1)


def _at_random(chance: Random, *, cold: bool) -> Kill:
    if chance.random() < 0.25:
        return Kill(cold=cold, delay_s=chance.uniform(0, 1.2 if cold else 0.12))
    return Kill(cold=cold, acknowledgements=chance.randint(1, 8), delay_s=chance.uniform(0, 0.05))


def unreached(passes: dict[str, int]) -> list[str]:
    """The points that should have been passed and never were."""
    return [point for point in reachable() if not passes.get(point)]
