"""What is kept of an object that was read: of a person and a card no more than is needed, of evidence nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_KEPT: Final[Mapping[str, str]] = {
    "dispute": "amount currency created evidence_details is_charge_refundable network_reason_code payment_intent "
    "payment_method_details reason status",
    "radar.early_fraud_warning": "actionable created fraud_type payment_intent",
    "review": "open opened_reason closed_reason created payment_intent",
    "refund": "amount currency created failure_reason payment_intent status",
    "payout": "amount currency created destination failure_code status",
    "identity.verification_session": "created last_error related_customer status",
    "charge": "amount currency payment_intent receipt_email",
}
"""The keys, by Stripe's word for the object."""

_OF_CUSTOMER: Final = ("id", "object", "email", "phone", "name", "deleted")
_OF_CARD: Final = ("brand", "last4", "funding", "country")
_OF_BILLING: Final = ("email", "phone", "name")


def trimmed(object: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """An object of a kind that is known here, with what is needed of it and of the charge in it."""
    kept: dict[str, Any] = _only(object, ("id", "object", *_KEPT[kind].split()))
    if kind == "charge":
        kept["customer"] = _only(object.get("customer"), _OF_CUSTOMER)
        kept["billing_details"] = _only(object.get("billing_details"), _OF_BILLING)
        kept["outcome"] = _only(object.get("outcome"), ("risk_level",))
        method = object.get("payment_method_details")
        if isinstance(method, dict):
            kept["payment_method_details"] = {"card": _only(method.get("card"), _OF_CARD)}
    elif "charge" in object:
        charge = object["charge"]
        kept["charge"] = trimmed(charge, "charge") if isinstance(charge, dict) else charge
    return kept


def _only(value: Any, keys: Sequence[str]) -> Any:
    """An object with these keys alone; anything else as it is, for its reader to judge."""
    return {key: value[key] for key in keys if key in value} if isinstance(value, dict) else value
