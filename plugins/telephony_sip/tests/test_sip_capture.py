"""What is heard is folded, offered once a call and at each change of its state, and bounded."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from ipaddress import ip_network

import pytest
from gateway_telephony_sip import capture as module
from gateway_telephony_sip.capture import Capture, read_facts
from gateway_telephony_sip.facts import Call, Logged, Recording
from gateway_telephony_sip.health import findings
from gateway_telephony_sip.hep import write_hep
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.peers import Peers
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.settings import TelephonySettings

from gateway.plugin import Record

NOW = 1_772_441_280_000
PEER = ("127.0.0.1", 5060)


class Ear:
    """Keeps what is offered, unless it is told to refuse."""

    def __init__(self) -> None:
        self.time = NOW
        self.kept: list[Record] = []
        self.refuses = False

    def now(self) -> int:
        return self.time

    async def emit(self, records: Sequence[Record]) -> bool:
        if not self.refuses:
            self.kept += records
        return not self.refuses


class Stage:
    """A capture, what it counted, and an ear."""

    def __init__(self, *, key: str | None = None, per_second: int = 1_000_000) -> None:
        self.ear = Ear()
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        peers = Peers([ip_network("127.0.0.0/8")], per_second, lambda what: self.refused.update([what]))
        self.capture = Capture(
            peers,
            key,
            lambda message, captured, now: leg_of(message, captured, now, Rules()),
            lambda what: self.counts.update([what]),
        )

    def hear(self, text: str, *, after_ms: int = 0, source: tuple[str, int] = PEER, key: bytes = b"") -> None:
        """A message that its capturer saw at this instant."""
        self.ear.time += after_ms
        data = text.replace("\n", "\r\n").encode()
        packet = write_hep(Captured(data, source=PEER, target=("127.0.0.2", 5060), at=self.ear.time, key=key))
        self.capture.heard(packet, source, self.ear.time)

    def offer(self, *, after_ms: int = 0, all: bool = False) -> list[Call]:
        """What is offered now."""
        self.ear.time += after_ms
        before = len(self.ear.kept)
        asyncio.run(self.capture.offer(self.ear, all=all))  # type: ignore[arg-type]
        return [read_facts(record.body) for record in self.ear.kept[before:]]


def message(first: str, *, call_id: str = "one@test", cseq: str = "1 INVITE", to_tag: str = "") -> str:
    """A message of a call."""
    return (
        f"{first}\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-{call_id[:3]}\nFrom: <sip:+4930123456@a.test>;tag=f\n"
        f"To: <sip:100@b.test>{f';tag={to_tag}' if to_tag else ''}\n"
        f"Call-ID: {call_id}\nCSeq: {cseq}\nContent-Length: 0\n\n"
    )


INVITE = message("INVITE sip:100@b.test SIP/2.0")
OK = message("SIP/2.0 200 OK", to_tag="t")
BYE = message("BYE sip:100@b.test SIP/2.0", cseq="2 BYE", to_tag="t")


def test_a_call_is_offered_when_it_has_settled() -> None:
    """What belongs together and comes a little later is told with it."""
    stage = Stage()
    stage.hear(INVITE)

    assert stage.offer(after_ms=module.SETTLE_MS - 1) == []
    (call,) = stage.offer(after_ms=1)
    assert list(call.legs) == ["one@test"]


def test_each_change_of_its_state_is_offered_at_once_and_no_repetition() -> None:
    """The answer is told without a wait; a copy of it isn't told at all."""
    stage = Stage()
    stage.hear(INVITE)
    stage.offer(after_ms=module.SETTLE_MS)
    stage.hear(OK, after_ms=500)

    assert len(stage.offer()) == 1
    stage.hear(OK, after_ms=20)
    assert stage.offer() == []
    stage.hear(BYE, after_ms=500)
    (call,) = stage.offer()
    assert call.legs["one@test"].byes


def test_the_receipt_of_an_offer_is_that_of_what_waits() -> None:
    """Of a leg that nobody knows yet the last of it: all of it has happened. Time isn't let pass over what waits
    of one that is known."""
    stage = Stage()
    stage.hear(INVITE)
    stage.hear(OK, after_ms=100)
    stage.offer(after_ms=module.SETTLE_MS)
    stage.hear(BYE, after_ms=500)
    ended_at = stage.ear.now()
    stage.hear(BYE, after_ms=20)
    stage.offer(after_ms=10)

    assert [record.received_at for record in stage.ear.kept] == [NOW + 100, ended_at]


def test_what_else_is_known_waits_and_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes nothing loses none of it, and fills no memory."""
    monkeypatch.setattr(module, "LEGS_MAX", 2)
    stage = Stage()
    stage.ear.refuses = True
    for name in ("one", "two", "three", "one"):
        stage.capture.also(name, Call(recordings=(Recording(f"http://{name}"),)), NOW)
        assert stage.offer() == []
    assert stage.counts["dropped"] == 1
    stage.ear.refuses = False

    assert [call.recordings[0].url for call in stage.offer()] == ["http://one", "http://two"]
    assert stage.offer() == []


def test_what_is_refused_is_offered_again() -> None:
    """A full disk loses nothing that memory has."""
    stage = Stage()
    stage.hear(INVITE)
    stage.ear.refuses = True
    assert stage.offer(after_ms=module.SETTLE_MS) == []
    stage.ear.refuses = False

    assert len(stage.offer()) == 1
    assert stage.capture.waits() == 0


def test_a_leg_without_its_invite_is_offered_late() -> None:
    """After a restart the store knows the INVITE; before, it may only be late."""
    stage = Stage()
    stage.hear(BYE)

    assert stage.offer(after_ms=module.NO_INVITE_MS - 1) == []
    assert len(stage.offer(after_ms=1)) == 1


def test_at_the_end_all_is_offered() -> None:
    """Who stops keeps nothing for himself."""
    stage = Stage()
    stage.hear(INVITE)

    assert len(stage.offer(all=True)) == 1


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silent legs that are stored make room; those that aren't stored stay, and what is new is counted and left."""
    monkeypatch.setattr(module, "LEGS_MAX", 3)
    stage = Stage()
    for number in range(3):
        stage.hear(message("INVITE sip:100@b.test SIP/2.0", call_id=f"n{number}@test"))
    stage.hear(message("INVITE sip:100@b.test SIP/2.0", call_id="n3@test"))
    assert stage.counts["dropped"] == 1

    stage.offer(after_ms=module.SETTLE_MS)
    stage.hear(message("INVITE sip:100@b.test SIP/2.0", call_id="n4@test"))
    assert stage.counts["dropped"] == 1
    (call,) = stage.offer(after_ms=module.SETTLE_MS)
    assert list(call.legs) == ["n4@test"]


def test_what_is_known_beside_packets_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store refuses, the redirect server goes on answering; what it chose must not fill memory."""
    monkeypatch.setattr(module, "LEGS_MAX", 3)
    monkeypatch.setattr(module, "OFFER_MAX", 2)
    stage = Stage()
    stage.ear.refuses = True
    line = Logged(at=NOW, what="entered", by="redirect", queue="vip")
    for number in (0, 1, 2, 3, 0):
        stage.capture.also(f"n{number}@test", Call(logged=(line,)), NOW)
    assert stage.offer() == []
    assert stage.counts["dropped"] == 1

    stage.ear.refuses = False
    assert len(stage.offer()) == 3
    assert stage.offer() == []


def test_what_was_silent_for_long_is_forgotten() -> None:
    """It is stored; a packet that comes all the same is joined there."""
    stage = Stage()
    stage.hear(INVITE)
    stage.offer(after_ms=module.SETTLE_MS)
    stage.offer(after_ms=module.IDLE_MS)

    assert not stage.capture._legs


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        (b"", "foreign"),
        (b"\x01\x10" + b"\0" * 30, "old"),
        (b"HEP3\xff\xff" + b"x" * 10, "broken"),
        (write_hep(Captured(b"hello")), "bad_sip"),
        (write_hep(Captured(b"{}", kind=5)), "not_sip"),
        (write_hep(Captured(write_hep(Captured(b"x")))), "nested"),
        (write_hep(Captured(b"OPTIONS sip:a SIP/2.0\r\nCall-ID: a@b.test\r\nCSeq: 1 OPTIONS\r\n\r\n")), "no_call"),
    ],
)
def test_what_is_no_call_is_counted_and_left(data: bytes, counted: str) -> None:
    """Nothing is raised, and nothing is kept."""
    stage = Stage()
    stage.capture.heard(data, PEER, NOW)

    assert stage.counts == {counted: 1}
    assert stage.offer(all=True) == []


def test_only_who_may_is_heard() -> None:
    """The network, the key, and the rate."""
    stage = Stage(key="s3cret", per_second=10)
    stage.hear(INVITE, source=("192.0.2.1", 9), key=b"s3cret")
    assert stage.refused["refused_source"] == 1
    stage.hear(INVITE, key=b"s3creT")
    stage.hear(INVITE)
    assert stage.counts["refused_key"] == 2
    for _ in range(20):
        stage.hear(INVITE, key=b"s3cret")
    assert stage.refused["refused_rate"] == 12
    assert stage.counts["heard"] == 1


def test_what_the_system_dropped_is_known() -> None:
    """Each packet once; and a word is said of more than one in a thousand."""
    capture = Stage().capture
    hep = TelephonySettings.model_validate({"hep": {"udp": "127.0.0.1:0", "allow": ["127.0.0.0/8"]}})

    def bad() -> list[str]:
        return [one.what for one in findings(hep, capture.counts) if not one.ok]

    capture.counts["heard"] = 5_000
    assert [capture.lost(total) for total in (0, 3, 3, 5)] == [0, 3, 0, 2]
    assert (capture.counts["lost"], bad()) == (5, [])
    capture.lost(7)
    assert bad() == ["packets are dropped by the system before they can be read"]


def test_what_is_left_is_a_finding_that_stays_the_same_while_it_lasts() -> None:
    """Its number is beside it: who is told of what begins and ends isn't told again of each packet."""
    settings = TelephonySettings.model_validate(
        {"hep": {"udp": "0.0.0.0:9060", "tcp": "[::]:9060", "allow": ["10.0.0.0/8"]}}
    )
    (awaited,) = findings(settings, {})
    assert (awaited.ok, "udp 0.0.0.0:9060 and tcp [::]:9060" in awaited.what) == (True, True)
    (one,) = findings(settings, {"refused_source": 1})
    (more,) = findings(settings, {"refused_source": 200})
    assert (one.ok, one.what) == (more.ok, more.what) == (False, "there are packets from sources that aren't allowed")
    assert more.hint == "200 since the start: name their network under `hep.allow`"
    assert [found.ok for found in findings(settings, {"heard": 100, "refused_source": 2})] == [True]


class Stream:
    """A connection that says this and ends."""

    source = PEER

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def read(self, size: int) -> bytes:
        if len(self._data) < size:
            raise EOFError
        read, self._data = self._data[:size], self._data[size:]
        return read


def test_a_connection_is_read_packet_by_packet() -> None:
    """Until something isn't framed: nothing behind it could be found."""
    stage = Stage()
    packets = [write_hep(Captured(text.replace("\n", "\r\n").encode(), at=NOW)) for text in (INVITE, OK)]

    with pytest.raises(EOFError):
        asyncio.run(stage.capture.serve(Stream(b"".join(packets)), lambda: NOW))
    assert stage.counts == {"heard": 2}
    asyncio.run(stage.capture.serve(Stream(packets[0] + b"GET / HTTP/1.1\r\n\r\n" + packets[1]), lambda: NOW))
    assert stage.counts == {"heard": 2, "heard_again": 1, "foreign": 1}


def test_facts_hold_numbers_that_look_like_card_numbers() -> None:
    """A telephone number of thirteen digits is one by chance, and must come through whole."""
    from gateway.kernel.cards import hide_cards

    stage = Stage()
    stage.hear(INVITE.replace("+4930123456", "4915112345009"))
    stage.offer(all=True)

    body = stage.ear.kept[0].body
    assert b"4915112345009" in body
    assert hide_cards(body, frozenset({module.FACTS})) == (body, 0)
    assert hide_cards(body)[1] == 1
