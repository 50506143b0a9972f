"""Who may, and what people have done: what an admin looks at."""

from typing import Literal

from msgspec import Struct

from gateway.rules.notice import Time


class TokenTold(Struct, frozen=True, kw_only=True):
    """A token, without anything that proves it."""

    id: str
    """The part of it that isn't secret."""

    name: str
    """Who has it: this stands beside what is done with it."""

    role: Literal["viewer", "operator", "admin"]
    """What it may."""

    state: Literal["valid", "expired", "revoked"]
    """Whether it still opens anything."""

    created_at: Time
    """When it was made."""

    created_by: str
    """By whom."""

    expires_at: Time | None
    """When it ends by itself; null for one that doesn't."""

    last_used_at: Time | None
    """When it was last used, to the hour; null before the first time."""

    revoked_at: Time | None
    """When it was taken back."""


class TokenList(Struct, frozen=True, kw_only=True):
    """Every token that wasn't taken back; the admin's own of the configuration isn't among them."""

    tokens: list[TokenTold]
    """Each of them."""


class DeedTold(Struct, frozen=True, kw_only=True):
    """What somebody has done to the gateway. What is done to contacts are events: their timelines tell it."""

    id: int
    """Its number."""

    at: Time
    """When."""

    actor: str
    """Who: the name of a token, or of who ran a command."""

    action: str
    """What, in one word such as `connector.paused`."""

    object: str
    """To what."""

    detail: str
    """What else there is to say."""


class DeedList(Struct, frozen=True, kw_only=True):
    """What people have done, the latest first."""

    audit: list[DeedTold]
    """Each of it."""
