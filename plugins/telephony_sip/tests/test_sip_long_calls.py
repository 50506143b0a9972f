"""Calls of hours: sessions refreshed all the time, holds in every way of writing them, recorders that listen."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from gateway_telephony_sip.facts import BOUNDS, Leg, join_legs
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.telling import tell

from plugins.telephony_sip.tests.calls import CALL_ID, RULES, both, call_of, legs_of, request, response, story

THERE, BACK = ("ann", "bob"), ("bob", "ann")
REFRESH_MS = 90_000


def answered() -> list[Captured]:
    return [request("INVITE", 0), response(200, 2_000), request("ACK", 2_010, tags=THERE, branch="ack")]


def offer(at: int, cseq: int, sdp: str = "", tags: tuple[str, str] = THERE) -> Captured:
    return request("INVITE", at, cseq=cseq, tags=tags, branch=f"again{cseq}", sdp=sdp)


def refreshed(times: int) -> Iterator[Captured]:
    """Each re-INVITE and its answer, on both sides of a proxy."""
    for number in range(1, times + 1):
        at, cseq = number * REFRESH_MS, number + 1
        yield from both(offer(at, cseq, "sendrecv"), f"far{cseq}")
        yield response(200, at + 20, cseq=cseq, branch=f"again{cseq}")
        yield response(200, at + 19, cseq=cseq, branch=f"far{cseq}", vias=2)


def test_what_happens_after_hours_of_refreshes_is_seen() -> None:
    """A hold that is refused, one that isn't, and a transfer, at the end of four hours."""
    at = 160 * REFRESH_MS + 10_000
    packets = [
        *answered(),
        *refreshed(160),
        offer(at, 900, "sendonly"),
        response(491, at + 10, cseq=900, branch="again900"),
        offer(at + 5_000, 901, "sendonly"),
        offer(at + 25_000, 902, "sendrecv"),
        request("REFER", at + 30_000, cseq=903, tags=THERE, headers=["Refer-To: <sip:6002@pbx.example>"]),
        response(202, at + 30_100, method="REFER", cseq=903),
        request("BYE", at + 31_000, cseq=904, tags=THERE),
    ]
    told = story(call_of(packets))
    assert told["holds"] == [(at + 5_000, at + 25_000)]
    assert told["transfers"] == [(at + 30_100, "sip:6002@pbx.example")]
    assert (told["outcome"], told["answered"], told["ended"]) == ("answered", 2_000, at + 31_000)


def test_finals_of_each_sort_have_room_of_their_own_in_any_order() -> None:
    packets = [*answered(), *refreshed(40), *(response(491, 10_000 + n, cseq=200 + n) for n in range(60))]
    packets += [response(202, 9_000_000 + n, method="REFER", cseq=600 + n) for n in range(60)]
    parts = [next(iter(legs_of([packet]).values())) for packet in packets]
    found = set[Leg]()
    for seed in range(6):
        Random(seed).shuffle(parts)
        leg = Leg()
        for part in parts:
            leg = join_legs(leg, part)
        found.add(leg)
    leg = found.pop()
    assert not found
    assert len(leg.finals) == 3 * BOUNDS["finals"]
    assert all(before < after for before, after in pairwise(leg.finals))


def test_a_hold_whose_answer_is_in_the_ack() -> None:
    """As call managers do it: no media first, then a re-INVITE without an offer, music in the ACK; back likewise."""
    packets = [
        *answered(),
        offer(5_000, 2, "inactive"),
        offer(5_100, 3),
        request("ACK", 5_200, cseq=3, tags=THERE, branch="music", sdp="sendonly"),
        offer(65_000, 4),
        request("ACK", 65_100, cseq=4, tags=THERE, branch="back", sdp="sendrecv"),
        request("BYE", 90_000, cseq=5, tags=THERE),
    ]
    assert story(call_of(packets))["holds"] == [(5_000, 65_100)]


def test_a_call_without_an_offer_in_its_invite_is_answered_and_not_held() -> None:
    packets = [request("INVITE", 0), response(180, 100), response(200, 2_000)]
    packets += [request("ACK", 2_010, tags=THERE, branch="ack", sdp="sendrecv"), request("BYE", 9_000, tags=THERE)]
    assert story(call_of(packets)) == {
        "outcome": "answered",
        "ringing": 100,
        "answered": 2_000,
        "ended": 9_000,
        "by": "caller",
    }


def test_who_is_held_and_says_so_again_holds_nobody() -> None:
    """The held side refreshes the session with what it last said; when the hold ends, it does."""
    packets = [
        *answered(),
        offer(5_000, 2, "inactive"),
        offer(6_000, 1, "inactive", BACK),
        offer(8_000, 3, "sendrecv"),
        request("BYE", 60_000, cseq=4, tags=THERE),
    ]
    assert story(call_of(packets))["holds"] == [(5_000, 8_000)]


def test_both_sides_hold_each_other() -> None:
    packets = [
        *answered(),
        offer(5_000, 2, "sendonly"),
        offer(6_000, 1, "inactive", BACK),
        offer(8_000, 3, "sendrecv"),
        offer(9_000, 2, "sendrecv", BACK),
        request("BYE", 60_000, cseq=4, tags=THERE),
    ]
    assert story(call_of(packets))["holds"] == [(5_000, 9_000)]


def test_a_recorder_is_no_call_and_no_agent() -> None:
    """RFC 7866: a session border controller calls it, and it answers at once."""
    recorder = [
        request("INVITE", 50, id="rec@sbc", tags=("sbc", ""), headers=["Require: siprec", "X-CID: shared-1"]),
        response(200, 60, id="rec@sbc", tags=("sbc", "srs")),
        request("BYE", 9_100, id="rec@sbc", cseq=2, tags=("sbc", "srs")),
    ]
    assert list(tell(call_of(recorder), RULES)) == []
    call = [request("INVITE", 0, headers=["X-CID: shared-1"]), response(200, 10), *recorder]
    assert next(iter(tell(call_of(call), RULES))).ref.id == CALL_ID
