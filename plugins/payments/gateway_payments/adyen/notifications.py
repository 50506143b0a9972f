"""What Adyen's notifications say, as pieces of matters.

Laws. What has happened, to which payment, of how much money, is read from the fields that Adyen signs; no status, no
end of a dispute, and nothing that makes it less urgent, is ever read from one that it doesn't. Of these come words for
people (reasons, the shopper), the instant, which is never later than the receipt, and the deadline, which is never
later than the longest that a scheme gives. A notification that says nothing that is told here says nothing.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from gateway.plugin import DAY_MS, FieldValue, Instant, Json, Piece, format_instant, mapping, read_json
from gateway_payments.adyen.reading import amount, an_id, moment, needed_id, said_yes, succeeded
from gateway_payments.failures import days_of
from gateway_payments.matter import Failure, Issue, Matter, Named, Paid, Payment, Seen, Shown, Stage, What
from gateway_payments.payouts import month_of, months_ended
from gateway_payments.reading import part, text

PROVIDER: Final = "adyen"
DEFENCE_MAX_MS: Final = 120 * DAY_MS
"""A deadline that is further from its notification is none that a scheme gives."""

REASON_MAX: Final = 100
ACCOUNT_MAX: Final = 80

DISPUTES: Final[Mapping[str, tuple[Stage, int]]] = {
    "REQUEST_FOR_INFORMATION": ("open", 1),
    "NOTIFICATION_OF_CHARGEBACK": ("open", 2),
    "CHARGEBACK": ("open", 3),
    "INFORMATION_SUPPLIED": ("waits", 4),
    "CHARGEBACK_REVERSED": ("over", 5),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": ("over", 6),
    "DISPUTE_DEFENSE_PERIOD_ENDED": ("over", 7),
    "SECOND_CHARGEBACK": ("over", 8),
    "PREARBITRATION_OPEN": ("open", 9),
    "PREARBITRATION_DECLINED": ("waits", 10),
    "PREARBITRATION_ACCEPTED": ("over", 11),
    "PREARBITRATION_ISSUER_WITHDRAWN": ("over", 12),
    "PREARBITRATION_WON": ("over", 13),
    "PREARBITRATION_LOST": ("over", 14),
    "SCHEME_ARBITRATION": ("waits", 15),
    "SCHEME_ARBITRATION_WON": ("over", 16),
    "SCHEME_ARBITRATION_LOST": ("over", 17),
}
"""What each asks of us. A second chargeback is the bank's last word: the money is gone."""

OF_PAYMENT: Final = frozenset({"CHARGEBACK_REVERSED", "PREARBITRATION_LOST", "PREARBITRATION_WON", "SECOND_CHARGEBACK"})
"""Unless Adyen is told otherwise, these have no original reference, and no page of Adyen's says whether their own one
is then the dispute's, as in all others, or the payment's. References are unique, so it is taken for both."""

REFUNDS: Final = frozenset({"CANCEL_OR_REFUND", "REFUND", "REFUND_WITH_DATA"})
REFUND_FAILURES: Final = frozenset({"REFUND_FAILED", "REFUNDED_REVERSED"})
PAYOUT_FAILURES: Final = frozenset({"PAIDOUT_REVERSED", "PAYOUT_DECLINE", "PAYOUT_EXPIRE"})
PAYOUT: Final = "PAYOUT_THIRDPARTY"
FRAUD: Final = "NOTIFICATION_OF_FRAUD"
PAID: Final = "AUTHORISATION"

_FRAUD: Final = re.compile(r"10(?:\.[1-5])?|48(?:37|40|49|63|70|71)|F(?:10|14|24|29|30|31)|UA0[1256]")
"""Reason codes that speak of fraud: of Visa, Mastercard, American Express, Discover."""

_REASONS: Final[Mapping[str, str]] = {
    "REQUEST_FOR_INFORMATION": "rfiReasonCode",
    FRAUD: "nofReasonCode",
}
KEPT: Final = frozenset(
    {
        "autoDefended",
        "cardSummary",
        "chargebackReasonCode",
        "chargebackSchemeCode",
        "defendable",
        "defensePeriodEndsAt",
        "disputeStatus",
        "nofReasonCode",
        "nofSchemeCode",
        "paymentMethodVariant",
        "rfiReasonCode",
        "rfiSchemeCode",
        "shopperEmail",
        "shopperReference",
    }
)
"""What is kept of a notification's `additionalData`. The signature is not: whoever has it can send it again."""


class _Said(NamedTuple):
    """One notification, and when it happened, in ms."""

    item: Json
    more: Json
    code: str
    id: str
    payment: str | None
    account: str
    at: int


def pieces_of(body: bytes, received_at: int, *, failures: bool) -> Iterator[Piece]:
    """What a stored notification says. `failures`: whether failed payments are told. Raises BadPayload."""
    item = mapping(read_json(body), "the body")
    said = _Said(
        item,
        part(item, "additionalData"),
        text(item, "eventCode"),
        needed_id(item, "pspReference"),
        an_id(item, "originalReference"),
        text(item, "merchantAccountCode")[:ACCOUNT_MAX],
        int(min(moment(item, "eventDate") or received_at, received_at)),
    )
    well = succeeded(item)
    if said.code in DISPUTES and well:
        yield _dispute(said)
    elif said.code == FRAUD and well:
        reason = text(said.more, "nofReasonCode")
        yield _of_payment(said, _issue("warning", said, "reported", ("open", 1), reason))
    elif said.code in REFUND_FAILURES and well:
        yield _refund(said, ("open", 2))
    elif said.code in REFUNDS:
        yield _refund(said, ("over", 1) if well else ("open", 2))
    elif said.code == PAYOUT or (said.code in PAYOUT_FAILURES and well):
        yield from _payout(said, failed=said.code != PAYOUT or not well)
    elif said.code == PAID and not well and failures:
        yield _failed(said)


def trimmed(item: Json) -> dict[str, object]:
    """What is stored of a notification: without the signature, and without what nothing is read from."""
    more = part(item, "additionalData")
    whole = {name: value for name, value in item.items() if name not in ("additionalData", "operations")}
    if item.get("eventCode") == PAID and item.get("success") not in ("false", False):
        whole.pop("reason", None)  # an authorisation code, the card's last digits and its expiry
    return {**whole, "additionalData": {name: more[name] for name in sorted(KEPT & more.keys())}}


def _dispute(said: _Said) -> Piece:
    stage, rank = DISPUTES[said.code]
    due_by = moment(said.more, "defensePeriodEndsAt")
    if stage != "open" or due_by is None or not said.at < due_by <= said.at + DEFENCE_MAX_MS:
        due_by = None
    reason = text(said.more, _REASONS.get(said.code, "chargebackReasonCode"))
    fields: dict[str, FieldValue] = {
        "reason": text(said.item, "reason")[:REASON_MAX],
        "network_reason_code": reason[:REASON_MAX],
        "dispute_status": said.code.lower(),
        "evidence_due_by": None if due_by is None else format_instant(Instant(due_by)),
        "defendable": said_yes(said.more, "defendable"),
        "auto_defended": said_yes(said.more, "autoDefended"),
    }
    answered = said.at if said.code == "INFORMATION_SUPPLIED" else None
    minor, money = amount(said.item)
    shown = Shown(
        at=said.at,
        amount=minor,
        money=money,
        reason=text(said.item, "reason")[:REASON_MAX],
        fraud=_FRAUD.fullmatch(reason) is not None,
        inquiry=said.code == "REQUEST_FOR_INFORMATION",
        due_by=due_by,
        fields=_told(fields),
    )
    seen = {said.code.lower(): Seen(stage, rank, (said.at,), shown)}
    return _of_payment(said, Issue(what="dispute", evidence_at=answered, answered_at=answered, seen=seen))


def _refund(said: _Said, becomes: tuple[Stage, int]) -> Piece:
    status = said.code.lower() if becomes[0] == "open" else "succeeded"
    return _of_payment(said, _issue("refund", said, status, becomes, text(said.item, "reason")[:REASON_MAX]))


def _issue(what: What, said: _Said, status: str, becomes: tuple[Stage, int], reason: str) -> Issue:
    minor, money = amount(said.item)
    word = {"warning": "fraud_type", "refund": "refund_failure", "payout": "payout_failure"}[what]
    fields: dict[str, FieldValue] = {word: reason if becomes[0] == "open" else ""}
    shown = Shown(at=said.at, amount=minor, money=money, reason=reason, fields=_told(fields))
    return Issue(
        what=what, made_at=said.at if what != "warning" else None, seen={status: Seen(*becomes, (said.at,), shown)}
    )


def _of_payment(said: _Said, issue: Issue) -> Piece:
    """A piece of the matter of a payment; of its own where the notification names none."""
    refs = [Named(2, issue.what, said.id)]
    payments: dict[str, Payment] = {}
    if said.payment is not None:
        refs.insert(0, Named(0, "charge", said.payment))
        payments[said.payment] = _payment(said)
    matter = Matter(
        provider=PROVIDER, account=said.account, refs=tuple(refs), issues={said.id: issue}, payments=payments
    )
    names = [f"{named.kind}:{named.id}" for named in refs]
    if said.payment is None and said.code in OF_PAYMENT:
        names.append(f"charge:{said.id}")
    return Piece(tuple(names), matter)


def _payment(said: _Said) -> Payment:
    """Who paid it and with what, as far as a notification says."""
    fields: dict[str, FieldValue] = {
        "card_brand": text(said.item, "paymentMethod")[:REASON_MAX],
        "card_last4": text(said.more, "cardSummary")[-4:],
        "merchant_reference": text(said.item, "merchantReference")[:REASON_MAX],
    }
    return Payment(
        at=said.at,
        customer=text(said.more, "shopperReference") or None,
        email=text(said.more, "shopperEmail") or None,
        fields=_told(fields),
    )


def _failed(said: _Said) -> Piece:
    """A payment that was refused."""
    payment = _payment(said)
    failure = Failure(said.at, said.id, text(said.item, "reason")[:REASON_MAX], amount(said.item)[1])
    who = _who(payment, text(said.item, "merchantReference"))
    days = [f"{said.account}:{who}:{day}" for day in days_of(said.at)]
    matter = Matter(
        provider=PROVIDER,
        account=said.account,
        refs=(Named(0, "failed_payments", days[0]),),
        payments={said.id: payment},
        failures=(failure,),
        failed_last_at=said.at,
    )
    return Piece(tuple(f"failed_payments:{day}" for day in days), matter)


def _who(payment: Payment, order: str) -> str:
    """Whose failures count together: a shopper's, else an address's, else those of one order. Adyen names the shopper
    only where it is told to, and a shop always has some whose payment is refused: they are no burst of one's."""
    known = payment.customer or (payment.email or "").lower()
    if not known and not order:
        return "guest"
    hashed = hashlib.sha256((known or order).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return hashed if known else f"order-{hashed}"


def _payout(said: _Said, *, failed: bool) -> Iterator[Piece]:
    """A payout: a failed one opens the matter of its account's payouts of the month, a later one ends it."""
    issue = _issue("payout", said, said.code.lower(), ("open", 1), text(said.item, "reason")[:REASON_MAX])
    currency = text(part(said.item, "amount"), "currency")[:8]
    for month in (month_of(said.at),) if failed else months_ended(said.at):
        id = f"{said.account}:{currency}:{month}"
        matter = Matter(
            provider=PROVIDER,
            account=said.account,
            refs=(Named(0, "payouts", id),),
            issues={said.id: issue} if failed else {},
            paid=() if failed else (Paid(said.at, said.at, said.id),),
        )
        yield Piece((f"payouts:{id}",), matter)


def _told(fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    return {name: value for name, value in fields.items() if value is not None and value != ""}
