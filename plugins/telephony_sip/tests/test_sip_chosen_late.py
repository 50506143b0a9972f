"""What our redirect server says of a call is dated by our clock; the packets' times are those of whoever sent them."""

import pytest
from gateway_telephony_sip.call import became
from gateway_telephony_sip.facts import Call, Final, Hung, Invite, Leg, Logged, Rung
from gateway_telephony_sip.rules import Rules

INVITED, RANG, ANSWERED, ENDED = 1_000_000, 1_000_300, 1_002_000, 1_009_000
LEG = Leg(
    invites=(Invite(INVITED, 1, "a", 1, "z9hG4bK1", 70, 1, "192.0.2.1:5060", "+15550100999", caller="+15550100123"),),
    rung=(Rung(RANG, 1, 180, "a", 1),),
    finals=(Final(ANSWERED, 1, 200, "INVITE", "a", 1, "z9hG4bK1", 1, "b"),),
    byes=(Hung(ENDED, 1, "a", "b"),),
)


@pytest.mark.parametrize(
    ("chosen_at", "queued_at"),
    [(INVITED + 5, INVITED + 5), (INVITED - 60_000, INVITED), (ANSWERED + 60_000, RANG), (ENDED + 60_000, RANG)],
)
def test_it_never_moves_what_the_packets_say(chosen_at: int, queued_at: int) -> None:
    """A clock that is off, or an answer that came too late to be heeded, leaves answer, wait and talk as they were."""
    line = Logged(chosen_at, "entered", "redirect", queue="general")

    told = became(Call(legs={"call-1": LEG}, logged=(line,)), Rules())

    assert told is not None and told.queued is not None and told.answered is not None
    assert (told.queued.at, told.queued.queue) == (queued_at, "general")
    assert (told.answered.at, told.end.at, told.talk_ms) == (ANSWERED, ENDED, ENDED - ANSWERED)
    assert told.wait_ms == ANSWERED - queued_at
