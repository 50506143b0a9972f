"""The names under which a leg is known: legs that share one are of the same call.

Laws. Names come from the leg's own messages, never from numbers or times. A name that many calls share would join
strangers: what says nothing, and what exchanges hand out anew after a restart, is no name. A transfer is no name
either: the call that a REFER or a Replaces brings about is another call, which says whose place it takes; the
exchange joins the two by one of the names below where it means them to be one.
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from gateway_telephony_sip.facts import Call
from gateway_telephony_sip.grammar import plain
from gateway_telephony_sip.headers import icid, session_id
from gateway_telephony_sip.message import Captured, Message
from gateway_telephony_sip.rules import Rules

NAME_MAX = 120
"""Characters of a name; of a longer one the beginning and a hash, so that two never become one by being cut."""

SHORTEST = 4
_OURS: Final = ("asterisk:", "session:", "icid:")
"""What our own names begin with. A caller chooses Call-ID and headers himself: without this he could name a stranger's
call, since an exchange's ids can be guessed."""

_NOTHING: Final = frozenset({"none", "null", "unknown", "undefined", "anonymous", "<null>", "(null)", "0000"})
_CHANNEL: Final = re.compile(r"[A-Za-z0-9]{1,20}/.{1,100}-[0-9a-f]{8}(?:;[12])?")
"""A channel's name at Asterisk, `PJSIP/6001-0000001f`: counted anew after each restart, as `res_hep` may send it."""


def call_name(call_id: str) -> str:
    """A Call-ID as facts, names and refs hold it; empty for one that says nothing."""
    text = plain(call_id, NAME_MAX + 1)
    if text.lower().startswith(_OURS):
        text = f"call:{text}"
    if len(text) <= NAME_MAX:
        return text
    return f"{text[: NAME_MAX - 33]}~{sha256(call_id.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def names_of(call_id: str, message: Message, captured: Captured, rules: Rules) -> tuple[str, ...]:
    """The names that a message gives its leg beside its Call-ID (which `call_name` made), sorted."""
    names: set[str] = set()
    told = {key for key, _ in message.headers}
    if rules.session_id and "session-id" in told:
        # RFC 7989: the pair of both sides, of which one isn't known at first and a transfer changes the other.
        pair = session_id(message)
        names.update([f"session:{uuid}" for uuid in pair.known] if pair else ())
    for header in rules.headers:
        if header in told:
            names.add(_shared(message.first(header)))
    if rules.icid and "p-charging-vector" in told and message.is_request:
        charged = _shared(icid(message))
        names.add(f"icid:{charged}" if charged else "")
    if rules.capture_correlation and captured.correlation and not _CHANNEL.fullmatch(captured.correlation):
        names.add(_shared(captured.correlation))
    names.update(_stripped(call_id, rules.suffixes))
    return tuple(sorted(names - {"", call_id})) if names else ()


def call_names(call: Call) -> tuple[str, ...]:
    """Every name under which the call is known by these facts, sorted: Call-IDs, what legs share, what logs say."""
    names = {*call.legs, *(line.call for line in call.logged)}
    for leg in call.legs.values():
        names.update(leg.names)
    return tuple(sorted(names - {""}))


def _shared(value: str) -> str:
    """A value that legs share, empty where it says nothing. It may be the Call-ID of another leg."""
    name = call_name(value)
    if len(name) < SHORTEST or name.lower() in _NOTHING or not name.strip("0-"):
        return ""
    return name


def _stripped(call_id: str, suffixes: tuple[str, ...]) -> list[str]:
    """The Call-ID without the suffix that an exchange put behind it, or before its `@`."""
    ends = _suffix(suffixes)
    local, at, host = call_id.partition("@")
    stripped = []
    for text, rest in ((local, at + host), (call_id, "")) if at else ((call_id, ""),):
        found = ends.search(text)
        if found and found.start() >= SHORTEST:
            stripped.append(text[: found.start()] + rest)
    return stripped


@lru_cache(16)
def _suffix(suffixes: tuple[str, ...]) -> re.Pattern[str]:
    words = [re.escape(suffix).replace(r"\#", "[0-9]{1,4}") for suffix in suffixes]
    return re.compile(f"(?:{'|'.join(words)})$" if words else r"(?!)")
