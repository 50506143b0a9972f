"""Amounts of money, as providers count them and as people read them. Nothing here calculates: an amount is shown."""

from collections.abc import Mapping
from typing import Final

PLACES: Final = 2
"""Decimal places of a currency that a provider's table doesn't name."""

AMOUNT_MAX: Final = 10**15
"""In minor units: more is no amount."""


def money(minor: int, currency: str, places: Mapping[str, int]) -> str:
    """`129.00 EUR` for 12900 minor units. `places`: decimal places by currency, in capitals, where they aren't two."""
    code = currency.upper()
    count = places.get(code, PLACES)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(count + 1, "0")
    whole, part = (digits[:-count], f".{digits[-count:]}") if count else (digits, "")
    return f"{sign}{whole}{part} {code}".rstrip()
