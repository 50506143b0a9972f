"""Reads single values of Adyen's JSON: the value, nothing where Adyen says nothing, or BadPayload.

Laws. Every number has its range, an id is what Adyen's ids are made of.
"""

import re
from collections.abc import Mapping
from typing import Final

from gateway.plugin import EARLIEST, BadPayload, Json, needed, parse_instant
from gateway_payments.money import AMOUNT_MAX
from gateway_payments.money import money as shown_money
from gateway_payments.reading import part, text, whole

MOMENT_END: Final = 1 << 42
"""The year 2109: no time of ours is later."""

_ID: Final = re.compile(r"[A-Za-z0-9_\-]{1,80}")

PLACES: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        ["CVE", "DJF", "GNF", "IDR", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"], 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
"""Decimal places in which Adyen counts, where they aren't two (docs.adyen.com/development-resources/currency-codes).
CLP and ISK are counted with two, CVE and IDR with none."""

ID_KEYS: Final = frozenset(
    {
        "capturePspReference",
        "merchantAccountCode",
        "merchantReference",
        "originalReference",
        "pspReference",
        "shopperReference",
    }
)
"""Keys whose texts are ids."""


def an_id(source: Json, key: str) -> str | None:
    """A reference of Adyen's; None where there is none."""
    value = source.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise BadPayload(f"{key} is no reference")
    return value


def needed_id(source: Json, key: str) -> str:
    """A reference that must be there."""
    return needed(an_id(source, key), key)


def amount(source: Json) -> tuple[int, str]:
    """What `amount` says: minor units, and the same for people; 0 and nothing where there is none."""
    given = part(source, "amount")
    value, currency = given.get("value"), text(given, "currency")
    if value is None or not currency:
        return 0, ""
    minor = whole(value, "amount.value", AMOUNT_MAX)
    return minor, shown_money(minor, currency[:8], PLACES)


def moment(source: Json, key: str) -> int | None:
    """A time in milliseconds; None where there is none, or none that is possible."""
    try:
        at = int(parse_instant(text(source, key)))
    except (ValueError, OverflowError):
        return None
    return at if EARLIEST <= at < MOMENT_END else None


def succeeded(source: Json) -> bool:
    """What `success` says: Adyen writes it as text."""
    value = source.get("success")
    if value not in ("true", "false", True, False):
        raise BadPayload("success is neither true nor false")
    return value in ("true", True)


def said_yes(source: Json, key: str) -> bool | None:
    """What is said of something that is or isn't so, as text or not; None for anything else."""
    value = source.get(key)
    return None if value not in ("true", "false", True, False) else value in ("true", True)
