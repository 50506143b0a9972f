"""What Stripe's events say, pushed or pulled, and what a re-read says: pieces of matters, and look-ups.

Laws. Whatever Stripe signed is understood or says nothing; only what contradicts Stripe's own shapes is BadPayload. An
event counts for its `created`: what it holds is how the object was then. About what has a customer, or moves on, the
object is read again: an event has neither its charge nor its customer, and another may have overtaken it.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gateway.plugin import EARLIEST, BadPayload, Fetch, Json, Piece, Ref, flag, mapping, read_json
from gateway_payments.reading import text
from gateway_payments.stripe.attempts import failed_charge, failed_intent, payout
from gateway_payments.stripe.objects import READERS, Showing
from gateway_payments.stripe.reading import an_id, needed_id, needed_moment

PULLED: Final = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.failed",
    "identity.verification_session.canceled",
    "identity.verification_session.processing",
    "identity.verification_session.requires_input",
    "identity.verification_session.verified",
    "payment_intent.payment_failed",
    "payout.failed",
    "payout.paid",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "review.closed",
    "review.opened",
)
"""The types that tell something; Stripe's list of events is asked for 20 at most."""

HEARD: Final = frozenset({*PULLED, "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn",
                          "charge.refund.updated"})  # fmt: skip
"""These webhooks are understood. The latter three say nothing that the others don't."""

FAILED_PAYMENTS: Final = frozenset({"charge.failed", "payment_intent.payment_failed"})

MOMENT_END: Final = 1 << 42
"""The year 2109: no time of ours is later."""

_ALWAYS_READ: Final = frozenset({"dispute", "radar.early_fraud_warning", "review"})


def event_said(body: bytes, mode: str | None, *, failures: bool) -> Iterator[Fetch | Piece]:
    """What an event says; nothing of one of another `mode`, and of failed payments only with `failures`."""
    event = mapping(read_json(body), "the event")
    kind = text(event, "type")
    if not kind or text(event, "object") not in ("event", "v2.core.event"):
        raise BadPayload("this is no event of Stripe's")
    if kind not in HEARD or (kind in FAILED_PAYMENTS and not failures):
        return
    live = flag(event, "livemode")
    if live is None:
        raise BadPayload("livemode is missing")
    if mode is not None and live is not (mode == "live"):
        return
    showing = Showing(needed_moment(event, "created"), an_id(event, "account") or "")
    object = mapping(mapping(event.get("data"), "data").get("object"), "data.object")
    yield from _said(kind, object, showing)


def _said(kind: str, object: Json, showing: Showing) -> Iterator[Fetch | Piece]:
    word = text(object, "object")
    due = _object_of(kind)
    if word != due:
        raise BadPayload(f"{kind} holds no {due}")
    if word == "charge":
        yield failed_charge(object, showing)
    elif word == "payment_intent":
        yield failed_intent(object, showing)
    elif word == "payout":
        yield from payout(object, showing)
    else:
        yield READERS[word](object, showing)
    if (
        word in _ALWAYS_READ
        or kind in ("identity.verification_session.requires_input", "payout.failed")
        or (word == "refund" and object.get("status") == "failed")
    ):
        yield Fetch(ref_of(word, needed_id(object, "id"), showing.account), f"{kind} shows a change", showing.at)


def _object_of(kind: str) -> str:
    """The object that an event of a type is about."""
    for begins, word in (("charge.dispute.", "dispute"), ("charge.refund.", "refund")):
        if kind.startswith(begins):
            return word
    return kind.rpartition(".")[0]


def ref_of(word: str, id: str, account: str) -> Ref:
    """How an object is looked up: one of a connected account behind that account's id."""
    return Ref(word, f"{account}/{id}" if account else id)


def read_said(body: bytes) -> Iterator[Fetch | Piece]:
    """What a re-read says."""
    yield from shown(mapping(read_json(body), "the record"))


def shown(record: Json) -> Iterator[Piece]:
    """The same of one that was decoded."""
    at = record.get("read_at")
    if not isinstance(at, int) or isinstance(at, bool) or not EARLIEST <= at < MOMENT_END:
        raise BadPayload("read_at is no time that is possible")
    object, showing = mapping(record.get("object"), "object"), Showing(at, an_id(record, "account") or "")
    word = text(object, "object")
    if word == "payout":
        yield from payout(object, showing)
    elif word in READERS:
        yield READERS[word](object, showing)
    else:
        raise BadPayload("what was read is none of what is looked up")


def key_of(body: bytes) -> str | None:
    """The id of an event, under which it is stored once, pushed or pulled."""
    try:
        event: Any = read_json(body)
        return an_id(event, "id") if isinstance(event, dict) else None
    except BadPayload:
        return None


def without_secrets(body: bytes) -> bytes:
    """The event without the `client_secret` by which a payment could be completed: nothing needs it here."""
    if b"client_secret" not in body:
        return body
    try:
        event: Any = read_json(body)
    except BadPayload:
        return body
    return msgspec.json.encode(_cleared(event))


def _cleared(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cleared(one) for key, one in value.items() if key != "client_secret"}
    return [_cleared(one) for one in value] if isinstance(value, list) else value
