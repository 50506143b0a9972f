"""The fixed words of the contact model: the only values these fields can have."""

from typing import Final, Literal, get_args

Kind = Literal["ticket", "call", "chat", "mention"]
Channel = Literal["email", "web", "phone", "chat", "in_app", "sms", "whatsapp", "social", "api", "other"]
Direction = Literal["inbound", "outbound"]
Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
Priority = Literal["urgent", "high", "normal", "low"]
AuthorKind = Literal["customer", "agent", "bot", "system"]
Visibility = Literal["public", "internal"]

Life = Literal["new", "open", "pending", "on_hold", "solved", "closed", "merged", "deleted"]
"""A status as a strand can have it: what a vendor says, or how the strand ended for good."""

Metric = Literal[
    "first_reply",
    "next_reply",
    "periodic_update",
    "pausable_update",
    "requester_wait",
    "agent_work",
    "resolution",
    "first_resolution",
    "speed_of_answer",
    "acknowledgement",
    "csat_recovery",
    "handover_reply",
    "deadline",
]

KINDS: Final[tuple[str, ...]] = get_args(Kind)
CHANNELS: Final[tuple[str, ...]] = get_args(Channel)
DIRECTIONS: Final[tuple[str, ...]] = get_args(Direction)
STATUSES: Final[tuple[str, ...]] = get_args(Status)
LIVES: Final[tuple[str, ...]] = get_args(Life)
PRIORITIES: Final[tuple[str, ...]] = get_args(Priority)
METRICS: Final[tuple[str, ...]] = get_args(Metric)

ENDED: Final[frozenset[str]] = frozenset({"solved", "closed", "merged", "deleted"})
"""In these a contact is over; any other status after one of them is a reopen."""

FINAL: Final[frozenset[str]] = frozenset({"merged", "deleted"})
"""Ends after which what was cancelled never goes on."""
