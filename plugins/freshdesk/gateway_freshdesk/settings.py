"""What may stand under a Freshdesk connector's name in gateway.yaml, and how its account is proved."""

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway.plugin import ApiKey, Auth, Limit, Secrets, Status

Conversations = Literal["open", "all", "none"]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Label = Annotated[str, Field(min_length=1, max_length=200)]

TOKEN_MAX: Final = 1_024
"""Characters of a webhook's token."""

_OF_FRESHDESK: Final = ("2", "3", "4", "5")
"""The numbers of the statuses that mean the same in every account."""

_ADDRESS: Final = re.compile(r"(?:https?://)?([a-z0-9][a-z0-9-]{0,62})\.freshdesk\.com(?:/|$)")
"""The address of an account, as a browser shows it."""


class FreshdeskSettings(BaseModel):
    """`domain` names the account; `base_url` is set for proxies and simulators.

    The account is proved by an agent's API key. Freshdesk signs no webhook: whoever calls must know `webhook_token`, a
    list while it is changed; without it every webhook is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    domain: Domain | None = None
    """Names the account: that of https://DOMAIN.freshdesk.com. A host of one's own doesn't serve the API."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+/?$")] | None = None
    """Instead of `domain`, for proxies and simulators."""

    allow_private: bool = False
    """Whether the account may be at a private or loopback address."""

    api_key: Annotated[SecretStr, Field(min_length=1, max_length=200)]
    """The API key of an agent who sees every ticket."""

    webhook_token: Secrets | None = None
    """What a webhook proves itself by, or a list while it is changed; without it every webhook is refused."""

    statuses: dict[Label, Status] = {}
    """What the account's own statuses mean, by label or number, where their words don't tell."""

    tickets_every_s: Annotated[float, Field(ge=6, le=86_400)] = 60.0
    """Seconds between two pulls of changed tickets."""

    removed_every_s: Annotated[float, Field(ge=60, le=86_400)] = 300.0
    """Seconds between two pulls of deleted tickets, and of spam."""

    ratings_every_s: Annotated[float, Field(ge=60, le=86_400)] = 300.0
    """Seconds between two pulls of satisfaction ratings."""

    backfill_days: Annotated[float, Field(ge=0, le=3_650)] = 7.0
    """How far back the first pull reaches."""

    backfill_conversations: Conversations = "open"
    """Whose conversations a backfill reads: those of tickets that are `open` still, `all`, or `none`."""

    list_per_minute: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Pages of tickets that Freshdesk gives in a minute: 20 (Growth), 100 (Pro), 200 (Enterprise)."""

    requests_per_minute: Annotated[int, Field(ge=10, le=100_000)] = 200
    """Requests in a minute that the gateway may use: Freshdesk allows 200 (Growth), 400 (Pro) or 700 (Enterprise) to
    all that speaks to the account."""

    @field_validator("domain", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        """What people paste is an address: of it only the account's name is wanted."""
        if isinstance(value, str) and (pasted := _ADDRESS.match(value.strip().lower())):
            raise ValueError(f"write `{pasted[1]}` alone: what stands before .freshdesk.com in the account's address")
        return value

    @field_validator("statuses", mode="before")
    @classmethod
    def _numbers_as_text(cls, value: object) -> object:
        """YAML reads the key `6` as a number."""
        if not isinstance(value, dict):
            return value
        return {str(key) if type(key) is int else key: meant for key, meant in value.items()}

    @field_validator("statuses")
    @classmethod
    def _only_own(cls, value: dict[str, Status]) -> dict[str, Status]:
        for number in _OF_FRESHDESK:
            if number in value:
                raise ValueError(f"the status {number} means the same in every account: give those from 6 on")
        return value

    @field_validator("webhook_token")
    @classmethod
    def _fits_a_header(cls, value: tuple[SecretStr, ...] | None) -> tuple[SecretStr, ...] | None:
        for token in value or ():
            text = token.get_secret_value()
            if len(text) > TOKEN_MAX or not text.isascii() or not text.isprintable() or text != text.strip():
                raise ValueError(f"a header holds no such token: give at most {TOKEN_MAX} printable ASCII characters")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.domain is None and self.base_url is None:
            raise ValueError("give `domain` (of https://DOMAIN.freshdesk.com) or `base_url`")
        if self.base_url is None:
            # Here, so that whoever opens the account reads one field only.
            object.__setattr__(self, "base_url", f"https://{self.domain}.freshdesk.com")
        return self


def limits_of(settings: FreshdeskSettings) -> Sequence[Limit]:
    """How many requests the account allows."""
    return (
        Limit("the list of tickets", settings.list_per_minute, 60.0, ("/api/v2/tickets",)),
        Limit("the account", settings.requests_per_minute, 60.0, ("/api/*",)),
    )


def links_of(settings: FreshdeskSettings) -> str | None:
    """The beginning of a ticket's address for people; None where the account's domain isn't known."""
    return None if settings.domain is None else f"https://{settings.domain}.freshdesk.com/a/tickets/"


def auth_of(settings: FreshdeskSettings) -> Auth:
    """How requests to the account are proved: HTTP Basic, in which the key is the name and `X` the password. The name
    of an `ApiKey` is no secret, so that the whole is given as one."""
    pair = f"{settings.api_key.get_secret_value()}:X".encode("utf-8", "surrogatepass")
    return ApiKey(SecretStr(base64.b64encode(pair).decode()), prefix="Basic ")
