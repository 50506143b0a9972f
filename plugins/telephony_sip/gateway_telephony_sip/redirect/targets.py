"""Where calls are sent: addresses with their preference, proved when the settings are read.

What stands here is written into answers as it is, so nothing that could end a header or a line gets in.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from gateway_telephony_sip.grammar import read_uri

URI_MAX = 200
"""Characters of an address: three of them fit into an answer beside what a caller's own headers need."""

TARGETS_MAX = 8
"""Addresses that one queue may have."""

_STEP: Final = 0.1
_SIP: Final = re.compile(
    r"sips?:"
    r"(?:[A-Za-z0-9_.!~*'()&=+$,;?/%:-]+@)?"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:[;?][A-Za-z0-9_.!~*'()\[\]/:&+$%;=?-]*)?",
    re.IGNORECASE,
)
_TEL: Final = re.compile(r"tel:\+?[0-9A-Fa-f*#().-]+(?:;[A-Za-z0-9_.!~*'()\[\]/:&+$%;=-]*)?", re.IGNORECASE)
_SEPARATORS: Final = str.maketrans("", "", "().-")


class Target(NamedTuple):
    """An address, and how much it is preferred: 1 most, 0 least (RFC 3261, section 20.10)."""

    uri: str
    q: float = 1.0


Targets = tuple[Target, ...]


def check_uri(uri: str) -> str:
    """The address itself. Raises ValueError where it is no `sip:`, `sips:` or `tel:` address that can be sent."""
    if len(uri) > URI_MAX:
        raise ValueError(f"an address has at most {URI_MAX} characters")
    found = _SIP.fullmatch(uri) or _TEL.fullmatch(uri)
    if found is None:
        raise ValueError("give an address as sip:USER@HOST, sips:USER@HOST or tel:+NUMBER")
    if int(found.groupdict().get("port") or 0) > 65_535:
        raise ValueError("a port is at most 65535")
    return uri


def ranked(given: Sequence[tuple[str, float | None]]) -> Targets:
    """Addresses by preference, what is preferred most first. One without a `q` has a little less than the one before
    it. Raises ValueError for an address or a preference that can't be sent."""
    if not 0 < len(given) <= TARGETS_MAX:
        raise ValueError(f"give 1 to {TARGETS_MAX} addresses")
    q = 1.0 + _STEP
    found: list[Target] = []
    for uri, wanted in given:
        q = max(q - _STEP, 0.0) if wanted is None else wanted
        if not 0.0 <= q <= 1.0:
            raise ValueError("`q` is from 0 to 1")
        found.append(Target(check_uri(uri), round(q, 3)))
    return tuple(sorted(found, key=lambda target: -target.q))


def place(uri: str) -> str:
    """What an address points to, to tell whether two are the same: without parameters, in one way of writing. Total.

    Coarser than RFC 3261, section 19.1.4, which takes `;transport=tcp` for another address: a call that comes back to
    the same user at the same host goes in a circle all the same.
    """
    parts = read_uri(uri)
    # Parameters of the user part go too, as telephone numbers carry them there; so do a number's separators.
    user = parts.user.partition(";")[0]
    number = user.translate(_SEPARATORS)
    user = number if number.removeprefix("+").isdecimal() else user
    return f"{user}@{parts.host}:{parts.port or 5060}"


def contact(targets: Targets) -> str:
    """The value of one Contact header for all: some proxies read but the first header of that name.

    In brackets, since parameters of an address would else be the header's.
    """
    return ", ".join([f"<{target.uri}>;q={target.q:.3f}".rstrip("0").rstrip(".") for target in targets])
