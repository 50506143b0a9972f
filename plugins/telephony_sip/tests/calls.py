"""Messages of calls as a capturer would show them, for tests: each is written as bytes and read again."""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway_telephony_sip.call import Became, became
from gateway_telephony_sip.facts import Call, Leg, join_legs
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip

T0 = 1_767_225_600_000
"""2026-01-01T00:00:00Z: times of the samples count from there, in ms."""

CALLER, CALLEE = "192.0.2.10", "192.0.2.20"
CALL_ID = "one@caller.example"
RULES = Rules()


def request(
    method: str,
    at: int | None,
    *,
    id: str = CALL_ID,
    cseq: int = 1,
    tags: tuple[str, str] = ("ann", ""),
    branch: str = "own",
    forwards: int = 70,
    target: str = "sip:+4930111222@pbx.example",
    headers: Iterable[str] = (),
    sdp: str = "",
    body: str = "",
    by: int = 7,
    source: str = CALLER,
) -> Captured:
    """A request; `tags` are those of From and To, `sdp` the direction of its media."""
    lines = [
        f"{method} {target} SIP/2.0",
        *_vias(branch, 70 - forwards + 1),
        f"Max-Forwards: {forwards}",
        *_dialog(id, cseq, method, tags),
        *headers,
    ]
    if sdp:
        body = f"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na={sdp}\r\n"
        lines.append("Content-Type: application/sdp")
    return _captured(lines, body, at, by, (source, 5060), (CALLEE, 5060))


def response(
    code: int,
    at: int | None,
    *,
    id: str = CALL_ID,
    method: str = "INVITE",
    cseq: int = 1,
    tags: tuple[str, str] = ("ann", "bob"),
    branch: str = "own",
    vias: int = 1,
    headers: Iterable[str] = (),
    by: int = 7,
) -> Captured:
    """A response, on the hop whose branch it has."""
    lines = [f"SIP/2.0 {code} Said", *_vias(branch, vias), *_dialog(id, cseq, method, tags), *headers]
    return _captured(lines, "", at, by, (CALLEE, 5060), (CALLER, 5060))


def both(captured: Captured, branch: str, later: int = 1) -> list[Captured]:
    """What a proxy shows of a message: as it came, and as it went on, one hop further."""
    payload = captured.payload.replace(b"branch=z9hG4bK-own", f"branch=z9hG4bK-{branch}".encode(), 1)
    payload = payload.replace(b"Max-Forwards: 70", b"Max-Forwards: 69")
    via = b"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK-own\r\n"
    start, _, rest = payload.partition(b"\r\n")
    first, _, rest = rest.partition(b"\r\n")
    extra = b"" if captured.payload.startswith(b"CANCEL") else via
    payload = start + b"\r\n" + first + b"\r\n" + extra + rest
    at = None if captured.at is None else captured.at + later
    return [captured, Captured(payload, 1, captured.source, captured.target, at, captured.agent)]


def legs_of(packets: Iterable[Captured], rules: Rules = RULES) -> dict[str, Leg]:
    """What the packets show, by Call-ID; each is received when it is seen."""
    legs: dict[str, Leg] = {}
    for packet in packets:
        said = leg_of(read_sip(packet.payload), packet, packet.at or T0, rules)
        if said is not None:
            id, leg = said
            legs[id] = join_legs(legs[id], leg) if id in legs else leg
    return legs


def call_of(packets: Iterable[Captured], rules: Rules = RULES) -> Call:
    """All that the packets show, as one call."""
    return Call(legs=dict(sorted(legs_of(packets, rules).items())))


def story(told: Call | Became | None, rules: Rules = RULES) -> dict[str, Any]:
    """What became of a call, with times from T0 on; what isn't known is left out."""
    told = became(told, rules) if isinstance(told, Call) else told
    return dict(_story(told)) if told is not None else {}


def _story(told: Became) -> Iterator[tuple[str, Any]]:
    yield from {"outcome": told.end.outcome, "ended": told.end.at - T0}.items()
    for name in ("queued", "ringing", "answered"):
        point = getattr(told, name)
        if point is not None:
            yield name, point.at - T0
    if told.end.ended_by:
        yield "by", told.end.ended_by
    if told.end.is_lost:
        yield "lost", True
    if told.is_crossed:
        yield "crossed", True
    if told.holds:
        yield "holds", [(span.start - T0, None if span.end is None else span.end - T0) for span in told.holds]
    if told.transfers:
        yield "transfers", [(transfer.at - T0, transfer.target) for transfer in told.transfers]


def _vias(branch: str, number: int) -> list[str]:
    """The way of a message: its newest hop, and those before it."""
    older = [f"Via: SIP/2.0/UDP 192.0.2.1{hop};branch=z9hG4bK-before{hop}" for hop in range(number - 1)]
    return [f"Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK-{branch}", *older]


def _dialog(id: str, cseq: int, method: str, tags: tuple[str, str]) -> list[str]:
    ends = {"ann": '"Ann" <sip:+4915550100@carrier.example>', "bob": "<sip:+4930111222@pbx.example>"}
    mine, other = tags
    sender = ends.get(mine, ends["ann"])
    return [
        f"From: {sender}{f';tag={mine}' if mine else ''}",
        f"To: {ends['ann'] if sender == ends['bob'] else ends['bob']}{f';tag={other}' if other else ''}",
        f"Call-ID: {id}",
        f"CSeq: {cseq} {method}",
    ]


def _captured(
    lines: list[str], body: str, at: int | None, by: int, source: tuple[str, int], target: tuple[str, int]
) -> Captured:
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return Captured((head + body).encode(), 1, source, target, None if at is None else T0 + at, by)
