"""The gateway itself: its policy, its connectors, its readiness, and what happened to one contact."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from gateway.rules.notice import Time
from gateway.web.shapes.explained import PolicyKept


class PolicyStanding(Struct, frozen=True, kw_only=True):
    """Which policy judges, and which comes next."""

    in_force: PolicyKept | None
    """The one that judges now; null before the first."""

    to_come: PolicyKept | None
    """The one that comes into force next, if there is one."""

    left: int
    """Open contacts that are still to be judged by the one in force."""


class Ailing(Struct, frozen=True, kw_only=True):
    """Something that ails."""

    what: str
    """What ails."""

    why: str
    """How."""


class Readiness(Struct, frozen=True, kw_only=True):
    """Whether the gateway does its work."""

    status: Literal["ready", "not ready"]
    """Whether it does."""

    reasons: list[Ailing]
    """All that keeps it from it."""

    ailing: list[Ailing]
    """What ails and keeps it from nothing: enrichers, for which nobody waits."""


class HappeningTold(Struct, frozen=True, kw_only=True):
    """One thing that happened to a contact. The fields behind `words` come with its kind."""

    at: Time
    """When; of a delivery when it was made."""

    kind: Literal["event", "announcement", "delivery"]
    """An event came in, something was said of it, or a notice went to an endpoint."""

    type: str
    """The event's or the notice's type."""

    id: str
    """The id of the event, of the announcement, or of the delivery."""

    words: str
    """The same in words, without the text of any message."""

    connector: str | UnsetType = UNSET
    """Of an event: by which connector it came."""

    received_at: Time | UnsetType = UNSET
    """Of an event: when it came."""

    rule: str | UnsetType | None = UNSET
    """Of an announcement: the rule from which it follows."""

    policy: str | UnsetType | None = UNSET
    """Of an announcement: the hash of the policy."""

    roles: list[str] | UnsetType = UNSET
    """Of an announcement: the roles that were called."""

    suppressed: bool | UnsetType = UNSET
    """Of an announcement: whether nobody was told, since it was history already."""

    stands: bool | UnsetType = UNSET
    """Of an announcement: whether it still holds."""

    times: int | UnsetType = UNSET
    """Of an announcement: how often it was said."""

    webhook_id: str | UnsetType = UNSET
    """Of a delivery: the id of its notice."""

    endpoint: str | UnsetType = UNSET
    """Of a delivery: where it goes."""

    state: Literal["ready", "leased", "delivered", "dead"] | UnsetType = UNSET
    """Of a delivery: what has become of it."""

    tries: int | UnsetType = UNSET
    """Of a delivery: how many tries there were."""

    last_status: int | UnsetType | None = UNSET
    """Of a delivery: what the endpoint answered last."""

    last_error: str | UnsetType | None = UNSET
    """Of a delivery: how the last try failed."""

    delivered_at: Time | UnsetType | None = UNSET
    """Of a delivery: when the endpoint took it."""

    next_at: Time | UnsetType | None = UNSET
    """Of a delivery: when the next try is due."""


class ContactTimeline(Struct, frozen=True, kw_only=True):
    """What happened to a contact, the latest first."""

    contact: str
    """The contact's id."""

    timeline: list[HappeningTold]
    """One page of it."""

    next: str | None
    """Where what was before begins: ask again with it as `after`; null before the first thing."""
