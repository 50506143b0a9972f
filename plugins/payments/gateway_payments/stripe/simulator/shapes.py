"""New objects of a payment as Stripe writes them: customer, card, intent, charge. Each has exactly the fields that
Stripe's published fixtures have.

Law: there is no place for a card's number here; of a card only brand, last four, funding and country are made.
"""

from gateway_payments.stripe.simulator.account import Json, blank
from gateway_payments.stripe.simulator.cards import Card

_ADDRESS: Json = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))


def customer(id: str, created: int, *, email: str | None, name: str | None, phone: str | None) -> Json:
    """A customer."""
    return {
        "id": id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": phone,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def billing(email: str | None, name: str | None, phone: str | None) -> Json:
    """Whom a card's bill goes to."""
    return {"address": dict(_ADDRESS), "email": email, "name": name, "phone": phone, "tax_id": None}


def payment_method(id: str, created: int, card: Card, details: Json, customer: str | None) -> Json:
    """A card that can be charged."""
    return {
        "id": id,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": details,
        "card": {
            "brand": card.brand,
            "checks": _checks(card),
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": 8,
            "exp_year": 2030,
            "fingerprint": card.fingerprint,
            "funding": card.funding,
            "generated_from": None,
            "last4": card.last4,
            "networks": {"available": [card.brand], "preferred": None},
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
            "regulated_status": "unregulated",
        },
        "created": created,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "customer_account": None,
    }


def payment_intent(id: str, created: int, amount: int, currency: str, customer: str | None) -> Json:
    """A payment that is to be made."""
    empty = blank(
        "application application_fee_amount canceled_at cancellation_reason description last_payment_error "
        "latest_charge next_action on_behalf_of payment_method payment_method_configuration_details processing "
        "receipt_email review setup_future_usage shipping statement_descriptor statement_descriptor_suffix "
        "transfer_data transfer_group source excluded_payment_method_types customer_account managed_payments"
    )
    return {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "automatic_payment_methods": {"enabled": True},
        "capture_method": "automatic",
        "client_secret": f"{id}_secret_{id[-12:]}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": customer,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        **empty,
    }


def charge(id: str, created: int, intent: Json, method: Json, card: Card) -> Json:
    """A try to take a payment's money with a card: taken, or declined."""
    paid = card.decline is None
    empty = blank(
        "application application_fee application_fee_amount balance_transaction failure_balance_transaction "
        "on_behalf_of receipt_email receipt_number receipt_url review shipping source_transfer statement_descriptor "
        "statement_descriptor_suffix transfer_data transfer_group source"
    )
    return {
        "id": id,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "ORION",
        "captured": paid,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None if paid else card.code,
        "failure_message": None if paid else card.message,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": _outcome(card),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _charged_card(card, intent["amount"]), "type": "card"},
        "refunded": False,
        "refunds": {"object": "list", "data": [], "has_more": False, "url": f"/v1/charges/{id}/refunds"},
        "status": "succeeded" if paid else "failed",
        **empty,
    }


def _checks(card: Card) -> Json:
    cvc = "fail" if card.code == "incorrect_cvc" else "pass"
    return {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": cvc}


def _outcome(card: Card) -> Json:
    paid = card.decline is None
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None if paid else "05",
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": card.decline,
        "risk_level": card.risk,
        "risk_score": {"normal": 12, "elevated": 68, "highest": 88}[card.risk],
        "seller_message": "Payment complete." if paid else "The bank did not return any further details.",
        "type": "authorized" if paid else "issuer_declined",
    }


def _charged_card(card: Card, amount: int) -> Json:
    return {
        "amount_authorized": amount if card.decline is None else None,
        "brand": card.brand,
        "checks": _checks(card),
        "country": card.country,
        "exp_month": 8,
        "exp_year": 2030,
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card.fingerprint,
        "funding": card.funding,
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card.last4,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card.brand,
        "network_token": {"used": False},
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": None,
        "wallet": None,
        "authorization_code": None,
        "regulated_status": "unregulated",
        "network_transaction_id": None,
        "transaction_link_id": None,
    }
