"""The Stripe enricher: who a customer is there, what was paid, what is disputed; by id, e-mail address or phone number.

It only reads, with a restricted key, and its questions are bounded: so many customers, charges, disputes and warnings,
and so far back. Whatever is left out is said. Payments of guests, who are no customers of Stripe's, can't be found: no
list and no search of Stripe's finds charges by an e-mail address.
"""

from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from gateway.plugin import (
    DAY_MS,
    SECOND_MS,
    ApiKey,
    Auth,
    Context,
    Customer,
    Finding,
    Limit,
    Permanent,
    StandIn,
    Transient,
    Unauthorized,
    VendorError,
)
from gateway_payments.purse import Payment, Purse, Quarrel, Who, add_up
from gateway_payments.stripe.account import TROUBLE
from gateway_payments.stripe.answers import Charge, Dispute, Known, Warned, id_of, listed, page
from gateway_payments.stripe.api import Api, Params, is_refused, permission
from gateway_payments.stripe.customers import find, quoted
from gateway_payments.stripe.reading import PLACES
from gateway_payments.stripe.settings import API, API_VERSION, ApiVersion, BaseUrl

DISPUTED_MAX: Final = 5
"""Charges whose disputes are read, each with a request: the newest that are disputed."""

WARNED_MAX: Final = 3
"""Charges whose early fraud warnings are read: the newest that were paid."""

DISPUTES_MAX: Final = 10
"""Disputes of one charge."""

Said = TypeVar("Said", Dispute, Warned)

_OVER: Final = frozenset({"won", "lost", "prevented", "warning_closed", "charge_refunded"})
_OPTIONAL: Final = {"/v1/disputes": "disputes", "/v1/radar/early_fraud_warnings": "early fraud warnings"}


class StripePurseSettings(BaseModel):
    """`api_key` is a restricted key (`rk_…`) that may read customers, charges, disputes and early fraud warnings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    api_key: SecretStr
    """A restricted key that may read customers, charges, disputes and early fraud warnings."""

    base_url: BaseUrl = API
    """The API's host, for proxies and simulators."""

    allow_private: bool = False
    """Whether the API may be at a private or loopback address."""

    api_version: ApiVersion = API_VERSION
    """The version of Stripe's API in which answers are asked for."""

    days: Annotated[int, Field(ge=1, le=3_650)] = 365
    """How many days of payments are looked at."""

    charges_max: Annotated[int, Field(ge=10, le=1_000)] = 200
    """So many payments at most, the newest; a request for every hundred."""

    requests_per_second: Annotated[int, Field(ge=1, le=100)] = 10
    """Requests in a second that the enricher may use; Stripe allows 100 live and 25 in test mode, to all that speaks to
    the account."""


class StripePurse:
    """What a customer of Stripe's has paid."""

    plugin: ClassVar[str] = "stripe"
    settings_type: ClassVar[type[BaseModel]] = StripePurseSettings
    facts_type: ClassVar[type[Struct]] = Purse
    ttl_s: ClassVar[float] = 900.0

    def __init__(self, name: str, settings: StripePurseSettings, context: Context) -> None:
        self._api = Api(context.http, settings.api_version)
        self._days = settings.days
        self._charges_max = settings.charges_max

    @staticmethod
    def auth(settings: StripePurseSettings) -> Auth:
        """The restricted key."""
        return ApiKey(settings.api_key)

    @staticmethod
    def limits(settings: StripePurseSettings) -> Sequence[Limit]:
        """What of the account's requests is ours; Stripe allows 20 searches a second."""
        return (
            Limit("the account", settings.requests_per_second, 1.0, ("/v1/*",)),
            Limit("the search", min(settings.requests_per_second, 10), 1.0, ("/v1/*/search",)),
        )

    @staticmethod
    def simulator(settings: StripePurseSettings | None, seed: int) -> StandIn:
        """An account with one customer who paid and disputes it."""
        from gateway_payments.stripe.simulator.patron import Patron

        return Patron(seed)

    async def lookup(self, customer: Customer, now: int) -> Purse:
        """What is known of the customer's payments. Raises VendorError."""
        try:
            return await self._lookup(customer, now)
        except Permanent as error:
            if is_refused(error):
                raise Permanent(f"the key lacks the permission {permission(error)}", status=error.status) from None
            raise

    async def _lookup(self, customer: Customer, now: int) -> Purse:
        known, unseen = await find(self._api, customer)
        charges: dict[str, Charge] = {}
        for one in known:
            found, more = await self._charges(one, now)
            charges |= {charge.id: charge for charge in found}
            unseen |= {f"payments before the newest {self._charges_max}"} if more else set()
        newest = sorted(charges.values(), key=lambda charge: (charge.created, charge.id), reverse=True)
        disputed = [charge for charge in newest if charge.disputed]
        paid = [charge for charge in newest if charge.status == "succeeded"]
        unseen |= {f"disputes of more than {DISPUTED_MAX} payments"} if len(disputed) > DISPUTED_MAX else set()
        disputes = await self._of(Dispute, "/v1/disputes", disputed[:DISPUTED_MAX], unseen)
        warnings = await self._of(Warned, "/v1/radar/early_fraud_warnings", paid[:WARNED_MAX], unseen)
        return add_up(
            [_who(one) for one in known],
            [payment for charge in newest if (payment := _payment(charge)) is not None],
            [_quarrel(dispute) for dispute in disputes],
            now=now,
            places=PLACES,
            warnings=len(warnings),
            unseen=sorted(unseen),
        )

    async def _charges(self, known: Known, now: int) -> tuple[list[Charge], bool]:
        """The charges of a customer, and whether there are more within the time that is looked back."""
        since = max(now - self._days * DAY_MS, 0) // SECOND_MS
        asked: Params = {"customer": known.id, "created[gt]": since - 1}
        charges, more = await listed(self._api, "/v1/charges", asked, Charge, at_most=self._charges_max)
        for charge in charges:
            if id_of(charge.customer) != known.id:
                raise Transient("Stripe answered with payments of another customer than was asked for")
            if charge.amount_refunded > max(charge.amount, _taken(charge)):
                raise Transient("Stripe answered with a payment of which more was given back than it was")
        return [charge for charge in charges if charge.created >= since], more

    async def _of(self, kind: type[Said], path: str, charges: Sequence[Charge], unseen: set[str]) -> list[Said]:
        """What is said of these charges. A key that may not read it, or a host without it, leaves it unseen."""
        found: list[Said] = []
        for charge in charges:
            try:
                objects, more = await listed(self._api, path, {"charge": charge.id}, kind, at_most=DISPUTES_MAX)
            except Permanent as error:
                if is_refused(error):
                    unseen.add(f"{_OPTIONAL[path]}: the key lacks the permission {permission(error)}")
                elif error.status == 404:  # a stand-in that lacks them
                    unseen.add(f"{_OPTIONAL[path]}: there is nothing at their address")
                else:
                    raise
                return found
            if any(id_of(one.charge) != charge.id for one in objects):
                raise Transient(f"Stripe answered with {_OPTIONAL[path]} of another payment than was asked for")
            unseen |= {f"more than {DISPUTES_MAX} {_OPTIONAL[path]} of a payment"} if more else set()
            found += objects
        return found

    async def check(self) -> Sequence[Finding]:
        """Whether the key is good, and what it may read."""
        found: list[Finding] = []
        for what, path, kind in (
            ("customers", "/v1/customers", Known),
            ("charges", "/v1/charges", Charge),
            ("disputes", "/v1/disputes", Dispute),
            ("early fraud warnings", "/v1/radar/early_fraud_warnings", Warned),
        ):
            try:
                await page(self._api, path, {"limit": 1}, kind)  # type: ignore[type-var]
            except Unauthorized:
                return [Finding(False, "Stripe doesn't accept the key", "renew `api_key`: Developers, API keys")]
            except VendorError as error:
                if not is_refused(error):
                    return [*found, Finding(False, f"{what} can't be read: {error}", TROUBLE)]
                hint = f"give the restricted key the permission {permission(error)}: {what}, read"
                found.append(Finding(False, f"the key may not read {what}", hint))
            else:
                found.append(Finding(True, f"the key may read {what}"))
        return [*found, await self._search_found()]

    async def _search_found(self) -> Finding:
        query = f"email:{quoted('nobody@gateway.invalid')}"
        try:
            await page(self._api, "/v1/customers/search", {"query": query, "limit": 1}, Known)
        except VendorError as error:
            what = f"Stripe's search can't be used ({error}): customers are found by id and e-mail address only"
            return Finding(True, what)
        return Finding(True, "Stripe's search can be used")


def _who(known: Known) -> Who:
    return Who(known.id, None if known.created is None else known.created * SECOND_MS, known.delinquent is True)


def _payment(charge: Charge) -> Payment | None:
    """A charge that was paid or failed; None for one that is under way, or was never captured."""
    card = charge.payment_method_details.card if charge.payment_method_details else None
    brand, last4 = (card.brand or "", card.last4 or "") if card else ("", "")
    at, currency = charge.created * SECOND_MS, charge.currency.upper()
    if charge.status == "failed":
        return Payment(at, currency, failure=charge.failure_code or "failed", card_brand=brand, card_last4=last4)
    if charge.status != "succeeded" or not charge.captured:
        return None
    taken = _taken(charge)
    released = max(charge.amount - taken, 0)  # never taken, and shown as a refund all the same
    refunded = max(charge.amount_refunded - released, 0)
    return Payment(at, currency, taken, refunded, card_brand=brand, card_last4=last4)


def _taken(charge: Charge) -> int:
    """What was captured: less than was authorized, or, with overcapture, more."""
    return charge.amount if charge.amount_captured is None else charge.amount_captured


def _quarrel(dispute: Dispute) -> Quarrel:
    details = dispute.evidence_details
    due = details.due_by if details is not None and dispute.status.endswith("needs_response") else None
    return Quarrel(
        dispute.currency.upper(),
        dispute.amount,
        is_open=dispute.status not in _OVER,
        lost=dispute.status == "lost",
        due_at=None if due is None else due * SECOND_MS,
        reason=dispute.reason,
    )
