"""What the checkers look at together: what was seen outside, what is kept inside, and what had gone wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from gateway.model.instant import DAY_MS
from tests.simulation.laws.kept import Kept, Sent
from tests.simulation.laws.troubles import Troubles
from tests.simulation.world import policies
from tests.simulation.world.witness import Heard, Witness

AGE_MAX_MS = 7 * DAY_MS
"""So old a delivery may be given up, and so long after its end it may be gone."""


@dataclass(frozen=True, order=True)
class Violation:
    """A law that was broken. `id`: of the invariant."""

    id: str
    words: str

    def __str__(self) -> str:
        return f"{self.id}: {self.words}"


@dataclass(frozen=True)
class Scene:
    """A run at an instant at which the gateway has nothing left to do: `now` is true, and its clock is right.

    `parked`: words of the reasons for which records may be parked, since the run itself has caused them.
    """

    witness: Witness
    kept: Kept
    now: int
    troubles: Troubles
    subscriptions: Mapping[str, Sequence[str]]
    parked: tuple[str, ...] = ()

    @cached_property
    def heard(self) -> Mapping[tuple[str, str], list[tuple[int, Heard]]]:
        """What each endpoint heard of each notice, each with its place among everything heard."""
        found: dict[tuple[str, str], list[tuple[int, Heard]]] = {}
        for place, heard in enumerate(self.witness.heard):
            found.setdefault((heard.endpoint, heard.id), []).append((place, heard))
        return found

    @cached_property
    def policies(self) -> list[tuple[int, dict[str, Any]]]:
        """The policies as plain values, each with the instant from which it judges."""
        return [(row.since, policies.named(row.text)) for row in self.kept.policies]

    def young(self, at: int) -> bool:
        """Whether nothing of an instant can have been given up or removed for its age, however wrong the clock was."""
        return self.now - at < AGE_MAX_MS - self.troubles.skew_ms

    def replays(self, delivery: Sent) -> int:
        """How often operators have asked for a delivery once more."""
        count = 0
        for action, what, detail in self.kept.replays:
            if action == "delivery.replay":
                count += what == str(delivery.id)
            else:
                count += what in (delivery.endpoint, "*") and "made before" in detail
        return count


def told(instant: int | None) -> str:
    """An instant as text."""
    if instant is None:
        return "never"
    return datetime.fromtimestamp(instant / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
