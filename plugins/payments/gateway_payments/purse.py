"""What a customer has paid, whoever the provider is: facts that agents see and rules read, and how they are added up.

Laws. Amounts are in major units (129.0 EUR), and amounts of different currencies are never added together: the fields
of `Purse` tell of the currency with the most payments, `others` of the rest. What wasn't seen is said in `unseen`. Of a
card there are brand and last four digits, never more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from gateway.plugin import DAY_MS, format_instant
from gateway_payments.money import PLACES

RECENT_MS: Final = DAY_MS
"""What `failed_recently` counts: the last 24 hours."""

OTHERS_MAX: Final = 8


class Sums(Struct, frozen=True, kw_only=True):
    """What was paid in one currency."""

    currency: str = ""
    """The currency in capitals: `EUR`. Empty where nothing was paid."""

    payments: int = 0
    """Payments that succeeded."""

    paid: float = 0.0
    """What was taken, before refunds."""

    refunded: float = 0.0
    """What was given back of it."""

    disputed: float = 0.0
    """What disputes that aren't decided yet are about."""

    lost: float = 0.0
    """What was taken back by disputes that were decided for the customer; `paid` still has it."""


class Purse(Sums, frozen=True, kw_only=True):
    """What is known of a customer's payments. An instant is a text, `2026-03-02T09:00:00Z`, empty where there is none.

    `currency`, `payments`, `paid`, `refunded`, `disputed` and `lost` are of one currency; everything else counts all.
    """

    known: bool = False
    """Whether the provider knows the customer."""

    customers: int = 0
    """How many customers of the provider match; their payments are counted together."""

    customer_id: str = ""
    """The provider's id of the customer: of several the newest."""

    since: str = ""
    """When the oldest of them was created."""

    known_days: int = 0
    """The same in whole days."""

    delinquent: bool = False
    """Whether an invoice of theirs is unpaid past its date."""

    others: tuple[Sums, ...] = ()
    """The sums of every other currency, by their number of payments; at most eight."""

    failed_recently: int = 0
    """Payments that failed within the last 24 hours."""

    disputes: int = 0
    """Disputes of their payments, decided ones too."""

    open_disputes: int = 0
    """Those that aren't decided yet."""

    lost_disputes: int = 0
    """Those that were decided for the customer."""

    dispute_due_at: str = ""
    """By when the next of them wants our answer."""

    dispute_reason: str = ""
    """The reason of that dispute, in the provider's word."""

    warnings: int = 0
    """Early fraud warnings of the newest payments."""

    last_paid_at: str = ""
    """When a payment succeeded last."""

    last_failed_at: str = ""
    """When a payment failed last."""

    last_failure: str = ""
    """Why it failed, in the provider's word: `card_declined`."""

    card_brand: str = ""
    """The brand of the card that was tried last: `visa`."""

    card_last4: str = ""
    """Its last four digits."""

    complete: bool = True
    """Whether everything was seen within the time that is looked back."""

    unseen: tuple[str, ...] = ()
    """What wasn't, in words."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that succeeded, or (`failure`) didn't. Amounts in minor units, `at` in milliseconds."""

    at: int
    currency: str
    paid: int = 0
    refunded: int = 0
    failure: str | None = None
    card_brand: str = ""
    card_last4: str = ""


@dataclass(frozen=True, slots=True)
class Quarrel:
    """A dispute. `amount` in minor units; `due_at` in milliseconds, None where no answer is wanted."""

    currency: str
    amount: int
    is_open: bool
    lost: bool = False
    due_at: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """A customer as the provider knows it; `since` in milliseconds, None where it isn't told."""

    id: str
    since: int | None = None
    delinquent: bool = False


def add_up(
    who: Sequence[Who],
    payments: Sequence[Payment],
    quarrels: Sequence[Quarrel],
    *,
    now: int,
    places: Mapping[str, int],
    warnings: int = 0,
    unseen: Iterable[str] = (),
) -> Purse:
    """The facts. `places`: decimal places of a currency, in capitals, where they aren't two."""
    if not who:
        return Purse(complete=not (told := tuple(unseen)), unseen=told)
    sums = _sums(payments, quarrels, places)
    main = sums[0] if sums else Sums()
    newest = max(who, key=lambda one: (one.since or 0, one.id))
    since = min((one.since for one in who if one.since is not None), default=None)
    paid = [one for one in payments if one.failure is None]
    failed = [one for one in payments if one.failure is not None]
    last_failed = max(failed, key=_at, default=None)
    last = max((one for one in payments if one.card_last4), key=_at, default=None)
    due = min((one for one in quarrels if one.due_at is not None and one.is_open), key=_due, default=None)
    missed = tuple(unseen)
    return Purse(
        known=True,
        customers=len(who),
        customer_id=newest.id,
        since=_told(since),
        known_days=0 if since is None else max(now - since, 0) // DAY_MS,
        delinquent=any(one.delinquent for one in who),
        currency=main.currency,
        payments=main.payments,
        paid=main.paid,
        refunded=main.refunded,
        disputed=main.disputed,
        lost=main.lost,
        others=tuple(sums[1 : 1 + OTHERS_MAX]),
        failed_recently=sum(now - RECENT_MS <= one.at for one in failed),
        disputes=len(quarrels),
        open_disputes=sum(one.is_open for one in quarrels),
        lost_disputes=sum(one.lost for one in quarrels),
        dispute_due_at=_told(due.due_at if due else None),
        dispute_reason=due.reason if due else "",
        warnings=warnings,
        last_paid_at=_told(max(map(_at, paid), default=None)),
        last_failed_at=_told(last_failed.at if last_failed else None),
        last_failure=(last_failed.failure or "") if last_failed else "",
        card_brand=last.card_brand if last else "",
        card_last4=last.card_last4 if last else "",
        complete=not missed,
        unseen=missed,
    )


def _sums(payments: Iterable[Payment], quarrels: Iterable[Quarrel], places: Mapping[str, int]) -> list[Sums]:
    """The sums of each currency, the one with the most payments first."""
    count: Counter[str] = Counter()
    paid: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    disputed: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for payment in payments:
        if payment.failure is None:
            count[payment.currency] += 1
            paid[payment.currency] += payment.paid
            refunded[payment.currency] += payment.refunded
    for quarrel in quarrels:
        disputed[quarrel.currency] += quarrel.amount if quarrel.is_open else 0
        lost[quarrel.currency] += quarrel.amount if quarrel.lost else 0
    found = []
    for currency in sorted({*count, *disputed}, key=lambda currency: (-count[currency], currency)):
        unit = 10 ** places.get(currency, PLACES)
        found.append(
            Sums(
                currency=currency,
                payments=count[currency],
                paid=paid[currency] / unit,
                refunded=refunded[currency] / unit,
                disputed=disputed[currency] / unit,
                lost=lost[currency] / unit,
            )
        )
    return found


def _at(payment: Payment) -> int:
    return payment.at


def _due(quarrel: Quarrel) -> int:
    return quarrel.due_at or 0


def _told(at: int | None) -> str:
    return "" if at is None else format_instant(at)
