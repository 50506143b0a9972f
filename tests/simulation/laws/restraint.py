"""Checks of the gateway's patience: I15 an endpoint that fails is left alone, and so is one that asks for it.

An open breaker lets nothing go for its first wait but what was under way; when it closes, one delivery at a time goes
at first; a pause that a receiver has asked for, and whose asking has arrived, is kept.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.simulation.laws.scene import Scene, Violation, told

FAILURES_MAX = 10
"""So many failures in a row open a breaker."""

LEFT_ALONE_MS = 30_000
"""It then stays open for so long at least."""

ROUNDING_MS = 2
"""A try's start is its end less its length, and both are in whole milliseconds."""

SETTLED_MS = 1_000
ARRIVED_MS = 16_000
"""An answer that arrives at all has arrived by then."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """A try whose outcome was kept, by the gateway's clock."""

    start: int
    end: int
    status: int | None

    @property
    def failed(self) -> bool:
        """Whether that says something about the receiver."""
        return self.status is None or self.status == 429 or not (200 <= self.status < 300 or 400 <= self.status < 500)


def endpoints_are_left_alone(scene: Scene) -> Iterator[Violation]:
    """I15. Where the clock was wrong, or the disk slow, "so long" means nothing."""
    if scene.troubles.skew_ms or scene.troubles.slow:
        return
    for endpoint, tries in sorted(_tries(scene).items()):
        yield from _breaker(scene, endpoint, tries)
        yield from _pauses(scene, endpoint, tries)


def _tries(scene: Scene) -> Mapping[str, Sequence[_Tried]]:
    """The tries at each endpoint as they ended; of some that ended together the failures first."""
    found: dict[str, list[_Tried]] = defaultdict(list)
    for delivery in scene.kept.deliveries:
        for one in scene.kept.tries.get(delivery.id, ()):
            if scene.young(one.at):
                found[delivery.endpoint].append(_Tried(one.at - one.duration_ms, one.at, one.status))
    return {name: sorted(tries, key=lambda one: (one.end, not one.failed)) for name, tries in found.items()}


def _breaker(scene: Scene, endpoint: str, tries: Sequence[_Tried]) -> Iterator[Violation]:
    failures, opened = 0, None
    for one in tries:
        if opened is not None and _disturbed(scene, endpoint, opened, one.end):
            failures, opened = 0, None
        if opened is not None and opened + SETTLED_MS < one.start < opened + LEFT_ALONE_MS:
            what = f"{endpoint} had failed {failures} times by {told(opened)}"
            yield Violation("I15", f"{what}, and was tried again at {told(one.start)}")
        if one.status == 410:
            continue
        if one.failed:
            failures += 1
            if failures >= FAILURES_MAX and (opened is None or one.start >= opened):
                opened = one.end
            continue
        if opened is not None:
            yield from _slow_start(scene, endpoint, one.end, tries)
        failures, opened = 0, None


def _slow_start(scene: Scene, endpoint: str, closed: int, tries: Sequence[_Tried]) -> Iterator[Violation]:
    """The first two that go out after a breaker has closed go one after the other; unless more was under way then, each
    answer to which lets it go quicker."""
    if any(one.start + ROUNDING_MS < closed < one.end for one in tries):
        return
    after = sorted((one.start, one.end) for one in tries if one.start + ROUNDING_MS >= closed)[:2]
    for (_, end), (start, _) in pairwise(after):
        if start + ROUNDING_MS < end and not _disturbed(scene, endpoint, closed, start):
            yield Violation("I15", f"{endpoint}, back at {told(closed)}, had two at once at {told(start)}")


def _pauses(scene: Scene, endpoint: str, tries: Sequence[_Tried]) -> Iterator[Violation]:
    for heard in scene.witness.heard:
        asked = heard.asked or ""
        if heard.endpoint != endpoint or heard.status not in (429, 503) or heard.reply_lost or len(asked) > 3:
            continue
        until = heard.at + int(asked) * 1_000 if asked.isdecimal() else heard.at
        for one in tries:
            if heard.at + ARRIVED_MS < one.start < until and not _disturbed(scene, endpoint, heard.at, one.start):
                what = f"{endpoint} asked at {told(heard.at)} to be left alone until {told(until)}"
                yield Violation("I15", f"{what}, and was tried at {told(one.start)}")
                break


def _disturbed(scene: Scene, endpoint: str, start: int, end: int) -> bool:
    """Whether anything has happened that makes the gateway forget, or a person has enabled the endpoint."""
    enabled = (
        fault.kind == "enabled" and fault.detail == endpoint and start <= fault.at <= end
        for fault in scene.witness.faults
    )
    return bool(scene.troubles.between(start, end)) or any(enabled)
