"""Who answered, and by whose clock: outbound calls, legs of an exchange, two capturers."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network

from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import tell

from gateway.plugin import CallAnswered
from plugins.telephony_sip.tests.calls import CALLER, RULES, T0, call_of, request, response, story

OURS = Rules(networks=(ip_network(CALLER),))
CONTACT = "Contact: <sip:6001@10.0.0.5:5060>"


def agent(packets: Iterable[Captured], rules: Rules = RULES) -> str | None:
    return next(event for event in tell(call_of(packets, rules), rules) if isinstance(event, CallAnswered)).agent


def test_the_agent_of_an_outbound_call_is_who_calls() -> None:
    asked = request("INVITE", 0)
    named = replace(asked, payload=asked.payload.replace(b"sip:+4915550100@carrier.example", b"sip:6007@pbx.example"))
    assert agent([named, response(200, 2_000)], OURS) == "6007"
    assert agent([named, response(200, 2_000, headers=[CONTACT])]) == "6001"


def test_the_agent_on_another_leg_is_named_as_on_the_callers_own() -> None:
    rules = Rules(answered_by="agent_leg")
    packets = [
        request("INVITE", 0, headers=["X-CID: shared-1"]),
        response(200, 10),
        request("INVITE", 500, id="two@pbx", tags=("pbx", ""), headers=["X-CID: shared-1"]),
        response(200, 5_000, id="two@pbx", tags=("pbx", "phone"), headers=[CONTACT]),
    ]
    assert agent(packets, rules) == "6001"


def test_a_refusal_that_two_capturers_saw_has_the_time_of_the_invites_own() -> None:
    """The second one's clock is three seconds ahead."""
    seen = [request("INVITE", 0), response(486, 5_000)]
    again = [replace(packet, at=(packet.at or T0) + 3_000, agent=9) for packet in seen]
    assert story(call_of([*seen, *again]))["ended"] == 5_000
    assert story(call_of([*again, *seen]))["ended"] == 5_000
