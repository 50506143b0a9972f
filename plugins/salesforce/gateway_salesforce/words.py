"""Salesforce's words in ours: statuses, priorities and channels, of which every organisation makes its own.

Laws. What an organisation calls a thing is looked for in the settings first, and then told by its words. A word that
nobody knows here is never an error: a status is open, a priority stays unknown, a channel becomes `other`. Whether a
case is over is never told by words where Salesforce says it itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.plugin import UNSET, Channel, Direction, Priority, Status, UnsetType

_STATUS_WORDS: Final[tuple[tuple[Status, re.Pattern[str]], ...]] = (
    ("new", re.compile(r"new$")),
    ("on_hold", re.compile(r".*\b(hold|third[ -]party|vendor)")),
    ("pending", re.compile(r"pending|.*\b(a?wait\w*)\b.*\bcustomer")),
    ("solved", re.compile(r".*\b(re)?solved\b")),
)
"""What a label says, in this order. `Customer replied` waits for nobody, and `Unresolved` is nothing but open."""

_PRIORITIES: Final[Mapping[str, Priority]] = {
    "critical": "urgent",
    "urgent": "urgent",
    "high": "high",
    "medium": "normal",
    "normal": "normal",
    "low": "low",
}
_ORIGINS: Final[tuple[tuple[Channel, tuple[str, ...]], ...]] = (
    ("whatsapp", ("whatsapp",)),
    ("email", ("mail",)),
    ("phone", ("phone", "call", "voice")),
    ("sms", ("sms", "text")),
    ("social", ("facebook", "twitter", "instagram", "social")),
    ("chat", ("chat", "messag")),
    ("in_app", ("app", "mobile")),
    ("api", ("api",)),
    ("web", ("web", "portal", "community")),
)
_CHANNEL_TYPES: Final[Mapping[str, Channel]] = {
    "text": "sms",
    "whatsapp": "whatsapp",
    "facebook": "social",
    "line": "social",
    "instagram": "social",
    "applebusinesschat": "social",
    "embeddedmessaging": "in_app",
}
LABEL_MAX: Final = 255
"""Characters of a label that are looked at: Salesforce allows no more."""

CUSTOMERS: Final = frozenset(
    {"cspliteportal", "customersuccess", "guest", "powercustomersuccess", "powerpartner", "selfservice"}
)
"""The user types of those who come in by a portal, in small letters: customers and partners."""

PARTNER: Final = "powerpartner"
AUTOMATED: Final = "AutomatedProcess"


def is_customer(kind: str | None) -> bool:
    """Whether a user of this type comes in by a portal. Salesforce writes `CspLitePortal` in more than one way."""
    return (kind or "").lower() in CUSTOMERS


@dataclass(frozen=True, slots=True)
class Dictionary:
    """What this organisation's own words mean, by the words in small letters."""

    statuses: Mapping[str, Status] = field(default_factory=dict)
    priorities: Mapping[str, Priority] = field(default_factory=dict)

    def status(self, label: str | None, *, closed: bool | None) -> Status | UnsetType:
        """Our status; UNSET for one that isn't told. `closed`: whether Salesforce says that a case with it is over,
        None where it doesn't say."""
        word = (label or "").strip().lower()[:LABEL_MAX]
        if closed or (closed is None and word.startswith("closed")):
            return "closed"
        if not word:
            return UNSET
        if word in self.statuses:
            return self.statuses[word]
        return next((status for status, pattern in _STATUS_WORDS if pattern.match(word)), "open")

    def priority(self, label: str | None) -> Priority | UnsetType | None:
        """Our priority; None where there is none, UNSET for one that isn't known."""
        if label is None:
            return None
        word = label.strip().lower()
        return self.priorities.get(word) or _PRIORITIES.get(word, UNSET)


def channel_of(origin: str | None) -> Channel:
    """How a case came, by its origin."""
    word = (origin or "").lower()
    return next((channel for channel, words in _ORIGINS if any(one in word for one in words)), "other")


def channel_of_session(kind: str | None) -> Channel:
    """How a messaging session came, by its channel's type."""
    return _CHANNEL_TYPES.get((kind or "").lower(), "chat")


def direction_of_session(origin: str | None) -> Direction:
    """Whether we began a messaging session."""
    word = (origin or "").lower()
    return "outbound" if "outbound" in word or word.startswith("agent") else "inbound"


def direction_of_call(kind: str | None) -> Direction:
    """Whether we called."""
    return "outbound" if (kind or "").lower().startswith(("outbound", "callback")) else "inbound"
