"""Calls as a proxy shows them: seven messages each, seen on both of the proxy's sides, so fourteen HEP packets a call.

Numbers, names and tags are made up; a message has the headers and the length that phones and trunks send.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway_telephony_sip.hep import write_hep
from gateway_telephony_sip.message import Captured

TRUNK, PROXY, PHONE = ("192.0.2.10", 5060), ("192.0.2.20", 5060), ("192.0.2.30", 5060)
AGENT = 2001
PACKETS = 14
"""Packets of one call."""

_OFFER = (
    "v=0\r\no=trunk {number} 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 9 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """One packet: so many milliseconds after the call's INVITE."""

    after_ms: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """How long a call rings and lasts, in ms."""

    rings_ms: int = 12_000
    talks_ms: int = 180_000


def call(number: int, at: int, shape: Shape = Shape()) -> Iterator[Seen]:
    """The packets of an answered call whose INVITE is at an instant, in the order of their times."""
    answered, over = shape.rings_ms, shape.rings_ms + shape.talks_ms
    sdp = _OFFER.format(number=number, port=16_384 + number % 16_000 * 2)
    told = (
        (0, _request("INVITE", number, 1, body=sdp, fresh=True), TRUNK),
        (1, _answer(100, "trying -- your call is important to us", number, "INVITE", 1), PHONE),
        (90, _answer(180, "Ringing", number, "INVITE", 1), PHONE),
        (answered, _answer(200, "OK", number, "INVITE", 1, body=sdp), PHONE),
        (answered + 30, _request("ACK", number, 1), TRUNK),
        (over, _request("BYE", number, 2), TRUNK),
        (over + 20, _answer(200, "OK", number, "BYE", 2), PHONE),
    )
    for after, (near, far), sender in told:
        ways = ((TRUNK, PROXY, near), (PROXY, PHONE, far))
        if sender is PHONE:
            ways = ((PHONE, PROXY, far), (PROXY, TRUNK, near))
        for hop, (source, target, text) in enumerate(ways):
            seen = at + after + hop
            packet = Captured(text.encode(), source=source, target=target, at=seen, agent=AGENT)
            yield Seen(after + hop, write_hep(packet))


def invite(number: int, port: int) -> bytes:
    """An INVITE to a redirect server, from a proxy on a port of the loopback."""
    text, _ = _request("INVITE", number, 1, body=_OFFER.format(number=number, port=16_384), fresh=True)
    return text.replace("192.0.2.10:5060;", f"127.0.0.1:{port};").encode()


def ack(number: int, port: int, to_tag: str) -> bytes:
    """The ACK to its answer: of the same transaction."""
    text, _ = _request("ACK", number, 1, same=True)
    return text.replace("192.0.2.10:5060;", f"127.0.0.1:{port};").replace(f"b{number}x", to_tag).encode()


def caller(number: int) -> str:
    """Who calls."""
    return f"+4930{1_000_000 + number % 8_999_999}"


def call_id(number: int) -> str:
    """The call's Call-ID."""
    return f"{number:08x}-4d2f-11ee-9c1b@192.0.2.10"


def _request(
    method: str, number: int, cseq: int, *, body: str = "", fresh: bool = False, same: bool = False
) -> tuple[str, str]:
    """A request before and behind the proxy."""
    branch = f"{number:x}.{'INVITE' if same else method}.{cseq}"
    to_tag = "" if fresh else f";tag=b{number}x"
    head = (
        f'From: "Ann Example" <sip:{caller(number)}@trunk.example>;tag=a{number}y\r\n'
        f"To: <sip:+493055500@pbx.example>{to_tag}\r\nCall-ID: {call_id(number)}\r\nCSeq: {cseq} {method}\r\n"
        f"Contact: <sip:{caller(number)}@192.0.2.10:5060;transport=udp>\r\n"
    )
    if fresh:
        head += (
            "User-Agent: Trunk/4.1\r\nAllow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, UPDATE, PRACK\r\n"
            f"Supported: timer, replaces\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n"
            f"P-Asserted-Identity: <sip:{caller(number)}@trunk.example>\r\nContent-Type: application/sdp\r\n"
        )
    head += f"Content-Length: {len(body)}\r\n\r\n{body}"
    way = f"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch};rport\r\n"
    start = f"{method} sip:+493055500@{{}} SIP/2.0\r\n"
    near = f"{start.format('192.0.2.20')}{way}Max-Forwards: 70\r\n{head}"
    far = (
        f"{start.format('192.0.2.30:5060')}Record-Route: <sip:192.0.2.20;lr>\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK{branch}.p\r\n{way}Max-Forwards: 69\r\n{head}"
    )
    return near, far


def _answer(code: int, words: str, number: int, method: str, cseq: int, *, body: str = "") -> tuple[str, str]:
    """An answer before and behind the proxy."""
    branch = f"{number:x}.{method}.{cseq}"
    head = (
        f'From: "Ann Example" <sip:{caller(number)}@trunk.example>;tag=a{number}y\r\n'
        f"To: <sip:+493055500@pbx.example>;tag=b{number}x\r\nCall-ID: {call_id(number)}\r\nCSeq: {cseq} {method}\r\n"
    )
    if code > 100:
        head += "Record-Route: <sip:192.0.2.20;lr>\r\nContact: <sip:agent7@192.0.2.30:5060>\r\nServer: Phone/2.2\r\n"
    if body:
        head += "Session-Expires: 1800;refresher=uac\r\nRequire: timer\r\nContent-Type: application/sdp\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n{body}"
    way = f"Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK{branch};rport=5060\r\n"
    start = f"SIP/2.0 {code} {words}\r\n"
    return f"{start}{way}{head}", f"{start}Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK{branch}.p\r\n{way}{head}"
