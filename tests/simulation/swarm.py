"""Which faults a seed has, and how often: about half are off, so that rare ones meet undisturbed by the rest."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True)
class Swarm:
    """Rates of faults; nothing is on by default. `per_day` is how many happen in a day on average."""

    shuffled: bool = False
    """What could be at once happens in any order."""

    slow_disk: float = 0.0
    """The share of a thread's calls that take seconds."""

    ahead_ms: int = 0
    """The gateway's wall clock is wrong by so much from the start."""

    crashes_per_day: float = 0.0
    power_cuts: float = 0.0
    """The share of crashes in which the machine loses its power too."""

    long_downtimes: float = 0.0
    """The share of crashes after which nobody starts it again for hours."""

    stops_per_day: float = 0.0
    """Ends in order, and starts again."""

    pauses_per_day: float = 0.0
    jumps_per_day: float = 0.0
    full_disks_per_day: float = 0.0
    failing_writes_per_day: float = 0.0
    failing_syncs_per_day: float = 0.0
    reloads_per_day: float = 0.0
    replays_per_day: float = 0.0
    """An operator lets a delivery, or a record that is through, go once more."""
