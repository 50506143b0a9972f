"""A Call-ID that comes again after hours: the first call stays what it was."""

from random import Random

import pytest
from gateway_telephony_sip.message import Captured

from plugins.telephony_sip.tests.calls import call_of, request, response, story

LATER = 3 * 3_600_000
THERE = ("ann", "bob")

ABANDONED = [request("INVITE", 0), response(180, 1_000), request("CANCEL", 9_000), response(487, 9_010)]
RINGING = [request("INVITE", 0), response(100, 900, tags=("ann", "")), response(180, 1_000)]
ANSWERED = [request("INVITE", 0), response(180, 1_000), response(200, 3_000), request("ACK", 3_010, tags=THERE)]
ENDED = [*ANSWERED, request("BYE", 60_000, cseq=2, tags=THERE)]


def second(tag: str) -> list[Captured]:
    """Another call under the same Call-ID: answered, held, ended."""
    tags = (tag, "other")
    return [
        request("INVITE", LATER, tags=(tag, ""), branch="later"),
        response(180, LATER + 500, tags=tags, branch="later"),
        response(200, LATER + 2_000, tags=tags, branch="later"),
        request("INVITE", LATER + 3_000, cseq=2, tags=tags, branch="hold", sdp="sendonly"),
        request("BYE", LATER + 9_000, cseq=3, tags=tags),
    ]


@pytest.mark.parametrize("tag", ["ann", "ann-again"])
@pytest.mark.parametrize("first", [ABANDONED, RINGING, ANSWERED, ENDED])
def test_a_second_call_does_not_rewrite_the_first(first: list[Captured], tag: str) -> None:
    """Whether the caller's tag comes again too, or not, and in any order of arrival."""
    packets = [*first, *second(tag)]
    expected = story(call_of(first))
    for seed in range(5):
        Random(seed).shuffle(packets)
        assert story(call_of(packets)) == expected


def test_who_asks_again_soon_is_the_same_call() -> None:
    """For credentials, after minutes of a dialogue with a person."""
    packets = [
        request("INVITE", 0),
        response(407, 10),
        request("INVITE", 600_000, cseq=2, branch="later"),
        response(200, 603_000, cseq=2, branch="later"),
    ]
    assert story(call_of(packets))["answered"] == 603_000


def test_an_exchange_that_keeps_the_call_id_may_call_another_telephone_hours_later() -> None:
    """With tags of its own; the caller's own BYE ends the call."""
    far = ("pbx", "phone")
    packets = [
        *ANSWERED,
        request("INVITE", LATER, tags=("pbx", ""), branch="moved"),
        response(200, LATER + 2_000, tags=far, branch="moved"),
        request("BYE", LATER + 60_000, cseq=2, tags=("bob", "ann")),
        request("BYE", LATER + 60_100, cseq=2, tags=("phone", "pbx")),
    ]
    told = story(call_of(packets))
    assert (told["answered"], told["ended"], told["by"]) == (3_000, LATER + 60_000, "agent")
