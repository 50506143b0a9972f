"""Webhooks: the token proves who calls, and nothing but the ticket's id is read."""

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest
from gateway_freshdesk.webhook import TICKETS_MAX, named_in
from hypothesis import given
from hypothesis import strategies as st

from gateway.plugin import Accepted, BadPayload, Fetch, Ref, Refused, Request

BODY = b'{"ticket_id": "42"}'


def request(body: bytes = BODY, **headers: str) -> Request:
    """A request as it came."""
    return Request("POST", {name.replace("_", "-"): value for name, value in headers.items()}, {}, body, 1_000)


def basic(pair: str) -> str:
    """HTTP Basic of a name and a password."""
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    "headers",
    [
        {"x_gateway_token": "new"},
        {"x_gateway_token": "old"},
        {"authorization": basic("anybody:new")},
        {"authorization": basic(":old")},
        {"authorization": basic("anybody:new").replace("Basic", "basic")},
    ],
)
def test_whoever_knows_a_token_is_heard(headers: dict[str, str], account: Callable[..., Any]) -> None:
    """As a header, or as the password of HTTP Basic; any of several."""
    receipt = account({}, webhook_token=["new", "old"]).connector.receive(request(**headers))
    assert isinstance(receipt, Accepted)
    [record] = receipt.records
    assert (record.body, record.form, record.key, record.received_at) == (BODY, "push", None, 1_000)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_gateway_token": ""},
        {"x_gateway_token": "wrong"},
        {"x_gateway_token": "new "},
        {"x_gateway_token": "néw"},
        {"x_gateway_token": "n" * 100_000},
        {"authorization": basic("new:wrong")},
        {"authorization": basic("new")},
        {"authorization": "Basic ????"},
        {"authorization": "Basic " + "A" * 100_001},
        {"authorization": "Bearer new"},
        {"x_gateway_token": "wrong", "authorization": basic("a:new")},
    ],
)
def test_nobody_else_is(headers: dict[str, str], account: Callable[..., Any]) -> None:
    """In words that hold no token. A wrong header isn't made good by a right password."""
    receipt = account({}, webhook_token=["new"]).connector.receive(request(**headers))
    assert isinstance(receipt, Refused)
    assert receipt.status == 401
    assert "new" not in receipt.why


def test_without_a_token_nobody_is(account: Callable[..., Any]) -> None:
    """An account isn't open until somebody notices."""
    assert isinstance(account({}).connector.receive(request(x_gateway_token="")), Refused)


@pytest.mark.parametrize(
    "body",
    [
        b'{"freshdesk_webhook": {"ticket_id": 42, "ticket_subject": "x"}}',
        b'{"ticket_id": "42", "id": 7}',
        b'{"ticket": {"id": 42}}',
        b'{"id": 42}',
        b'{"freshdesk_webhook": {"ticket_id": "0042"}}',
        b'{"ticket_id": "42", "subject": "it says "no""}',
        b'{"ticket_id": 42, "text": "two\nlines"}',
        b"{'ticket_id': '42'",
        b"ticket_id=42&subject=a+b",
        b"subject=a%26b&ticket_id=42",
        b"freshdesk_webhook%5Bticket_id%5D=42",
        b"id=42",
        b"\xff\xfe ticket_id: 42 \x00",
    ],
)
def test_a_ticket_is_named(body: bytes, account: Callable[..., Any]) -> None:
    """In Freshdesk's own form, in JSON of one's own, in a form, and where a quotation mark broke it."""
    [fetch] = account({}).reads(body, "push")
    assert isinstance(fetch, Fetch)
    assert (fetch.ref, fetch.version) == (Ref("ticket", "42"), None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"42",
        b'"ticket_id=42"',
        b'{"ticket_id": 0}',
        b'{"ticket_id": "x"}',
        b'{"ticket_id": -1}',
        b'{"ticket_id": true}',
        b'{"ticket_id": 1e3}',
        b'{"ticket_id": "../42"}',
        b'{"ticket_id": "1234567890123456789"}',
        b'{"ticket": [42]}',
        b"ticket_id=1234567890123456789",
        b"ticket_id=0",
        b"subject=ticket",
        b"[" * 100_000,
        b"a=%41&" * 2_000 + b"id=42",
    ],
)
def test_what_names_none_is_parked(body: bytes, account: Callable[..., Any]) -> None:
    """With its reason; never an id that is none."""
    with pytest.raises(BadPayload):
        account({}).reads(body, "push")


def test_what_a_customer_writes_hides_no_ticket() -> None:
    """Of a broken body every id that stands there is looked up, a few at most: looking up costs a request, no more."""
    assert named_in(b'{"subject": "say "ticket_id": 7", "ticket_id": "42"}') == ["7", "42"]
    many = b", ".join(b'"ticket_id": %d' % id for id in range(1, 100))
    assert len(named_in(b'{"subject": "oh "no", ' + many)) == TICKETS_MAX


@given(st.integers(1, 10**18 - 1), st.text())
def test_any_words_beside_the_id_are_passed_over(id: int, words: str) -> None:
    """However they are put into the body."""
    told = words.encode("utf-8", "surrogatepass")
    assert str(id) in named_in(b'{"ticket_id": "%d", "subject": "%s"}' % (id, told))
    assert str(id) in named_in(b"ticket_id=%d&subject=%s" % (id, quote_plus(told).encode()))
