"""Asks Stripe's API: one object with what stands around it, trimmed, and what a refusal says.

Laws. Everything that fails is a VendorError. An answer that isn't the object that was asked for, or that can't be read,
is ill weather (Transient): nothing of it is stored. What is gone gives nothing, and changes nothing: it may be the key
of another account.
"""

import re
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from gateway.plugin import (
    SECOND_MS,
    BadPayload,
    Instant,
    Json,
    Permanent,
    Record,
    Ref,
    Transient,
    VendorError,
    VendorHttp,
    VendorResponse,
    read_json,
)
from gateway_payments.stripe.events import shown
from gateway_payments.stripe.trim import trimmed

PATHS: Final[Mapping[str, str]] = {
    "charge": "/v1/charges",
    "dispute": "/v1/disputes",
    "radar.early_fraud_warning": "/v1/radar/early_fraud_warnings",
    "review": "/v1/reviews",
    "refund": "/v1/refunds",
    "payout": "/v1/payouts",
    "identity.verification_session": "/v1/identity/verification_sessions",
}
"""Where each object is, by Stripe's word for it."""

_AROUND: Final[Mapping[str, str]] = {
    "charge": "customer",
    **dict.fromkeys(("dispute", "radar.early_fraud_warning", "review", "refund"), "charge.customer"),
}
"""What is read along with each."""

_ALSO_KNOWN_AS: Final[Mapping[str, str]] = {"verification": "identity.verification_session"}
"""Contacts whose kind isn't Stripe's word."""

SETTLED_MS: Final = 2 * SECOND_MS
"""What was read is all that had happened so long before: Stripe's times have whole seconds."""

CLOCKS_APART_MAX_MS: Final = 300_000
"""Stripe's own time of an answer is taken for when it was read, unless it is further from ours than this."""

_REF: Final = re.compile(r"(?:(acct_[A-Za-z0-9]{1,60})/)?([a-z]{2,8}_[A-Za-z0-9_]{1,60})")
_PERMISSION: Final = re.compile(rb"rak_[a-z0-9_]{1,60}")
Params = Mapping[str, str | int]


class Api:
    """One account's API, in one version. `lacking` gathers, in words, what the key may not read."""

    def __init__(self, http: VendorHttp, version: str) -> None:
        self._http, self._version = http, version
        self.lacking: set[str] = set()

    async def get(self, path: str, params: Params | None = None, account: str = "") -> VendorResponse:
        """The answer of a path, as the account or as one that is connected to it. Raises VendorError."""
        headers = {"Stripe-Version": self._version, **({"Stripe-Account": account} if account else {})}
        return await self._http.get(path, params, headers)

    async def look_up(self, ref: Ref, now: int) -> Sequence[Record]:
        """An object as it is now; nothing where it is gone, or none of ours, or where the key may not read it."""
        kind = _ALSO_KNOWN_AS.get(ref.kind, ref.kind)
        named, path = _REF.fullmatch(ref.id), PATHS.get(kind)
        if named is None or path is None:
            return []
        account, id = named[1] or "", named[2]
        try:
            answer = await self._expanded(kind, f"{path}/{id}", account)
        except Permanent as error:
            if error.status == 404:
                return []
            if account and code_of(error) == "account_invalid":  # it has left the platform, or the key lacks Connect
                self.lacking.add("objects of connected accounts that aren't connected, or not to this key")
                return []
            if is_refused(error):
                self.lacking.add(f"{kind}, as {permission(error)}")
                return []
            raise
        object = _checked(answer.json(), kind, id)
        read_at = read_at_of(answer, now)
        content = {"object": trimmed(object, kind), "read_at": now if read_at is None else read_at}
        if account:
            content["account"] = account
        try:
            list(shown(content))
        except BadPayload as error:
            raise Transient(f"{path}: the vendor answered what can't be: {error}") from None
        version = None if read_at is None else max(read_at - SETTLED_MS, 0)
        return [Record(body=msgspec.json.encode(content), form="fetched", version=version, received_at=Instant(now))]

    async def _expanded(self, kind: str, path: str, account: str) -> VendorResponse:
        """With its charge and the charge's customer, if the key may read these."""
        if kind not in _AROUND:
            return await self.get(path, None, account)
        try:
            return await self.get(path, {"expand[0]": _AROUND[kind]}, account)
        except Permanent as error:
            if not is_refused(error):
                raise
            answer = await self.get(path, None, account)
            self.lacking.add(f"charges and customers, as {permission(error)}")
            return answer


def is_refused(error: VendorError) -> bool:
    """Whether Stripe says that the key lacks a permission; another's 403 says nothing of it."""
    return error.status == 403 and _PERMISSION.search(error.body) is not None


def permission(error: VendorError) -> str:
    """The permission that Stripe says is lacking."""
    named = _PERMISSION.search(error.body)
    return "a permission that Stripe doesn't name" if named is None else named[0].decode()


def code_of(error: VendorError) -> str:
    """Stripe's code for an error; empty where there is none."""
    try:
        answer = read_json(error.body)
    except BadPayload:
        return ""
    told = answer.get("error") if isinstance(answer, dict) else None
    code = told.get("code") if isinstance(told, dict) else None
    return code[:64] if isinstance(code, str) else ""


def read_at_of(answer: VendorResponse, now: int) -> int | None:
    """When an answer was made, by Stripe's clock, in ms; None where it doesn't say, or is far from ours."""
    try:
        told = round(parsedate_to_datetime(answer.headers.get("date", "")).timestamp()) * SECOND_MS
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return told if abs(told - now) <= CLOCKS_APART_MAX_MS else None


def _checked(answer: Any, kind: str, id: str) -> Json:
    if not isinstance(answer, dict) or answer.get("object") != kind or answer.get("id") != id:
        raise Transient(f"the vendor answered something else than {kind} {id}")
    return answer
