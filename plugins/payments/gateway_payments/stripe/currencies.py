"""How many decimal places an amount has in Stripe's API, where they aren't two (docs.stripe.com/currencies)."""

from typing import Final

PLACES: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}
"""ISK and UGX have no decimals in life, and two in the API."""
