"""Webhooks are proved by hand: every scheme, secret and clock that Stripe's own words allow, and nothing else."""

import json
from typing import Any

import pytest
from gateway_payments.stripe.signature import HEADER, HEADER_MAX, header, signature, unproved
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from gateway.plugin import Accepted, Refused, Request
from plugins.payments.tests.stripe_said import NOW, SECRET, Account, sample

BODY = json.dumps(sample("push_dispute_created")).encode()
AT = NOW // 1000


def request(told: str, body: bytes = BODY, at: int = NOW) -> Request:
    return Request("POST", {HEADER: told}, {}, body, at)


def proved(told: str, *secrets: str, body: bytes = BODY, at: int = NOW) -> bool:
    return unproved([SecretStr(secret) for secret in secrets or (SECRET,)], request(told, body, at), 300_000) is None


def test_a_known_signature() -> None:
    """Accepted by Stripe's own library, version 16.1.0, with characters beyond ASCII in the body."""
    body = (
        '{"id":"evt_lab_1","object":"event","type":"charge.dispute.created","data":{"object":'
        '{"id":"dp_1","object":"dispute","amount":4200,"note":"caf\\u00e9 😡"}}}'
    )

    assert signature("whsec_lab_secret", "1795290000", body.encode()) == (
        "3e0431ba8d89edfbd87fddbd895d53d48ded70278f957ccd0636870e824bb8ce"
    )


def test_any_v1_of_any_secret_will_do() -> None:
    """While a secret is rolled Stripe signs with both, and we have both."""
    good, strange = signature(SECRET, str(AT), BODY), "0" * 64

    assert proved(f"t={AT},v1={strange},v1={good},v0={strange}")
    assert proved(header("whsec_old", AT, BODY), SECRET, "whsec_old")
    assert not proved(header("whsec_old", AT, BODY))


def test_other_schemes_prove_nothing() -> None:
    """A v0 that would match as v1 is passed over."""
    assert not proved(f"t={AT},v0={signature(SECRET, str(AT), BODY)}")


@pytest.mark.parametrize(("away_s", "taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_time_lies_within_the_tolerance_on_both_sides(away_s: int, taken: bool) -> None:
    """By the receipt, not by now: a body that waits in a queue of ours stays proved."""
    assert proved(header(SECRET, AT + away_s, BODY)) is taken


def test_the_body_counts_to_the_byte() -> None:
    """What means the same but is written otherwise isn't what was signed."""
    assert not proved(header(SECRET, AT, BODY), body=BODY.replace(b": ", b":"))
    assert not proved(header(SECRET, AT, BODY) + "0")


@pytest.mark.parametrize(
    "told",
    [
        "",
        "t=,v1=",
        "v1=" + "0" * 64,
        f"t={AT}",
        f"t={AT},t={AT},v1={signature(SECRET, str(AT), BODY)}",
        f"t={'9' * 400},v1={'0' * 64}",
        f"t=-{AT},v1={'0' * 64}",
        f"t=²,v1={'0' * 64}",
        f"t={AT},v1={'é' * 64}",
        "," * 5_000,
        f"t={AT}," + f"v1={'0' * 64}," * 100 + f"v1={signature(SECRET, str(AT), BODY)}",
        header(SECRET, AT, BODY).ljust(HEADER_MAX + 1, ","),
    ],
)
def test_hostile_headers_are_refused(told: str) -> None:
    """Two times, none, absurd ones, and more than can be looked at."""
    assert isinstance(Account().connector.receive(request(told)), Refused)


@given(st.one_of(st.text(max_size=300), st.text("t=v10,;²\x00 9afé", max_size=300)), st.binary(max_size=50))
def test_no_header_raises(told: str, body: bytes) -> None:
    """Whatever a stranger sends is refused in words."""
    found: Any = Account().connector.receive(request(told, body))

    assert isinstance(found, Refused)
    assert found.status == 401


def test_without_a_secret_nothing_is_taken() -> None:
    """An empty secret isn't one that everybody knows."""
    account = Account(webhook_secret=None)

    assert isinstance(account.connector.receive(request(header("", AT, BODY))), Refused)


def test_what_stripe_signed_is_stored_whatever_it_is() -> None:
    """Under the event's id, the same as the pull's; what is no JSON or has no id is stored too, and parked later."""
    connector = Account().connector
    for body, key in ((BODY, "evt_1Sample001"), (b"{}", None), (b"\xff", None), (b'{"id": 7}', None)):
        found = connector.receive(request(header(SECRET, AT, body), body))

        assert isinstance(found, Accepted)
        assert [(record.key, record.body) for record in found.records] == [(key, body)]


def test_a_client_secret_is_not_stored() -> None:
    """With it a payment could be completed."""
    body = json.dumps({"id": "evt_1", "data": {"object": {"id": "pi_1", "client_secret": "pi_1_secret_x"}}}).encode()
    found = Account().connector.receive(request(header(SECRET, AT, body), body))

    assert isinstance(found, Accepted)
    assert json.loads(found.records[0].body) == {"id": "evt_1", "data": {"object": {"id": "pi_1"}}}
