"""Cards that a simulated customer may pay with, and Stripe's test tokens. Never a number: brand and last four only."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Card:
    """What Stripe shows of a card, and how paying with it goes."""

    brand: str = "visa"
    last4: str = "4242"
    funding: str = "credit"
    country: str = "US"
    fingerprint: str = "AOB934RVNwzk6xtn"
    decline: str | None = None
    """The issuer's reason, where it declines."""

    code: str = "card_declined"
    message: str = "Your card was declined."
    dispute: str | None = None
    """The reason of the dispute that follows at once."""

    inquiry: bool = False
    warning: bool = False
    risk: str = "normal"
    refund: str = "succeeded"
    """How a refund to it goes: succeeded, pending, failed."""


VISA: Final = Card()
RISKY: Final = Card(last4="4954", fingerprint="rIsK4954hIgHeSt0", risk="highest")
"""One that Stripe holds for stolen, most likely."""

TOKENS: Final[dict[str, Card]] = {
    "pm_card_visa": VISA,
    "pm_card_mastercard": Card("mastercard", "4444", fingerprint="qVtGhzLDD5mZ3hjG"),
    "pm_card_visa_debit": Card(last4="5556", funding="debit", fingerprint="uS2cCwpA3mqZ0tNd"),
    "pm_card_de": Card(last4="0016", country="DE", fingerprint="dE7xLr2mWqTz9sKb"),
    "pm_card_chargeDeclined": Card(last4="0002", fingerprint="hT5jKz0pQwX2vNyB", decline="generic_decline"),
    "pm_card_visa_chargeDeclined": Card(last4="0002", fingerprint="hT5jKz0pQwX2vNyB", decline="generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Card(
        last4="9995",
        fingerprint="iF8sUfF1c1eNtFnd",
        decline="insufficient_funds",
        message="Your card has insufficient funds.",
    ),
    "pm_card_visa_chargeDeclinedStolenCard": Card(last4="9979", fingerprint="sT0lEnCaRdXyZ123", decline="stolen_card"),
    "pm_card_chargeDeclinedExpiredCard": Card(
        last4="0069",
        fingerprint="eXp1ReDcArD00691",
        decline="expired_card",
        code="expired_card",
        message="Your card has expired.",
    ),
    "pm_card_chargeDeclinedIncorrectCvc": Card(
        last4="0127",
        fingerprint="iNcOrRectCvc0127",
        decline="incorrect_cvc",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    "pm_card_createDispute": Card(last4="0259", fingerprint="dIsPuTe0259fRaud", dispute="fraudulent"),
    "pm_card_createDisputeProductNotReceived": Card(
        last4="2685", fingerprint="dIsPuTe2685rCvd0", dispute="product_not_received"
    ),
    "pm_card_createDisputeInquiry": Card(
        last4="1976", fingerprint="dIsPuTe1976iNqRy", dispute="fraudulent", inquiry=True
    ),
    "pm_card_createIssuerFraudRecord": Card(last4="5423", fingerprint="wArN5423issuerFr", warning=True),
    "pm_card_riskLevelElevated": Card(last4="9235", fingerprint="rIsK9235eLeVaTed", risk="elevated"),
    "pm_card_refundFail": Card(last4="5126", fingerprint="rEfUnD5126fAiLed", refund="failed"),
    "pm_card_pendingRefund": Card(last4="7726", fingerprint="rEfUnD7726pEnDin", refund="pending"),
}
"""Cards by the names under which Stripe lets anybody try them."""

NETWORK_CODES: Final = {
    "fraudulent": "10.4",
    "product_not_received": "13.1",
    "product_unacceptable": "13.3",
    "credit_not_processed": "13.6",
    "duplicate": "12.6.1",
    "subscription_canceled": "13.2",
    "unrecognized": "10.4",
    "general": "13.5",
}
"""Visa's codes of the reasons for a dispute."""
