"""Which way the media flow: attributes, addresses of nowhere, several media, parts of a body."""

from collections.abc import Callable

import pytest
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.sdp import described, direction, holds, media_direction
from gateway_telephony_sip.sip import read_sip

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"


def description(*lines: str) -> bytes:
    return "\r\n".join([HEAD.rstrip(), *lines, ""]).encode()


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["m=audio 1 RTP/AVP 0"], "sendrecv"),
        (["m=audio 1 RTP/AVP 0", "a=sendonly"], "sendonly"),
        (["m=audio 1 RTP/AVP 0", "a=recvonly"], "recvonly"),
        (["m=audio 1 RTP/AVP 0", "a=inactive"], "inactive"),
        (["m=audio 1 RTP/AVP 0", "a=SendOnly "], "sendonly"),
        (["m=audio 1 RTP/AVP 0", "a=sendonly:x", "a=rtpmap:0 PCMU/8000"], "sendrecv"),
        (["a=sendonly", "m=audio 1 RTP/AVP 0"], "sendonly"),
        (["a=sendonly", "m=audio 1 RTP/AVP 0", "a=sendrecv"], "sendrecv"),
        (["c=IN IP4 0.0.0.0", "m=audio 1 RTP/AVP 0"], "sendonly"),
        (["c=IN IP4 0.0.0.0", "m=audio 1 RTP/AVP 0", "a=recvonly"], "inactive"),
        (["c=IN IP4 0.0.0.0", "m=audio 1 RTP/AVP 0", "c=IN IP4 192.0.2.1"], "sendrecv"),
        (["c=IN IP4 192.0.2.1", "m=audio 1 RTP/AVP 0", "c=IN IP4 0.0.0.0/127"], "sendonly"),
        (["c=IN IP6 ::", "m=audio 1 RTP/AVP 0"], "sendonly"),
        (["c=IN IP6 0:0:0:0:0:0:0:0", "m=audio 1 RTP/AVP 0"], "sendonly"),
        (["c=IN IP6 ::1", "m=audio 1 RTP/AVP 0"], "sendrecv"),
        (["c=IN IP4 0.0.0.0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=ice-ufrag:x", "a=sendrecv"], "sendrecv"),
        (["a=ice-ufrag:x", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=sendonly"], "sendonly"),
        (["c=", "m=audio 1 RTP/AVP 0"], "sendrecv"),
        (["m=audio 1 RTP/AVP 0", "a=sendonly", "m=video 2 RTP/AVP 31", "a=sendrecv"], "sendonly"),
        (["m=video 2 RTP/AVP 31", "a=inactive", "m=audio 1 RTP/AVP 0"], "sendrecv"),
        (["m=audio 1 RTP/SAVP 0", "a=sendonly", "m=audio 2 RTP/AVP 0", "a=recvonly"], "sendrecv"),
        (["m=audio 0 RTP/SAVP 0", "m=audio 2 RTP/AVP 0", "a=sendonly"], "sendonly"),
        (["m=audio 0 RTP/AVP 0", "m=image 2 udptl t38"], "sendrecv"),
        (["m=audio 0 RTP/AVP 0"], "inactive"),
        (["m=audio 0/2 RTP/AVP 0"], "inactive"),
        (["m=audio"], "sendrecv"),
        (["a=sendonly"], None),
        ([], None),
    ],
)
def test_the_direction_is_that_of_the_audio(lines: list[str], told: str | None) -> None:
    """The session's, unless the medium says otherwise; an address of nowhere isn't heard at."""
    assert direction(description(*lines)) == told
    assert direction(description(*lines).replace(b"\r\n", b"\n")) == told


def test_hold_is_not_to_hear() -> None:
    """Who answers a hold hears, and holds nobody."""
    assert [holds(told) for told in ("sendonly", "inactive", "recvonly", "sendrecv", None)] == [
        True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "told"), [("invite", "sendrecv"), ("held", "recvonly"), ("bye", None)])
def test_the_description_of_a_message_is_found(name: str, told: str | None, sample: Callable[[str], bytes]) -> None:
    """As its body, or as a part of it."""
    assert media_direction(read_sip(sample(name))) == told


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", description("m=audio 1 RTP/AVP 0")),
        ("multipart/mixed", b"--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x\r\nContent-Type: text/plain\r\n\r\nv=0\r\n--x--"),
        ("multipart/mixed;boundary=x", b"--x" * 100 + b"\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--x--"),
        ("multipart/mixed;boundary=x", b""),
    ],
)
def test_what_describes_nothing_is_empty(kind: str, body: bytes) -> None:
    """Another type, no boundary, too many parts."""
    assert described(Message("INVITE", "sip:a", headers=(("content-type", kind),), body=body)) == b""


def test_a_description_needs_no_type() -> None:
    """Where nothing is said, `v=0` is enough."""
    assert described(Message("INVITE", "sip:a", body=HEAD.encode())) == HEAD.encode()
    assert described(Message("INVITE", "sip:a", body=b"<x/>")) == b""
