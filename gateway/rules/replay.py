"""Judge a whole history from nothing: the late event, `explain`, `policy eval` and every what-if run this."""

from collections.abc import Iterable

from gateway.rules.advance import Judged, Sourced, advance, in_order
from gateway.rules.policy import Policy


def replay(events: Iterable[Sourced], policy: Policy, until: int) -> Judged:
    """What the events up to and including `until`, and the time up to it, imply. The order given doesn't matter."""
    return advance(None, in_order(sourced for sourced in events if sourced.event.at <= until), policy, until)
