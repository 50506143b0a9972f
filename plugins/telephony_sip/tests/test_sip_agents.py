"""Who answered, and by whose clock: outbound calls, legs of an exchange, two capturers."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_network

import pytest
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import opening, tell

from gateway.plugin import UNSET, CallAnswered
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


def two_answers(*ends: Captured) -> list[Captured]:
    """Two telephones that answer at once."""
    first = response(200, 2_000, tags=("ann", "t0"), headers=["Contact: <sip:6000@h>"])
    return [
        request("INVITE", 0),
        first,
        response(200, 2_006, tags=("ann", "t1"), headers=["Contact: <sip:6001@h>"]),
        *ends,
    ]


def bye(at: int, to_tag: str) -> Captured:
    return request("BYE", at, cseq=2, tags=("ann", to_tag), branch=f"bye-{to_tag}")


@pytest.mark.parametrize(
    ("ends", "who", "ended"),
    [
        ([bye(2_100, "t1"), bye(60_000, "t0")], "6000", 60_000),
        ([bye(2_100, "t0"), bye(60_000, "t1")], "6001", 60_000),
        ([bye(9_000, "t0")], "6001", None),  # the second goes on
        ([bye(60_000, "t0")], "6000", 60_000),  # the BYE of the second was lost long ago
        ([], "6000", None),
    ],
)
def test_of_two_answers_the_one_that_the_caller_keeps_counts(ends: list[Captured], who: str, ended: int | None) -> None:
    """Answered it was when the first of them did."""
    packets = two_answers(*ends)
    told = story(call_of(packets))
    assert agent(packets) == who
    assert told["answered"] == 2_000
    assert told.get("lost", False) == (ended is None)
    assert ended in (None, told["ended"])


def test_holds_and_transfers_that_two_capturers_saw_have_one_clock() -> None:
    """The second one's is three seconds behind: its hold began before the answer."""
    there = ("ann", "bob")
    seen = [
        request("INVITE", 0),
        response(200, 5_000),
        request("INVITE", 6_000, cseq=2, tags=there, branch="hold", sdp="sendonly"),
        request("INVITE", 8_000, cseq=3, tags=there, branch="back", sdp="sendrecv"),
        request("REFER", 8_500, cseq=4, tags=there, headers=["Refer-To: <sip:6002@pbx.example>"]),
        response(202, 8_600, method="REFER", cseq=4),
        request("BYE", 9_000, cseq=5, tags=there),
    ]
    again = [replace(packet, at=(packet.at or T0) - 3_000, agent=9) for packet in seen[2:]]
    told = story(call_of([*seen, *again]))
    assert told["holds"] == [(6_000, 8_000)]
    assert told["transfers"] == [(8_600, "sip:6002@pbx.example")]


def test_an_address_of_ipv4_in_ipv6_is_of_its_network() -> None:
    """As HEP shows it from a server that listens on both."""
    assert OURS.side(f"::ffff:{CALLER}", "", "") == "outbound"
    assert Rules(networks=(ip_network("fe80::/10"),)).side("fe80::1%eth0", "", "") == "outbound"


@pytest.mark.parametrize("early", [1, 3_000])
def test_a_leg_that_names_another_is_not_the_callers(early: int) -> None:
    """Kamailio with hidden Call-IDs stamps the INVITE that it sent before the one that it got, one time in three."""
    packets = [
        request("INVITE", 0, id="aa@caller"),
        request("INVITE", -early, id="!!:masked", headers=["X-CID: aa@caller"], branch="far", forwards=69),
        response(200, 5_000 - early, id="!!:masked", branch="far", vias=1),
        response(200, 5_000, id="aa@caller"),
    ]
    told = next(tell(call_of(packets), RULES))
    assert (told.ref.id, told.at) == ("aa@caller", T0)
    assert story(call_of(packets))["answered"] == 5_000


def test_two_legs_that_name_each_other_go_by_time() -> None:
    packets = [
        request("INVITE", 5, id="aa@caller", headers=["X-CID: bb@pbx"]),
        request("INVITE", 0, id="bb@pbx", headers=["X-CID: aa@caller"]),
    ]
    assert next(tell(call_of(packets), RULES)).ref.id == "bb@pbx"


@pytest.mark.parametrize("wish", [[], ["Privacy: id"]])
def test_the_callers_leg_is_known_without_its_invite(wish: list[str]) -> None:
    """The telephones' legs name it, and say whether the caller wants to be known."""
    header = ["X-CID: aa@caller", *wish]
    packets = [
        response(180, 300, id="aa@caller"),
        request("INVITE", 100, id="phone@pbx", tags=("pbx", ""), headers=header),
        request("CANCEL", 8_010, id="phone@pbx", tags=("pbx", ""), headers=["Reason: SIP;cause=200"]),
        response(200, 8_020, id="aa@caller"),
        request("BYE", 60_000, id="aa@caller", cseq=2, tags=("ann", "bob")),
    ]
    told = story(call_of(packets))
    assert (told["outcome"], told["answered"], told["ended"]) == ("answered", 8_020, 60_000)
    opened = opening(tell(call_of(packets), RULES))
    assert opened.ref.id == "aa@caller"
    assert (opened.customer is UNSET) == bool(wish)
