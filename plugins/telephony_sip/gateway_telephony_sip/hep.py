"""Reads and writes packets of HEPv3, the protocol in which proxies and exchanges show copies of their SIP messages.

Layout (HEP3, revision 37): `HEP3` or `EEP3`, 16 bits of total length, then chunks of 16 bits each of vendor, type and
length (its own six bytes included) and what they hold; all of it big-endian. Unknown chunks are passed over.
"""

import zlib
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final

from gateway.plugin import ByteStream
from gateway_telephony_sip.message import BadHep, Captured

BYTES_MAX: Final = 65_535
"""What 16 bits of length can say; an inflated payload isn't longer either."""

CHUNKS_MAX: Final = 256
"""Emitters send a dozen; the smallest legal chunks would be ten thousand in one packet."""

CORRELATION_BYTES_MAX: Final = 255
"""A longer correlation id is taken for none: cut, it might join calls that are strangers to each other."""

HEAD_BYTES: Final = 6

SIP: Final = 1
"""The type of payload that is a SIP message."""

_MAGIC: Final = (b"HEP3", b"EEP3")
_CHUNK: Final = Struct(">HHH").unpack_from
_IPV4, _IPV6, _UDP = 2, 10, 17
_OLD_HEADS: Final = (16, 28, 40, 52)
"""Bytes of a head of HEPv1 with IPv4, HEPv2 with it, and the same with IPv6."""


def read_hep(data: bytes) -> Captured:
    """One packet; bytes after its end are passed over.

    A capturer's number in 16 bits, which sngrep and sipgrep write into the upper half of 32, is read as they mean it.
    A time of 0 seconds is none.

    Raises BadHep: `foreign` for what is no HEP, `old` for HEPv1 and HEPv2, `nested` for a capture of a capture,
    `broken` for anything out of bounds.
    """
    if data[:4] not in _MAGIC:
        raise _no_hep3(data)
    chunks = _chunks(data)
    payload = chunks.get(0x0F)
    if payload is None:
        payload = _inflated(chunks.get(0x10))
    if payload[:4] in _MAGIC:
        raise BadHep("a capture of a capture", "nested")
    number = int.from_bytes
    seconds = number(chunks.get(0x09, b"")[:4], "big")
    at = None
    if seconds:
        at = seconds * 1000 + min(number(chunks.get(0x0A, b"")[:4], "big"), 999_999) // 1000
    agent = number(chunks.get(0x0C, b"")[:4], "big")
    return Captured(
        payload=payload,
        kind=number(chunks.get(0x0B, b"\x01")[:4], "big"),
        source=(_address(chunks.get(0x03) or chunks.get(0x05, b"")), number(chunks.get(0x07, b"")[:2], "big")),
        target=(_address(chunks.get(0x04) or chunks.get(0x06, b"")), number(chunks.get(0x08, b"")[:2], "big")),
        at=at,
        agent=agent if agent & 0xFFFF else agent >> 16,
        key=chunks.get(0x0E, b""),
        correlation=_correlation(chunks.get(0x11, b"")),
    )


def write_hep(captured: Captured) -> bytes:
    """A packet as bytes, its payload as it is, as if it had gone over UDP.

    Raises BadHep for what doesn't fit: more than 65,535 bytes, numbers beyond their bits, addresses that are none.
    """
    try:
        chunks = [_chunk(0x02, _UDP, 1)]
        ends = ((captured.source, 0x03, 0x07), (captured.target, 0x04, 0x08))
        for (host, port), address_type, port_type in ends:
            if host:
                address = ip_address(host)
                ipv6 = isinstance(address, IPv6Address)
                chunks.append(_packed(address_type + 2 * ipv6, address.packed))
                if address_type == 0x03:
                    chunks.append(_chunk(0x01, _IPV6 if ipv6 else _IPV4, 1))
            if port:
                chunks.append(_chunk(port_type, port, 2))
        if captured.at is not None:
            chunks += [_chunk(0x09, captured.at // 1000, 4), _chunk(0x0A, captured.at % 1000 * 1000, 4)]
        chunks += [_chunk(0x0B, captured.kind, 1), _chunk(0x0C, captured.agent, 4)]
        if captured.key:
            chunks.append(_packed(0x0E, captured.key))
        if captured.correlation:
            chunks.append(_packed(0x11, captured.correlation.encode()))
        chunks.append(_packed(0x0F, captured.payload))
        body = b"".join(chunks)
        return _MAGIC[0] + (HEAD_BYTES + len(body)).to_bytes(2, "big") + body
    except (OverflowError, ValueError) as error:
        raise BadHep(f"can't be written: {error}") from None


def frame_bytes(head: bytes) -> int:
    """How many bytes the packet that begins with these six has, they included.

    Raises BadHep where no packet begins: on a stream nothing after it can be trusted, so the connection is closed.
    """
    if head[:4] not in _MAGIC:
        raise _no_hep3(head)
    total = int.from_bytes(head[4:6], "big")
    if len(head) < HEAD_BYTES or total < HEAD_BYTES:
        raise BadHep("a length below that of its own head")
    return total


async def read_frame(stream: ByteStream) -> bytes:
    """The next packet of a connection, for `read_hep`. Raises EOFError at its end, and BadHep as `frame_bytes` does."""
    head = await stream.read(HEAD_BYTES)
    return head + await stream.read(frame_bytes(head) - HEAD_BYTES)


def _chunks(data: bytes) -> dict[int, bytes]:
    """What the chunks of the standard hold, by type; of one that comes twice, the last."""
    end = frame_bytes(data[:HEAD_BYTES])
    if end > len(data):
        raise BadHep("cut short")
    chunks: dict[int, bytes] = {}
    at = HEAD_BYTES
    left = CHUNKS_MAX
    while at < end:
        if end - at < 6 or not left:
            raise BadHep("cut within a chunk" if left else f"more than {CHUNKS_MAX} chunks")
        vendor, kind, size = _CHUNK(data, at)
        if size < 6 or at + size > end:
            raise BadHep("a chunk's length is out of bounds")
        if not vendor:
            chunks[kind] = data[at + 6 : at + size]
        at += size
        left -= 1
    return chunks


def _inflated(payload: bytes | None) -> bytes:
    """A payload that came compressed, by zlib or gzip."""
    if payload is None:
        raise BadHep("no payload")
    inflating = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        inflated = inflating.decompress(payload, BYTES_MAX)
    except zlib.error:
        raise BadHep("a payload that can't be inflated") from None
    if not inflating.eof:
        raise BadHep(f"a payload that is cut, or inflates to more than {BYTES_MAX} bytes")
    return inflated


@lru_cache(maxsize=4096)
def _address(packed: bytes) -> str:
    """An address as text; IPv4 within IPv6 as IPv4, so that both ends of a call are told in one way."""
    if len(packed) == 4:
        return str(IPv4Address(packed))
    if len(packed) != 16:
        return ""
    address = IPv6Address(packed)
    return str(address.ipv4_mapped or address)


def _correlation(chunk: bytes) -> str:
    if not chunk or len(chunk) > CORRELATION_BYTES_MAX:
        return ""
    text = chunk.decode("utf-8", "replace").strip(" \t\r\n\0")
    return text if text.isprintable() else ""


def _no_hep3(data: bytes) -> BadHep:
    """Why it isn't HEPv3."""
    if data[:1] in (b"\x01", b"\x02") and data[1:2] and data[1] in _OLD_HEADS:
        return BadHep(f"HEPv{data[0]}, not HEPv3", "old")
    return BadHep("no HEP", "foreign")


def _chunk(kind: int, value: int, size: int) -> bytes:
    return _packed(kind, value.to_bytes(size, "big"))


def _packed(kind: int, held: bytes) -> bytes:
    return kind.to_bytes(4, "big") + (6 + len(held)).to_bytes(2, "big") + held
