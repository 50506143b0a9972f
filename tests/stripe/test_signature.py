"""Stripe's own library proves the simulator's webhooks, and judges signatures as our connector does.

They differ by purpose where a test here says so, and nowhere else: we bound a time that lies ahead as well, and take a
header that Stripe never writes (two times, a signature that isn't one) for no proof.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.settings import StripeSettings
from hypothesis import given
from hypothesis import strategies as st

from gateway.plugin import SECOND_MS, Accepted, Context, Request
from gateway.testing.wire import Wire
from tests.acceptance.process import now_ms
from tests.stripe.shop import Counter, told

SECRET = "whsec_of_one_endpoint"
BODY = json.dumps({"id": "evt_1", "object": "event", "type": "payout.paid", "name": "Zoë"}).encode()
TOLERANCE_S = 300


class Wall:
    """The wall's clock, as the kit's wire reads it."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return now_ms()


def theirs(body: bytes, header: str | None, secret: str = SECRET) -> bool:
    """Whether Stripe's library takes it."""
    try:
        stripe.Webhook.construct_event(body, header, secret, TOLERANCE_S)
    except stripe.SignatureVerificationError:
        return False
    return True


def ours(body: bytes, header: str | None, *secrets: str) -> bool:
    """Whether the connector does, now."""
    settings = StripeSettings.model_validate({"webhook_secret": list(secrets or (SECRET,))})
    context: Any = Context(http=None)  # type: ignore[arg-type]
    headers = {} if header is None else {"stripe-signature": header}
    receipt = Stripe("stripe", settings, context).receive(Request("POST", headers, {}, body, now_ms()))
    return isinstance(receipt, Accepted)


def signed(at_s: int, body: bytes = BODY, secret: str = SECRET) -> str:
    """A header by Stripe's library."""
    header: str = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, at_s)
    return header


def now_s() -> int:
    """The present second."""
    return now_ms() // SECOND_MS


async def heard(counter: Counter, wire: Wire) -> list[Request]:
    """What the account sends of everything that can happen."""
    for name in sorted(counter.simulator.acts):
        counter.simulator.act(name)
    await counter.simulator.settled()
    return wire.taken()


def test_what_the_simulator_signs_is_stripes() -> None:
    """To Stripe's library and to the connector, with the old and the new secret while one is rolled."""

    async def story(counter: Counter) -> None:
        wire = Wire(Wall())  # type: ignore[arg-type]
        endpoint = counter.simulator.push_to(await wire.start())
        old = counter.settings["webhook_secret"]
        try:
            assert endpoint is not None
            came = await heard(counter, wire)
            assert len(came) > 40
            for request in came:
                header = request.headers["stripe-signature"]
                event = stripe.Webhook.construct_event(request.body, header, old, TOLERANCE_S)
                assert isinstance(event, stripe.Event) and counter.simulator.account.event(event.id) is not None
                assert ours(request.body, header, old) and not ours(request.body, header, "whsec_other")
            endpoint.roll("whsec_new", now_ms())
            for request in await heard(counter, wire):
                header = request.headers["stripe-signature"]
                for secret in (old, "whsec_new"):
                    assert theirs(request.body, header, secret) and ours(request.body, header, secret)
        finally:
            await wire.stop()

    told(story)


@pytest.mark.parametrize("ago_s", [0, 1, TOLERANCE_S - 5, TOLERANCE_S + 5, 86_400])
def test_old_signatures_are_judged_alike(ago_s: int) -> None:
    """Five minutes are the tolerance of both."""
    header = signed(now_s() - ago_s)
    assert ours(BODY, header) is theirs(BODY, header) is (ago_s < TOLERANCE_S)


@pytest.mark.parametrize("ahead_s", [60, TOLERANCE_S + 60, 86_400])
def test_we_alone_bound_a_time_that_lies_ahead(ahead_s: int) -> None:
    """Theirs takes any."""
    header = signed(now_s() + ahead_s)
    assert theirs(BODY, header)
    assert ours(BODY, header) is (ahead_s < TOLERANCE_S)


def _spoilt(header: str) -> Iterator[str | None]:
    """Headers that prove nothing, or do all the same."""
    at, _, mark = header.partition(",v1=")
    yield from (None, "", "v1", "t=,v1=", f"{at}", f",v1={mark}", f"t=x,v1={mark}", f"{at},v1=", f"{at},v1={'0' * 64}")
    yield from (f"{at},v0={mark}", f"{at},v2={mark}", f"{at},V1={mark}", f"{at},v1={mark.upper()}")
    yield from (f"v1={mark},{at}", f"{at},v0={'0' * 64},v1={mark}", f"{at},v1={'0' * 64},v1={mark}", f"{header},x")
    yield from (f"{header},v1={'1' * 64}", f"{at}1,v1={mark}", f"t=-1,v1={mark}", f"{header}0", f"{at},v1={mark[:-1]}")


@pytest.mark.parametrize("place", range(22))
def test_spoilt_headers_are_judged_alike(place: int) -> None:
    """Whatever stands in another place, is missing, doubled or of another scheme."""
    header = [*_spoilt(signed(now_s()))][place]
    assert ours(BODY, header) is theirs(BODY, header)


@given(st.text(alphabet="tv01=,- abcdef9", max_size=60), st.integers(0, 90), st.integers(0, 90))
def test_whatever_stands_in_a_header_we_take_nothing_that_they_refuse(text: str, begin: int, end: int) -> None:
    """And a true one of theirs is taken."""
    header = signed(now_s())
    spoilt = header[:begin] + text + header[end:]
    assert ours(BODY, header)
    assert theirs(BODY, spoilt) or not ours(BODY, spoilt)
