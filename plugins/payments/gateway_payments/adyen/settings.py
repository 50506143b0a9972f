"""What may stand under an Adyen connector's name in gateway.yaml."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.plugin import Secrets
from gateway_payments.settings import FailedPayments

_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){16,64}")


def _in_hex(keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for key in keys:
        if not _HEX.fullmatch(key.get_secret_value()):
            raise ValueError(
                "an HMAC key of Adyen's is written in hexadecimal: 64 digits, as the Customer Area shows it"
            )
    return keys


class AdyenSettings(BaseModel):
    """`hmac_key` proves each notification. `username` and `password` prove the request as a whole: Adyen's signature
    leaves much of a notification out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    hmac_key: Annotated[Secrets, AfterValidator(_in_hex)]
    """The webhook's HMAC key in hexadecimal, or a list while a new one spreads at Adyen."""

    username: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^:\x00-\x1f\x7f]+$")] | None = None
    """The user name of the webhook's basic authentication, if it is set up."""

    password: Secrets | None = None
    """The password of the webhook's basic authentication, or a list while it is changed."""

    merchant_accounts: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    """Merchant accounts that are told; notifications of others are accepted and say nothing. None means all."""

    failed_payments: FailedPayments = FailedPayments()
    """From when failed payments of one shopper are trouble."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give both `username` and `password`, or neither")
        return self
