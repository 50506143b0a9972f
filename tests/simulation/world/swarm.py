"""Which faults a seed has, and how often: about half are off, so that rare ones meet undisturbed by the rest.

What nobody draws is off. Rates by the day are averages; shares are of requests, calls, events.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from random import Random

DAY_S = 86_400.0
MODES = ("failing", "limiting", "slow", "silent", "refusing", "moved")


@dataclass(frozen=True)
class Swarm:
    """The faults of one universe."""

    # ── The machine ──────────────────────────────────────────────────────────────────────────────────────────────
    shuffled: bool = False
    """What could be at once happens in any order."""

    slow_disk: float = 0.0
    """Share of a thread's calls that take seconds."""

    sluggish_disk: float = 0.0
    """Share of a thread's calls that take a good part of a second."""

    crashes: float = 0.0
    """A day. At any step, or at a named point of the code."""

    power_cuts: float = 0.0
    """Share of crashes in which the machine loses its power too."""

    long_downtimes: float = 0.0
    """Share of ends after which nobody starts it again for hours."""

    stops: float = 0.0
    """A day: ends in order."""

    pauses: float = 0.0
    """A day: the process stands still for up to twenty minutes."""

    jumps: float = 0.0
    """A day: its wall clock is wrong for up to hours, by up to 26 hours."""

    full_disks: float = 0.0
    failing_writes: float = 0.0
    failing_syncs: float = 0.0

    # ── Operators ────────────────────────────────────────────────────────────────────────────────────────────────
    reloads: float = 0.0
    """A day: another policy comes into force."""

    replays: float = 0.0
    """A day: what has ended, deliveries and records, goes once more. Then secrets are changed too."""

    # ── The network ──────────────────────────────────────────────────────────────────────────────────────────────
    net_slow: float = 0.0
    net_lost: float = 0.0
    net_reply_lost: float = 0.0
    net_doubled: float = 0.0
    net_outages: float = 0.0
    """A day, on each way."""

    net_outage_s: float = 600.0

    # ── Who posts ────────────────────────────────────────────────────────────────────────────────────────────────
    sender_late: float = 0.0
    sender_shuffle: float = 0.0
    sender_echo: float = 0.0
    sender_skew_s: float = 0.0

    # ── Who is asked ─────────────────────────────────────────────────────────────────────────────────────────────
    feed_thin: float = 0.0
    feed_overlap: float = 0.0
    feed_failing: float = 0.0
    feed_hanging: float = 0.0
    feed_raises: float = 0.0

    # ── Who is told ──────────────────────────────────────────────────────────────────────────────────────────────
    endpoint_bad: float = 0.0
    """Bad phases a day of an endpoint that has some."""

    endpoint_bad_s: float = 1_800.0
    endpoint_modes: tuple[str, ...] = MODES
    endpoint_down_days: float = 0.0
    """One of the endpoints is down for so long at a stretch."""

    endpoint_gone: bool = False
    """One of them answers 410, once."""

    endpoint_picky: float = 0.0
    """Share of notices that one of them refuses for good."""

    endpoint_strict_time: bool = False
    """They refuse what was signed too long ago, or in the future."""

    @property
    def on(self) -> tuple[str, ...]:
        """The names of the faults that this universe has."""
        return tuple(one.name for one in fields(self) if getattr(self, one.name) != one.default)

    def without(self, faults: Collection[str]) -> "Swarm":
        """The same without some faults. Raises ValueError for one that doesn't exist."""
        defaults = {one.name: one.default for one in fields(self)}
        if unknown := sorted(set(faults) - set(defaults)):
            raise ValueError(f"no such fault: {', '.join(unknown)}; there are: {', '.join(sorted(defaults))}")
        return replace(self, **{name: defaults[name] for name in faults})


NAMES = tuple(one.name for one in fields(Swarm))
"""The names of all faults."""


def drawn(dice: Random) -> Swarm:
    """The faults of a universe, each on or off by itself: what one draws moves no other's."""
    rates: dict[str, object] = {
        "crashes": dice.choice((2.0, 8.0, 40.0)),
        "power_cuts": dice.choice((0.2, 1.0)),
        "long_downtimes": dice.choice((0.05, 0.3)),
        "stops": dice.choice((1.0, 6.0)),
        "pauses": dice.choice((2.0, 20.0)),
        "jumps": dice.choice((1.0, 4.0)),
        "full_disks": dice.choice((1.0, 5.0)),
        "failing_writes": dice.choice((1.0, 5.0)),
        "failing_syncs": dice.choice((1.0, 5.0)),
        "slow_disk": dice.choice((0.001, 0.02)),
        "sluggish_disk": dice.choice((0.02, 0.3)),
        "reloads": dice.choice((0.5, 3.0)),
        "replays": dice.choice((2.0, 10.0)),
        "net_slow": dice.choice((0.01, 0.1)),
        "net_lost": dice.choice((0.01, 0.2)),
        "net_reply_lost": dice.choice((0.01, 0.2)),
        "net_doubled": dice.choice((0.01, 0.1)),
        "net_outages": dice.choice((1.0, 6.0)),
        "net_outage_s": dice.choice((60.0, 3_600.0)),
        "sender_late": dice.choice((0.02, 0.2)),
        "sender_shuffle": dice.choice((0.1, 0.5)),
        "sender_echo": dice.choice((0.1, 0.5)),
        "sender_skew_s": dice.choice((5.0, 120.0)),
        "feed_thin": dice.choice((0.1, 0.5)),
        "feed_overlap": dice.choice((0.1, 0.5)),
        "feed_failing": dice.choice((0.05, 0.3)),
        "feed_hanging": dice.choice((0.01, 0.05)),
        "feed_raises": dice.choice((0.01, 0.1)),
        "endpoint_bad": dice.choice((2.0, 10.0)),
        "endpoint_bad_s": dice.choice((120.0, 7_200.0)),
        "endpoint_down_days": dice.choice((0.5, 3.0, 6.0)),
        "endpoint_gone": True,
        "endpoint_picky": dice.choice((0.02, 0.1)),
        "shuffled": True,
    }
    seldom = {"endpoint_down_days": 0.25, "endpoint_gone": 0.2, "jumps": 0.3, "feed_hanging": 0.3, "slow_disk": 0.3}
    return Swarm(**{name: rate for name, rate in rates.items() if dice.random() < seldom.get(name, 0.5)})  # type: ignore[arg-type]
