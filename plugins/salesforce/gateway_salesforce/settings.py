"""What may stand under a Salesforce connector's name in gateway.yaml, and how its organisation is proved."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway.plugin import (
    Auth,
    ClientCredentials,
    JwtBearer,
    Limit,
    NoAuth,
    Priority,
    RsaKey,
    Secrets,
    Status,
    parse_webhook_secret,
)
from gateway_salesforce.words import LABEL_MAX, Dictionary

Grant = Literal["jwt_bearer", "client_credentials"]
Domain = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}(\.(sandbox|develop|scratch|demo|patch|trailblaze|free|stage))?$")
]
Label = Annotated[str, Field(min_length=1, max_length=LABEL_MAX)]
Column = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]

FIELDS_MAX: Final = 50
LABELS_MAX: Final = 200
LOGIN: Final = "https://login.salesforce.com"
TEST: Final = "https://test.salesforce.com"

_ADDRESS: Final = re.compile(
    r"(?:https?://)?([a-z0-9][a-z0-9.-]{0,99}?)\.(?:my\.salesforce(?:-setup)?|lightning\.force)\.com(?:/|$)"
)
"""The address of an organisation, as a browser shows it."""


class SalesforceSettings(BaseModel):
    """`domain` names the organisation; `base_url` is set for proxies and simulators.

    The organisation is proved by OAuth: by a signed assertion (`grant: jwt_bearer` with `client_id`, `username` and
    `private_key`), or by a client's own credentials (`grant: client_credentials` with `client_id` and
    `client_secret`). `webhook_secret` proves what the organisation's Apex class sends; without it nothing is accepted.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    domain: Domain | None = None
    """The My Domain name: that of https://DOMAIN.my.salesforce.com, such as `acme` or `acme--uat.sandbox`."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+/?$")] | None = None
    """Instead of `domain`, for proxies and simulators."""

    allow_private: bool = False
    """Whether the organisation may be at a private or loopback address."""

    grant: Grant = "jwt_bearer"
    """How tokens are got: by an assertion that `private_key` signs, or by the credentials of a client."""

    client_id: str | None = None
    """The consumer key of the External Client App (or Connected App)."""

    client_secret: SecretStr | None = None
    """Its consumer secret, with `grant: client_credentials`."""

    username: str | None = None
    """The user that the gateway acts for, with `grant: jwt_bearer`."""

    private_key: RsaKey | None = None
    """The RSA key, in PEM, whose certificate the app has, with `grant: jwt_bearer`."""

    audience: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+/?$")] | None = None
    """Whom the assertion is for, if not https://login.salesforce.com: an External Client App may want the My Domain."""

    sandbox: bool = False
    """Whether it is a sandbox: the assertion is for https://test.salesforce.com then."""

    api_version: Annotated[str, Field(pattern=r"^[1-9][0-9]{1,2}\.0$")] = "66.0"
    """The version of Salesforce's API."""

    webhook_secret: Secrets | None = None
    """The secret (`whsec_…`) that the Apex class signs with, or a list while it is rotated; without it nothing that is
    sent is accepted."""

    statuses: Annotated[Mapping[Label, Status], Field(max_length=LABELS_MAX)] = {}
    """What this organisation's statuses of open cases mean, by their labels: `{"Waiting on Customer": pending}`."""

    priorities: Annotated[Mapping[Label, Priority], Field(max_length=LABELS_MAX)] = {}
    """What this organisation's priorities mean, by their labels: `{Severe: urgent}`."""

    fields: Annotated[tuple[Column, ...], Field(max_length=FIELDS_MAX)] = ()
    """Further columns of a case that become fields of the contact, by their API names, such as `Severity__c`."""

    sessions: bool = True
    """Whether messaging sessions are read."""

    calls: bool = True
    """Whether voice calls are read."""

    every_s: Annotated[float, Field(ge=10, le=86_400)] = 60.0
    """Seconds between two pulls of each object: a request each."""

    deleted_every_s: Annotated[float, Field(ge=10, le=86_400)] = 300.0
    """Seconds between two looks for what was deleted."""

    backfill_days: Annotated[float, Field(ge=0, le=3_650)] = 7.0
    """How far back the first pull reaches."""

    daily_share: Annotated[float, Field(ge=0.05, le=0.95)] = 0.8
    """How much of the organisation's requests of a day may be spent, by whomever, before the past rests."""

    requests_per_minute: Annotated[int, Field(ge=10, le=100_000)] = 300
    """Requests in a minute that the gateway may send."""

    @field_validator("domain", mode="before")
    @classmethod
    def _name_alone(cls, value: object) -> object:
        """What people paste is an address: of it only the organisation's name is wanted."""
        if isinstance(value, str) and (pasted := _ADDRESS.match(value.strip().lower())):
            raise ValueError(f"write `{pasted[1]}` alone: what stands before .my.salesforce.com in Setup, My Domain")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _usable(cls, secrets: tuple[SecretStr, ...] | None) -> tuple[SecretStr, ...] | None:
        for secret in secrets or ():
            parse_webhook_secret(secret.get_secret_value())
        return secrets

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.domain is None and self.base_url is None:
            raise ValueError("give `domain` (of https://DOMAIN.my.salesforce.com) or `base_url`")
        if self.client_secret is not None and self.grant == "jwt_bearer":
            raise ValueError("`client_secret` is for `grant: client_credentials`")
        if self.grant == "client_credentials" and (self.username is not None or self.private_key is not None):
            raise ValueError("`username` and `private_key` are for `grant: jwt_bearer`")
        if self.grant == "client_credentials" and (self.client_id is None) != (self.client_secret is None):
            raise ValueError("`grant: client_credentials` wants `client_id` and `client_secret`")
        given = [self.client_id, self.username, self.private_key]
        if self.grant == "jwt_bearer" and any(given) and not all(given):
            raise ValueError("`grant: jwt_bearer` wants `client_id`, `username` and `private_key`")
        if self.base_url is None:
            # Here, so that whoever opens the organisation reads one field only.
            object.__setattr__(self, "base_url", f"https://{self.domain}.my.salesforce.com")
        return self


def limits_of(settings: SalesforceSettings) -> Sequence[Limit]:
    """How many requests the gateway sends. What Salesforce counts over a day it tells itself, with each answer."""
    return (Limit("the organisation", settings.requests_per_minute, 60.0, ("/services/*",)),)


def links_of(settings: SalesforceSettings) -> str | None:
    """The beginning of a record's address for people; None where the organisation's name isn't known."""
    return None if settings.domain is None else f"https://{settings.domain}.lightning.force.com/lightning/r/"


def dictionary_of(settings: SalesforceSettings) -> Dictionary:
    """What the organisation's own words mean."""
    return Dictionary(
        {label.strip().lower(): status for label, status in settings.statuses.items()},
        {label.strip().lower(): priority for label, priority in settings.priorities.items()},
    )


def auth_of(settings: SalesforceSettings) -> Auth:
    """How requests to the organisation are proved. Tokens come from the organisation's own host."""
    token_url = f"{(settings.base_url or '').rstrip('/')}/services/oauth2/token"
    if settings.client_id is None:
        return NoAuth()
    if settings.client_secret is not None:
        return ClientCredentials(token_url, settings.client_id, settings.client_secret)
    if settings.username is None or settings.private_key is None:
        return NoAuth()
    return JwtBearer(
        token_url=token_url,
        client_id=settings.client_id,
        subject=settings.username,
        audience=settings.audience or (TEST if settings.sandbox else LOGIN),
        private_key=settings.private_key,
    )
