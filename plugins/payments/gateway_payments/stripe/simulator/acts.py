"""What may happen in a simulated account, by name: somebody of chance does it, to something that it can happen to."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

from gateway.plugin import Ref
from gateway_payments.stripe.simulator.account import Account, Json
from gateway_payments.stripe.simulator.cards import RISKY, TOKENS, VISA, Card
from gateway_payments.stripe.simulator.desk import OPEN_DISPUTE, OPEN_INQUIRY, VERIFICATION, WARNING, Desk

BURST: Final = 5
RECENT: Final = 200
"""Of so many of the newest objects one is chosen."""

_NAMES: Final = ("Ada", "Ben", "Cleo", "Dana", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jule")
_REASONS: Final = ("product_not_received", "credit_not_processed", "duplicate", "product_unacceptable", "unrecognized")
_DECLINES: Final = ("pm_card_visa_chargeDeclinedInsufficientFunds", "pm_card_visa_chargeDeclined")


class Acts:
    """The people of an account. Each method does one thing now, and says what it was done to; None for nothing."""

    def __init__(self, account: Account, desk: Desk, chance: Random) -> None:
        self._account, self._desk, self._chance = account, desk, chance

    def pay(self, at: int) -> Ref | None:
        """A customer pays."""
        return _ref(self._pay(at, VISA))

    def fail(self, at: int) -> Ref | None:
        """A card is declined."""
        return _ref(self._pay(at, TOKENS[self._chance.choice(_DECLINES)]))

    def test_cards(self, at: int) -> Ref | None:
        """Somebody tries cards: five are declined in a row."""
        charge, who = None, self.somebody(at)
        for _ in range(BURST):
            charge = self._pay(at, TOKENS["pm_card_visa_chargeDeclinedStolenCard"], who)
        return _ref(charge)

    def dispute(self, at: int) -> Ref | None:
        """A payment is disputed."""
        charge = self._clean(at)
        return _ref(self._desk.dispute(charge, at, self._chance.choice(_REASONS)))

    def dispute_fraud(self, at: int) -> Ref | None:
        """A payment is disputed as fraud."""
        return _ref(self._desk.dispute(self._clean(at), at, "fraudulent"))

    def inquiry(self, at: int) -> Ref | None:
        """A bank asks about a payment."""
        return _ref(self._desk.dispute(self._clean(at), at, "general", inquiry=True, days=20))

    def inquiry_escalated(self, at: int) -> Ref | None:
        """A bank that asked takes the money."""
        found = self._any("dispute", lambda row: row["status"] in OPEN_INQUIRY)
        if found is not None:
            self._desk.escalate(found, at)
        return _ref(found)

    def inquiry_closed(self, at: int) -> Ref | None:
        """A bank that asked is content."""
        return self._decide(at, OPEN_INQUIRY, "warning_closed")

    def evidence(self, at: int) -> Ref | None:
        """The company answers a dispute."""
        found = self._any("dispute", lambda row: row["status"] in ("needs_response", "warning_needs_response"))
        if found is not None:
            self._desk.answer(found, at, {"uncategorized_text": "They had it."}, submit=True)
        return _ref(found)

    def dispute_won(self, at: int) -> Ref | None:
        """A bank decides for the company."""
        return self._decide(at, ("under_review",), "won")

    def dispute_lost(self, at: int) -> Ref | None:
        """A bank decides for the customer, or nobody answered."""
        return self._decide(at, OPEN_DISPUTE, "lost")

    def warn(self, at: int) -> Ref | None:
        """A bank warns of fraud."""
        return _ref(self._desk.warn(self._clean(at), at))

    def warned_refunded(self, at: int) -> Ref | None:
        """The company pays back what it was warned of."""
        found = self._any(WARNING, lambda row: bool(row["actionable"]))
        if found is not None:
            self._desk.refund(self._account.get("charge", found["charge"]), at, status="succeeded", reason="fraudulent")
        return _ref(found)

    def review(self, at: int) -> Ref | None:
        """A payment is put aside, now and then one of the highest risk."""
        risky = self._chance.random() < 0.5
        charge = self._pay(at, RISKY if risky else TOKENS["pm_card_riskLevelElevated"])
        return Ref("review", charge["review"])

    def review_approved(self, at: int) -> Ref | None:
        """Somebody has looked at one."""
        found = self._any("review", lambda row: bool(row["open"]))
        if found is not None:
            self._desk.close_review(found, at)
        return _ref(found)

    def refund(self, at: int) -> Ref | None:
        """Money goes back; half of it at times."""
        charge = self._clean(at)
        amount = charge["amount"] // 2 if self._chance.random() < 0.5 else None
        return _ref(self._desk.refund(charge, at, amount, status="pending", reason="requested_by_customer"))

    def refund_done(self, at: int) -> Ref | None:
        """It came through."""
        return self._settle_refund(at, "succeeded")

    def refund_failed(self, at: int) -> Ref | None:
        """It came back."""
        return self._settle_refund(at, "failed")

    def payout(self, at: int) -> Ref | None:
        """Money leaves for the company's bank."""
        return _ref(self._desk.payout(at, 100 * self._chance.randint(1_000, 9_000), "eur"))

    def payout_paid(self, at: int) -> Ref | None:
        """It came there."""
        return self._settle_payout(at, "paid")

    def payout_failed(self, at: int) -> Ref | None:
        """It came back."""
        return self._settle_payout(at, "failed")

    def identity(self, at: int) -> Ref | None:
        """A customer is to prove who they are, and their document won't do."""
        session = self._desk.ask_identity(at, self.somebody(at)["id"])
        self._desk.settle_identity(session, at, "requires_input")
        return _ref(session)

    def identity_verified(self, at: int) -> Ref | None:
        """They have."""
        found = self._any(VERIFICATION, lambda row: row["status"] == "requires_input")
        if found is not None:
            self._desk.settle_identity(found, at, "verified")
        return _ref(found)

    def somebody(self, at: int) -> Json:
        """A customer: one of those that are there, or a new one."""
        known = self._any("customer", lambda row: not row.get("deleted"))
        if known is not None and self._chance.random() < 0.5:
            return known
        number, name = self._account.count("customer") + 1, self._chance.choice(_NAMES)
        return self._desk.customer(
            at, email=f"{name.lower()}{number}@customer.example", name=name, phone=f"+4930{5_550_000 + number}"
        )

    def _pay(self, at: int, card: Card, who: Json | None = None) -> Json:
        amount = self._chance.randint(5, 500) * 100 + self._chance.choice((0, 0, 90, 99))
        return self._desk.attempt(self._desk.intend(at, amount, "eur", who or self.somebody(at)), at, card)

    def _clean(self, at: int) -> Json:
        """A payment that nothing has happened to, made now if there is none."""
        warned = {row["charge"] for row in self._account.recent(WARNING, RECENT)}

        def untouched(row: Json) -> bool:
            calm = row["paid"] and not row["disputed"] and not row["amount_refunded"] and row["review"] is None
            return calm and row["id"] not in warned

        return self._any("charge", untouched) or self._pay(at, VISA)

    def _decide(self, at: int, statuses: tuple[str, ...], to: str) -> Ref | None:
        found = self._any("dispute", lambda row: row["status"] in statuses)
        if found is not None:
            self._desk.decide(found, at, to)
        return _ref(found)

    def _settle_refund(self, at: int, status: str) -> Ref | None:
        found = self._any("refund", lambda row: row["status"] == "pending")
        if found is not None:
            self._desk.settle_refund(found, at, status)
        return _ref(found)

    def _settle_payout(self, at: int, status: str) -> Ref | None:
        found = self._any("payout", lambda row: row["status"] == "in_transit")
        if found is not None:
            self._desk.settle_payout(found, at, status)
        return _ref(found)

    def _any(self, kind: str, fits: Callable[[Json], bool]) -> Json | None:
        found = [row for row in self._account.recent(kind, RECENT) if fits(row)]
        return self._chance.choice(found) if found else None


ACTS: Final[Mapping[str, Callable[[Acts, int], Ref | None]]] = {
    name: getattr(Acts, name) for name in sorted(vars(Acts)) if not name.startswith("_") and name != "somebody"
}
"""What may happen, by name."""

PLOTS: Final = (
    ("pay",),
    ("pay", "dispute", "evidence", "dispute_won"),
    ("fail",),
    ("pay", "inquiry", "inquiry_escalated", "dispute_lost"),
    ("refund", "refund_done"),
    ("warn", "warned_refunded"),
    ("payout", "payout_paid"),
    ("review", "review_approved"),
    ("test_cards",),
    ("refund", "refund_failed"),
    ("dispute_fraud",),
    ("inquiry", "evidence", "inquiry_closed"),
    ("payout", "payout_failed"),
    ("identity", "identity_verified"),
)
"""What has happened in an account before anybody looked, in turn."""


def history(acts: Acts, count: int, since: int, until: int) -> Iterator[Ref | None]:
    """So many stories, one after the other, from an instant until another."""
    step = max(0, until - since) // max(1, count)
    for number in range(count):
        plot = PLOTS[number % len(PLOTS)]
        for place, name in enumerate(plot):
            yield ACTS[name](acts, since + number * step + place * step // len(plot))


def _ref(row: Json | None) -> Ref | None:
    return None if row is None else Ref(row["object"].rpartition(".")[2], row["id"])
