"""Judge a history from nothing, or from a checkpoint: the late event, `explain`, `policy eval` and what-if run this."""

from collections.abc import Iterable

from gateway.model.judgement import State
from gateway.rules.advance import Judged, Sourced, advance, in_order
from gateway.rules.timeline import Timeline


def replay(events: Iterable[Sourced], policies: Timeline, until: int, base: State | None = None) -> Judged:
    """What the events up to and including `until`, and the time up to it, imply. The order given doesn't matter.

    With a `base`, of which the events must all lie behind its `as_of`, what follows from then on.
    """
    happened = in_order(sourced for sourced in events if sourced.event.at <= until)
    return advance(base, happened, policies, until)
