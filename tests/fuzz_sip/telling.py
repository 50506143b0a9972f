"""What is made of a packet once it is read, and the laws of that: facts of a call, events, answers to a caller."""

import random
from collections.abc import Sequence
from ipaddress import ip_network

import msgspec
from gateway_telephony_sip.facts import Call, join, join_legs
from gateway_telephony_sip.hep import read_hep
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import BadHep, BadSip, Captured, Message
from gateway_telephony_sip.redirect.table import Table
from gateway_telephony_sip.redirect.targets import Target
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip
from gateway_telephony_sip.telling import tell

from gateway.plugin import encode_event
from tests.fuzz_sip.packets import spoilt

NOW = 1_767_225_600_000
RULES = Rules(answered_by="agent_leg", networks=(ip_network("127.0.0.0/8"),), numbers=("+4930",))
STORY = 16
"""Packets of one story."""

ANSWERS = {200, 302, 400, 405, 416, 420, 481, 482, 483}
ANSWER_BYTES_MAX = 1_300


def tell_one(message: Message, captured: Captured) -> None:
    """A message's facts can be stored, joined with themselves, and told."""
    found = leg_of(message, captured, NOW, RULES)
    if found is None:
        return
    call_id, leg = found
    assert join_legs(leg, leg) == leg
    _told(Call(legs={call_id: leg}))


def answer_one(data: bytes) -> None:
    """The redirect server answers a datagram with nothing or a response of its own, its repetition with the same."""
    table = Table(
        lambda message, source: (Target("sip:queue@192.0.2.9"),),
        (Target("sip:default@192.0.2.9"),),
        allow=[ip_network("0.0.0.0/0")],
        key=b"k" * 16,
    )
    answers = [table.receive(data, ("192.0.2.1", 5060), NOW + step) for step in (0, 1)]
    for told in answers:
        for sent, _ in told:
            assert read_sip(sent).status in ANSWERS
            assert len(sent) <= ANSWER_BYTES_MAX
    assert not (answers[0] and answers[1]) or answers[0] == answers[1]
    table.due(NOW + 600)


def tell_story(number: int, good: Sequence[bytes]) -> str:
    """Several packets, spoilt or not, are one call however they come: in this order, in another, and twice."""
    chance = random.Random(number)
    pieces = []
    for _ in range(STORY):
        data = chance.choice(good)
        captured = Captured(data, agent=chance.randrange(3), at=NOW + chance.randrange(60_000))
        for _ in range(chance.choice((0, 0, 1, 2))):
            data = spoilt(data, chance, good)
        try:
            if data[:4] == b"HEP3":
                captured = read_hep(data)
                data = captured.payload
            found = leg_of(read_sip(data), captured, NOW, RULES)
        except (BadHep, BadSip):
            continue
        if found is not None:
            pieces.append(Call(legs={found[0]: found[1]}))
    again = chance.sample(pieces, len(pieces)) + chance.sample(pieces, len(pieces) // 2)
    call = _joined(pieces)
    assert _joined(again) == call
    if pieces:
        _told(call)
    return "told" if pieces else "untold"


def _joined(pieces: Sequence[Call]) -> Call:
    call = Call()
    for piece in pieces:
        call = join(call, piece)
    return call


def _told(call: Call) -> None:
    """Whatever is known of a call can be stored and read, and told in events that can be, each under its own id."""
    assert msgspec.json.decode(msgspec.json.encode(call), type=Call) == call
    events = list(tell(call, RULES))
    assert len({event.id for event in events}) == len(events)
    for event in events:
        encode_event(event)
