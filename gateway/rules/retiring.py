"""What a state stops carrying: finished clocks and resolved escalations beyond the latest, long as a contact may live.

Law. Only what had finished before the present instant retires, what finished first goes first: so the state is the
same whether events came one by one or all at once. What can still go on never retires.
"""

from typing import Any, Final

from gateway.model.judgement import Clock
from gateway.rules.draft import Draft
from gateway.rules.metrics import METRICS

CLOCKS_KEPT: Final = 16
ESCALATIONS_KEPT: Final = 16


def retire(draft: Draft, at: int) -> None:
    """At the end of the instant `at`: let go of what is finished and too much."""
    if len(draft.clocks) > CLOCKS_KEPT:
        finished = [(_finished_at(clock), index) for index, clock in enumerate(draft.clocks)]
        _let_go(draft, draft.clocks, finished, at, CLOCKS_KEPT)
    if len(draft.escalations) > ESCALATIONS_KEPT:
        resolved = [(call.resolved_at, index) for index, call in enumerate(draft.escalations)]
        _let_go(draft, draft.escalations, resolved, at, ESCALATIONS_KEPT)


def _finished_at(clock: Clock) -> int | None:
    """When a clock came to its end for good; None while it may go on."""
    if clock.cancelled_at is not None:
        return None if clock.dropped else clock.cancelled_at
    return None if METRICS[clock.metric].end == "meets" else clock.met_at


def _let_go(draft: Draft, things: list[Any], ends: list[tuple[int | None, int]], at: int, most: int) -> None:
    over = sorted((end, index) for end, index in ends if end is not None and end < at)
    chosen = [index for _, index in over[: max(0, len(over) - most)]]
    draft.retired.extend(things[index] for index in chosen)
    for index in sorted(chosen, reverse=True):
        del things[index]
