"""Packets that nobody should send: the good ones of the samples, spoilt by chance. A packet's number is its seed."""

import os
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

from gateway_telephony_sip.hep import write_hep
from gateway_telephony_sip.message import Captured

from tests.support.source import ROOT

BYTES_MAX = 65_535
SAMPLES = ROOT / "plugins" / "telephony_sip" / "tests" / "samples"

MORSELS = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b"\0", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xe2\x80\xae"),
    *(b'"', b"\\", b'\\"', b"<", b">", b"<>", b"<<", b",", b";", b";;", b":", b"::", b"@", b"?", b"&", b"=", b"%"),
    *(b"[", b"]", b"[::1]", b"0.0.0.0", b"-1", b"4294967296", b"9" * 40, b"1e9", b"nan", "٣".encode(), b"(0)", b"+"),
    *(b" ", b"\t", b"%00", b"00", b"SIP/2.0", b"SIP/2.0 200 OK\r\n", b"INVITE sip:a SIP/2.0\r\n", b"HEP3", b"EEP3"),
    *(b"Via: ", b"v:", b"f:", b"t:", b"i:", b"l: 0\r\n", b"Content-Length: ", b"Session-ID: ", b"Reason: "),
    *(b"c: multipart/mixed;boundary=x\r\n", b"--x", b"Refer-To: <sip:a?Replaces=b%3Bto-tag%3Dc>\r\n", b";tag=", b";q="),
    *(b"v=0\r\n", b"m=audio 0 RTP/AVP 0\r\n", b"a=sendonly\r\n", b"c=IN IP6 ::\r\n", b";remote=", b";index=1.1"),
    *(b"Replaces: ", b";phone-context=+49", b"tel:", b"sip:", b"urn:"),
)  # fmt: skip
"""What tells the parts of a message from each other, and values at the bounds."""


def seeds(published: Path | None = None) -> list[bytes]:
    """Messages to begin with: our own samples, and those of the folder of published ones."""
    paths = sorted(SAMPLES.glob("*.sip"))
    found = [path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for path in paths]
    if published is not None:
        found += [path.read_bytes() for path in sorted((published / "sip" / "torture").glob("*.dat"))]
        for path in sorted((published / "sip" / "hep").glob("*.hep")):
            found += _framed(path.read_bytes())
    return found


def published() -> Path | None:
    """The folder of published messages, where there is one."""
    named = os.environ.get("GATEWAY_FIXTURES")
    return Path(named) if named else None


def packet(number: int, good: Sequence[bytes]) -> bytes:
    """The packet of that number: a message, a packet of HEP, or what has become of either."""
    chance = random.Random(number)
    data = chance.choice(good)
    if data[:4] != b"HEP3" and chance.random() < 0.4:
        data = spoilt(data, chance, good)
        data = _captured(data, chance)
        if chance.random() < 0.05:
            data = _captured(data, chance)
    for _ in range(chance.choice((0, 1, 1, 2, 3, 5, 8))):
        data = spoilt(data, chance, good)
    return data[:BYTES_MAX]


def bombs(size: int = BYTES_MAX) -> list[bytes]:
    """Messages that are one thing over and over: whatever looks at each of them twice is seen to."""
    heads = (
        b"From: ", b"Via: ", b"Via: SIP/2.0/UDP ", b"Contact: ", b"To: <", b'To: "', b"Reason: ", b"Session-ID: ",
        b"History-Info: ", b"Refer-To: <sip:a?", b"Privacy: ", b"P-Charging-Vector: ", b"Content-Type: ", b"CSeq: ",
        b"Replaces: ",
    )  # fmt: skip
    fillings = (
        *MORSELS,
        b"a",
        b"0",
        b'"a" ',
        b"<a>,",
        b"a,",
        b"a;",
        b'\\"a',
        b'"\\',
        b"a=b&",
        b'"<',
        b'<"',
        b"\r\n a",
        b"a:\r\n",
    )
    found = []
    for number, filling in enumerate(fillings):
        for head in heads[number % 3 :: 3]:
            room = size - len(head) - 30
            found.append(b"INVITE sip:a SIP/2.0\r\n" + head + (filling * (room // len(filling)))[:room])
        body = (filling * ((size - 60) // len(filling)))[: size - 60]
        found.append(b"INVITE sip:a SIP/2.0\r\nc: application/sdp\r\n\r\n" + body)
        found.append(b"INVITE " + body)
    return found


def spoilt(data: bytes, chance: random.Random, good: Sequence[bytes]) -> bytes:
    """One thing wrong with it, or one more."""
    begin = chance.randrange(len(data) + 1)
    end = min(len(data), begin + chance.choice((0, 1, 1, 2, 4, 16, 100)))
    part = data[begin:end]
    kind = chance.randrange(9)
    if kind == 0:
        part = bytes(byte ^ (1 << chance.randrange(8)) for byte in part)
    elif kind == 1:
        part = b""
    elif kind == 2:
        part *= chance.choice((2, 3, 50, 300))
    elif kind in (3, 4):
        part = chance.choice(MORSELS) * chance.choice((1, 1, 1, 2, 100))
    elif kind == 5:
        return data[:begin]
    elif kind == 6:
        other = chance.choice(good)
        return data[:begin] + other[chance.randrange(len(other) + 1) :]
    elif kind == 7:
        lines = data.split(b"\r\n")
        chance.shuffle(lines)
        return b"\r\n".join(lines)
    else:
        part = chance.randbytes(len(part))
    return data[:begin] + part + data[end:]


def _captured(data: bytes, chance: random.Random) -> bytes:
    """As a packet of HEP, its payload compressed now and then, and one of its lengths wrong."""
    host = chance.choice(("192.0.2.1", "2001:db8::1", ""))
    at = chance.choice((None, 0, 1_767_225_600_000, 2**32 * 1000 - 1))
    packet = write_hep(
        Captured(
            data[: BYTES_MAX - 500], source=(host, 5060), target=(host, 5060), at=at, agent=7, key=b"k", correlation="c"
        )
    )
    if chance.random() < 0.2:
        squeezed = zlib.compress(data)
        packet = (
            packet[:4]
            + struct.pack(">H", 12 + len(squeezed))
            + struct.pack(">HHH", 0, 16, 6 + len(squeezed))
            + squeezed
        )
    if chance.random() < 0.3:
        at_byte = chance.randrange(min(len(packet), 110))
        packet = packet[:at_byte] + bytes((chance.randrange(256),)) + packet[at_byte + 1 :]
    return packet


def _framed(data: bytes) -> list[bytes]:
    """The packets of a file that has four bytes of length before each."""
    found, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found
