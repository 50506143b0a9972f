"""Reads single values of Stripe's JSON: the value, nothing where Stripe says nothing, or BadPayload.

Laws. Every number has its range, an id is what Stripe's ids are made of: whatever comes, what is kept is plain.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.plugin import EARLIEST, SECOND_MS, BadPayload, Json, needed
from gateway_payments.money import AMOUNT_MAX
from gateway_payments.money import money as shown_money
from gateway_payments.reading import text
from gateway_payments.reading import whole as bounded

_ID: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_EPOCH_MAX: Final = 4_000_000_000

PLACES: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "JOD", "KWD", "OMR", "TND"], 3),
}
"""Decimal places in which Stripe counts, where they aren't two (docs.stripe.com/currencies). UGX and ISK, which have
none any more, are still counted with two."""

ID_KEYS: Final = frozenset(
    {
        "account",
        "balance_transaction",
        "charge",
        "customer",
        "destination",
        "fingerprint",
        "id",
        "idempotency_key",
        "latest_charge",
        "network_transaction_id",
        "payment_intent",
        "payment_method",
        "related_customer",
        "request",
        "review",
        "transaction_id",
    }
)
"""Keys whose texts are ids."""


def an_id(source: Json, key: str) -> str | None:
    """The id of an object, whether Stripe gave the id or the whole object; None where there is none."""
    value = source.get(key)
    if isinstance(value, dict):
        value = value.get("id") or ""
    if value is None:
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadPayload(f"{key} is no id")
    return value


def needed_id(source: Json, key: str) -> str:
    """An id that must be there."""
    return needed(an_id(source, key), key)


def is_plain(id: str) -> bool:
    """Whether an id is one that Stripe itself has made."""
    return _ID.fullmatch(id) is not None


def customer_id(source: Json, key: str = "customer") -> str | None:
    """A customer's id, which may be any text: old accounts gave their own, such as an e-mail address."""
    value = source.get(key)
    return text(source if not isinstance(value, dict) else {key: value.get("id")}, key) or None


def whole(source: Json, key: str, at_most: int = AMOUNT_MAX) -> int:
    """A whole number from -`at_most` to `at_most`; 0 where there is none."""
    value = source.get(key)
    return 0 if value is None else bounded(value, key, at_most)


def moment(source: Json, key: str) -> int | None:
    """A time in seconds, as milliseconds; None for null and for 0, which Stripe writes where there is no date."""
    value = whole(source, key, _EPOCH_MAX)
    if value == 0:
        return None
    if value * SECOND_MS < EARLIEST:
        raise BadPayload(f"{key} is no time that is possible")
    return value * SECOND_MS


def needed_moment(source: Json, key: str) -> int:
    """A time that must be there."""
    return needed(moment(source, key), key)


def money(source: Json, key: str = "amount") -> str:
    """An amount with its currency, for people; empty where there is none."""
    currency = text(source, "currency")
    if source.get(key) is None or not currency:
        return ""
    return shown_money(whole(source, key), currency[:8], PLACES)
