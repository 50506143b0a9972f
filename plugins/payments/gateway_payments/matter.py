"""What is known of one matter of money: facts that only ever grow, so that any order of arrival ends the same.

Laws. Every field is joined by a minimum, a maximum or a union, bounded by keeping the smallest: commutative,
associative, idempotent. Of a thing that is at issue each status has the instants at which it was seen, and what was
shown of it last while it had that status. Nothing here says what follows; `telling` and `failures` do. Times are
milliseconds since the epoch by the provider's clock, amounts are minor units. No fact holds a card's number.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.plugin import FieldValue

What = Literal["dispute", "warning", "review", "refund", "payout", "verification"]
"""What can be at issue."""

Stage = Literal["none", "open", "waits", "over"]
"""What a status asks of us: nothing yet, an answer, to wait for somebody else, nothing any more."""

Moment = Annotated[int, Meta(ge=946_684_800_000, lt=1 << 42)]
"""From the year 2000 to the year 2109. Kept facts that say otherwise can't be used."""

INSTANTS_MAX: Final = 24
"""Instants that are kept of one status: the earliest, and the last."""

ISSUES_MAX: Final = 64
PAYMENTS_MAX: Final = 16
STATUSES_MAX: Final = 32
REFS_MAX: Final = 8
FAILURES_MAX: Final = 512
"""Of more failed payments the earliest are kept, and when the last one was."""

PAID_MAX: Final = 512


class Named(Struct, frozen=True, order=True, array_like=True):
    """A ref that the contact may have; of several the one with the smallest `rank` is it, then the smallest id."""

    rank: int
    kind: str
    id: str


class Shown(Struct, frozen=True, array_like=True):
    """What was shown of something at an instant. `due_by`: when the provider wants our answer, in ms; None without.

    `amount` is in minor units; `money` is the same for people. `fields` go to the contact as they are: a name means
    the same for every provider (see docs/explanation/how-payments-are-read.md).
    """

    at: Moment
    amount: int = 0
    money: str = ""
    reason: str = ""
    fraud: bool = False
    inquiry: bool = False
    due_by: Moment | None = None
    fields: dict[str, FieldValue] = {}


class Seen(Struct, frozen=True, array_like=True):
    """A status that something was seen in. `stage` and `rank` are the status's own: of two statuses of one second the
    one with the higher rank is the later."""

    stage: Stage
    rank: int
    at: tuple[Moment, ...]
    shown: Shown


class Issue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dispute, early warning, review, refund, payout or verification; `seen` by the provider's word for a status.

    `began_at`: since when it is there, where it wanted an answer from its beginning; `made_at`: when what has failed
    was made; `evidence_at`, `answered_at`: since when there is evidence, and since when it was handed in.
    """

    what: What
    began_at: Moment | None = None
    made_at: Moment | None = None
    evidence_at: Moment | None = None
    answered_at: Moment | None = None
    seen: dict[str, Seen] = {}


class Payment(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A charge and who paid it, as far as it was shown at `at`; a later showing takes its place whole, save that one
    with `whole` (the charge was read with its customer) is never replaced by one without."""

    at: Moment
    whole: bool = False
    customer: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    money: str = ""
    risk: str = ""
    fields: dict[str, FieldValue] = {}


class Failure(Struct, frozen=True, order=True, array_like=True):
    """A payment that failed. `id` is the charge's; `code` says why."""

    at: Moment
    id: str
    code: str = ""
    money: str = ""


class Paid(Struct, frozen=True, order=True, array_like=True):
    """A payout that has arrived: when it was made, and when it was said to have arrived."""

    made_at: Moment
    at: Moment
    id: str


class Matter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of one matter: of a charge, of payouts, of a verification, or of one customer's failed payments
    (`failures`). `account` is the connected account that it belongs to, if any. An issue under the charge's own id is
    what was said of its disputes, without a word which of them."""

    provider: str = ""
    account: str = ""
    refs: tuple[Named, ...] = ()
    issues: dict[str, Issue] = {}
    payments: dict[str, Payment] = {}
    failures: tuple[Failure, ...] = ()
    failed_last_at: Moment | None = None
    paid: tuple[Paid, ...] = ()


_Value = TypeVar("_Value")
_Sorted = TypeVar("_Sorted", Named, Failure, Paid)
_encoder = msgspec.json.Encoder(order="deterministic")


def join(known: Matter, more: Matter) -> Matter:
    """What both know."""
    return Matter(
        provider=max(known.provider, more.provider),
        account=max(known.account, more.account),
        refs=_smallest({*known.refs, *more.refs}, REFS_MAX),
        issues=_by_key(known.issues, more.issues, both, ISSUES_MAX),
        payments=_by_key(known.payments, more.payments, _payment, PAYMENTS_MAX),
        failures=_smallest(_earliest((*known.failures, *more.failures)), FAILURES_MAX),
        failed_last_at=max((at for at in (known.failed_last_at, more.failed_last_at) if at is not None), default=None),
        paid=_smallest(_earliest((*known.paid, *more.paid)), PAID_MAX),
    )


def both(known: Issue, more: Issue) -> Issue:
    """What both know of one thing at issue."""
    return Issue(
        what=max(known.what, more.what),
        began_at=_first(known.began_at, more.began_at),
        made_at=_first(known.made_at, more.made_at),
        evidence_at=_first(known.evidence_at, more.evidence_at),
        answered_at=_first(known.answered_at, more.answered_at),
        seen=_by_key(known.seen, more.seen, _seen, STATUSES_MAX),
    )


def _seen(known: Seen, more: Seen) -> Seen:
    return Seen(
        stage=max(known.stage, more.stage),
        rank=max(known.rank, more.rank),
        at=_instants({*known.at, *more.at}),
        shown=max(known.shown, more.shown, key=lambda shown: (shown.at, _encoder.encode(shown))),
    )


def _payment(known: Payment, more: Payment) -> Payment:
    return max(known, more, key=lambda payment: (payment.whole, payment.at, _encoder.encode(payment)))


def _first(known: int | None, more: int | None) -> int | None:
    return min((at for at in (known, more) if at is not None), default=None)


def _by_key(
    known: dict[str, _Value], more: dict[str, _Value], joined_of: Callable[[_Value, _Value], _Value], at_most: int
) -> dict[str, _Value]:
    """The union, values of one key joined; of too many the smallest keys."""
    joined = {**known, **{key: joined_of(known[key], value) if key in known else value for key, value in more.items()}}
    return dict(sorted(joined.items())[:at_most])


def _earliest(told: Iterable[Any]) -> Iterable[Any]:
    """Each once by its id, as the smallest that was said of it."""
    found: dict[str, Any] = {}
    for one in told:
        found[one.id] = min(found.get(one.id, one), one)
    return found.values()


def _smallest(found: Iterable[_Sorted], at_most: int) -> tuple[_Sorted, ...]:
    return tuple(sorted(found)[:at_most])


def _instants(found: Iterable[int]) -> tuple[int, ...]:
    """The earliest, and the last: it is lawful, for what is dropped lies between those that stay."""
    all = sorted(found)
    return tuple(all) if len(all) <= INSTANTS_MAX else (*all[: INSTANTS_MAX - 1], all[-1])
