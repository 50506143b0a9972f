"""Whom Stripe knows by a person's identities: by its own id, else by e-mail, else by phone.

Laws. What isn't of the form that Stripe's ids, e-mail addresses and phone numbers have isn't asked for. Nothing that a
stranger wrote is a word of a query: it stands in quotes, escaped. Who doesn't bear the identity that was asked for is
nobody that was found.
"""

import re
from collections.abc import Iterable
from typing import Final

from gateway.plugin import Customer, Permanent, Transient
from gateway_payments.stripe.answers import Known, id_of, listed, one, page
from gateway_payments.stripe.api import Api

CUSTOMERS_MAX: Final = 5
"""So many customers of one person are counted together; more are said to be unseen."""

NO_SEARCH: Final = "customers by phone, or by an e-mail address in other letters: Stripe's search isn't to be had"
MANY: Final = f"more than {CUSTOMERS_MAX} customers that match"

_NO_SEARCH: Final = (400, 403, 404)
_ID: Final = re.compile(r"cus_[A-Za-z0-9]{1,64}")
_EMAIL: Final = re.compile(r"[^\s@\x00-\x1f\x7f\ud800-\udfff]{1,128}@[^\s@\x00-\x1f\x7f\ud800-\udfff]{1,254}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_APART: Final = re.compile(r"[\s().\-/\u00a0]")

Found = tuple[list[Known], set[str]]
"""Customers, and what wasn't seen in words."""


async def find(api: Api, customer: Customer) -> Found:
    """The customers, the newest first, at most CUSTOMERS_MAX. Raises VendorError."""
    unseen: set[str] = set()
    if (customer.id and _ID.fullmatch(customer.id)) and (known := await _by_id(api, customer.id)):
        return [known], unseen
    if customer.email and _EMAIL.fullmatch(customer.email):
        found, missed = await _by_email(api, customer.email)
        if found:
            return found, missed
        unseen |= missed
    if phone := _e164(customer.phone or ""):
        found, missed = await _search(api, "phone", phone)
        if any(_e164(one.phone or "") != phone for one in found):
            raise Transient("Stripe answered with customers of another phone number than was asked for")
        return found, unseen | missed
    return [], unseen


def quoted(text: str) -> str:
    """Text as a value of Stripe's search language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def _by_id(api: Api, id: str) -> Known | None:
    try:
        known = await one(api, f"/v1/customers/{id}", Known)
    except Permanent as error:
        if error.status == 404:
            return None
        raise
    if id_of(known.id) != id:
        raise Transient("Stripe answered with another customer than was asked for")
    return None if known.deleted else known


async def _by_email(api: Api, email: str) -> Found:
    """The list's filter minds capitals: so it is asked as given and in small letters, and the search if both fail."""
    found: dict[str, Known] = {}
    unseen: set[str] = set()
    for spelling in dict.fromkeys((email, email.lower())):
        customers, more = await listed(api, "/v1/customers", {"email": spelling}, Known, at_most=CUSTOMERS_MAX)
        found |= {customer.id: customer for customer in customers}
        unseen |= {MANY} if more else set()
    if not found:
        customers, unseen = await _search(api, "email", email)
        found = {customer.id: customer for customer in customers}
    if any((customer.email or "").casefold() != email.casefold() for customer in found.values()):
        raise Transient("Stripe answered with customers of another e-mail address than was asked for")
    return _newest(found.values(), unseen)


async def _search(api: Api, field: str, value: str) -> Found:
    """What the search finds; it lags by a minute or so, and not every account has it."""
    query = f"{field}:{quoted(value)}"
    try:
        customers, more = await page(api, "/v1/customers/search", {"query": query, "limit": CUSTOMERS_MAX}, Known)
    except Permanent as error:
        if error.status not in _NO_SEARCH:
            raise
        return [], {NO_SEARCH}
    return _newest(customers, {MANY} if more else set())


def _newest(customers: Iterable[Known], unseen: set[str]) -> Found:
    ordered = sorted(customers, key=lambda one: (one.created or 0, one.id), reverse=True)
    return ordered[:CUSTOMERS_MAX], unseen | ({MANY} if len(ordered) > CUSTOMERS_MAX else set())


def _e164(phone: str) -> str:
    """A number with its country in front; empty for any other."""
    bare = _APART.sub("", phone[:64])
    bare = f"+{bare[2:]}" if bare.startswith("00") else bare
    return bare if _PHONE.fullmatch(bare) else ""
