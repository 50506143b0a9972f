"""What the redirect server needs to know of a request: whom to answer, which transaction it is of, what to give back.

Laws. An answer goes to the address that the datagram came from, never to a host that the request names (RFC 3261,
section 18.2.2, would follow a `maddr`). Its port is the datagram's where the client asks so (RFC 3581, section 4), else
the one that the top Via names, as clients that send from one port and listen on another have it.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from gateway.plugin import Source
from gateway_telephony_sip.grammar import split
from gateway_telephony_sip.headers import Via, addresses, call_id, cseq, history, listed, number, tag, top_via, vias
from gateway_telephony_sip.message import BadSip, Message

KEY_BYTES_MAX: Final = 64
_COOKIE: Final = "z9hg4bk"
_MARK_BYTES: Final = 16
_TAG_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read as far as a server of one answer needs it.

    `mark` names its transaction: a CANCEL and an ACK have that of their INVITE (sections 9.2, 17.2.3). `echoed` are the
    headers that every answer repeats, To with a tag (section 8.2.6.2). `fault` says what makes the request no request,
    empty where nothing does; `within` whether it claims to be of a dialog.
    """

    message: Message
    source: Source
    reply_to: Source
    mark: bytes
    call: str
    echoed: tuple[tuple[str, str], ...]
    fault: str
    within: bool

    @property
    def hops(self) -> int | None:
        """How many proxies it may still pass; None where it doesn't say."""
        return number(self.message, "max-forwards")

    @property
    def required(self) -> list[str]:
        """The extensions that whoever answers must know."""
        return listed(self.message, "require")

    @property
    def been(self) -> list[str]:
        """The addresses that the call was sent to before, as far as it says so (RFC 7044, RFC 5806)."""
        passed = [one.address.uri for one in history(self.message)]
        return passed + [one.uri for one in addresses(self.message, "diversion")]


def asked_of(message: Message, source: Source, key: bytes) -> Asked:
    """Read a request; `key` is what the tags of To are made with. Raises BadSip where nobody could be answered."""
    top = top_via(message)
    if top is None:
        raise BadSip("no Via that can be read")
    address = source[0]
    reply_to = source if top.rport is not None else (address, top.sent_by[1])
    sequence = cseq(message)
    dialog = tag(message, "to")
    call = f"{call_id(message)}\n{tag(message, 'from')}"
    parts = (address, *_transaction(message, top), call, str(sequence.number if sequence else ""))
    hashed = blake2b(key=key[:KEY_BYTES_MAX], digest_size=_MARK_BYTES + _TAG_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        hashed.update(b"%d:" % len(data))
        hashed.update(data)
    made = hashed.digest()
    echoed = [("via", value) for value in _vias(message, top, source)]
    for name in ("from", "to", "call-id", "cseq"):
        if value := message.first(name):
            is_new = name == "to" and not dialog
            echoed.append((name, f"{value};tag={made[_MARK_BYTES:].hex()}" if is_new else value))
    return Asked(
        message=message,
        source=source,
        reply_to=reply_to,
        mark=made[:_MARK_BYTES],
        call=call,
        echoed=tuple(echoed),
        fault=_fault(message),
        within=bool(dialog),
    )


def caller_of(message: Message, source: Source) -> Source:
    """Who sent the call to the proxy that asks, as that one wrote into the second Via; itself, if nobody did.

    A capture of the proxy shows the call from there too, so both have one view of the side that a call comes from.
    """
    hops = vias(message)
    return (hops[1].received or hops[1].host, hops[1].sent_by[1]) if len(hops) > 1 else source


def _transaction(message: Message, top: Via) -> tuple[str, ...]:
    """What tells a transaction from others of its call. Clients of RFC 2543 make no branch that could (17.2.3)."""
    branch = top.branch
    if branch.lower().startswith(_COOKIE) and len(branch) > len(_COOKIE):
        return (branch, top.host, str(top.sent_by[1]))
    return ("", "".join(split(message.first("via"))[0].split()), message.target)


def _vias(message: Message, top: Via, source: Source) -> list[str]:
    """All Vias as they came, the top one with where the request was received from (18.2.1; RFC 3581, section 4)."""
    first, *others = message.every("via")
    address, port = source
    if top.rport is None and top.host == address.lower():
        return [first, *others]
    newest, *older = split(first)
    pieces = split(newest, ";")
    pieces = [piece for piece in pieces if piece.partition("=")[0].strip().lower() not in ("received", "rport")]
    pieces.append(f"received={address.partition('%')[0]}")
    if top.rport is not None:
        pieces.append(f"rport={port}")
    return [", ".join([";".join(pieces), *older]), *others]


def _fault(message: Message) -> str:
    """What a request lacks that every request has (section 8.1.1), in the words that it is refused with."""
    if missing := [name for name in ("To", "From", "Call-ID") if not message.first(name.lower())]:
        return f"Missing {missing[0]}"
    sequence = cseq(message)
    if sequence is None or sequence.method != message.method:
        return "Bad CSeq"
    return ""
