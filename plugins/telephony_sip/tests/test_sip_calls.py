"""What calls become, by own samples: each told from its packets, and the same in any order and with any repetition."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import tell

from plugins.telephony_sip.tests.calls import CALL_ID, both, call_of, request, response, story

BACK = ("bob", "ann")
TALK = ("ann", "bob")
NOTIFY = ("Event: refer", "Content-Type: message/sipfrag")
ELSEWHERE = ('Reason: SIP;cause=200;text="Call completed elsewhere"',)


def up(*more: Captured, at: int = 2_000) -> list[Captured]:
    """A call that was answered, and what came after."""
    return [request("INVITE", 0), response(180, 500), response(200, at), request("ACK", at + 50, tags=TALK), *more]


def bye(at: int, tags: tuple[str, str] = TALK, **more: Any) -> Captured:
    return request("BYE", at, tags=tags, cseq=9, branch="bye", **more)


def offer(at: int, sdp: str, cseq: int, tags: tuple[str, str] = TALK, method: str = "INVITE") -> Captured:
    return request(method, at, tags=tags, cseq=cseq, branch=f"again{cseq}", sdp=sdp)


def fork(number: int) -> dict[str, Any]:
    """The hop to one of several telephones."""
    return {"branch": f"fork{number}", "forwards": 69}


def over_ipv6(packet: Captured) -> Captured:
    """The same over IPv6: other addresses, in brackets where a URI or a Via has them."""
    payload = re.sub(rb"192\.0\.2\.(\d+)", rb"[2001:db8::\1]", packet.payload)
    return replace(packet, payload=payload, source=("2001:db8::10", 5060), target=("2001:db8::20", 5060))


ANSWERED = {"outcome": "answered", "ringing": 500, "answered": 2_000, "ended": 9_000, "by": "caller"}

CALLS: dict[str, tuple[list[Captured], dict[str, Any]]] = {
    "answered": (up(bye(9_000), response(200, 9_100, method="BYE", cseq=9)), ANSWERED),
    "hung up by the agent": (up(bye(9_000, BACK)), {**ANSWERED, "by": "agent"}),
    "seen twice by a proxy": (
        [copy for packet in up(bye(9_000)) for copy in both(packet, "onward")],
        ANSWERED,
    ),
    "a BYE of which only the answer was seen": (
        up(response(200, 9_000, method="BYE", cseq=9, branch="bye")),
        ANSWERED,
    ),
    "a 2xx of which only the ACK was seen": (
        [request("INVITE", 0), response(180, 500), request("ACK", 2_050, tags=TALK, branch="acked"), bye(9_000)],
        {**ANSWERED, "answered": 2_050},
    ),
    "answered without ringing": (
        [request("INVITE", 0), response(200, 2_000), bye(9_000)],
        {key: value for key, value in ANSWERED.items() if key != "ringing"},
    ),
    "early media": (
        [request("INVITE", 0), response(183, 300), response(180, 900), response(200, 2_000), bye(9_000)],
        {**ANSWERED, "ringing": 300},
    ),
    "queued": (
        [request("INVITE", 0), response(182, 200), response(180, 7_000), response(200, 8_000), bye(9_000)],
        {"outcome": "answered", "queued": 200, "ringing": 7_000, "answered": 8_000, "ended": 9_000, "by": "caller"},
    ),
    "forwarded, and a fork that was given up, are no ringing": (
        [request("INVITE", 0), response(181, 200), response(199, 300), response(200, 2_000), bye(9_000)],
        {key: value for key, value in ANSWERED.items() if key != "ringing"},
    ),
    "the INVITE was lost": (
        [response(180, 500), response(200, 2_000), bye(9_000)],
        {**ANSWERED},
    ),
    "the INVITE was lost, and the call failed": (
        [response(486, 900, vias=2, branch="onward"), response(486, 1_000)],
        {"outcome": "busy", "ended": 1_000},
    ),
    "over IPv6": ([over_ipv6(packet) for packet in up(bye(9_000))], ANSWERED),
    "without addresses": (
        [replace(packet, source=("", 0), target=("", 0)) for packet in up(bye(9_000))],
        ANSWERED,
    ),
    "several messages of one instant": (
        [request("INVITE", 0), response(180, 0), response(200, 0), request("ACK", 0, tags=TALK), bye(0)],
        {"outcome": "answered", "ringing": 0, "answered": 0, "ended": 0, "by": "caller"},
    ),
    "a clock that isn't causal": (
        [request("INVITE", 10), response(180, 5), response(200, 2_000), bye(1_999)],
        {"outcome": "answered", "ringing": 10, "answered": 2_000, "ended": 2_000, "by": "caller"},
    ),
    "asked for credentials": (
        [
            request("INVITE", 0),
            response(407, 20, tags=("ann", "proxy")),
            request("ACK", 30, tags=("ann", "proxy")),
            request("INVITE", 60, cseq=2, branch="again"),
            response(180, 500, cseq=2, branch="again"),
            response(200, 2_000, cseq=2, branch="again"),
            bye(9_000),
        ],
        ANSWERED,
    ),
    "asked for credentials, which never came": (
        [request("INVITE", 0), response(401, 20, tags=("ann", "proxy"))],
        {"outcome": "failed", "ended": 32_020, "lost": True},
    ),
    "retransmitted": (
        [request("INVITE", at) for at in (0, 500, 1_500)]
        + [
            response(180, 500),
            response(180, 1_600),
            response(200, 2_000),
            response(200, 2_500),
            bye(9_000),
            bye(9_500),
        ],
        ANSWERED,
    ),
    "abandoned": (
        [
            request("INVITE", 0),
            response(180, 500),
            request("CANCEL", 12_000),
            response(200, 12_010, method="CANCEL"),
            response(487, 12_020),
            request("ACK", 12_030, tags=TALK),
        ],
        {"outcome": "abandoned", "ringing": 500, "ended": 12_000, "by": "caller"},
    ),
    "abandoned at once": (
        [request("INVITE", 0), response(180, 500), request("CANCEL", 4_999), response(487, 5_020)],
        {"outcome": "short_abandoned", "ringing": 500, "ended": 4_999, "by": "caller"},
    ),
    "a 487 without its CANCEL": (
        [request("INVITE", 0), response(180, 500), response(487, 12_000)],
        {"outcome": "abandoned", "ringing": 500, "ended": 12_000},
    ),
    "a CANCEL of which only the answer was seen": (
        [request("INVITE", 0), response(180, 500), response(200, 12_000, method="CANCEL")],
        {"outcome": "abandoned", "ringing": 500, "ended": 12_000, "by": "caller"},
    ),
    "a CANCEL after its final": (
        [request("INVITE", 0), response(486, 8_000), request("CANCEL", 8_010)],
        {"outcome": "busy", "ended": 8_000},
    ),
    "answered elsewhere": (
        [request("INVITE", 0), response(180, 500), request("CANCEL", 3_000, headers=ELSEWHERE), response(487, 3_010)],
        {"outcome": "elsewhere", "ringing": 500, "ended": 3_000},
    ),
    "glare: the CANCEL crossed the 200": (
        up(request("CANCEL", 1_990), response(200, 2_010, method="CANCEL"), bye(2_100)),
        {**ANSWERED, "ended": 2_100, "crossed": True},
    ),
    "glare that the agent's side alone answered": (
        [
            request("INVITE", 0),
            request("INVITE", 1, branch="onward", forwards=69),
            response(180, 500),
            request("CANCEL", 6_000),
            response(200, 6_001, branch="onward", vias=2),
            response(487, 6_010),
            request("BYE", 6_050, tags=TALK, cseq=2, branch="proxy"),
        ],
        {"outcome": "abandoned", "ringing": 500, "ended": 6_000, "by": "caller"},
    ),
    "busy": ([request("INVITE", 0), response(486, 900)], {"outcome": "busy", "ended": 900}),
    "busy everywhere": ([request("INVITE", 0), response(600, 900)], {"outcome": "busy", "ended": 900}),
    "declined": (
        [request("INVITE", 0), response(180, 500), response(603, 900)],
        {"outcome": "declined", "ringing": 500, "ended": 900},
    ),
    "no answer": ([request("INVITE", 0), response(480, 900)], {"outcome": "no_answer", "ended": 900}),
    "a bad number": ([request("INVITE", 0), response(404, 900)], {"outcome": "bad_number", "ended": 900}),
    "failed": ([request("INVITE", 0), response(503, 900)], {"outcome": "failed", "ended": 900}),
    "a cause says more than the code": (
        [request("INVITE", 0), response(480, 900, headers=['Reason: Q.850;cause=17;text="User busy"'])],
        {"outcome": "busy", "ended": 900},
    ),
    "a network without room": (
        [request("INVITE", 0), response(480, 900, headers=["Reason: SIP;cause=480, Q.850;cause=34"])],
        {"outcome": "failed", "ended": 900},
    ),
    "no answer, and a 487 for it": (
        [request("INVITE", 0), response(180, 500), response(487, 9_000, headers=["Reason: Q.850;cause=19"])],
        {"outcome": "no_answer", "ringing": 500, "ended": 9_000},
    ),
    "parallel forks": (
        [
            *up(bye(9_000)),
            *(request("INVITE", 1 + number, **fork(number)) for number in range(3)),
            response(486, 700, branch="fork0", vias=2, tags=("ann", "zoe")),
            response(200, 1_999, branch="fork1", vias=2),
            request("CANCEL", 2_001, branch="fork2", headers=ELSEWHERE),
            response(487, 2_010, branch="fork2", vias=2, tags=("ann", "kim")),
        ],
        {**ANSWERED, "answered": 1_999},
    ),
    "forked before us, and answered on one branch": (
        [
            *up(bye(9_000)),
            request("INVITE", 3, branch="second"),
            response(180, 600, branch="second", tags=("ann", "kim")),
            request("CANCEL", 2_030, branch="second", headers=ELSEWHERE),
            response(487, 2_040, branch="second", tags=("ann", "kim")),
        ],
        ANSWERED,
    ),
    "forked before us, and given up on both branches": (
        [
            request("INVITE", 0),
            request("INVITE", 3, branch="second"),
            response(180, 500),
            request("CANCEL", 10_000, branch="second"),
            request("CANCEL", 30_000),
        ],
        {"outcome": "abandoned", "ringing": 500, "ended": 30_000, "by": "caller"},
    ),
    "forked before us, and given up on one branch": (
        [
            request("INVITE", 0),
            request("INVITE", 3, branch="second"),
            response(180, 500),
            request("CANCEL", 10_000, branch="second"),
        ],
        {"outcome": "lost", "ringing": 500, "ended": 180_500, "lost": True},
    ),
    "two forks that both answered": (
        [
            *up(bye(9_000)),
            response(200, 2_020, tags=("ann", "kim")),
            request("BYE", 2_040, tags=("ann", "kim"), cseq=2, branch="loser"),
        ],
        ANSWERED,
    ),
    "one telephone after the other": (
        [
            request("INVITE", 0),
            request("INVITE", 1, **fork(0)),
            response(180, 500),
            request("CANCEL", 20_000, branch="fork0"),
            response(487, 20_010, branch="fork0", vias=2),
            request("INVITE", 20_020, **fork(1)),
            response(200, 25_000, branch="fork1", vias=2, tags=("ann", "kim")),
            response(200, 25_001, tags=("ann", "kim")),
            request("BYE", 30_000, tags=("kim", "ann"), cseq=4, branch="bye"),
        ],
        {"outcome": "answered", "ringing": 500, "answered": 25_000, "ended": 30_000, "by": "agent"},
    ),
    "redirected by a proxy that follows": (
        [
            *up(bye(9_000)),
            request("INVITE", 2, **fork(0)),
            response(302, 4, branch="fork0", vias=2, tags=("ann", "redirect")),
            request("INVITE", 5, **fork(1)),
        ],
        ANSWERED,
    ),
    "redirected, and not seen again": (
        [request("INVITE", 0), response(302, 4, tags=("ann", "redirect"))],
        {"outcome": "redirected", "ended": 32_004, "lost": True},
    ),
    "redirected, and followed by the caller": (
        [
            request("INVITE", 0),
            response(302, 4, tags=("ann", "redirect")),
            request("INVITE", 30, cseq=2, branch="again", target="sip:queue-vip@pbx.example"),
            response(486, 900, cseq=2, branch="again"),
        ],
        {"outcome": "busy", "ended": 900},
    ),
    "held by the agent": (
        up(offer(3_000, "sendonly", 1, BACK), offer(5_000, "sendrecv", 2, BACK), bye(9_000)),
        {**ANSWERED, "holds": [(3_000, 5_000)]},
    ),
    "held by UPDATE": (
        up(offer(3_000, "inactive", 3, TALK, "UPDATE"), offer(5_000, "sendrecv", 4, TALK, "UPDATE"), bye(9_000)),
        {**ANSWERED, "holds": [(3_000, 5_000)]},
    ),
    "held by both": (
        up(
            offer(3_000, "sendonly", 2),
            offer(4_000, "inactive", 1, BACK),
            offer(5_000, "recvonly", 3),
            offer(6_000, "sendrecv", 2, BACK),
            bye(9_000),
        ),
        {**ANSWERED, "holds": [(3_000, 6_000)]},
    ),
    "held until the end": (
        up(offer(3_000, "sendonly", 2), bye(9_000)),
        {**ANSWERED, "holds": [(3_000, None)]},
    ),
    "a hold that was refused": (
        up(offer(3_000, "sendonly", 2), response(491, 3_020, cseq=2, branch="again2"), bye(9_000)),
        ANSWERED,
    ),
    "a session refresh is no hold": (
        up(offer(3_000, "", 2, TALK, "UPDATE"), offer(4_000, "", 3), bye(9_000)),
        ANSWERED,
    ),
    "a hold told in the order of CSeq": (
        up(offer(3_000, "sendonly", 2), offer(2_999, "sendrecv", 3), offer(4_000, "sendonly", 4), bye(9_000)),
        {**ANSWERED, "holds": [(4_000, None)]},
    ),
    "transferred blind": (
        up(
            request("REFER", 5_000, tags=BACK, cseq=2, branch="refer", headers=["Refer-To: <sip:6002@pbx.example>"]),
            response(202, 5_010, method="REFER", tags=BACK, cseq=2, branch="refer"),
            request("NOTIFY", 5_020, tags=TALK, cseq=2, headers=NOTIFY, body="SIP/2.0 100 Trying\r\n"),
            request("NOTIFY", 6_000, tags=TALK, cseq=3, headers=NOTIFY, body="SIP/2.0 200 OK\r\n"),
            bye(9_000),
        ),
        {**ANSWERED, "transfers": [(6_000, "sip:6002@pbx.example")]},
    ),
    "transferred, and hung up at once": (
        up(
            request("REFER", 5_000, tags=BACK, cseq=2, branch="refer", headers=["Refer-To: <sip:6002@pbx.example>"]),
            response(202, 5_010, method="REFER", tags=BACK, cseq=2, branch="refer"),
            bye(5_020, BACK),
        ),
        {**ANSWERED, "ended": 5_020, "by": "agent", "transfers": [(5_010, "sip:6002@pbx.example")]},
    ),
    "transferred attended": (
        up(
            request(
                "REFER",
                5_000,
                tags=BACK,
                cseq=2,
                branch="refer",
                headers=["Refer-To: <sip:6002@pbx.example?Replaces=consult%40pbx%3Bto-tag%3Dx%3Bfrom-tag%3Dy>"],
            ),
            response(202, 5_010, method="REFER", tags=BACK, cseq=2, branch="refer"),
            request("NOTIFY", 6_000, tags=TALK, cseq=3, headers=NOTIFY, body="SIP/2.0 200 OK\r\n"),
            bye(9_000),
        ),
        {**ANSWERED, "transfers": [(6_000, "sip:6002@pbx.example")]},
    ),
    "a transfer that failed": (
        up(
            request("REFER", 5_000, tags=BACK, cseq=2, branch="refer", headers=["Refer-To: <sip:6002@pbx.example>"]),
            response(202, 5_010, method="REFER", tags=BACK, cseq=2, branch="refer"),
            request("NOTIFY", 6_000, tags=TALK, cseq=3, headers=NOTIFY, body="SIP/2.0 486 Busy Here\r\n"),
            bye(9_000),
        ),
        ANSWERED,
    ),
    "a transfer that was refused": (
        up(
            request("REFER", 5_000, tags=BACK, cseq=2, branch="refer", headers=["Refer-To: <sip:6002@pbx.example>"]),
            response(603, 5_010, method="REFER", tags=BACK, cseq=2, branch="refer"),
            bye(9_000),
        ),
        ANSWERED,
    ),
    "lost before any answer": (
        [request("INVITE", 0)],
        {"outcome": "lost", "ended": 32_000, "lost": True},
    ),
    "lost in ringing": (
        [request("INVITE", 0), response(100, 10, tags=("ann", "")), response(180, 500), response(180, 60_500)],
        {"outcome": "lost", "ringing": 500, "ended": 240_500, "lost": True},
    ),
    "without a BYE": (
        up(),
        {"outcome": "answered", "ringing": 500, "answered": 2_000, "ended": 14_402_000, "lost": True},
    ),
    "without a BYE, and with a session timer": (
        [
            request("INVITE", 0),
            response(180, 500),
            response(200, 2_000, headers=["Session-Expires: 1800;refresher=uac"]),
            offer(900_000, "", 5, TALK, "UPDATE"),
        ],
        {"outcome": "answered", "ringing": 500, "answered": 2_000, "ended": 2_700_000, "lost": True},
    ),
    "a caller who hangs up in the early dialog": (
        [request("INVITE", 0), response(180, 500), bye(7_000)],
        {"outcome": "abandoned", "ringing": 500, "ended": 7_000, "by": "caller"},
    ),
    "a proxy that took back every branch": (
        [
            request("INVITE", 0),
            request("INVITE", 1, **fork(0)),
            response(180, 500, branch="fork0", vias=2),
            request("CANCEL", 12_000, branch="fork0"),
        ],
        {"outcome": "abandoned", "ringing": 500, "ended": 44_000, "lost": True},
    ),
    "a refusal of which only the proxy's side was seen": (
        [
            request("INVITE", 0),
            request("INVITE", 1, **fork(0)),
            request("INVITE", 1, **fork(1)),
            response(480, 9_000, branch="fork1", vias=2),
            response(486, 800, branch="fork0", vias=2),
        ],
        {"outcome": "no_answer", "ended": 41_000, "lost": True},
    ),
    "no times in the capture": (
        [request("INVITE", None), response(180, None), response(200, None), bye(9_000)],
        {"outcome": "answered", "ringing": 0, "answered": 0, "ended": 9_000, "by": "caller"},
    ),
    "two capturers whose clocks differ": (
        [
            *up(bye(9_000)),
            *(
                packet
                for packet in [
                    request("INVITE", -3_000, branch="onward", forwards=69, by=8),
                    response(180, -2_500, branch="onward", vias=2, by=8),
                    response(200, -1_000, branch="onward", vias=2, by=8),
                    request("BYE", 6_000, tags=TALK, cseq=9, branch="far", forwards=69, by=8),
                ]
            ),
        ],
        ANSWERED,
    ),
    "one socket for both ends": (
        [
            packet
            for packet in [
                request("INVITE", 0, source="192.0.2.20"),
                request("INVITE", 1, source="192.0.2.20", **fork(0)),
                response(486, 800, branch="fork0", vias=2),
                request("INVITE", 801, source="192.0.2.20", **fork(1)),
                response(200, 2_000, branch="fork1", vias=2),
                bye(9_000),
            ]
        ],
        {"outcome": "answered", "answered": 2_000, "ended": 9_000, "by": "caller"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_becomes_what_its_packets_say(name: str) -> None:
    """In the order in which they were sent."""
    packets, expected = CALLS[name]

    assert expected == story(call_of(packets))


@pytest.mark.parametrize("name", CALLS)
def test_order_and_repetition_change_nothing(name: str) -> None:
    """Shuffled and doubled, the same events."""
    packets, _ = CALLS[name]
    rules = Rules()
    expected = list(tell(call_of(packets), rules))
    chance = random.Random(name)
    for _ in range(4):
        shuffled = [*packets, *chance.choices(packets, k=len(packets))]
        chance.shuffle(shuffled)

        assert expected == list(tell(call_of(shuffled), rules))


def test_what_says_nothing_of_a_call_is_left() -> None:
    """Registrations, subscriptions, answers to a re-INVITE of a call that began earlier."""
    nothing: list[Callable[[], Captured]] = [
        lambda: request("REGISTER", 0),
        lambda: request("OPTIONS", 0),
        lambda: request("SUBSCRIBE", 0),
        lambda: response(200, 0, method="REGISTER"),
    ]

    assert [{}] * len(nothing) == [story(call_of([packet()])) for packet in nothing]
    assert story(call_of([offer(0, "sendonly", 5), response(200, 10, cseq=5), bye(20)])) == {}
    assert CALL_ID in call_of([bye(20)]).legs
