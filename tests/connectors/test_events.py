"""The connector `events`: who may post, what refuses a request, and what is stored of it."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.connectors import events as module
from gateway.connectors.events import EVENTS_MAX, EventsConnector, EventsSettings
from gateway.plugin import (
    Accepted,
    BadPayload,
    Context,
    Fetch,
    Instant,
    Receipt,
    Record,
    Refused,
    Request,
    decode_event,
    parse_instant,
)

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
OTHER = "whsec_" + base64.b64encode(KEY[::-1]).decode()
NOW = parse_instant("2026-03-02T09:00:00Z")
REF = {"kind": "ticket", "id": "42"}


def connector(secret: Any = SECRET) -> EventsConnector:
    context: Any = Context(http=None)  # type: ignore[arg-type]
    return EventsConnector("shop", EventsSettings(secret=secret), context)


def sign(body: bytes, *, key: bytes = KEY, at: int = NOW) -> dict[str, str]:
    second = str(at // 1000)
    mark = hmac.new(key, b"msg_1." + second.encode() + b"." + body, hashlib.sha256).digest()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": second,
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }


def post(body: bytes, headers: dict[str, str] | None = None, secret: Any = SECRET) -> Receipt:
    proof = sign(body) if headers is None else headers
    return connector(secret).receive(Request("POST", proof, {}, body, NOW))


def opened(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "contact.opened",
        "id": "t42:opened",
        "at": "2026-03-02T08:59:00Z",
        "ref": REF,
        "kind": "ticket",
        "channel": "email",
    }
    return {**event, **changes}


def message(**changes: Any) -> dict[str, Any]:
    event = {
        "type": "message.added",
        "id": "t42:m1",
        "at": "2026-03-02T08:59:30Z",
        "ref": REF,
        "author": {"kind": "customer"},
    }
    return {**event, **changes}


def events(*values: Any) -> bytes:
    return json.dumps({"events": list(values)}).encode()


def refused(receipt: Receipt, status: int) -> Refused:
    assert isinstance(receipt, Refused)
    assert receipt.status == status
    return receipt


def accepted(receipt: Receipt) -> list[Record]:
    assert isinstance(receipt, Accepted)
    return list(receipt.records)


def test_each_event_is_a_record_that_reads_back() -> None:
    """Each event becomes one record, whose key is the event's id, its content too, and whose body is the event."""
    records = accepted(post(events(opened(), message())))
    assert [(record.key, record.exact) for record in records] == [("t42:opened", True), ("t42:m1", True)]
    assert {record.form for record in records} == {"push"}
    assert {record.received_at for record in records} == {NOW}
    read = [event for record in records for event in connector().normalize(record)]
    assert [event.id for event in read if not isinstance(event, Fetch)] == ["t42:opened", "t42:m1"]
    assert read == [decode_event(record.body) for record in records]


def test_every_secret_verifies() -> None:
    """With a list of secrets, a sender may sign with any of them."""
    body = events(opened())
    assert accepted(post(body, sign(body, key=KEY[::-1]), [SECRET, OTHER]))
    assert accepted(post(body, sign(body), [SECRET, OTHER]))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "\udce9"},
        {"webhook-signature": "v1"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": ""},
        {"webhook-id": "msg_2"},
        {"webhook-id": "\udce9"},
    ],
)
def test_a_proof_that_is_wrong_is_401(change: dict[str, str]) -> None:
    """Any part of the proof that is changed, malformed or not ASCII refuses the request with 401."""
    body = events(opened())
    refused(post(body, {**sign(body), **change}), 401)


def test_a_proof_that_is_missing_or_foreign_is_401() -> None:
    """No header, a header too few, another key, and another body are all 401."""
    body = events(opened())
    refused(post(body, {}), 401)
    for name in sign(body):
        refused(post(body, {key: value for key, value in sign(body).items() if key != name}), 401)
    refused(post(body, sign(body, key=KEY[::-1])), 401)
    refused(post(body + b" ", sign(body)), 401)


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-299, 0), (299, 0), (301, 401)])
def test_a_proof_ages_in_five_minutes(seconds: int, status: int) -> None:
    """A signature older or newer than five minutes is 401."""
    body = events(opened())
    receipt = post(body, sign(body, at=NOW + seconds * 1000))
    if status:
        refused(receipt, status)
    else:
        accepted(receipt)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nope",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"events": {}}',
        b'{"events": [], "more": 1}',
        b'{"events": [NaN]}',
        b'{"events": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"events": ' + b"[" * 70 + b"]" * 70 + b"}",
    ],
)
def test_a_body_of_another_shape_is_422(body: bytes) -> None:
    """What is no JSON, no list of events, or nests too deep is 422, with a reason and no position."""
    answer = refused(post(body), 422)
    assert answer.why
    assert "position" not in answer.detail


@pytest.mark.parametrize(
    "wrong",
    [
        5,
        None,
        [],
        {},
        message(type="message.unheard"),
        message(surprise=1),
        message(id=""),
        message(id="x" * 201),
        message(id=7),
        message(ref={"kind": "ticket"}),
        message(ref={"kind": "", "id": "1"}),
        message(ref={"kind": "ticket", "id": "1" * 201}),
        message(author={"kind": "nobody"}),
        message(at=5),
        message(at="2026-03-02"),
        message(at="2026-03-02T08:59:30"),
        message(at="1999-12-31T23:59:59Z"),
        message(at="2026-03-03T09:00:00.001Z"),
        message(at="9999-12-31T23:59:59-23:59"),
        message(at="0001-01-01T00:00:00+23:59"),
        message(sequence=10**30),
        opened(fields={"a": 10**30}),
        opened(fields={"a": [1]}),
        opened(tags="urgent"),
    ],
)
def test_one_wrong_event_refuses_all_and_is_named(wrong: Any) -> None:
    """One wrong event among right ones refuses the request with 422 and its position, counted from 0."""
    answer = refused(post(events(opened(), wrong, message(id="later"))), 422)
    assert answer.detail == {"position": 1}
    assert answer.why.startswith("event 1: ")


def test_an_event_may_lie_24_hours_ahead_and_no_more() -> None:
    """24 h in the future is allowed, to the millisecond."""
    assert accepted(post(events(message(at="2026-03-03T09:00:00Z"))))


def test_an_event_needs_its_own_id_and_ref() -> None:
    """`id` and `ref` must be there."""
    for key in ("id", "ref"):
        value = {name: part for name, part in message().items() if name != key}
        assert refused(post(events(value)), 422).detail == {"position": 0}


def test_the_same_id_with_other_content_is_422() -> None:
    """Within a request an id names one content; the same event twice is no mistake."""
    first, second = accepted(post(events(opened(), opened())))
    assert first == second
    answer = refused(post(events(opened(), message(), opened(subject="other"))), 422)
    assert answer.detail == {"position": 2}


def test_the_order_of_keys_is_no_content() -> None:
    """An event is compared by what it says, not by how it is written."""
    first, second = accepted(post(events(opened(), dict(reversed(opened().items())))))
    assert first == second


def test_the_same_id_with_other_content_is_no_duplicate() -> None:
    """Across requests, the content belongs to the key, so that the core sees other content under one id."""
    (first,), (second,) = accepted(post(events(opened()))), accepted(post(events(opened(subject="other"))))
    assert (first.key, first.exact) == (second.key, True)
    assert first.body != second.body


def test_events_are_limited() -> None:
    """The limit of events is allowed, one more is 422, and none is fine."""
    many = [message(id=f"m{number}") for number in range(EVENTS_MAX + 1)]
    assert len(accepted(post(events(*many[:-1])))) == EVENTS_MAX
    assert str(EVENTS_MAX) in refused(post(events(*many)), 422).why
    assert accepted(post(events())) == []


def test_a_record_that_holds_no_event_is_bad() -> None:
    """A record of another shape is BadPayload, and nothing else."""
    for body in (b"", b"{}", b"\xff", b"[" * 5000, b'{"type": "contact.opened"}'):
        with pytest.raises(BadPayload):
            list(connector().normalize(Record(body=body, received_at=Instant(NOW))))


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "not-whsec", "whsec_é", "whsec_" + "A" * 400, [], [5]])
def test_a_secret_that_is_none_is_a_mistake_that_is_not_shown(secret: Any) -> None:
    """A secret of another form is refused at load, and the message doesn't hold it."""
    with pytest.raises(ValidationError) as caught:
        EventsSettings(secret=secret)
    assert "AAAA" not in str(caught.value)
    assert "not-whsec" not in str(caught.value)


def test_no_secret_is_shown() -> None:
    """Neither the settings nor the connector show a secret."""
    shown = repr(EventsSettings(secret=[SECRET, OTHER])) + repr(connector()) + str(EventsSettings(secret=SECRET))
    assert SECRET[6:] not in shown


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(key=st.sampled_from(sorted(opened())), value=json_values)
def test_whatever_a_field_holds_the_answer_is_a_receipt(key: str, value: Any) -> None:
    """Any JSON in any field gives records or 422, never an exception."""
    body = json.dumps({"events": [opened(**{key: value})]}, ensure_ascii=False).encode("utf-8", "replace")
    receipt = post(body)
    assert isinstance(receipt, Accepted) or (isinstance(receipt, Refused) and receipt.status == 422)


def one_by_one(body: bytes, monkeypatch: pytest.MonkeyPatch) -> Receipt:
    """What becomes of a body whose events are read one by one from the start."""

    def fails(body: bytes) -> list[Any]:
        raise ValueError

    with monkeypatch.context() as changed:
        changed.setattr(module, "decode_events", fails)
        return post(body)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from([*opened(), "fields", "sequence", "rev", "customer", "tags", "facts"]), value=json_values)
def test_read_at_once_or_one_by_one_it_is_the_same(key: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed changes neither what is stored of a body nor the words that refuse it."""
    body = json.dumps({"events": [opened(), message(**{key: value}), opened(**{key: value})]}).encode()
    assert post(body) == one_by_one(body, monkeypatch)


ENRICHED = (
    b'{"events":[{"type":"enrichment.received","id":"e","at":"2026-03-02T08:59:00Z","ref":{"kind":"ticket","id":"42"},'
    b'"enricher":"crm","status":"ok","facts":{"a":%b}}]}'
)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (events(message()).replace(b'"id": "t42:m1"', b'"id": 5, "id": "t42:m1"'), 202),
        (events(message()).replace(b'"type": "message.added"', b'"type": 1, "type": "message.added"'), 202),
        (events(message()).replace(b'"id": "t42:m1"', b'"id": "t42:m1", "id": 5'), 422),
        (b'{"events": 1, "events": [' + json.dumps(message()).encode() + b"]}", 202),
        (events(*(message(id=str(number)) for number in range(100))), 202),
        (ENRICHED % (b"[" * 60 + b"]" * 60), 202),
        (ENRICHED % (b"[" * 61 + b"]" * 61), 422),
        (ENRICHED % (b"[" * 5_000 + b"]" * 5_000), 422),
        (ENRICHED % b"1e400", 422),
        (ENRICHED % b"18446744073709551616", 202),
        (ENRICHED % b"9223372036854775808", 202),
        (ENRICHED % b'"\\ud800"', 422),
        (b"\xef\xbb\xbf" + events(message()), 422),
        (events(message()) + b" x", 422),
        (events(message(text="\xff")).replace(b"\\u00ff", b"\xff"), 422),
    ],
)
def test_bodies_that_are_hard_to_read(body: bytes, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of equal keys counts; 64 levels are allowed; all that, whichever way it is read."""
    receipt = post(body)
    assert (422 if isinstance(receipt, Refused) else 202) == status
    assert receipt == one_by_one(body, monkeypatch)
