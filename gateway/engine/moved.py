"""Events that are told of another contact than before: an e-mail hangs on the case that its own was merged into. Pure.

Law. An id names one fact, and a fact is of one contact: who loses an event is judged again without it.
"""

from collections.abc import Mapping

from gateway.engine.news import Arrival
from gateway.model.event import Event
from gateway.model.identity import StrandKey
from gateway.rules.journal import replaces

Arrivals = dict[StrandKey, list[Arrival]]


def of_one_each(arrivals: Arrivals) -> Arrivals:
    """The arrivals without those that lose to another one of their id, which is told of another strand beside them."""
    best: dict[tuple[str, str], tuple[StrandKey, Event]] = {}
    beaten: set[tuple[StrandKey, str]] = set()
    for strand, found in arrivals.items():
        for arrival in found:
            event = arrival.event
            name = strand.connector, event.id
            holder, held = best.get(name, (strand, event))
            wins = held is event or replaces(event, held)
            if holder != strand:
                beaten.add((holder if wins else strand, event.id))
            if wins:
                best[name] = strand, event
    if not beaten:
        return arrivals
    return {
        strand: [arrival for arrival in found if (strand, arrival.event.id) not in beaten]
        for strand, found in arrivals.items()
    }


def left_by(arrivals: Arrivals, journals: Mapping[str, Mapping[str, Event]]) -> dict[StrandKey, list[Event]]:
    """What strands lose: the known events, by the strand that each was told of, in whose place one of another strand
    has come. `journals`: what is known already, by connector and id."""
    left: dict[StrandKey, list[Event]] = {}
    for strand, found in arrivals.items():
        known = journals.get(strand.connector, {})
        for arrival in found:
            before = known.get(arrival.event.id)
            if before is not None and before.ref != arrival.event.ref and replaces(arrival.event, before):
                former = StrandKey(strand.connector, before.ref.kind, before.ref.id)
                if before not in (lost := left.setdefault(former, [])):
                    lost.append(before)
    return left
