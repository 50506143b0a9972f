"""The table of metrics: in which statuses each runs, and what an acknowledgement and the contact's end do to it.

Below it, what starts which of them; `obligations` does it. What time it takes is the calendar's business.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from gateway.model.words import Life, Metric

ANY: Final[frozenset[Life]] = frozenset(get_args(Life))
NOT_ENDED: Final = frozenset[Life](("new", "open", "pending", "on_hold"))

End = Literal["cancels", "meets", "meets for good", "leaves"]


@dataclass(frozen=True, slots=True)
class MetricRules:
    """`end`: what solving or closing does; merging and deleting always cancel what isn't met. What it `leaves` alone
    starts while the contact is ended, too. `met_by_ack`: a `contact.acknowledged` meets it as well. `each`: what starts
    it starts one more clock, whatever runs already."""

    runs_in: frozenset[Life]
    end: End
    met_by_ack: bool = False
    calls_only: bool = False
    each: bool = False


METRICS: Final[dict[Metric, MetricRules]] = {
    "first_reply": MetricRules(ANY, "cancels"),
    "next_reply": MetricRules(ANY, "cancels"),
    "periodic_update": MetricRules(NOT_ENDED, "cancels"),
    "pausable_update": MetricRules(NOT_ENDED - {"pending"}, "cancels"),
    "requester_wait": MetricRules(frozenset(("new", "open", "on_hold")), "meets"),
    "agent_work": MetricRules(frozenset(("new", "open")), "meets"),
    "resolution": MetricRules(NOT_ENDED, "meets"),
    "first_resolution": MetricRules(NOT_ENDED, "meets for good"),
    "speed_of_answer": MetricRules(ANY, "cancels", calls_only=True),
    "acknowledgement": MetricRules(ANY, "cancels", met_by_ack=True),
    "csat_recovery": MetricRules(ANY, "leaves", met_by_ack=True),
    "handover_reply": MetricRules(ANY, "cancels", each=True),
    "deadline": MetricRules(NOT_ENDED, "meets for good"),
}

ON_OPENING: Final[tuple[Metric, ...]] = (
    "first_reply",
    "acknowledgement",
    "requester_wait",
    "agent_work",
    "resolution",
    "first_resolution",
    "speed_of_answer",
)
"""What an opening starts; the obligation exists before any rule counts it."""

ON_REPLY: Final[tuple[Metric, ...]] = ("periodic_update", "pausable_update")
"""What every public agent reply starts anew."""

ON_ANY_REPLY: Final[tuple[Metric, ...]] = ("csat_recovery", "handover_reply")
"""What a public agent reply only meets."""

BEGUN_AGAIN: Final[tuple[Metric, ...]] = ("first_reply", "acknowledgement")
"""What a reopen starts anew while it has not been met."""
