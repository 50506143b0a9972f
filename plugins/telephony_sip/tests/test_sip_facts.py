"""Facts only grow: the laws of joining, its bounds, what never comes in, and the captures of real servers."""

import gc
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway_telephony_sip.dialog import read_leg
from gateway_telephony_sip.facts import (
    BOUNDS,
    LEGS_MAX,
    NAMES_MAX,
    Call,
    Leg,
    Logged,
    Recording,
    Rung,
    earliest,
    join,
    join_legs,
)
from gateway_telephony_sip.hep import read_hep
from gateway_telephony_sip.leg import moment_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import tell
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plugin import ContactOpened
from plugins.telephony_sip.tests.calls import CALL_ID, RULES, T0, call_of, legs_of, request, response, story

TIMES = st.integers(0, 40)
TAGS = st.sampled_from([("ann", "bob"), ("bob", "ann"), ("ann", "kim")])
COMMON = {"branch": st.sampled_from(["own", "fork0", "fork1", "again"]), "by": st.integers(7, 8)}
REFER = ["Refer-To: <sip:6002@h>", "Session-ID: " + "a" * 32]


@st.composite
def packets(draw: st.DrawFn) -> Captured:
    """Any message of a few calls; together they make sense or don't."""
    common: dict[str, Any] = {name: draw(values) for name, values in COMMON.items()}
    common |= {"id": draw(st.sampled_from(["one", "two"])), "cseq": draw(st.integers(1, 3))}
    at = draw(TIMES) * 250
    if draw(st.booleans()):
        code = draw(st.sampled_from([100, 180, 182, 183, 200, 302, 401, 486, 487, 503]))
        method = draw(st.sampled_from(["INVITE", "INVITE", "BYE", "CANCEL", "REFER", "UPDATE"]))
        vias = draw(st.integers(1, 2))
        return response(code, at, method=method, tags=draw(TAGS), vias=vias, **common)
    method = draw(st.sampled_from(["INVITE", "INVITE", "ACK", "CANCEL", "BYE", "UPDATE", "REFER", "INFO"]))
    tags = draw(TAGS) if draw(st.booleans()) or method == "BYE" else ("ann", "")
    sdp = draw(st.sampled_from(["", "sendonly", "sendrecv"]))
    headers = draw(st.sampled_from([(), REFER, ["X-CID: shared-1"], ["Replaces: one;to-tag=a;from-tag=b"]]))
    return request(method, at, tags=tags, sdp=sdp, headers=headers, forwards=70 - draw(st.integers(0, 1)), **common)


CALLS = st.lists(packets(), max_size=12).map(call_of)
LINES = st.builds(
    Logged,
    TIMES.map(lambda at: T0 + at * 250),
    st.sampled_from(["started", "entered", "ringing", "connected", "answered", "abandoned", "left", "ended"]),
    st.sampled_from(["queue_log", "cdr", "redirect"]),
    call=st.just("asterisk:1.7"),
)


@st.composite
def known(draw: st.DrawFn) -> Call:
    """What packets and logs say together."""
    recordings = draw(st.lists(st.builds(Recording, st.sampled_from(["https://r/1", "https://r/2"])), max_size=1))
    lines = tuple(sorted(set(draw(st.lists(LINES, max_size=4)))))
    return join(draw(CALLS), Call(logged=lines, recordings=tuple(recordings)))


@settings(max_examples=60, deadline=None)
@given(known(), known(), known())
def test_joining_is_commutative_associative_and_idempotent(one: Call, two: Call, three: Call) -> None:
    """So neither order nor repetition counts; what brings nothing gives back the very same value."""
    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    both = join(one, two)
    assert join(one, one) is one and join(both, one) is both and join(both, two) is both
    assert msgspec.json.encode(join(one, two)) == msgspec.json.encode(join(two, one))
    assert both == msgspec.json.decode(msgspec.json.encode(both), type=Call)


@settings(max_examples=60, deadline=None)
@given(st.lists(packets(), min_size=3, max_size=14), st.randoms(use_true_random=False))
def test_any_message_in_any_order_tells_the_same(seen: list[Captured], chance: random.Random) -> None:
    """Even where the messages make no sense together; and what is told holds together."""
    events = list(tell(call_of(seen), RULES))
    shuffled = [*seen, *seen[:4]]
    chance.shuffle(shuffled)

    assert events == list(tell(call_of(shuffled), RULES))
    assert len(events) == len({event.id for event in events})
    places = [(event.at, event.sequence) for event in events if "held" not in event.id]
    assert all(events[0].at <= at <= events[-1].at for at, _ in places)


RUNGS = st.lists(st.builds(Rung, st.integers(0, 5), st.just(7), st.integers(180, 185), st.just("ann"), st.just(1)))


@settings(max_examples=100, deadline=None)
@given(RUNGS, RUNGS, RUNGS)
def test_joining_is_lawful_beyond_its_bounds(one: list[Rung], two: list[Rung], three: list[Rung]) -> None:
    """What was dropped for want of room had enough smaller facts before it, and has so for ever."""

    def kept(*facts: Rung) -> tuple[Rung, ...]:
        return reduce(both, ((fact,) for fact in facts), ())

    def both(known: tuple[Rung, ...], more: tuple[Rung, ...]) -> tuple[Rung, ...]:
        return earliest(known, more, 3)

    assert both(both(kept(*one), kept(*two)), kept(*three)) == both(kept(*one), both(kept(*two), kept(*three)))
    assert both(kept(*one), kept(*two)) == both(kept(*two), kept(*one)) == kept(*one, *two)
    assert len(kept(*one)) <= 3


def is_again(packet: Captured) -> bool:
    """Whether it is a re-INVITE: its To has a tag."""
    return packet.payload.startswith(b"INVITE") and packet.payload.count(b";tag=") > 1


@settings(max_examples=60, deadline=None)
@given(st.lists(packets(), max_size=10), st.lists(packets(), max_size=10))
def test_what_was_told_opened_stays_so(seen: list[Captured], more: list[Captured]) -> None:
    """Facts that come later may say better, but not that there was no call.

    But for a re-INVITE whose answer came long before it: what looked like the answer to an INVITE then wasn't one.
    """
    more = [packet for packet in more if not is_again(packet)]
    before, after = list(tell(call_of(seen), RULES)), list(tell(call_of(seen + more), RULES))

    assert len(before[:1]) <= len(after[:1])
    assert all(isinstance(events[0], ContactOpened) for events in (before, after) if events)


@pytest.mark.parametrize("kind", BOUNDS)
def test_a_leg_keeps_so_many_of_each(kind: str) -> None:
    """The earliest, whatever came first; and the join stays lawful beyond its bounds."""
    flood = flooded(kind)
    legs = [legs_of([packet])[CALL_ID] for packet in flood]
    forwards = backwards = legs[0]
    for leg in legs:
        forwards = join_legs(forwards, leg)
    for leg in reversed(legs):
        backwards = join_legs(leg, backwards)

    assert BOUNDS[kind] == len(getattr(forwards, kind))
    assert forwards == backwards
    assert getattr(forwards, kind)[0].at == T0


def flooded(kind: str) -> Iterator[Captured]:
    """More facts of one kind than are kept, all different."""
    for number in range(BOUNDS[kind] + 5):
        branch, tags, cseq = f"b{number}", ("ann", f"t{number}"), 1 + number
        yield {
            "invites": request("INVITE", number, branch=branch),
            "glimpses": response(180, number, tags=(f"a{number}", "bob")),
            "rung": response(180, number, cseq=cseq),
            "finals": response(486, number, branch=branch),
            "acks": request("ACK", number, tags=tags),
            "cancels": request("CANCEL", number, branch=branch),
            "byes": request("BYE", number, tags=tags),
            "offers": request("INVITE", number, tags=tags, cseq=cseq),
            "refers": request("REFER", number, tags=tags, cseq=cseq, headers=REFER),
            "notifies": request("NOTIFY", number, tags=tags, headers=["Event: refer"], body="SIP/2.0 200 OK"),
        }[kind]


def test_a_call_keeps_so_many_legs_and_names() -> None:
    """Those with the smallest Call-IDs: a rank that never changes."""
    legs = [Call(legs={f"{number:03}": Leg(names=("shared",), alive_at=1)}) for number in range(LEGS_MAX + 5)]
    call = Call()
    for leg in reversed(legs):
        call = join(call, leg)
    one = Leg()
    for number in range(NAMES_MAX + 5):
        one = join_legs(one, Leg(names=(f"{number:03}",)))

    assert [f"{number:03}" for number in range(LEGS_MAX)] == list(call.legs)
    assert len(one.names) == NAMES_MAX


def test_secrets_and_bodies_never_come_in() -> None:
    """Neither credentials nor key material, nor what was dialled in a call, nor who a private caller is."""
    secret = "s3cr3t"
    headers = [
        f'Authorization: Digest username="{secret}"',
        f'Proxy-Authorization: Digest response="{secret}"',
        f"Contact: <sip:ann:{secret}@192.0.2.1>",
        f"Subject: {secret}",
        f"P-Asserted-Identity: <sip:{secret}@carrier.example>",
        "Privacy: id",
    ]
    crypto = f"sendrecv\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{secret}"
    seen = [
        request("INVITE", 0, headers=headers, sdp=crypto),
        request("INFO", 1, tags=("ann", "bob"), headers=headers, body=f"Signal={secret}"),
        request("UPDATE", 2, tags=("ann", "bob"), headers=headers, sdp=crypto),
        request("NOTIFY", 3, tags=("bob", "ann"), headers=["Event: refer"], body=f"SIP/2.0 200 {secret}"),
        response(401, 4, headers=[f'WWW-Authenticate: Digest nonce="{secret}"', f"Reason: SIP;text={secret}"]),
    ]

    assert secret not in msgspec.json.encode(call_of(seen)).decode()
    assert call_of(seen).legs[CALL_ID].invites[0].private


def test_hostile_texts_can_be_stored() -> None:
    """Bytes that are no UTF-8, control characters and texts without an end become facts that JSON can hold."""
    packet = request("INVITE", 0, tags=("t" * 5_000, ""), headers=["P-Asserted-Identity: <sip:ann@carrier.example>"])
    raw = replace(packet, payload=packet.payload.replace(b"carrier.example", b"\xff\x00\x1b[1m"))
    encoded = msgspec.json.encode(call_of([raw]))

    assert len(encoded) < 2_000
    assert b"\x1b" not in encoded


def test_a_time_that_can_not_be_is_not_believed() -> None:
    """The time of receipt stands in, as it does for a packet without a time."""
    seen = request("INVITE", 0)

    assert T0 == moment_of(seen, T0 + 3_000_000) == moment_of(seen, T0 - 60_000)
    assert moment_of(seen, T0 + 3_000_001) == T0 + 3_000_001
    assert moment_of(seen, T0 - 60_001) == T0 - 60_001
    assert 5 == moment_of(replace(seen, at=None), 5) == moment_of(replace(seen, at=0), 5)


@pytest.mark.parametrize("off", [-3_600_000, 3_600_000])
def test_a_clock_with_local_time_is_never_believed_now_and_then(off: int) -> None:
    """One hour off, give or take what a packet needs on its way: else half of a call would be an hour from the rest."""
    for way in (0, 3, 40, 900, 20_000):
        seen = replace(request("INVITE", 0), at=T0 + off - way)
        assert moment_of(seen, T0) == T0


HEP = Path(os.environ.get("GATEWAY_FIXTURES", "")) / "sip" / "hep"
needs_captures = pytest.mark.skipif(
    not HEP.is_dir() or "GATEWAY_FIXTURES" not in os.environ,
    reason="the captures of real servers aren't here: GATEWAY_FIXTURES names their folder",
)

CAPTURES: dict[str, dict[str, Any]] = {
    "answered": {"outcome": "answered", "ringing": 1, "answered": 607, "ended": 911, "by": "caller"},
    "busy": {"outcome": "busy", "ended": 1},
    "cancel": {"outcome": "short_abandoned", "ringing": 2, "ended": 708, "by": "caller"},
    "hold": {
        "outcome": "answered",
        "ringing": 1,
        "answered": 604,
        "holds": [(908, 1_412)],
        "ended": 1_615,
        "by": "caller",
    },
    "redirected": {"outcome": "answered", "ringing": 2, "answered": 608, "ended": 912, "by": "caller"},
    "sngrep": {"outcome": "answered", "ringing": 1, "answered": 607, "ended": 912, "by": "caller"},
}


def captured(name: str) -> list[Captured]:
    """The packets of a capture, each behind its length in four bytes; times from T0 on."""
    data = (HEP / f"{name}.hep").read_bytes()
    found = []
    while data:
        length = int.from_bytes(data[:4], "big")
        found.append(read_hep(data[4 : 4 + length]))
        data = data[4 + length :]
    first = min(packet.at or 0 for packet in found)
    return [replace(packet, at=T0 + (packet.at or 0) - first) for packet in found]


@needs_captures
@pytest.mark.parametrize("name", CAPTURES)
def test_captures_of_real_servers_become_the_calls_that_they_were(name: str) -> None:
    """Shuffled and doubled at random, always the same."""
    seen = captured(name)
    events = list(tell(call_of(seen), Rules()))
    chance = random.Random(name)
    for _ in range(10):
        shuffled = [*seen, *chance.choices(seen, k=len(seen))]
        chance.shuffle(shuffled)

        assert events == list(tell(call_of(shuffled), Rules()))
    assert CAPTURES[name] == story(call_of(seen))


@needs_captures
@pytest.mark.parametrize("name", CAPTURES)
def test_no_single_packet_is_needed(name: str) -> None:
    """A proxy shows each message twice, and its neighbours tell of it: any one may be lost."""
    seen = captured(name)
    outcomes = {story(call_of([packet for packet in seen if packet is not lost])).get("outcome") for lost in seen}

    assert {CAPTURES[name]["outcome"]} == outcomes


def test_a_leg_without_facts_is_no_dialog() -> None:
    """As logs name a Call-ID of which no packet was seen."""
    assert read_leg(CALL_ID, Leg()) is None


def test_the_collector_passes_facts_over() -> None:
    """Tens of thousands of legs are held, and packets are lost while it looks at what it needn't."""
    [leg] = legs_of(
        [request("INVITE", 0), response(180, 90), response(200, 900), request("BYE", 9_000, tags=("ann", "bob"))]
    ).values()
    gc.collect()
    seen = [leg, *leg.invites, *leg.rung, *leg.finals, *leg.byes]
    tracked = [value for one in seen for value in (one, *msgspec.structs.astuple(one)) if gc.is_tracked(value)]

    assert len(seen) >= 5
    assert tracked == []
