"""The simulated exchange: its packets are SIP, its notes are the truth of them, and its faults are what they say."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random

import msgspec
import pytest
from gateway_telephony_sip.facts import Call, join_legs
from gateway_telephony_sip.hep import frame_bytes, read_hep, write_hep
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import BadHep, Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.simulator import FAULTS, TelephonySimulator
from gateway_telephony_sip.simulator.acts import WHOLE
from gateway_telephony_sip.simulator.truth import RINGING_MS, TALKING_MS, truth
from gateway_telephony_sip.sip import read_sip, write_sip
from gateway_telephony_sip.telling import tell

from gateway.plugin import Event, Ref
from gateway.testing.truth import unsaid

NOW = 1_772_442_000_000
"""A Monday morning."""

SEEDS = range(3)


def folded(packets: Sequence[Captured]) -> Call:
    """What packets show of a call."""
    legs = {}
    for packet in packets:
        captured = read_hep(write_hep(packet))
        seen = leg_of(read_sip(captured.payload), captured, NOW, Rules())
        if seen is not None:
            id, leg = seen
            legs[id] = leg if id not in legs else join_legs(legs[id], leg)
    return Call(legs=dict(sorted(legs.items())))


def told(packets: Sequence[Captured]) -> dict[str, Event]:
    """What is told of a call by its packets."""
    return {event.id: event for event in tell(folded(packets), Rules())}


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_the_packets_show_what_the_notes_say(name: str) -> None:
    """In any order and doubled too; and nothing besides: all that is told until now is true."""
    for seed in SEEDS:
        call = WHOLE[name](Random(seed), 1, NOW)
        true, packets = list(truth(call.notes, NOW)), call.packets()
        said = told(packets)
        assert unsaid(true, said) == ""
        assert {id for id, event in said.items() if event.at <= NOW} == {event.id for event in true}
        mixed = [*packets, *packets[::3]]
        Random(seed).shuffle(mixed)
        assert told(mixed) == said


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_every_packet_is_a_message_seen_on_its_way(name: str) -> None:
    """Written again it is the same; the proxy is one of its ends; none is of the future."""
    for packet in WHOLE[name](Random(1), 1, NOW).packets():
        assert write_sip(read_sip(packet.payload)) == packet.payload
        assert ("192.0.2.1", 5060) in (packet.source, packet.target)
        assert packet.at is not None and packet.at <= NOW + 2_000


def test_what_is_secret_leaves_no_trace() -> None:
    """Keys that a caller presses, and proofs of who somebody is, are in the packets and in nothing that is kept."""
    for name, secret in (("answered", b"Signal=4929"), ("proved", b"c0ffee")):
        packets = WHOLE[name](Random(1), 1, NOW).packets()
        assert any(secret in packet.payload for packet in packets)
        assert secret not in msgspec.json.encode(folded(packets))


def test_an_unfinished_call_is_over_when_silence_says_so() -> None:
    """A ringing one after three minutes; an answered one after four hours."""
    for steps, length_ms in ((("ring",), RINGING_MS), (("ring", "answer"), TALKING_MS)):
        simulator = begun()
        for step in steps:
            simulator.act(step)
        notes = simulator.calls[0].notes
        assert [event.at for event in truth(notes, NOW + length_ms)][-1] == NOW + length_ms
        assert all(event.at == NOW for event in truth(notes, NOW + length_ms - 1))


def test_a_call_goes_step_by_step() -> None:
    """Each step happens to a call that it can happen to; without one it happens to nobody."""
    simulator, clock = begun(), count(NOW, 1_000)
    simulator.now = lambda: next(clock)
    acts = ("answer", "hold", "ring", "hold", "answer", "answer", "hold", "resume", "hang_up", "hang_up")
    happened = [simulator.act(name) is not None for name in acts]

    assert happened == [False, False, True, False, True, False, True, True, True, False]
    assert [event.id.partition(":")[2] for event in simulator.truth()] == [
        "opened", "ringing", "answered", "answered:status", "held:1", "resumed:1", "outcome", "end",
        "end:status",
    ]  # fmt: skip


def test_a_seed_is_a_story() -> None:
    """The same calls, whatever is wrong on the way; other calls by another seed."""
    stories = []
    for seed, fault in ((1, ""), (1, "reorder"), (2, "")):
        simulator = begun(seed)
        if fault:
            simulator.fault(fault)
        stories.append([simulator.act(name) for name in sorted(simulator.acts)])

    assert stories[0] == stories[1] != stories[2]
    assert {ref.kind for ref in stories[0] if isinstance(ref, Ref)} == {"call"}


@pytest.mark.parametrize("method", ["act", "fault"])
def test_a_name_that_is_not_there(method: str) -> None:
    """It is refused by name."""
    with pytest.raises(ValueError, match="'answred'"):
        getattr(begun(), method)("answred")


def begun(seed: int = 1) -> TelephonySimulator:
    """A simulator whose packets nobody hears."""
    simulator = TelephonySimulator(None, seed)
    simulator.now = lambda: NOW
    return simulator


@pytest.fixture
def heard() -> Iterator[socket.socket]:
    """Somebody who listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        yield ear


def sent(ear: socket.socket, *faults: str) -> list[bytes]:
    """The datagrams of two calls, with these faults on."""

    async def story() -> None:
        simulator = TelephonySimulator(None, 1)
        await simulator.start(lambda: NOW, None)
        simulator._wire.port = ear.getsockname()[1]
        for name in faults:
            simulator.fault(name)
        simulator.act("answered")
        simulator.act("forked")
        await simulator.settled()
        await simulator.stop()

    asyncio.run(story())
    found = []
    while True:
        try:
            found.append(ear.recv(65_535))
        except BlockingIOError:
            return found


def test_what_can_be_wrong_is_wrong(heard: socket.socket) -> None:
    """Every fault does what it says, and none is without a meaning."""
    clean = sent(heard)
    at = [read_hep(packet).at for packet in clean]
    wrong = {name: sent(heard, name) for name in FAULTS}

    assert len(clean) > 40
    assert wrong["lose"] == []
    assert 0 < len(clean) - len(wrong["loss"]) < len(clean) / 3
    assert wrong["duplicate"] == [packet for packet in clean for _ in range(2)]
    assert wrong["reorder"] != clean and sorted(wrong["reorder"]) == sorted(clean)
    assert {read_hep(packet).at for packet in wrong["no_time"]} == {None}
    assert [read_hep(packet).at for packet in wrong["wrong_clock"]] == [(one or 0) + 7_200_000 for one in at]
    for packet in wrong["not_hep3"]:
        with pytest.raises(BadHep) as error:
            read_hep(packet)
        assert error.value.kind == "old"


def test_by_tcp_the_same_packets_come_framed() -> None:
    """One after the other on one connection, when they are waited for; and nobody there is no failure."""
    came = bytearray()

    async def story() -> None:
        simulator = TelephonySimulator(None, 1, transport="tcp")
        settings = await simulator.start(lambda: NOW, None)
        port = int(settings["hep"]["tcp"].rpartition(":")[2])
        simulator.act("busy")
        await simulator.settled()  # nobody listens yet
        ended = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.extend(await reader.read())
            writer.close()
            ended.set()

        server = await asyncio.start_server(serve, "127.0.0.1", port)
        simulator.act("answered")
        simulator.act("abandoned")
        await simulator.settled()
        await simulator.stop()
        await ended.wait()
        server.close()

    asyncio.run(story())
    packets = []
    while came:
        length = frame_bytes(bytes(came[:6]))
        packets.append(read_hep(bytes(came[:length])))
        del came[:length]
    ids = {read_sip(packet.payload).first("call-id").partition("-")[0] for packet in packets}
    assert (len(packets), ids) == (17 + 13, {"2", "3"})


def test_the_readme_names_the_ids() -> None:
    """Of every event of every call."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    names = {
        event.id.partition(":")[2].replace(":2", ":1")
        for name in WHOLE
        for event in truth(WHOLE[name](Random(1), 1, NOW).notes, NOW)
    }

    assert [name for name in sorted(names) if f"`REF:{name}`" not in text] == []
