"""New objects of the company's side: payouts, where webhooks go, what the account holds, and the account.

Each has exactly the fields that Stripe's published fixtures have.
"""

from gateway_payments.stripe.simulator.account import Json, blank


def payout(id: str, created: int, amount: int, currency: str, destination: str) -> Json:
    """Money that goes to the company's bank."""
    empty = blank(
        "application_fee application_fee_amount balance_transaction failure_balance_transaction failure_code "
        "failure_message original_payout reversed_by statement_descriptor trace_id payout_method"
    )
    return {
        "id": id,
        "object": "payout",
        "amount": amount,
        "arrival_date": created + 2 * 86_400,
        "automatic": True,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": destination,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "in_progress",
        "source_type": "card",
        "status": "in_transit",
        "type": "bank_account",
        **empty,
    }


def webhook_endpoint(id: str, created: int, url: str, events: list[str]) -> Json:
    """Where webhooks go."""
    return {
        "id": id,
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": created,
        "description": None,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }


def balance(currency: str, amount: int) -> Json:
    """What the account holds."""
    some = {"amount": amount, "currency": currency, "source_types": {"card": amount}}
    none = {"amount": 0, "currency": currency, "source_types": {"card": 0}}
    return {
        "object": "balance",
        "available": [some],
        "connect_reserved": [{"amount": 0, "currency": currency}],
        "livemode": False,
        "pending": [none],
    }


def account(id: str, created: int, currency: str) -> Json:
    """The company."""
    due: Json = {"currently_due": [], "errors": [], "eventually_due": [], "past_due": [], "pending_verification": []}
    requirements = {"alternatives": [], "current_deadline": None, "disabled_reason": None, **due}
    return {
        "id": id,
        "object": "account",
        "business_profile": None,
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "DE",
        "created": created,
        "default_currency": currency,
        "details_submitted": True,
        "email": "money@company.example",
        "external_accounts": {
            "object": "list",
            "data": [],
            "has_more": False,
            "url": f"/v1/accounts/{id}/external_accounts",
        },
        "future_requirements": requirements,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": requirements,
        "settings": None,
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }
