"""What may stand under a Zendesk connector's name in gateway.yaml, and how its account is proved."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.plugin import ApiKey, Auth, AuthorizationCode, ClientCredentials, Limit, NoAuth, Secrets

Logs = Literal["open", "all", "none"]
Grant = Literal["client_credentials", "authorization_code"]

_LIFE_S: Final = 172_800
_REFRESH_LIFE_S: Final = 7_776_000
"""The longest that Zendesk grants. Without being asked, it may not say how long a token lives."""
Subdomain = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class ZendeskSettings(BaseModel):
    """`subdomain` names the account; `base_url` is set for sandboxes, proxies and simulators.

    The account is proved by OAuth: by the credentials of a client (`client_id`, `client_secret`), or by what a person
    granted (`grant: authorization_code`, then `gateway authorize`); or by an API token (`email`, `api_token`), which
    Zendesk switches off on 2027-04-30. `webhook_secret` is the signing secret of the webhook, or a list while it is
    rotated; without it every webhook is refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    subdomain: Subdomain | None = None
    """Names the account: that of https://SUBDOMAIN.zendesk.com."""

    base_url: Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+/?$")] | None = None
    """Instead of `subdomain`, for sandboxes, proxies and simulators."""

    allow_private: bool = False
    """Whether the account may be at a private or loopback address."""

    webhook_secret: Secrets | None = None
    """The signing secret of the webhook, or a list while it is rotated; without it every webhook is refused."""

    grant: Grant = "client_credentials"
    """How the OAuth client gets its tokens: by its own credentials, or by what an administrator grants once with
    `gateway authorize`."""

    client_id: str | None = None
    """The id of an OAuth client."""

    client_secret: SecretStr | None = None
    """The secret of that OAuth client; a public client, which only `authorization_code` allows, has none."""

    scope: str = "read"
    """What the OAuth client asks for."""

    email: str | None = None
    """Whose API token it is; with `api_token`. Zendesk switches these tokens off on 2027-04-30."""

    api_token: SecretStr | None = None
    """The API token, without `/token`."""

    export_every_s: Annotated[float, Field(ge=6, le=86_400)] = 60.0
    """Seconds between two pulls: Zendesk allows ten export requests a minute."""

    backfill_days: Annotated[float, Field(ge=0, le=3_650)] = 7.0
    """How far back the first pull reaches."""

    backfill_logs: Logs = "open"
    """Whose logs a backfill reads, at two requests each: those of tickets that are `open` still, `all`, or `none`."""

    follow_users: bool = True
    """Whether a change of a person reaches the open tickets that they requested, at a request each."""

    users_every_s: Annotated[float, Field(ge=60, le=86_400)] = 300.0
    """Seconds between two pulls of changed users; they share the ten export requests a minute."""

    export_per_minute: Annotated[int, Field(ge=1, le=1_000)] = 10
    """Export requests that Zendesk allows in a minute: 30 with its High Volume API add-on."""

    requests_per_minute: Annotated[int, Field(ge=10, le=100_000)] = 200
    """Requests in a minute that the gateway may use: Zendesk allows 200 to 700 by plan, 2,500 with the add-on, to all
    that speaks to the account."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.subdomain is None and self.base_url is None:
            raise ValueError("give `subdomain` (of https://SUBDOMAIN.zendesk.com) or `base_url`")
        by_person = self.grant == "authorization_code"
        if by_person and self.client_id is None:
            raise ValueError("`grant: authorization_code` wants the `client_id` of an OAuth client")
        if (self.client_id is None) != (self.client_secret is None) and not by_person:
            raise ValueError("`client_id` and `client_secret` belong together")
        if (self.email is None) != (self.api_token is None):
            raise ValueError("`email` and `api_token` belong together")
        if self.client_id is not None and self.email is not None:
            raise ValueError("give `client_id` and `client_secret`, or `email` and `api_token`, not both")
        if self.base_url is None:
            # Here, so that whoever opens the account reads one field only.
            object.__setattr__(self, "base_url", f"https://{self.subdomain}.zendesk.com")
        return self


def limits_of(settings: ZendeskSettings) -> Sequence[Limit]:
    """How many requests the account allows."""
    return (
        Limit("the export", settings.export_per_minute, 60.0, ("/api/v2/incremental/*",)),
        Limit("the account", settings.requests_per_minute, 60.0, ("/api/*",)),
    )


def links_of(settings: ZendeskSettings) -> str | None:
    """The beginning of a ticket's address for people, on the account's own subdomain, whatever the ticket's brand."""
    return None if settings.subdomain is None else f"https://{settings.subdomain}.zendesk.com/agent/tickets/"


def auth_of(settings: ZendeskSettings) -> Auth:
    """How requests to the account are proved."""
    base = (settings.base_url or "").rstrip("/")
    if settings.client_id is not None and settings.grant == "authorization_code":
        return AuthorizationCode(
            authorize_url=f"{base}/oauth/authorizations/new",
            token_url=f"{base}/oauth/tokens",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scope=settings.scope,
            parameters={"expires_in": _LIFE_S, "refresh_token_expires_in": _REFRESH_LIFE_S},
        )
    if settings.client_id is not None and settings.client_secret is not None:
        return ClientCredentials(
            token_url=f"{base}/oauth/tokens",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            scope=settings.scope,
            parameters={"expires_in": _LIFE_S},
        )
    if settings.email is not None and settings.api_token is not None:
        return ApiKey(settings.api_token, username=f"{settings.email}/token")
    return NoAuth()
