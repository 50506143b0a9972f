"""Checks of `receive`: with webhooks as the simulator truly sends them, and with everything that a stranger may make of
one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from gateway.plugin import DAY_MS, HOUR_MS, MINUTE_MS, Accepted, Receipt, Refused, Reply, Request
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.places import told, where, where_raised
from gateway.testing.settings import many_secrets, secret_fields, secret_texts, validated
from gateway.testing.subject import Subject
from gateway.testing.watch import watched

_IDLE: Final = frozenset({"host", "user-agent", "accept", "accept-encoding", "content-length", "connection"})
"""Headers that prove nothing."""

_SKEW_MS: Final = MINUTE_MS
_REFUSALS: Final = (401, 403)
_OTHER: Final = "whsec_a2l0LW90aGVyLXNlY3JldC1vZi0zMi1ieXRlcyEhIQ=="
"""Another secret, in a form that every scheme can read."""

_GARBAGE: Final = ("", "kit", "é", "\x00", "0" * 64, "v1,", "sha256=", "{}", "x" * 100_000, "\udce9", "1,2,3", "-1")


@check("webhooks-accepted", "What the vendor sends is accepted", level="bronze", needs=("receives", "simulates"))
def webhooks_accepted(subject: Subject) -> None:
    """Each webhook of the simulator's is proved and becomes records of the form `push`, received when the
    request was; `receive` touches nothing.

    Why: what is signed must be kept byte for byte, or it can't be read again after a fix.
    Mend: `Accepted([Record(body=request.body, key=…, received_at=Instant(request.received_at))])`.
    """
    connector = subject.made()
    for request in subject.requests():
        receipt = connector.receive(request)
        if not isinstance(receipt, Accepted):
            raise _unmet(subject, f"a webhook of the simulator's is not accepted: {_words(receipt)}")
        if not receipt.records:
            raise _unmet(subject, "a webhook was accepted, and nothing of it is kept")
        for record in receipt.records:
            if record.form not in ("push", "events") or record.received_at != request.received_at:
                raise _unmet(subject, f"its record has the form {record.form!r}, received at {record.received_at}")
        if touched := watched(lambda request=request: connector.receive(request)):  # type: ignore[misc]
            raise _unmet(subject, f"receive touches {touched[0]}")


@check("webhooks-unproved", "What isn't proved is refused", level="bronze", needs=("receives", "simulates"))
def webhooks_unproved(subject: Subject) -> None:
    """A request without its proof, or with an empty, foreign, malformed, non-ASCII or huge one, is refused with 401 or
    403, and `receive` raises nothing.

    Why: anybody can post to a webhook's address; `hmac.compare_digest` raises TypeError for text that isn't ASCII.
    Mend: compare with `same_secret` of the door, and return `Refused(401, …)` before the body is looked at.

    Example::

        proofs = [same_secret(given, signature(secret, timestamp, request.body)) for secret in self._secrets]
        if not any(proofs):
            return Refused(401, "x-acme-signature doesn't match")
    """
    connector = subject.made()
    for request in subject.requests()[:3]:
        proofs = _proofs(connector, request)
        if not proofs:
            raise _unmet(subject, "a request without any of its headers is accepted")
        bare = replace(request, headers={}, query={})
        _refused(subject, connector, bare, "a request without headers")
        _refused(subject, connector, replace(bare, body=b""), "a request without anything")
        for where_, name in proofs:
            for garbage in _GARBAGE:
                changed = _put(request, where_, name, garbage)
                _refused(subject, connector, changed, f"{name!r} with {garbage[:20]!r}", garbage)


@check("webhooks-secret", "A wrong secret is refused", level="bronze", needs=("receives", "simulates"))
def webhooks_secret(subject: Subject) -> None:
    """With another secret in the settings, or with none, every webhook is refused with 401 or 403, in words that hold
    no secret and no part of the proof.

    Why: a connector that accepts everything until a secret is set is open until somebody notices.
    Mend: refuse where no secret is set, and never put what was sent or expected into the words.
    """
    field = proving(subject)
    secrets = set(_texts(subject))
    for values, what in _without_secret(subject, field):
        try:
            connector = subject.made(values)
        except ValueError:
            continue  # settings without a secret are refused, which is as good
        for request in subject.requests()[:3]:
            receipt = _receipt(subject, connector, request, what)
            if not isinstance(receipt, Refused) or receipt.status not in _REFUSALS:
                raise _unmet(subject, f"{what}, a webhook is not refused: {_words(receipt)}")
            shown = f"{receipt.why} {receipt.detail}"
            proofs = [_get(request, *proof) for proof in _proofs(subject.made(), request)]
            if leaked := [text for text in (*secrets, _OTHER, *proofs) if len(text) >= 12 and text in shown]:
                raise _unmet(subject, f"{what}, the refusal repeats a secret or a proof of {len(leaked[0])} characters")


@check("webhooks-body", "A changed body is refused", level="silver", needs=("receives", "simulates"))
def webhooks_body(subject: Subject) -> None:
    """A webhook whose body has one byte more, less or other is refused.

    Why: a proof that doesn't cover the body lets whoever saw one request send any other.
    Mend: verify the signature over the body's very bytes. A vendor that signs nothing is no silver.
    """
    connector = subject.made()
    whole = [request for request in subject.requests() if request.body]
    if not whole:
        raise NotApplicable("its webhooks have no body")
    for request in whole[:3]:
        body = request.body
        for changed in (body + b" ", body[:-1], b"", bytes([body[0] ^ 1]) + body[1:], b" " + body):
            _refused(subject, connector, replace(request, body=changed), "a webhook with a changed body")


@check("webhooks-replay", "An old request is refused", level="silver", needs=("receives", "simulates"))
def webhooks_replay(subject: Subject) -> None:
    """A webhook that comes again after an hour or a day, or that is dated so far ahead, is refused.

    Why: whoever has seen a request could repeat it for ever.
    Mend: take the signed timestamp, and refuse what is more than five minutes from `request.received_at`.

    Example::

        if abs(request.received_at - signed_at) > 5 * MINUTE_MS:
            return Refused(401, "x-acme-timestamp is more than five minutes from now")
    """
    connector = subject.made()
    for request in subject.requests()[:3]:
        for late_ms in (HOUR_MS, DAY_MS, -HOUR_MS, -DAY_MS):
            late = replace(request, received_at=request.received_at + late_ms)
            what = "is dated ahead" if late_ms < 0 else "is old"
            _refused(subject, connector, late, f"a webhook that {what} by {abs(late_ms) // HOUR_MS} h")


@check("webhooks-skew", "Clocks may differ a little", level="silver", needs=("receives", "simulates"))
def webhooks_skew(subject: Subject) -> None:
    """A webhook is accepted if our clock is a minute behind or ahead of the vendor's.

    Why: clocks do differ, and a vendor gives up a webhook that is refused a few times.
    Mend: allow five minutes on both sides.
    """
    connector = subject.made()
    for request in subject.requests()[:3]:
        for skew_ms in (_SKEW_MS, -_SKEW_MS):
            skewed = replace(request, received_at=request.received_at + skew_ms)
            if not isinstance(receipt := connector.receive(skewed), Accepted):
                side = "ahead of" if skew_ms > 0 else "behind"
                raise _unmet(subject, f"with our clock a minute {side} the vendor's: {_words(receipt)}")


@check("webhooks-rotation", "Secrets can be changed without a gap", level="silver", needs=("receives", "simulates"))
def webhooks_rotation(subject: Subject) -> None:
    """The webhooks' secret may be a list: requests proved by any of them are accepted, whichever stands first.

    Why: the vendor and the gateway can't change a secret in the same instant.
    Mend: type the setting `Secrets`, and try every one of them.
    """
    field = proving(subject)
    if not many_secrets(subject.kind.settings_type, field):
        raise Unmet(f"`{field}` takes one secret only", where=where(subject.kind.settings_type))
    old = subject.given[field]
    olds = [old] if isinstance(old, str) else list(old)
    for order, both in (("first", [*olds, _OTHER]), ("last", [_OTHER, *olds])):
        connector = subject.made({**subject.given, field: both})
        for request in subject.requests()[:3]:
            if not isinstance(receipt := connector.receive(request), Accepted):
                raise _unmet(subject, f"with two secrets, the right one {order}: {_words(receipt)}")


@check("webhooks-doubled", "The same delivery has the same key", level="bronze", needs=("receives", "simulates"))
def webhooks_doubled(subject: Subject) -> None:
    """A request that comes twice gives records of the same keys and bodies; two different requests never share a key,
    unless it is `exact`.

    Why: vendors send again what they believe lost. A key keeps it out; one that two deliveries share loses the second.
    Mend: use the delivery's own id; without one leave `key` None, and let the events' ids do it.
    """
    connector = subject.made()
    bodies: dict[str, bytes] = {}
    for request in subject.requests():
        first, second = (connector.receive(replace(request, received_at=request.received_at + ms)) for ms in (0, 1_000))
        if not isinstance(first, Accepted) or not isinstance(second, Accepted):
            raise _unmet(subject, f"a delivery that comes a second later is not accepted: {_words(second)}")
        if [(r.key, r.body) for r in first.records] != [(r.key, r.body) for r in second.records]:
            raise _unmet(subject, "the same delivery, a second later, has another key or body")
        for record in first.records:
            if record.key is None or record.exact:
                continue
            if not 0 < len(record.key) <= 500:
                raise _unmet(subject, f"a key has {len(record.key)} characters")
            if bodies.setdefault(record.key, record.body) != record.body:
                raise _unmet(subject, f"two deliveries share the key {record.key[:60]!r}, and say different things")


def _proofs(connector: Any, request: Request) -> list[tuple[str, str]]:
    """The headers and query keys without which a request is refused."""
    named = [("headers", name) for name in request.headers if name not in _IDLE]
    named += [("query", name) for name in request.query]
    return [proof for proof in named if not isinstance(connector.receive(_put(request, *proof, None)), Accepted)]


def _put(request: Request, place: str, name: str, value: str | None) -> Request:
    items: Any = {key: told for key, told in getattr(request, place).items() if key != name}
    if value is not None:
        items[name] = value
    return replace(request, headers=items) if place == "headers" else replace(request, query=items)


def _get(request: Request, place: str, name: str) -> str:
    return str(getattr(request, place).get(name, ""))


def _refused(subject: Subject, connector: Any, request: Request, what: str, sent: str = "") -> None:
    receipt = _receipt(subject, connector, request, what)
    if isinstance(receipt, Accepted):
        raise _unmet(subject, f"{what} is accepted")
    if isinstance(receipt, Reply) or receipt.status not in _REFUSALS:
        raise _unmet(subject, f"{what} is answered {receipt.status}, and should be 401 or 403")
    if len(sent) > 1_000 and sent in receipt.why:
        raise _unmet(subject, f"{what}: the refusal repeats what was sent")


def _receipt(subject: Subject, connector: Any, request: Request, what: str) -> Receipt:
    try:
        receipt: Receipt = connector.receive(request)
    except Exception as error:  # foreign code: whatever it raises is what was found
        place = where_raised(subject.kind, error, "receive")
        raise Unmet(f"{what} makes receive raise {told(error)}", where=place) from None
    return receipt


def proving(subject: Subject) -> str:
    """The setting whose secret proves webhooks: with another one in its place they are refused."""
    request = subject.requests()[0]
    fields = [name for name in secret_fields(subject.kind.settings_type) if name in subject.given]
    for name in fields:
        try:
            connector = subject.made({**subject.given, name: _OTHER})
        except ValueError:
            continue
        if not isinstance(connector.receive(request), Accepted):
            return name
    raise Unmet(
        "no secret of the settings proves webhooks: any other does as well", where=where(subject.kind, "receive")
    )


def _without_secret(subject: Subject, field: str) -> Iterator[tuple[dict[str, Any], str]]:
    yield {**subject.given, field: _OTHER}, "with another secret in the settings"
    yield {key: value for key, value in subject.given.items() if key != field}, "without a secret in the settings"


def _texts(subject: Subject) -> Iterator[str]:
    try:
        yield from secret_texts(validated(subject.kind, subject.given))
    except NotApplicable:
        return


def _words(receipt: object) -> str:
    return f"{receipt.status} {receipt.why}" if isinstance(receipt, Refused) else type(receipt).__name__


def _unmet(subject: Subject, what: str) -> Unmet:
    return Unmet(what, where=where(subject.kind, "receive"))
