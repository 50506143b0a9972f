"""The answers that the redirect server gives (RFC 3261, section 8.2.6), byte for byte the same to the same request."""

from typing import Final

from gateway_telephony_sip.message import BadSip, Message
from gateway_telephony_sip.redirect.request import Asked
from gateway_telephony_sip.redirect.targets import Targets, contact
from gateway_telephony_sip.sip import write_sip

ANSWER_BYTES_MAX: Final = 1_300
"""The longest answer: it goes through every network in one piece."""

ALLOWED: Final = ("INVITE", "ACK", "CANCEL", "OPTIONS")
"""The methods that are answered by more than 405."""

REASONS: Final = {
    200: "OK",
    302: "Moved Temporarily",
    400: "Bad Request",
    405: "Method Not Allowed",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
}

Headers = tuple[tuple[str, str], ...]

_ALLOW: Final[Headers] = (("allow", ", ".join(ALLOWED)),)
_ABLE: Final[Headers] = (*_ALLOW, ("accept", "application/sdp"), ("supported", ""))
_MORE: Final[dict[tuple[str, int], Headers]] = {("OPTIONS", 200): _ABLE}


def answer(asked: Asked, status: int, reason: str = "", headers: Headers = ()) -> bytes | None:
    """An answer to a request, or None where it would be longer than ANSWER_BYTES_MAX or can't be written.

    405 names the methods that are allowed (section 8.2.1); 200 to an OPTIONS says what we are able to (11.2).
    """
    more = _ALLOW if status == 405 else _MORE.get((asked.message.method, status), ())
    told = Message(
        status=status,
        reason=reason or REASONS[status],
        headers=(*asked.echoed, *headers, *more),
    )
    try:
        data = write_sip(told)
    except BadSip:
        return None
    return data if len(data) <= ANSWER_BYTES_MAX else None


def redirection(asked: Asked, targets: Targets) -> bytes | None:
    """302 with as many of the targets as fit, those preferred most; None where not even one does."""
    for count in range(len(targets), 0, -1):
        told = answer(asked, 302, headers=(("contact", contact(targets[:count])),))
        if told is not None:
            return told
    return None
