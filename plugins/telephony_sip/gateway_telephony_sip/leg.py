"""What one SIP message says of its leg.

Laws. One message in, one small `Leg` out; what a leg became is nobody's business here. Of a body only the direction of
its media and the code that a NOTIFY tells are read; headers with credentials are never looked at.
"""

import re
from functools import lru_cache
from typing import Final as Constant

from gateway_telephony_sip.facts import (
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
from gateway_telephony_sip.facts import TEXT_MAX, join_legs
from gateway_telephony_sip.grammar import parameters, plain, read_uri
from gateway_telephony_sip.headers import (
    CSeq,
    address,
    addresses,
    cseq,
    history,
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
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sdp import media_direction

SKEW_MS = 3_600_000
"""A capturer's clock that is further off isn't believed: the time of receipt stands in."""

HOPS = 70
"""The Max-Forwards of a request that has none: what RFC 3261 (8.1.1.6) wants it to begin with."""

_HIDING: Constant = frozenset({"id", "user", "header"})
_SIPFRAG: Constant = re.compile(rb"SIP/2\.0[ \t]+([1-6][0-9][0-9])\b", re.IGNORECASE)


def leg_of(message: Message, captured: Captured, received_at: int, rules: Rules) -> tuple[str, Leg] | None:
    """The Call-ID and what the message says of its leg; None for one that says nothing of a call.

    `received_at` is in milliseconds, and counts where the capturer's time is missing or off by more than an hour.
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
    if names:
        told["names"] = names
    return call_id, Leg(**told)


def absorb(legs: dict[str, Leg], call_id: str, said: Leg) -> bool:
    """Join what was said into the legs that are known; whether it brought anything new."""
    known = legs.get(call_id)
    both = said if known is None else join_legs(known, said)
    legs[call_id] = both
    return both is not known


def moment_of(captured: Captured, received_at: int) -> int:
    """When a packet was seen, by its capturer's clock if that can be believed."""
    at = captured.at
    return at if at and abs(at - received_at) <= SKEW_MS else received_at
