"""Callers who don't want to be known, and numbers that are nobody's: neither kept nor shown."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from gateway_telephony_sip.capture import write_facts
from gateway_telephony_sip.facts import join_legs
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.numbers import Plan, e164, is_anonymous, is_withheld
from gateway_telephony_sip.telling import opening, tell

from gateway.plugin import UNSET, CallAnswered, Event
from plugins.telephony_sip.tests.calls import RULES, call_of, legs_of, request, response

ANN = b'"Ann" <sip:+4915550100@carrier.example>'
ASSERTED = "P-Asserted-Identity: <sip:+4915550100@carrier.example>"


def told(packets: Iterable[Captured]) -> list[Event]:
    return list(tell(call_of(packets), RULES))


def called_from(caller: bytes, *headers: str) -> Captured:
    """An INVITE with that From."""
    packet = request("INVITE", 0, headers=headers)
    return replace(packet, payload=packet.payload.replace(ANN, caller))


@pytest.mark.parametrize("privacy", ["id", "user", "header", "id;critical", "none, id"])
def test_no_number_of_a_private_caller_is_kept_from_answers(privacy: str) -> None:
    """Within a network From may hold the number beside `Privacy: id`, and answers repeat From without it."""
    asked = request("INVITE", 0, headers=[f"Privacy: {privacy}", ASSERTED])
    answers = [response(180, 100), response(200, 2_000)]
    for packets in ([asked, *answers], [*answers, asked]):
        assert b"15550100" not in write_facts(call_of(packets))
    assert opening(told([asked, *answers])).customer is UNSET


def test_glimpses_go_in_any_order_of_joining() -> None:
    parts = [next(iter(legs_of([one]).values())) for one in (response(180, 5), request("INVITE", 0), response(183, 9))]
    first, second, third = parts
    assert join_legs(join_legs(first, third), second) == join_legs(first, join_legs(second, third))
    assert first.glimpses
    assert not join_legs(first, second).glimpses


@pytest.mark.parametrize(
    "caller",
    [b'"Anonymous" <sip:anonymous@anonymous.invalid>', b"<sip:Restricted@10.0.0.1>", b"sip:x@anonymous.invalid"],
)
def test_a_from_that_withholds_wins_over_what_the_network_asserts(caller: bytes) -> None:
    packets = [called_from(caller, ASSERTED), response(486, 100)]
    assert opening(told(packets)).customer is UNSET
    assert b"15550100" not in write_facts(call_of(packets))


def test_a_from_without_a_number_leaves_the_asserted_one() -> None:
    packets = [called_from(b"<sip:carrier.example>", ASSERTED)]
    customer = opening(told(packets)).customer
    assert customer is not UNSET
    assert customer.phone == "+4915550100"


def test_a_hop_that_lost_the_wish_tells_nobody_either() -> None:
    lost = request("INVITE", 0, branch="near")
    kept = request("INVITE", 2, branch="far", forwards=69, headers=["Privacy: id"])
    assert opening(told([lost, kept])).customer is UNSET


@pytest.mark.parametrize(
    "header",
    [
        "Diversion: <sip:+4915550177@carrier.example>;reason=no-answer;privacy=full",
        "History-Info: <sip:+4915550177@carrier.example?Privacy=history>;index=1, <sip:+4930111222@pbx>;index=1.1",
        "History-Info: <sip:+4915550177@x>;index=1, <sip:+4930111222@pbx>;index=1.1\r\nPrivacy: history",
    ],
)
def test_who_redirected_may_stay_unknown(header: str) -> None:
    packets = [request("INVITE", 0, headers=[header])]
    assert b"15550177" not in write_facts(call_of(packets))


def test_who_answered_may_stay_unknown() -> None:
    answer = response(200, 2_000, headers=["P-Asserted-Identity: <sip:6001@pbx.example>", "Privacy: id"])
    answered = next(event for event in told([request("INVITE", 0), answer]) if isinstance(event, CallAnswered))
    assert answered.agent is None


def test_a_browser_that_answers_is_who_was_called() -> None:
    """SIP over WebSocket: the Contact is a word by chance, another one each time."""
    answer = response(200, 2_000, headers=["Contact: <sip:7q3v5h2k@df7jal23ls0d.invalid;transport=ws>"])
    answered = next(event for event in told([request("INVITE", 0), answer]) if isinstance(event, CallAnswered))
    assert answered.agent == "+4930111222"


@pytest.mark.parametrize("user", ["asterisk", "FreeSWITCH", "unknown", "+266696687", "+86282452253;oli=0", "nobody"])
def test_what_stands_for_nobody_is_no_customer(user: str) -> None:
    """Else thousands of strangers would be one customer."""
    packets = [called_from(f"<sip:{user}@10.0.0.1>".encode())]
    assert opening(told(packets)).customer is UNSET


@pytest.mark.parametrize("user", ["+4915550100;isub=44", "+4915550100;npdi;rn=+4915"])
def test_parameters_of_a_number_make_nobody_of_no_one(user: str) -> None:
    assert not is_anonymous(f"sip:{user}@carrier.example")
    assert not is_withheld(f"sip:{user}@carrier.example")
    assert e164(f"sip:{user}@carrier.example", Plan()) == "+4915550100"
    customer = opening(told([called_from(f"<sip:{user}@carrier.example>".encode())])).customer
    assert customer is not UNSET
    assert customer.phone == "+4915550100"


@pytest.mark.parametrize("between", [", ", "\r\nP-Asserted-Identity: "])
def test_of_a_name_and_a_number_that_are_asserted_the_number_counts(between: str) -> None:
    asserted = f'P-Asserted-Identity: "Roe, Ann" <sip:ann.roe@carrier.example>{between}<tel:+4915550199>'
    customer = opening(told([request("INVITE", 0, headers=[asserted])])).customer
    assert customer is not UNSET
    assert customer.phone == "+4915550199"
