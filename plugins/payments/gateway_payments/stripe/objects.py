"""What Stripe's objects say, as facts: each reader is given an object, whether an event or a read showed it, and when.

Laws. A status that isn't known here says nothing. An object's own `created` is when it began; what it looks like counts
for the instant at which it was shown. Funds that move say nothing of a status.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from gateway.plugin import FieldValue, Instant, Json, Piece, flag, format_instant
from gateway_payments.matter import Issue, Matter, Named, Payment, Seen, Shown, Stage, What
from gateway_payments.reading import part, text
from gateway_payments.stripe.reading import an_id, customer_id, moment, money, needed_id, whole

PROVIDER: Final = "stripe"
_NOTHING: Final[tuple[Stage, int]] = ("none", 0)

DISPUTES: Final[Mapping[str, tuple[Stage, int]]] = {
    "warning_needs_response": ("open", 1),
    "warning_under_review": ("waits", 2),
    "warning_closed": ("over", 3),
    "needs_response": ("open", 4),
    "under_review": ("waits", 5),
    "prevented": ("over", 6),
    "charge_refunded": ("over", 6),
    "lost": ("over", 7),
    "appeal_needs_response": ("open", 8),
    "appeal_under_review": ("waits", 9),
    "won": ("over", 10),
}
"""`charge_refunded` is a word of old versions of the API."""

WARNINGS: Final[Mapping[str, tuple[Stage, int]]] = {"actionable": ("open", 1), "not_actionable": ("over", 2)}
REVIEWS: Final[Mapping[str, tuple[Stage, int]]] = {"open": ("open", 1), "closed": ("over", 2)}
REFUNDS: Final[Mapping[str, tuple[Stage, int]]] = {
    "succeeded": ("over", 1),
    "canceled": ("over", 2),
    "failed": ("open", 3),
}
VERIFICATIONS: Final[Mapping[str, tuple[Stage, int]]] = {
    "requires_input": ("open", 1),
    "processing": ("waits", 2),
    "verified": ("over", 3),
    "canceled": ("over", 4),
}


class Showing(NamedTuple):
    """When an object was shown, by Stripe's clock, in ms; of which connected account (empty: of ours)."""

    at: int
    account: str = ""


def dispute(object: Json, showing: Showing) -> Piece:
    """A dispute, or the inquiry before one."""
    id, status = needed_id(object, "id"), text(object, "status")
    stage, rank = DISPUTES.get(status, _NOTHING)
    evidence = part(object, "evidence_details")
    method = part(object, "payment_method_details")
    codes = (
        text(part(method, "card"), "network_reason_code"),
        text(part(method, "paypal"), "reason_code"),
        text(part(method, "klarna"), "reason_code"),
        text(object, "network_reason_code"),  # where it stood in old versions
    )
    due_by, submissions = moment(evidence, "due_by"), whole(evidence, "submission_count", 1_000_000)
    fields: dict[str, FieldValue] = {
        "reason": text(object, "reason"),
        "network_reason_code": next(filter(None, codes), ""),
        "case_type": text(part(method, "card"), "case_type"),
        "dispute_status": status,
        "evidence_due_by": None if due_by is None else format_instant(Instant(due_by)),
        "has_evidence": flag(evidence, "has_evidence"),
        "evidence_submissions": submissions,
        "charge_refundable": flag(object, "is_charge_refundable"),
    }
    reason = text(object, "reason")
    shown = Shown(
        at=showing.at,
        amount=whole(object, "amount"),
        money=money(object),
        reason=reason,
        fraud=reason == "fraudulent",
        inquiry=status.startswith("warning_"),
        due_by=due_by if stage == "open" else None,
        fields=_told(fields),
    )
    return _of_charge(
        object,
        showing,
        Issue(
            what="dispute",
            began_at=moment(object, "created"),
            evidence_at=showing.at if flag(evidence, "has_evidence") else None,
            answered_at=showing.at if submissions > 0 else None,
            seen={status: Seen(stage, rank, (showing.at,), shown)} if status else {},
        ),
        id,
    )


def warning(object: Json, showing: Showing) -> Piece:
    """An early fraud warning: over when there is nothing left to do, for the charge was refunded or disputed."""
    kind = text(object, "fraud_type")
    status = "not_actionable" if flag(object, "actionable") is False else "actionable"
    return _plain(object, showing, "warning", status, WARNINGS, reason=kind, fields={"fraud_type": kind})


def review(object: Json, showing: Showing) -> Piece:
    """A review that Radar, or a person, asked for."""
    status = "open" if flag(object, "open") else "closed"
    fields: dict[str, FieldValue] = {
        "review_opened_reason": text(object, "opened_reason"),
        "review_closed_reason": text(object, "closed_reason"),
    }
    return _plain(object, showing, "review", status, REVIEWS, reason=text(object, "opened_reason"), fields=fields)


def refund(object: Json, showing: Showing) -> Piece:
    """A refund, failed or not: a later one makes a failed one good."""
    reason = text(object, "failure_reason")
    fields: dict[str, FieldValue] = {"refund_failure": reason, "refund_amount": money(object)}
    return _plain(object, showing, "refund", text(object, "status"), REFUNDS, reason=reason, fields=fields)


def verification(object: Json, showing: Showing) -> Piece:
    """An identity check; before a first attempt has failed it says nothing."""
    id, status = needed_id(object, "id"), text(object, "status")
    code = text(part(object, "last_error"), "code")
    stage, rank = VERIFICATIONS.get(status, _NOTHING)
    if status == "requires_input" and not code:
        stage, rank = _NOTHING
        status = "not_begun"
    fields: dict[str, FieldValue] = {"verification_error": code, "verification_status": status}
    shown = Shown(at=showing.at, reason=code, fields=_told(fields))
    person = part(object, "provided_details")
    payment = Payment(
        at=showing.at,
        customer=customer_id(object, "related_customer"),
        email=text(person, "email") or None,
        phone=text(person, "phone") or None,
    )
    issue = Issue(
        what="verification",
        seen={status: Seen(stage, rank, (showing.at,), shown)} if status else {},
    )
    matter = Matter(
        provider=PROVIDER,
        account=showing.account,
        refs=(Named(0, "verification", id),),
        issues={id: issue},
        payments={id: payment},
    )
    return Piece((f"verification:{id}",), matter)


def charge(object: Json, showing: Showing) -> Piece:
    """A charge that was read for its own sake: nothing is at issue because of it."""
    id, intent = needed_id(object, "id"), an_id(object, "payment_intent")
    refs = [Named(0, "charge", id)] + ([Named(1, "payment_intent", intent)] if intent else [])
    payments = {id: payment_of(object, showing.at)}
    matter = Matter(provider=PROVIDER, account=showing.account, refs=tuple(refs), payments=payments)
    return Piece(tuple(f"{named.kind}:{named.id}" for named in refs), matter)


def payment_of(charge: Json, at: int) -> Payment:
    """A charge and who paid it; `whole` where its customer stands in it, or it has none."""
    customer = charge.get("customer")
    person: Json = customer if isinstance(customer, dict) and not customer.get("deleted") else {}
    billing = part(charge, "billing_details")
    card = part(part(charge, "payment_method_details"), "card")
    outcome = part(charge, "outcome")
    fields: dict[str, FieldValue] = {
        "card_brand": text(card, "brand"),
        "card_last4": text(card, "last4")[:4],
        "card_funding": text(card, "funding"),
        "card_country": text(card, "country")[:2],
        "charge_amount": money(charge),
        "risk_level": text(outcome, "risk_level"),
    }
    return Payment(
        at=at,
        whole=not isinstance(customer, str),
        customer=customer_id(charge),
        email=text(person, "email") or text(billing, "email") or text(charge, "receipt_email") or None,
        phone=text(person, "phone") or text(billing, "phone") or None,
        name=text(person, "name") or text(billing, "name") or None,
        money=money(charge),
        risk=text(outcome, "risk_level"),
        fields=_told(fields),
    )


def _plain(
    object: Json,
    showing: Showing,
    what: What,
    status: str,
    stages: Mapping[str, tuple[Stage, int]],
    *,
    reason: str,
    fields: dict[str, FieldValue],
) -> Piece:
    id = needed_id(object, "id")
    stage, rank = stages.get(status, _NOTHING)
    shown = Shown(
        at=showing.at, amount=whole(object, "amount"), money=money(object), reason=reason, fields=_told(fields)
    )
    seen = {status: Seen(stage, rank, (showing.at,), shown)} if status else {}
    created = moment(object, "created")
    began, made = (None, created) if what == "refund" else (created, None)
    return _of_charge(object, showing, Issue(what=what, began_at=began, made_at=made, seen=seen), id)


def _of_charge(object: Json, showing: Showing, issue: Issue, id: str) -> Piece:
    """A piece of the matter of a charge."""
    charge, intent = an_id(object, "charge"), an_id(object, "payment_intent")
    shown = object.get("charge")
    payments = {} if charge is None or not isinstance(shown, dict) else {charge: payment_of(shown, showing.at)}
    intent = intent or (an_id(shown, "payment_intent") if isinstance(shown, dict) else None)
    refs = [Named(2, issue.what, id)]
    refs += [Named(1, "payment_intent", intent)] if intent else []
    refs += [Named(0, "charge", charge)] if charge else []
    matter = Matter(
        provider=PROVIDER, account=showing.account, refs=tuple(sorted(refs)), issues={id: issue}, payments=payments
    )
    return Piece(tuple(f"{named.kind}:{named.id}" for named in refs), matter)


def _told(fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}


READERS: Final[Mapping[str, Callable[[Json, Showing], Piece]]] = {
    "charge": charge,
    "dispute": dispute,
    "radar.early_fraud_warning": warning,
    "review": review,
    "refund": refund,
    "identity.verification_session": verification,
}
"""By Stripe's word for the object."""
