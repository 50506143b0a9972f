"""What can happen in a simulated account, by customers, banks and the company: each changes objects and is an event.

Laws. What Stripe does in one go happens here in one go: a dispute or a full refund ends what was asked about the
payment, and makes its early fraud warning one that nothing can be done about. Every `at` is in milliseconds.
"""

from typing import Final

from gateway.plugin import SECOND_MS
from gateway_payments.stripe.simulator import cases, shapes, till
from gateway_payments.stripe.simulator.account import Account, Json
from gateway_payments.stripe.simulator.cards import Card

DAY_S: Final = 86_400
OPEN_INQUIRY: Final = ("warning_needs_response", "warning_under_review")
OPEN_DISPUTE: Final = ("needs_response", "under_review")
WARNING: Final = "radar.early_fraud_warning"
VERIFICATION: Final = "identity.verification_session"


class Impossible(ValueError):
    """What was asked can't happen to this object as it is."""


class Desk:
    """Writes what happens into an account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def customer(self, at: int, *, email: str | None = None, name: str | None = None, phone: str | None = None) -> Json:
        """Somebody becomes a customer."""
        id = self._account.new_id("cus")
        row = self._account.add(shapes.customer(id, at // SECOND_MS, email=email, name=name, phone=phone))
        self._account.say("customer.created", row, at)
        return row

    def update_customer(self, row: Json, at: int, **values: str | None) -> None:
        """A customer has another address, name or phone."""
        previous = self._account.change(row, **values)
        self._account.say("customer.updated", row, at, previous)

    def delete_customer(self, row: Json, at: int) -> None:
        """A customer is deleted: the event shows who it was, and everything else their id alone."""
        self._account.say("customer.deleted", row, at)
        self._account.remove(row)

    def intend(self, at: int, amount: int, currency: str, customer: Json | None = None) -> Json:
        """A payment is to be made."""
        id = None if customer is None else customer["id"]
        new = self._account.new_id("pi")
        intent = self._account.add(shapes.payment_intent(new, at // SECOND_MS, amount, currency, id))
        self._account.say("payment_intent.created", intent, at)
        return intent

    def attempt(self, intent: Json, at: int, card: Card, billing: Json | None = None) -> Json:
        """A card is charged for it; the charge, paid or failed. Raises Impossible for a payment that is made."""
        if intent["status"] == "succeeded":
            raise Impossible("the payment is made")
        account, created = self._account, at // SECOND_MS
        who = account.find("customer", intent["customer"]) or {}
        details = billing or shapes.billing(who.get("email"), who.get("name"), who.get("phone"))
        method = account.add(shapes.payment_method(account.new_id("pm"), created, card, details, intent["customer"]))
        charge = account.add(shapes.charge(account.new_id("ch"), created, intent, method, card))
        paid = charge["paid"]
        previous = account.change(
            intent,
            latest_charge=charge["id"],
            payment_method=method["id"] if paid else None,
            amount_received=charge["amount_captured"],
            status="succeeded" if paid else "requires_payment_method",
            last_payment_error=None if paid else _error(charge, card, method),
        )
        account.say("charge.succeeded" if paid else "charge.failed", charge, at)
        account.say("payment_intent.succeeded" if paid else "payment_intent.payment_failed", intent, at, previous)
        if paid:
            self._follow(charge, card, at)
        return charge

    def _follow(self, charge: Json, card: Card, at: int) -> None:
        """What a test card brings with it."""
        if card.warning:
            self.warn(charge, at)
        if card.risk != "normal":
            self.review(charge, at)
        if card.dispute is not None:
            self.dispute(charge, at, card.dispute, inquiry=card.inquiry)

    def dispute(self, charge: Json, at: int, reason: str, *, inquiry: bool = False, days: int = 9) -> Json:
        """The customer's bank asks for the money back, or asks first. An answer is due at the end of a day."""
        if not charge["paid"] or charge["disputed"]:
            raise Impossible("the charge isn't paid, or is disputed already")
        account, created = self._account, at // SECOND_MS
        row = cases.dispute(
            account.new_id("dp"), created, charge, reason, inquiry=inquiry, due_by=end_of_day(created, days)
        )
        account.add(row)
        account.change(charge, disputed=True)
        account.say("charge.dispute.created", row, at)
        if not inquiry:
            account.say("charge.dispute.funds_withdrawn", row, at)
        self._nothing_to_do(charge, at, "disputed")
        return row

    def escalate(self, dispute: Json, at: int, days: int = 9) -> None:
        """A bank that asked takes the money after all."""
        self._must_be(dispute, OPEN_INQUIRY)
        due = end_of_day(at // SECOND_MS, days)
        previous = self._account.change(
            dispute,
            status="needs_response",
            is_charge_refundable=False,
            evidence_details={"due_by": due, "has_evidence": False},
            payment_method_details={"card": {"case_type": "chargeback"}},
        )
        self._account.say("charge.dispute.updated", dispute, at, previous)
        self._account.say("charge.dispute.funds_withdrawn", dispute, at)

    def answer(self, dispute: Json, at: int, evidence: Json, *, submit: bool) -> None:
        """The company writes down its evidence, and submits it or not yet."""
        self._must_be(dispute, (*OPEN_INQUIRY, *OPEN_DISPUTE))
        previous = self._account.change(dispute, evidence=evidence) if evidence else {}
        details: Json = {"has_evidence": True}
        status = dispute["status"]
        if submit:
            details["submission_count"] = dispute["evidence_details"]["submission_count"] + 1
            status = "warning_under_review" if status in OPEN_INQUIRY else "under_review"
        previous |= self._account.change(dispute, status=status, evidence_details=details)
        self._account.say("charge.dispute.updated", dispute, at, previous)

    def decide(self, dispute: Json, at: int, status: str) -> None:
        """It is over: won, lost, warning_closed or prevented."""
        self._must_be(dispute, OPEN_INQUIRY if status == "warning_closed" else (*OPEN_INQUIRY, *OPEN_DISPUTE))
        previous = self._account.change(dispute, status=status, is_charge_refundable=False)
        self._account.say("charge.dispute.closed", dispute, at, previous)
        if status == "won":
            self._account.say("charge.dispute.funds_reinstated", dispute, at)

    def warn(self, charge: Json, at: int, fraud_type: str = "made_with_stolen_card") -> Json:
        """The bank says that a payment looks like fraud: something to act on while it isn't refunded or disputed."""
        row = cases.warning(
            self._account.new_id("issfr"),
            at // SECOND_MS,
            charge["id"],
            fraud_type,
            actionable=not (charge["refunded"] or charge["disputed"]),
        )
        self._account.add(row)
        self._account.say(f"{WARNING}.created", row, at)
        return row

    def review(self, charge: Json, at: int, reason: str = "rule") -> Json:
        """A payment is put aside for somebody to look at."""
        if charge["review"] is not None:
            raise Impossible("the charge is in review")
        id = self._account.new_id("prv")
        row = self._account.add(cases.review(id, at // SECOND_MS, charge["id"], reason))
        self._link(charge, id)
        self._account.say("review.opened", row, at)
        return row

    def close_review(self, review: Json, at: int, reason: str = "approved") -> None:
        """Somebody has: approved, refunded, refunded_as_fraud or disputed."""
        if not review["open"]:
            raise Impossible("the review is closed")
        previous = self._account.change(review, open=False, closed_reason=reason, reason=reason)
        self._link(self._account.get("charge", review["charge"]), None)
        self._account.say("review.closed", review, at, previous)

    def refund(
        self, charge: Json, at: int, amount: int | None = None, *, status: str, reason: str | None = None
    ) -> Json:
        """Money goes back, all that is left or some: succeeded, or pending at first."""
        left = charge["amount"] - charge["amount_refunded"]
        amount = left if amount is None else amount
        if not charge["paid"] or not 0 < amount <= left:
            raise Impossible(f"of the charge {left} are left, not {amount}")
        account = self._account
        row = account.add(cases.refund(account.new_id("re"), at // SECOND_MS, charge, amount, status, reason))
        before = account.change(charge, amount_refunded=charge["amount_refunded"] + amount, refunded=amount == left)
        account.say("refund.created", row, at)
        account.say("charge.refunded", charge, at, before)
        if charge["refunded"]:
            self._nothing_to_do(charge, at, "refunded")
        return row

    def settle_refund(self, refund: Json, at: int, status: str) -> None:
        """It came through, or came back: succeeded or failed."""
        account = self._account
        if refund["status"] not in ("pending", "succeeded") or refund["status"] == status:
            raise Impossible(f"the refund is {refund['status']}")
        previous = account.change(refund, status=status)
        if status == "failed":
            refund["failure_reason"] = "expired_or_canceled_card"
            charge = account.get("charge", refund["charge"])
            account.change(charge, amount_refunded=charge["amount_refunded"] - refund["amount"], refunded=False)
        account.say("refund.updated", refund, at, previous)
        account.say("charge.refund.updated", refund, at, previous)
        if status == "failed":
            account.say("refund.failed", refund, at, previous)

    def payout(self, at: int, amount: int, currency: str) -> Json:
        """Money leaves for the company's bank."""
        account = self._account
        row = till.payout(account.new_id("po"), at // SECOND_MS, amount, currency, account.new_id("ba"))
        account.add(row)
        account.say("payout.created", row, at)
        return row

    def settle_payout(self, payout: Json, at: int, status: str) -> None:
        """It came there, or came back: paid or failed."""
        if payout["status"] not in ("in_transit", "pending"):
            raise Impossible(f"the payout is {payout['status']}")
        failed = status == "failed"
        previous = self._account.change(
            payout,
            status=status,
            failure_code="account_closed" if failed else None,
            failure_message="The bank account has been closed." if failed else None,
        )
        self._account.say(f"payout.{status}", payout, at, previous)

    def ask_identity(self, at: int, customer: str | None) -> Json:
        """Somebody is to prove who they are."""
        row = self._account.add(cases.verification(self._account.new_id("vs"), at // SECOND_MS, customer))
        self._account.say(f"{VERIFICATION}.created", row, at)
        return row

    def settle_identity(self, session: Json, at: int, status: str) -> None:
        """They have, or it didn't do: verified or requires_input."""
        if session["status"] == "verified":
            raise Impossible("it is verified")
        reason = "The document could not be verified."
        error = None if status == "verified" else {"code": "document_unverified_other", "reason": reason}
        previous = self._account.change(session, status=status, last_error=error)
        self._account.say(f"{VERIFICATION}.{status}", session, at, previous)

    def _nothing_to_do(self, charge: Json, at: int, why: str) -> None:
        """Warnings of a charge that is disputed or refunded ask for nothing any more, and its review is over."""
        for row in self._account.rows(WARNING):
            if row["charge"] == charge["id"] and row["actionable"]:
                previous = self._account.change(row, actionable=False)
                self._account.say(f"{WARNING}.updated", row, at, previous)
        if (review := self._account.find("review", charge["review"])) is not None:
            self.close_review(review, at, why)

    def _link(self, charge: Json, review: str | None) -> None:
        self._account.change(charge, review=review)
        self._account.change(self._account.get("payment_intent", charge["payment_intent"]), review=review)

    @staticmethod
    def _must_be(row: Json, statuses: tuple[str, ...]) -> None:
        if row["status"] not in statuses:
            raise Impossible(f"the dispute is {row['status']}")


def end_of_day(since_s: int, days: int) -> int:
    """The last second of the day that is so many days away."""
    return (since_s + days * DAY_S) // DAY_S * DAY_S + DAY_S - 1


def _error(charge: Json, card: Card, method: Json) -> Json:
    return {
        "charge": charge["id"],
        "code": card.code,
        "decline_code": card.decline,
        "message": card.message,
        "payment_method": method,
        "type": "card_error",
    }
