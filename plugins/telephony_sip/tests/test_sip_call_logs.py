"""Lines of logs and packets of one call taken together: which source counts for what."""

from typing import Any

import pytest
from gateway_telephony_sip.call import became
from gateway_telephony_sip.facts import Call, Leg, Logged, LoggedBy, LoggedWhat, join
from gateway_telephony_sip.rules import Rules

from plugins.telephony_sip.tests.calls import CALL_ID, T0, call_of, request, response, story

NAME = "asterisk:1767225600.7"
MUSIC = [request("INVITE", 0), response(200, 300)]
"""The exchange has answered, with music."""


def line(at: int, what: LoggedWhat, by: LoggedBy = "queue_log", **more: str) -> Logged:
    return Logged(T0 + at, what, by, call=NAME, **more)


def logged(*lines: Logged) -> Call:
    return Call(logged=tuple(sorted(lines)))


ENTERED = line(1_000, "entered", queue="vip")
CONNECTED = line(21_000, "connected", queue="vip", agent="Agent/7")
ABANDONED = line(21_000, "abandoned", queue="vip")
CDR = (
    line(0, "started", "cdr", caller="+4915550100", called="+4930111222"),
    line(4_000, "answered", "cdr", agent="PJSIP/7"),
    line(9_000, "ended", "cdr", reason="answered"),
)

CALLS: dict[str, tuple[Call, dict[str, Any]]] = {
    "the queue's own log alone": (
        logged(ENTERED, CONNECTED, line(60_000, "ended", reason="caller")),
        {"outcome": "answered", "queued": 1_000, "answered": 21_000, "ended": 60_000, "by": "caller"},
    ),
    "abandoned in the queue": (
        logged(ENTERED, line(10_000, "ringing", agent="Agent/7"), ABANDONED),
        {"outcome": "abandoned", "queued": 1_000, "ringing": 10_000, "ended": 21_000, "by": "caller"},
    ),
    "abandoned in the queue at once": (
        logged(ENTERED, line(3_000, "abandoned")),
        {"outcome": "short_abandoned", "queued": 1_000, "ended": 3_000, "by": "caller"},
    ),
    "the CDR alone": (
        logged(*CDR),
        {"outcome": "answered", "answered": 4_000, "ended": 9_000},
    ),
    "busy, by the CDR": (
        logged(CDR[0], line(9_000, "ended", "cdr", reason="busy")),
        {"outcome": "busy", "ended": 9_000},
    ),
    "several rows of the CDR": (
        logged(*CDR, line(2_000, "ended", "cdr", reason="no_answer")),
        {"outcome": "answered", "answered": 4_000, "ended": 9_000},
    ),
    "music isn't an answer": (
        join(call_of([*MUSIC, request("BYE", 21_400, tags=("ann", "bob"), cseq=2)]), logged(ENTERED, ABANDONED)),
        {"outcome": "abandoned", "queued": 1_000, "ended": 21_400, "by": "caller"},
    ),
    "the queue says when an agent answered, SIP who hung up": (
        join(
            call_of([*MUSIC, request("BYE", 60_400, tags=("bob", "ann"), cseq=2)]),
            logged(ENTERED, CONNECTED, line(60_000, "ended", reason="agent")),
        ),
        {"outcome": "answered", "queued": 1_000, "answered": 21_000, "ended": 60_400, "by": "agent"},
    ),
    "the BYE was lost, and the log has the end": (
        join(call_of(MUSIC), logged(ENTERED, CONNECTED, line(60_000, "ended", reason="agent"))),
        {"outcome": "answered", "queued": 1_000, "answered": 21_000, "ended": 60_000, "by": "agent"},
    ),
    "the CDR fills what the listener missed": (
        join(call_of([request("INVITE", 0), response(180, 500)]), logged(*CDR)),
        {"outcome": "answered", "ringing": 500, "answered": 4_000, "ended": 9_000},
    ),
    "the CDR doesn't overrule what SIP saw": (
        join(call_of([request("INVITE", 0), response(486, 900)]), logged(*CDR)),
        {"outcome": "busy", "ended": 900},
    ),
    "out of the queue, and answered elsewhere": (
        join(
            call_of(
                [
                    *MUSIC,
                    request("INVITE", 40_000, id="two", tags=("pbx", "")),
                    response(200, 45_000, id="two", tags=("pbx", "kim")),
                    request("BYE", 60_000, tags=("ann", "bob"), cseq=2),
                ]
            ),
            logged(ENTERED, line(31_000, "left", reason="timeout")),
        ),
        {"outcome": "answered", "queued": 1_000, "answered": 45_000, "ended": 60_000, "by": "caller"},
    ),
    "a transfer by the exchange": (
        logged(
            ENTERED, CONNECTED, line(30_000, "transferred", called="6002", reason="blind"), line(60_000, "ended", "cdr")
        ),
        {
            "outcome": "answered",
            "queued": 1_000,
            "answered": 21_000,
            "ended": 60_000,
            "transfers": [(30_000, "6002")],
        },
    ),
    "a transfer that the packets show too": (
        join(
            call_of(
                [
                    *MUSIC,
                    request("REFER", 29_500, tags=("bob", "ann"), cseq=2, headers=["Refer-To: <sip:6002@h>"]),
                    response(202, 29_600, method="REFER", tags=("bob", "ann"), cseq=2),
                    request("BYE", 60_000, tags=("ann", "bob"), cseq=2),
                ]
            ),
            logged(ENTERED, CONNECTED, line(30_000, "transferred", called="6002", reason="blind")),
        ),
        {
            "outcome": "answered",
            "queued": 1_000,
            "answered": 21_000,
            "ended": 60_000,
            "by": "caller",
            "transfers": [(29_600, "sip:6002@h")],
        },
    ),
    "our redirect server alone": (
        logged(line(5, "entered", "redirect", queue="vip")),
        {"outcome": "redirected", "queued": 5, "ended": 32_005, "lost": True},
    ),
    "our redirect server, and the INVITE that it got": (
        join(call_of([request("INVITE", 5)]), logged(line(6, "entered", "redirect", queue="vip"))),
        {"outcome": "redirected", "queued": 6, "ended": 32_006, "lost": True},
    ),
    "our redirect server, and the call that followed": (
        join(
            call_of([request("INVITE", 0), response(180, 500), response(200, 2_000), request("BYE", 9_000, cseq=2)]),
            logged(line(6, "entered", "redirect", queue="vip")),
        ),
        {"outcome": "answered", "queued": 6, "ringing": 500, "answered": 2_000, "ended": 9_000, "by": "caller"},
    ),
    "a queue that says no more": (
        logged(ENTERED),
        {"outcome": "lost", "queued": 1_000, "ended": 14_401_000, "lost": True},
    ),
    "connected, and no more": (
        logged(ENTERED, CONNECTED),
        {"outcome": "answered", "queued": 1_000, "answered": 21_000, "ended": 14_421_000, "lost": True},
    ),
    "clocks of whole seconds": (
        join(call_of([request("INVITE", 700)]), logged(line(0, "entered"), line(0, "abandoned"))),
        {"outcome": "short_abandoned", "queued": 700, "ended": 700, "by": "caller"},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_each_source_counts_for_what_it_knows(name: str) -> None:
    """queue_log is the queue's truth, SIP counts for what it saw, the CDR fills gaps."""
    call, expected = CALLS[name]

    assert expected == story(call)


def test_a_call_of_logs_alone_has_the_exchanges_name() -> None:
    """Or its Call-ID, where the log has that: then packets that come later are of the same contact."""
    told, linked = became(logged(*CDR), Rules()), became(join(logged(*CDR), Call(legs={CALL_ID: Leg()})), Rules())

    assert told is not None and told.id == NAME
    assert linked is not None and linked.id == CALL_ID
    assert (told.caller, told.called) == ("+4915550100", "+4930111222")
    assert became(Call(legs={CALL_ID: Leg()}), Rules()) is None


def test_an_agents_leg_answers_no_call_that_waits_in_a_queue() -> None:
    """Nor does the CDR, where the exchange answers at once."""
    rules = Rules(answered_by="agent_leg")

    assert "answered" not in story(logged(*CDR), rules)
