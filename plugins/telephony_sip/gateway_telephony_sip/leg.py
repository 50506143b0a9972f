"""What one SIP message says of its leg.

Laws. One message in, one small `Leg` out; what a leg became is nobody's business here. Of a body only the direction of
its media and the code that a NOTIFY tells are read; headers with credentials are never looked at.
"""

import re
from functools import lru_cache
from typing import Final as Constant

from msgspec.structs import replace

from gateway_telephony_sip.facts import (
    TEXT_MAX,
    Acked,
    Cancelled,
    Final,
    Glimpse,
    Hung,
    Invite,
    Leg,
    Notified,
    Offer,
    Referred,
    Rung,
)
from gateway_telephony_sip.grammar import parameters, plain, read_uri
from gateway_telephony_sip.headers import (
    CSeq,
    address,
    addresses,
    cseq,
    history,
    listed,
    number,
    privacy,
    reasons,
    refer_to,
    replaces,
    session_expires,
    tag,
    top_via,
)
from gateway_telephony_sip.message import Captured, Message
from gateway_telephony_sip.names import call_name, names_of
from gateway_telephony_sip.numbers import is_withheld
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sdp import media_direction

AHEAD_MS = 60_000
BEHIND_MS = 3_000_000
"""A capturer's time that is further off isn't believed: the time of receipt stands in. Nothing is seen before it
happens, so little is allowed ahead; behind it may be, as capturers keep packets back while they can't connect. A clock
that is one hour off shows local time for UTC, and must not lie at the edge of what is believed.
"""

HOPS = 70
"""The Max-Forwards of a request that has none: what RFC 3261 (8.1.1.6) wants it to begin with."""

REMEMBERED_MAX = 256
"""Characters of a header that is worth to be remembered."""

_HIDING: Constant = frozenset({"id", "user", "header"})
_WITHHELD: Constant = frozenset({"full", "uri"})
_SIPFRAG: Constant = re.compile(rb"SIP/2\.0[ \t]+([1-6][0-9][0-9])\b", re.IGNORECASE)


def leg_of(message: Message, captured: Captured, received_at: int, rules: Rules) -> tuple[str, Leg] | None:
    """The Call-ID and what the message says of its leg; None for one that says nothing of a call.

    `received_at` is in milliseconds, and counts where the capturer's time is missing or can't be.
    """
    counted = cseq(message)
    if counted is None:
        return None
    call_id = call_name(message.first("call-id"))
    if not call_id:
        return None
    at = moment_of(captured, received_at)
    told = _asked(message, captured, at, counted) if message.method else _answered(message, captured, at, counted)
    if told is None:
        return None
    names = names_of(call_id, message, captured, rules)
    return call_id, replace(told, names=names) if names else told


def moment_of(captured: Captured, received_at: int) -> int:
    """When a packet was seen, by its capturer's clock if that can be believed."""
    at = captured.at
    return at if at and -BEHIND_MS <= at - received_at <= AHEAD_MS else received_at


def _asked(message: Message, captured: Captured, at: int, counted: CSeq) -> Leg | None:
    """What a request says."""
    method, by = message.method, captured.agent
    from_tag, to_tag = _kept(tag(message, "from")), _kept(tag(message, "to"))
    match method:
        case "INVITE" if not to_tag:
            return Leg(invites=(_invite(message, captured, at, from_tag, counted.number),))
        case "INVITE" | "UPDATE":
            direction = media_direction(message) or ""
            if not direction and method == "UPDATE":
                return Leg(alive_at=at)
            return Leg(alive_at=at, offers=(Offer(at, by, method, from_tag, counted.number, direction),))
        case "ACK" if to_tag:
            acked = Acked(at, by, from_tag, to_tag, counted.number, _branch(message))
            # The answer to an offer that came with the 2xx (RFC 3264, 4; RFC 3261, 13.2.1).
            answer = media_direction(message)
            offers = (Offer(at, by, method, from_tag, counted.number, answer),) if answer else ()
            return Leg(acks=(acked,), offers=offers)
        case "CANCEL":
            sip, q850 = _causes(message)
            return Leg(cancels=(Cancelled(at, by, from_tag, counted.number, _branch(message), sip, q850),))
        case "BYE":
            return Leg(byes=(Hung(at, by, from_tag, to_tag, _causes(message)[1]),))
        case "REFER":
            return _refer(message, by, at, from_tag, counted.number)
        case "NOTIFY":
            return _notify(message, by, at, from_tag, to_tag)
        case "INFO" | "OPTIONS" if to_tag:
            return Leg(alive_at=at)
    return None


def _invite(message: Message, captured: Captured, at: int, from_tag: str, number_: int) -> Invite:
    left = number(message, "max-forwards")
    hidden = _hides(message)
    original, redirecting = _ways(message)
    replaced = replaces(message)
    return Invite(
        at=at,
        by=captured.agent,
        from_tag=from_tag,
        cseq=number_,
        branch=_branch(message),
        left=HOPS if left is None else min(left, 255),
        vias=_hops(message),
        source=captured.source[0],
        target=_party(message.target),
        caller="" if hidden else _caller(message),
        called=_party(message.first("to")),
        original=original,
        redirecting=redirecting,
        private=hidden,
        replaces=call_name(replaced.call_id) if replaced else "",
        referred_by=_party(message.first("referred-by")),
        records="siprec" in listed(message, "require"),
    )


def _refer(message: Message, by: int, at: int, from_tag: str, number_: int) -> Leg | None:
    referral = refer_to(message)
    if referral is None:
        return None
    replaced = call_name(referral.replaces.call_id) if referral.replaces else ""
    return Leg(refers=(Referred(at, by, from_tag, number_, _party(referral.uri), replaced),))


def _notify(message: Message, by: int, at: int, from_tag: str, to_tag: str) -> Leg | None:
    package, _, rest = message.first("event").partition(";")
    if package.strip(" \t").lower() != "refer":
        return None
    code = _SIPFRAG.match(message.body)
    if code is None:
        return None
    id = parameters(rest).get("id", "")
    refer = int(id) if id.isascii() and id.isdigit() and len(id) < 11 else 0
    return Leg(notifies=(Notified(at, by, from_tag, to_tag, refer, int(code[1])),))


def _answered(message: Message, captured: Captured, at: int, counted: CSeq) -> Leg | None:
    """What a response says; of a request that was lost, that there was one."""
    code, by, method = message.status, captured.agent, counted.method
    if method == "INVITE" and code == 100:
        return Leg(progressed_at=at)
    from_tag = _kept(tag(message, "from"))
    match method:
        case "INVITE" if code < 200:
            return Leg(
                progressed_at=at,
                rung=(Rung(at, by, code, from_tag, counted.number),),
                glimpses=(_glimpse(message, by, at, from_tag),),
            )
        case "INVITE":
            return Leg(
                finals=(_final(message, by, at, from_tag, counted),),
                glimpses=(_glimpse(message, by, at, from_tag),),
            )
        case "UPDATE" if code >= 300:
            return Leg(finals=(Final(at, by, code, method, from_tag, counted.number),))
        case "REFER" if code >= 200:
            return Leg(finals=(Final(at, by, code, method, from_tag, counted.number),))
        case "BYE" if 200 <= code < 300 or code in (408, 481):
            return Leg(byes=(Hung(at, by, from_tag, _kept(tag(message, "to"))),))
        case "CANCEL" if code >= 200:
            return Leg(cancels=(Cancelled(at, by, from_tag, counted.number, _branch(message)),))
    return None


def _final(message: Message, by: int, at: int, from_tag: str, counted: CSeq) -> Final:
    branch, to_tag = _branch(message), _kept(tag(message, "to"))
    if message.status >= 300:
        q850 = _causes(message)[1]
        vias = _hops(message)
        return Final(at, by, message.status, "INVITE", from_tag, counted.number, branch, vias, to_tag, q850=q850)
    life = session_expires(message)
    return Final(
        at=at,
        by=by,
        code=message.status,
        method="INVITE",
        from_tag=from_tag,
        cseq=counted.number,
        branch=branch,
        vias=_hops(message),
        to_tag=to_tag,
        agent=_agent(message),
        expires=life.seconds if life else 0,
    )


def _glimpse(message: Message, by: int, at: int, from_tag: str) -> Glimpse:
    return Glimpse(at, by, from_tag, _party(message.first("from")), _party(message.first("to")))


def _hides(message: Message) -> bool:
    """Whether the caller wants not to be known (RFC 3323, 4.2; RFC 3325, 9.3), Remote-Party-ID's older way too.

    A From that withholds who it is says so as well: networks lose Privacy, and leave their own assertion beside it.
    """
    if not _HIDING.isdisjoint(privacy(message)) or is_withheld(message.first("from")):
        return True
    older = address(message, "remote-party-id")
    return older is not None and older.params.get("privacy", "").lower() in _WITHHELD


def _caller(message: Message) -> str:
    """Who calls: what the network asserts goes before what the phone says; of a name and a number the number, since it
    may assert one of each (RFC 3325, 9.1)."""
    asserted = message.every("p-asserted-identity")
    if len(asserted) > 1 or (asserted and "," in asserted[0]):
        for one in addresses(message, "p-asserted-identity"):
            if one.uri.lower().startswith("tel:"):
                return _party(one.uri)
    for name in ("p-asserted-identity", "remote-party-id", "from"):
        party = _party(message.first(name))
        if party:
            return party
    return ""


def _agent(message: Message) -> str:
    """Who answered: the identity that the network asserts, else where the phone can be reached, else who was called.

    A browser can't be reached: the Contact of SIP over WebSocket is a word by chance at `.invalid` (RFC 7118, 5). Who
    doesn't want to be known as the one that answered isn't kept (RFC 3323).
    """
    if not _HIDING.isdisjoint(privacy(message)):
        return ""
    for name in ("p-asserted-identity", "contact", "to"):
        party = _party(message.first(name))
        if party.partition("@")[1] and not party.endswith(".invalid"):
            return party
    return ""


def _ways(message: Message) -> tuple[str, str]:
    """Who was dialled at first, and who redirected the call to us (RFC 7044; RFC 5806: the newest on top).

    Empty for who doesn't want to be known: by `Privacy: history`, of all or within an entry (RFC 7044, 10.1), or by
    `privacy` of a Diversion.
    """
    passed = history(message)
    if passed:
        hidden = "history" in privacy(message)
        parties = ["" if hidden or _hides_entry(one.address.uri) else _party(one.address.uri) for one in passed]
        return parties[0], parties[-2] if len(parties) > 1 else ""
    diverted = addresses(message, "diversion")
    shown = ["" if one.params.get("privacy", "").lower() in _WITHHELD else _party(one.uri) for one in diverted]
    return (shown[-1], shown[0]) if shown else ("", "")


def _hides_entry(uri: str) -> bool:
    return "history" in read_uri(uri).headers.get("privacy", "").lower() if "?" in uri else False


def _causes(message: Message) -> tuple[int, int]:
    """The causes that Reason gives in the words of SIP and of Q.850; 0 for none (RFC 3326)."""
    causes = {reason.protocol.lower(): reason.cause or 0 for reason in reversed(reasons(message))}
    return causes.get("sip", 0), causes.get("q.850", 0)


def _kept(text: str) -> str:
    return plain(text, TEXT_MAX)


def _hops(message: Message) -> int:
    return sum([value.count(",") + 1 for key, value in message.headers if key == "via"])


def _branch(message: Message) -> str:
    """The branch of the newest hop, which all messages of a transaction share (RFC 3261, 17.1.3)."""
    value = message.first("via")
    before, _, after = value.partition(";branch=")
    if after and "," not in before and '"' not in before:
        return _kept(after.partition(",")[0].partition(";")[0])
    hop = top_via(message)
    return _kept(hop.branch) if hop else ""


def _party(value: str) -> str:
    """Whom a header's value names, as a URI without what isn't theirs: `sip:ann@a.example`, `tel:+4930…`."""
    # Strangers write it: of long ones none is remembered, or a few thousand would fill memory.
    return _read_party(value) if len(value) <= REMEMBERED_MAX else _read_party.__wrapped__(value)


@lru_cache(4_096)
def _read_party(value: str) -> str:
    if not value:
        return ""
    start = value.find("<")
    if start >= 0:
        value = value[start:].partition(">")[0]
    uri = read_uri(value)
    if uri.scheme == "tel":
        context = uri.params.get("phone-context", "")
        return _kept(f"tel:{uri.user};phone-context={context}" if context else f"tel:{uri.user}")
    if uri.scheme not in ("sip", "sips"):
        # An emergency is `urn:service:sos` (RFC 5031); whatever else there is may hold a key to it.
        return _kept(f"urn:{uri.user}") if uri.scheme == "urn" else f"{uri.scheme}:"
    return _kept(f"sip:{uri.user}@{uri.host}" if uri.user else f"sip:{uri.host}")
