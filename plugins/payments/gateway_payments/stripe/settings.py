"""What may stand under a Stripe connector's name in gateway.yaml, and how its account is proved."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.plugin import ApiKey, Auth, Limit, NoAuth, Secrets
from gateway_payments.settings import FailedPayments

API: Final = "https://api.stripe.com"
API_VERSION: Final = "2026-10-28.endive"
"""The version of the API in which answers are asked for. Events come in the version of their endpoint or account."""

Mode = Literal["live", "test"]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+/?$")]
ApiVersion = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]{1,32})?$")]


class StripeSettings(BaseModel):
    """`webhook_secret` proves the webhooks; `api_key`, a restricted key that may read, adds the customer, re-reads what
    an event is about, and finds events whose webhook was lost. One of the two is needed; best are both.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    api_key: SecretStr | None = None
    """A restricted key (`rk_…`) with read permissions; without it webhooks alone are heard."""

    webhook_secret: Secrets | None = None
    """The endpoint's signing secret (`whsec_…`), or a list while it is rolled; without it every webhook is refused."""

    base_url: BaseUrl = API
    """The API's host, for proxies and simulators."""

    allow_private: bool = False
    """Whether the API may be at a private or loopback address."""

    api_version: ApiVersion = API_VERSION
    """The version of Stripe's API in which answers are asked for."""

    mode: Mode | None = None
    """Whose events are told, `live` or `test`; events of the other mode are accepted and say nothing. Without it, the
    mode of `api_key`; without a key, both."""

    tolerance_s: Annotated[float, Field(ge=1, le=3_600)] = 300.0
    """How many seconds a signature's time may be from the receipt, to either side."""

    events_every_s: Annotated[float, Field(ge=10, le=86_400)] = 300.0
    """Seconds between two pulls of the account's events, which find what a lost webhook would have told."""

    backfill_days: Annotated[float, Field(ge=0, le=30)] = 30.0
    """How far back the first pull reaches; Stripe keeps events for 30 days."""

    requests_per_second: Annotated[int, Field(ge=1, le=100)] = 15
    """Requests in a second that the gateway may use; Stripe allows 100 live and 25 in test mode, to all that speaks to
    the account."""

    failed_payments: FailedPayments = FailedPayments()
    """From when failed payments of one customer are trouble."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.api_key is None and self.webhook_secret is None:
            raise ValueError("give `webhook_secret`, `api_key`, or best both")
        return self


def mode_of(settings: StripeSettings) -> Mode | None:
    """Whose events are told; None for both."""
    if settings.mode is not None or settings.api_key is None:
        return settings.mode
    kind = key_kind(settings.api_key)
    return "live" if kind.endswith("_live") else "test" if kind.endswith("_test") else None


def key_kind(key: SecretStr) -> str:
    """The beginning of a key, which says what it is: `rk_live`, `sk_test`; empty for what begins otherwise."""
    begins = "_".join(key.get_secret_value().split("_")[:2])
    return begins if begins in ("rk_live", "rk_test", "sk_live", "sk_test", "pk_live", "pk_test") else ""


def auth_of(settings: StripeSettings) -> Auth:
    """How requests to the account are proved."""
    return NoAuth() if settings.api_key is None else ApiKey(settings.api_key)


def limits_of(settings: StripeSettings) -> Sequence[Limit]:
    """How many requests the gateway makes at most."""
    return (Limit("the account", settings.requests_per_second, 1.0, ("/v1/*",)),)
