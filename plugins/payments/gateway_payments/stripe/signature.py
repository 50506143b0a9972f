"""Proves Stripe's webhooks: `Stripe-Signature: t=…,v1=…`, by hand, for hostile headers must never raise.

Laws. What is signed is `t`, a full stop and the body's very bytes; any `v1` by any secret will do, since both are
several while a secret is rolled; every other scheme (`v0`) is passed over. `t` lies within the tolerance of the
receipt, to either side.
"""

from collections.abc import Sequence
from typing import Final

from pydantic import SecretStr

from gateway.plugin import SECOND_MS, Refused, Request, hmac_sha256, same_secret

HEADER: Final = "stripe-signature"
HEADER_MAX: Final = 4_096
SIGNATURES_MAX: Final = 32
"""Of more, the first are tried."""

_DIGITS_MAX: Final = 12
_HEX: Final = 64


def signature(secret: SecretStr | str, stamp: str, body: bytes) -> str:
    """The signature as Stripe makes it; the secret is used with its `whsec_`."""
    return hmac_sha256(secret, f"{stamp}.".encode() + body).hex()


def header(secret: SecretStr | str, at_s: int, body: bytes) -> str:
    """The header of a webhook that is sent at `at_s`, in seconds."""
    return f"t={at_s},v1={signature(secret, str(at_s), body)}"


def unproved(secrets: Sequence[SecretStr], request: Request, tolerance_ms: int) -> Refused | None:
    """Why a request isn't proved to be Stripe's; None if it is. Every secret is tried."""
    if not secrets:
        return Refused(401, "no webhook_secret is set for this connector")
    told = request.headers.get(HEADER, "")
    if not told or len(told) > HEADER_MAX or not told.isascii():
        return Refused(401, "Stripe-Signature is missing or malformed")
    stamps, given = _read(told)
    if len(stamps) != 1 or not stamps[0].isdigit() or len(stamps[0]) > _DIGITS_MAX:
        return Refused(401, "Stripe-Signature has no single time")
    if not given:
        return Refused(401, "Stripe-Signature has no v1")
    if abs(request.received_at - int(stamps[0]) * SECOND_MS) > tolerance_ms:
        return Refused(401, "Stripe-Signature was made too long before its receipt, or ahead of it: see the clock")
    due = [signature(secret, stamps[0], request.body) for secret in secrets]
    proved = [same_secret(one, expected) for one in given for expected in due]
    return None if any(proved) else Refused(401, "Stripe-Signature doesn't match")


def _read(told: str) -> tuple[list[str], list[str]]:
    """The times and the signatures of scheme v1 in a header."""
    pairs = [pair.partition("=")[::2] for pair in told.split(",")]
    stamps = [value for key, value in pairs if key == "t"]
    given = [value for key, value in pairs if key == "v1" and len(value) == _HEX]
    return stamps, given[:SIGNATURES_MAX]
