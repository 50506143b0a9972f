"""What Stripe's API answers, as far as the enricher reads it: objects with their bounds, and lists turned to their end.

Laws. An answer of another shape, an amount below zero or a list that leads in a circle is ill weather (Transient),
never an object that is passed over. A word that isn't known is kept as it is.
"""

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from gateway.plugin import Transient
from gateway_payments.stripe.api import Api, Params

PAGE: Final = 100
"""The most that Stripe gives on a page."""

Id = Annotated[str, Meta(min_length=1, max_length=255)]
Word = Annotated[str, Meta(max_length=100)]
Currency = Annotated[str, Meta(pattern=r"^[A-Za-z]{3,10}$")]
Amount = Annotated[int, Meta(ge=0, le=10**15)]
Second = Annotated[int, Meta(ge=0, le=4_102_444_800)]
"""Until the year 2100."""


class Known(Struct, frozen=True):
    """A customer."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{1,255}$")]
    created: Second | None = None
    deleted: bool = False
    delinquent: bool | None = None
    email: str | None = None
    phone: str | None = None


class Card(Struct, frozen=True):
    """A card, as far as it may be known."""

    brand: Word | None = None
    last4: Annotated[str, Meta(pattern=r"^[0-9]{4}$")] | None = None


class Method(Struct, frozen=True):
    """How a charge was paid."""

    card: Card | None = None


class Named(Struct, frozen=True):
    """An object that was expanded, of which only the id counts."""

    id: Id


class Charge(Struct, frozen=True):
    """A payment that was tried."""

    id: Id
    created: Second
    currency: Currency
    amount: Amount
    status: Word
    customer: Id | Named | None = None
    captured: bool = True
    amount_captured: Amount | None = None
    amount_refunded: Amount = 0
    disputed: bool = False
    failure_code: Word | None = None
    payment_method_details: Method | None = None


class Evidence(Struct, frozen=True):
    """By when a dispute wants an answer."""

    due_by: Second | None = None


class Dispute(Struct, frozen=True):
    """A dispute of a charge."""

    id: Id
    charge: Id | Named
    currency: Currency
    amount: Amount
    status: Word
    reason: Word = ""
    evidence_details: Evidence | None = None


class Warned(Struct, frozen=True):
    """An early fraud warning."""

    id: Id
    charge: Id | Named


class Listed(Struct, frozen=True):
    """A page of a list, or of what was searched."""

    data: Annotated[list[msgspec.Raw], Meta(max_length=PAGE)]
    has_more: bool = False


T = TypeVar("T", Known, Charge, Dispute, Warned)
Shape = TypeVar("Shape", Known, Charge, Dispute, Warned, Listed)


def id_of(named: str | Named | None) -> str:
    """The id of what is named, expanded or not; empty for nothing."""
    return named.id if isinstance(named, Named) else named or ""


async def one(api: Api, path: str, kind: type[T]) -> T:
    """The object at `path`. Raises VendorError."""
    return _read((await api.get(path)).body, kind)


async def page(api: Api, path: str, params: Params, kind: type[T]) -> tuple[list[T], bool]:
    """A page, and whether there is more behind it. Raises VendorError."""
    listed = _read((await api.get(path, params)).body, Listed)
    return [_read(raw, kind) for raw in listed.data], listed.has_more


async def listed(api: Api, path: str, params: Params, kind: type[T], *, at_most: int) -> tuple[list[T], bool]:
    """The objects of a list, each once, at most so many, and whether there are more. Raises VendorError."""
    found: dict[str, T] = {}
    turn: dict[str, str | int] = {}
    while True:
        limit = min(PAGE, at_most - len(found))
        objects, more = await page(api, path, {**params, **turn, "limit": limit}, kind)
        before = len(found)
        found |= {object_.id: object_ for object_ in objects}
        if not more or len(found) >= at_most:
            kept = list(found.values())
            return kept[:at_most], more or len(kept) > at_most
        if len(found) == before:
            raise Transient("Stripe's list says that there is more, and shows nothing more")
        turn = {"starting_after": objects[-1].id}


def _read(body: bytes | msgspec.Raw, kind: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise Transient("Stripe answered JSON of another shape than its API has") from None
