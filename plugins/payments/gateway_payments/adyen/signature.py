"""Proves Adyen's notifications: HMAC-SHA256 over eight fields of each, and basic authentication where it is set up.

Laws. What is signed is eight fields, joined by colons as they stand, nothing escaped (Adyen's own vectors are so). The
merchant's reference alone may have a colon: in any other field one is refused, else fields could be shifted under the
same signature. Every notification of a request is proved, by any of the keys, or the whole request is refused.
"""

import base64
from collections.abc import Sequence
from typing import Any, Final

from pydantic import SecretStr

from gateway.plugin import BadPayload, Json, Refused, Request, hmac_sha256, mapping, read_json, same_secret
from gateway_payments.reading import part

ITEMS_MAX: Final = 100
"""Notifications in one request. Adyen sends one, and six at most."""

SIGNATURE: Final = "hmacSignature"
_GIVEN_MAX: Final = 128
_FIELD_MAX: Final = 1_000
_HEADER_MAX: Final = 1_000


def signed_text(item: Json) -> str:
    """What the signature of a notification is made of. Raises BadPayload where it would not be told apart."""
    amount = part(item, "amount")
    fields = [
        _field(item.get("pspReference")),
        _field(item.get("originalReference")),
        _field(item.get("merchantAccountCode")),
        _field(item.get("merchantReference"), colons=True),
        _field(amount.get("value")),
        _field(amount.get("currency")),
        _field(item.get("eventCode")),
        _field(item.get("success")),
    ]
    return ":".join(fields)


def signature(key: SecretStr | str, item: Json) -> str:
    """The signature as Adyen makes it. `key` is hexadecimal."""
    secret = key.get_secret_value() if isinstance(key, SecretStr) else key
    return base64.b64encode(hmac_sha256(bytes.fromhex(secret), signed_text(item).encode())).decode()


def items_of(body: bytes) -> list[Json]:
    """The notifications of a request. Raises BadPayload for what isn't Adyen's."""
    given = mapping(read_json(body), "the body").get("notificationItems")
    if not isinstance(given, list) or not 0 < len(given) <= ITEMS_MAX:
        raise BadPayload(f"notificationItems is no list of 1 to {ITEMS_MAX}")
    return [mapping(mapping(one, "an item").get("NotificationRequestItem"), "NotificationRequestItem") for one in given]


def unproved(keys: Sequence[SecretStr], items: Sequence[Json]) -> Refused | None:
    """Why these notifications aren't proved to be Adyen's; None if all of them are. Every key is tried."""
    for number, item in enumerate(items):
        given = part(item, "additionalData").get(SIGNATURE)
        if not isinstance(given, str) or not given.isascii() or not 0 < len(given) <= _GIVEN_MAX:
            return Refused(401, f"notification {number} has no {SIGNATURE}: switch HMAC on for this webhook")
        if not any([same_secret(given, signature(key, item)) for key in keys]):  # each is tried, whichever is right
            return Refused(401, f"the {SIGNATURE} of notification {number} doesn't match")
    return None


def uninvited(username: str | None, passwords: Sequence[SecretStr], request: Request) -> Refused | None:
    """Why the request's basic authentication isn't the one that is set up; None if it is, or none is."""
    if username is None:
        return None
    given = request.headers.get("authorization", "")
    scheme, _, proof = given.partition(" ")
    if len(given) > _HEADER_MAX or not given.isascii() or scheme.lower() != "basic":
        return Refused(401, "basic authentication is missing")
    proved = [same_secret(proof.strip(), basic(username, password)) for password in passwords]
    return None if any(proved) else Refused(401, "basic authentication doesn't match")


def basic(username: str, password: SecretStr | str) -> str:
    """What a caller with this name and password sends behind `Basic `."""
    plain = password.get_secret_value() if isinstance(password, SecretStr) else password
    return base64.b64encode(f"{username}:{plain}".encode("utf-8", "surrogatepass")).decode()


def _field(value: Any, *, colons: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or len(value) > _FIELD_MAX or "\ud800" <= max(value, default="") <= "\udfff":
        raise BadPayload("a signed field is no text, or too long")
    if ":" in value and not colons:
        raise BadPayload("a signed field has a colon that would shift the others")
    return value
