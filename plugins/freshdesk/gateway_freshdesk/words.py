"""Freshdesk's numbers in our words: the sources of tickets, priorities, and statuses.

Laws. A number that nobody knows here is never an error: Freshdesk adds channels without notice. The statuses 2 to 5
mean the same everywhere; those from 6 on are the account's own, and mean what the settings say, else what the words of
their label tell, else `open`.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.plugin import UNSET, Channel, Direction, Json, Kind, Priority, Status, UnsetType
from gateway_freshdesk.reading import number


class Medium(NamedTuple):
    """How a ticket came."""

    kind: Kind
    channel: Channel
    direction: Direction = "inbound"


_UNKNOWN: Final = Medium("ticket", "other")
_MEDIA: Final[Mapping[int, Medium]] = {
    1: Medium("ticket", "email"),
    2: Medium("ticket", "web"),
    3: Medium("ticket", "phone"),  # what an agent noted of a call: nothing says when it was answered
    4: Medium("ticket", "web"),
    5: Medium("mention", "social"),
    6: Medium("mention", "social"),
    7: Medium("chat", "chat"),
    8: Medium("ticket", "in_app"),
    9: Medium("ticket", "web"),
    10: Medium("ticket", "email", "outbound"),
    13: Medium("chat", "whatsapp"),
    15: Medium("chat", "chat"),
}
_PRIORITIES: Final[Mapping[int, Priority]] = {4: "urgent", 3: "high", 2: "normal", 1: "low"}
_STATUSES: Final[Mapping[int, Status]] = {2: "open", 3: "pending", 4: "solved", 5: "closed"}
_ENDED: Final = ("solved", "closed")

OWN_FROM: Final = 6
"""The first number of the account's own statuses."""

Labels = Mapping[str, str]
"""What the account calls its own statuses, by their numbers as text."""

Meanings = Mapping[str, Status]
"""What the account's own statuses mean, by label (however it is written) or by number, both as text."""


def medium_of(ticket: Json) -> Medium:
    """Kind, channel and direction that a ticket's source tells."""
    source = number(ticket, "source")
    return _UNKNOWN if source is None else _MEDIA.get(source, _UNKNOWN)


def priority_of(ticket: Json) -> Priority | UnsetType:
    """The priority of a ticket; UNSET where it isn't told, or isn't known here."""
    value = number(ticket, "priority")
    return UNSET if value is None else _PRIORITIES.get(value, UNSET)


def is_own(status: int | None) -> bool:
    """Whether a status is one of the account's own."""
    return status is not None and status >= OWN_FROM


def status_of(ticket: Json, labels: Labels, meanings: Meanings) -> Status | UnsetType:
    """The status of a ticket; UNSET where it isn't told."""
    value = number(ticket, "status")
    if value is None:
        return UNSET
    return own_status(value, labels.get(str(value)), meanings) if is_own(value) else _STATUSES.get(value, "open")


def own_status(value: int, label: str | None, meanings: Meanings) -> Status:
    """What a status of the account's own means."""
    for name in (label, str(value)):
        if name is not None and (meant := meanings.get(folded(name))) is not None:
            return meant
    words = folded(label or "")
    if "wait" in words and "customer" in words:
        return "pending"
    if "third party" in words or "third-party" in words or "hold" in words:
        return "on_hold"
    return "open"


def folded(label: str) -> str:
    """A label as it is compared: without regard to case or spaces around it."""
    return label.strip().casefold()


def ended(status: Status | UnsetType) -> bool:
    """Whether nothing more is to be done."""
    return status in _ENDED
