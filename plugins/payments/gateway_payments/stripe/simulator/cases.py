"""New objects of what goes wrong with a payment: dispute, early fraud warning, review, refund, and proof of identity.

Each has exactly the fields that Stripe's published fixtures have.
"""

from gateway_payments.stripe.simulator.account import Json, blank
from gateway_payments.stripe.simulator.cards import NETWORK_CODES

_EVIDENCE = (
    "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal "
    "customer_communication customer_email_address customer_name customer_purchase_ip customer_signature "
    "duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id product_description receipt "
    "refund_policy refund_policy_disclosure refund_refusal_explanation service_date service_documentation "
    "shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number "
    "uncategorized_file uncategorized_text"
)


def dispute(id: str, created: int, charge: Json, reason: str, *, inquiry: bool, due_by: int) -> Json:
    """A customer's bank asks for a payment back, or asks about it first."""
    card = charge["payment_method_details"]["card"]
    return {
        "id": id,
        "object": "dispute",
        "amount": charge["amount"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "evidence": {**blank(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "enhanced_eligibility": {},
        },
        "is_charge_refundable": inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": "inquiry" if inquiry else "chargeback",
                "network_reason_code": NETWORK_CODES.get(reason, "13.5"),
                "network": card["network"],
            },
            "type": "card",
        },
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
        "enhanced_eligibility_types": [],
    }


def warning(id: str, created: int, charge: str, fraud_type: str, *, actionable: bool) -> Json:
    """A bank says that a payment looks like fraud."""
    return {
        "id": id,
        "object": "radar.early_fraud_warning",
        "actionable": actionable,
        "charge": charge,
        "created": created,
        "fraud_type": fraud_type,
        "livemode": False,
    }


def review(id: str, created: int, charge: str, opened_reason: str) -> Json:
    """A payment that somebody is to look at."""
    return {
        "id": id,
        "object": "review",
        "billing_zip": None,
        "charge": charge,
        "created": created,
        "ip_address": None,
        "ip_address_location": None,
        "livemode": False,
        "open": True,
        "opened_reason": opened_reason,
        "session": None,
        "closed_reason": None,
        "reason": opened_reason,
    }


def refund(id: str, created: int, charge: Json, amount: int, status: str, reason: str | None) -> Json:
    """Money that goes back."""
    return {
        "id": id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
        "customer": charge["customer"],
        "customer_account": None,
        "payment_method": charge["payment_method"],
    }


def verification(id: str, created: int, customer: str | None) -> Json:
    """A person who is to prove who they are."""
    return {
        "id": id,
        "object": "identity.verification_session",
        "client_reference_id": None,
        "client_secret": None,
        "created": created,
        "last_error": None,
        "last_verification_report": None,
        "livemode": False,
        "metadata": {},
        "options": {"document": {"require_matching_selfie": True}},
        "redaction": None,
        "status": "processing",
        "type": "document",
        "url": None,
        "related_customer": customer,
        "related_customer_account": None,
    }
