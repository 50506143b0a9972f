"""Failed payments and payouts, as Stripe's events tell them: no object of Stripe's holds what they make together.

A failed attempt is told twice, as a charge and as a payment intent: both name it by the charge.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from gateway.plugin import FieldValue, Json, Piece
from gateway_payments.failures import days_of
from gateway_payments.matter import Failure, Issue, Matter, Named, Paid, Payment, Seen, Shown, Stage
from gateway_payments.payouts import month_of, months_ended
from gateway_payments.reading import part, text
from gateway_payments.stripe.objects import PROVIDER, Showing, payment_of
from gateway_payments.stripe.reading import an_id, is_plain, moment, money, needed_id, whole

_PAYOUTS: Final[Mapping[str, tuple[Stage, int]]] = {"failed": ("open", 1), "canceled": ("over", 2)}


def failed_charge(charge: Json, showing: Showing) -> Piece:
    """A charge that failed."""
    outcome = part(charge, "outcome")
    code = text(charge, "failure_code") or text(outcome, "reason")
    failure = Failure(showing.at, needed_id(charge, "id"), code, money(charge))
    card = part(part(charge, "payment_method_details"), "card")
    attempt = an_id(charge, "payment_intent") or an_id(card, "fingerprint")
    return _failed(failure, payment_of(charge, showing.at), attempt, showing)


def failed_intent(intent: Json, showing: Showing) -> Piece:
    """A payment intent whose attempt failed; without a charge, where the customer wasn't authenticated."""
    error = part(intent, "last_payment_error")
    method = part(error, "payment_method")
    attempt = needed_id(intent, "id")
    id = an_id(error, "charge") or f"{attempt}_{showing.at // 1000}"
    # What a charge would say, from what the intent says.
    charge: Json = {
        "amount": intent.get("amount"),
        "currency": intent.get("currency"),
        "customer": intent.get("customer"),
        "receipt_email": intent.get("receipt_email"),
        "billing_details": method.get("billing_details"),
        "payment_method_details": {"card": method.get("card")},
    }
    code = text(error, "code") or text(error, "decline_code")
    failure = Failure(showing.at, id, code, money(intent))
    return _failed(failure, payment_of(charge, showing.at), attempt, showing)


def payout(object: Json, showing: Showing) -> Iterator[Piece]:
    """A payout: a failed one opens the matter of its account's payouts, one that arrives ends what failed before it."""
    id, status = needed_id(object, "id"), text(object, "status")
    made_at = moment(object, "created") or showing.at
    currency = text(object, "currency")[:8]
    if status == "paid":
        for month in months_ended(made_at):
            yield _payouts(showing, currency, month, Matter(paid=(Paid(made_at, showing.at, id),)))
    elif status in _PAYOUTS:
        stage, rank = _PAYOUTS[status]
        code = text(object, "failure_code")
        fields: dict[str, FieldValue] = {"payout_failure": code, "destination": an_id(object, "destination") or ""}
        fields = {name: value for name, value in fields.items() if value}
        shown = Shown(at=showing.at, amount=whole(object, "amount"), money=money(object), reason=code, fields=fields)
        issue = Issue(what="payout", made_at=made_at, seen={status: Seen(stage, rank, (showing.at,), shown)})
        yield _payouts(showing, currency, month_of(made_at), Matter(issues={id: issue}))


def _payouts(showing: Showing, currency: str, month: str, matter: Matter) -> Piece:
    id = f"{showing.account or 'account'}:{currency}:{month}"
    facts = Matter(
        provider=PROVIDER,
        account=showing.account,
        refs=(Named(0, "payouts", id),),
        issues=matter.issues,
        paid=matter.paid,
    )
    return Piece((f"payouts:{id}",), facts)


def _failed(failure: Failure, payment: Payment, attempt: str | None, showing: Showing) -> Piece:
    """`attempt`: by what the failures of somebody unknown count together."""
    who = _who(payment, attempt)
    days = [f"{showing.account}{who}:{day}" for day in days_of(failure.at)]
    matter = Matter(
        provider=PROVIDER,
        account=showing.account,
        refs=(Named(0, "failed_payments", days[0]),),
        payments={failure.id: payment},
        failures=(failure,),
        failed_last_at=failure.at,
    )
    return Piece(tuple(f"failed_payments:{day}" for day in days), matter)


def _who(payment: Payment, attempt: str | None) -> str:
    """Whose failures count together: a customer's, else an address's, else those of one payment intent, on which
    many cards may be tried, else of one card. Strangers aren't counted together: a shop always has some."""
    if payment.customer:
        return payment.customer if is_plain(payment.customer) else f"customer-{_hashed(payment.customer)}"
    if payment.email:
        return f"email-{_hashed(payment.email.lower())}"
    return f"guest-{attempt}" if attempt else "guest"


def _hashed(text: str) -> str:
    """What may be an address, in a form that can stand in an id."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
