"""HEPv3: packets of every kind that emitters send, their frames on a stream, and what is no packet."""

import asyncio
import gzip
import zlib
from dataclasses import replace
from ipaddress import ip_address
from struct import pack

import pytest
from gateway_telephony_sip.hep import BYTES_MAX, CHUNKS_MAX, frame_bytes, read_frame, read_hep, write_hep
from gateway_telephony_sip.message import BadHep, Captured
from hypothesis import given
from hypothesis import strategies as st

PAYLOAD = b"OPTIONS sip:a.example SIP/2.0\r\n\r\n"
CAPTURED = Captured(
    payload=PAYLOAD,
    source=("192.0.2.1", 5060),
    target=("192.0.2.2", 5080),
    at=1_767_225_600_123,
    agent=2001,
    key=b"s3cret",
    correlation="call-1@a.example",
)
PORTS = st.integers(1, 65_535)
HOSTS = st.ip_addresses().map(lambda address: str(getattr(address, "ipv4_mapped", None) or address))


def chunk(kind: int, held: bytes, vendor: int = 0) -> bytes:
    return pack(">HHH", vendor, kind, 6 + len(held)) + held


def packet(*chunks: bytes, magic: bytes = b"HEP3") -> bytes:
    body = b"".join(chunks)
    return magic + pack(">H", 6 + len(body)) + body


class Connection:
    """Gives bytes as a stream does."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def read(self, n: int) -> bytes:
        if len(self.data) < n:
            raise EOFError
        taken, self.data = self.data[:n], self.data[n:]
        return taken


@given(
    st.builds(
        Captured,
        payload=st.binary(max_size=200).filter(lambda payload: payload[:4] not in (b"HEP3", b"EEP3")),
        kind=st.integers(0, 255),
        source=st.tuples(HOSTS, PORTS),
        target=st.tuples(HOSTS, PORTS),
        at=st.none() | st.integers(1000, 2**32 * 1000 - 1),
        agent=st.integers(0, 0xFFFF),
        key=st.binary(max_size=20),
        correlation=st.from_regex(r"[!-~]{0,40}", fullmatch=True),
    )
)
def test_what_is_written_is_read(captured: Captured) -> None:
    """All that a packet says, IPv4 and IPv6."""
    assert read_hep(write_hep(captured)) == captured


def test_eep3_is_read() -> None:
    """The older name of the same layout."""
    assert read_hep(b"EEP3" + write_hep(CAPTURED)[4:]) == CAPTURED


def test_ipv6_is_written_in_its_own_chunks() -> None:
    """Family 10, addresses in chunks 5 and 6."""
    written = write_hep(replace(CAPTURED, source=("2001:db8::1", 5060), target=("2001:db8::2", 5060)))

    assert chunk(1, b"\x0a") in written
    assert chunk(5, ip_address("2001:db8::1").packed) in written
    assert chunk(6, ip_address("2001:db8::2").packed) in written


def test_ipv4_within_ipv6_is_ipv4() -> None:
    """An emitter on a socket for both tells one end so and the other otherwise."""
    read = read_hep(packet(chunk(5, ip_address("::ffff:192.0.2.1").packed), chunk(7, b"\x13\xc4"), chunk(15, PAYLOAD)))

    assert read.source == ("192.0.2.1", 5060)


def test_what_a_packet_does_not_say_is_empty() -> None:
    """The payload is all that is needed; it is taken for SIP."""
    assert read_hep(packet(chunk(15, PAYLOAD))) == Captured(PAYLOAD)


def test_a_time_of_zero_is_none() -> None:
    """Some emitters write it where they don't know."""
    read = read_hep(packet(chunk(9, bytes(4)), chunk(10, pack(">I", 5000)), chunk(15, PAYLOAD)))

    assert read.at is None


def test_microseconds_stay_below_a_second() -> None:
    """What claims more is cut."""
    read = read_hep(packet(chunk(9, pack(">I", 7)), chunk(10, pack(">I", 2**32 - 1)), chunk(15, PAYLOAD)))

    assert read.at == 7999


@pytest.mark.parametrize("written", [pack(">H", 2002), pack(">I", 2002), pack(">HH", 2002, 0)])
def test_a_number_of_16_bits_is_read(written: bytes) -> None:
    """In two bytes, or in the upper half of four, as sngrep and sipgrep write it."""
    assert read_hep(packet(chunk(12, written), chunk(15, PAYLOAD))).agent == 2002


def test_chunks_of_vendors_and_unknown_ones_are_passed_over() -> None:
    """A vendor's chunk 15 is no payload."""
    read = read_hep(packet(chunk(15, b"vendor", 2), chunk(0x7777, b"?"), chunk(15, PAYLOAD), chunk(14, b"", 5)))

    assert read == Captured(PAYLOAD)


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_inflated(compress: object) -> None:
    """By zlib or gzip."""
    assert callable(compress)

    assert read_hep(packet(chunk(16, compress(PAYLOAD)))).payload == PAYLOAD


@pytest.mark.parametrize(
    "held",
    [b"", b"no zlib", zlib.compress(PAYLOAD)[:-5], zlib.compress(bytes(BYTES_MAX + 1)), zlib.compress(bytes(2**24))],
)
def test_a_payload_inflates_to_a_packet_at_most(held: bytes) -> None:
    """Sixteen megabytes of nothing stay sixteen kilobytes."""
    with pytest.raises(BadHep, match="inflate"):
        read_hep(packet(chunk(16, held)))


@pytest.mark.parametrize(
    ("correlation", "read"),
    [
        (b" call-1 \0", "call-1"),
        (b"x" * 255, "x" * 255),
        (b"x" * 256, ""),
        (b"two\nlines", ""),
        (b"\xff", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_correlation_is_a_name_or_none(correlation: bytes, read: str) -> None:
    """It is kept, and joins calls: it must be text, and whole."""
    assert read_hep(packet(chunk(17, correlation), chunk(15, PAYLOAD))).correlation == read


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "foreign"),
        (b"HEP", "foreign"),
        (b"HEP4\x00\x06", "foreign"),
        (PAYLOAD, "foreign"),
        (b"\x01\x10\x02\x11" + bytes(12) + PAYLOAD, "old"),
        (b"\x02\x1c\x02\x11" + bytes(24) + PAYLOAD, "old"),
        (b"\x02\x34\x0a\x11" + bytes(48) + PAYLOAD, "old"),
        (b"\x02\x99\x0a\x11", "foreign"),
        (b"HEP3", "broken"),
        (b"HEP3\x00", "broken"),
        (b"HEP3\x00\x05", "broken"),
        (b"HEP3\x00\x06", "broken"),
        (packet(chunk(15, PAYLOAD))[:-1], "broken"),
        (packet(chunk(15, PAYLOAD), b"\0\0\0\0\0"), "broken"),
        (packet(chunk(15, PAYLOAD), pack(">HHH", 0, 1, 5)), "broken"),
        (packet(chunk(15, PAYLOAD), pack(">HHH", 0, 1, 0)), "broken"),
        (packet(chunk(15, PAYLOAD), pack(">HHH", 0, 1, 7)), "broken"),
        (packet(chunk(15, PAYLOAD), *[chunk(1, b"")] * CHUNKS_MAX), "broken"),
        (packet(chunk(11, b"\x01")), "broken"),
        (packet(chunk(15, packet(chunk(15, PAYLOAD)))), "nested"),
        (packet(chunk(15, packet(chunk(15, PAYLOAD), magic=b"EEP3"))), "nested"),
        (packet(chunk(16, zlib.compress(packet(chunk(15, PAYLOAD))))), "nested"),
    ],
)
def test_what_is_no_packet_is_refused(data: bytes, kind: str) -> None:
    """By the one exception, which says in a word what it was, so that it can be counted."""
    with pytest.raises(BadHep) as refused:
        read_hep(data)

    assert refused.value.kind == kind
    assert "s3cret" not in str(refused.value)


def test_bytes_after_a_packet_are_passed_over() -> None:
    """A datagram may be padded."""
    assert read_hep(write_hep(CAPTURED) + bytes(3)) == CAPTURED


def test_a_stream_is_read_packet_by_packet() -> None:
    """Each as long as its head says; the end between two packets is the end, within one too."""

    async def read() -> list[Captured]:
        stream, found = Connection(write_hep(CAPTURED) + packet(chunk(15, b"second")) + b"HEP3\x00"), []
        with pytest.raises(EOFError):
            while True:
                found.append(read_hep(await read_frame(stream)))
        return found

    assert asyncio.run(read()) == [CAPTURED, Captured(b"second")]


def test_a_stream_without_frames_is_given_up() -> None:
    """Where no packet begins, nothing after it can be trusted."""

    async def read() -> None:
        await read_frame(Connection(PAYLOAD))

    with pytest.raises(BadHep) as refused:
        asyncio.run(read())

    assert refused.value.kind == "foreign"


@pytest.mark.parametrize("head", [b"HEP3\x00\x05", b"HEP3\x00\x00", b"HEP3\x00", b""])
def test_a_frame_has_a_head(head: bytes) -> None:
    """A length that can't be is refused before anything is waited for."""
    with pytest.raises(BadHep):
        frame_bytes(head)


@pytest.mark.parametrize(
    "captured",
    [
        Captured(bytes(BYTES_MAX)),
        Captured(b"", source=("nowhere", 1)),
        Captured(b"", source=("192.0.2.1", 65_536)),
        Captured(b"", kind=256),
        Captured(b"", agent=2**32),
        Captured(b"", at=2**32 * 1000),
        Captured(b"", at=-1),
        Captured(b"", correlation="\ud800"),
    ],
)
def test_what_does_not_fit_is_not_written(captured: Captured) -> None:
    """By the same exception."""
    with pytest.raises(BadHep):
        write_hep(captured)
