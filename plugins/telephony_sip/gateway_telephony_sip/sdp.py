"""Which way the media flow, as a session description says it (RFC 4566, RFC 3264): all that is read of it.

Addresses, ports, codecs and keys of the media are passed over; nothing of a description is kept.
"""

from typing import Final, Literal

from gateway_telephony_sip.headers import content_type
from gateway_telephony_sip.message import Message

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
"""From the view of whoever wrote the description: `sendonly` sends, and doesn't want to hear."""

LINES_MAX: Final = 1000
PARTS_MAX: Final = 16
"""Parts of a multipart body that are looked at."""

_SENDS: Final = 1
_HEARS: Final = 2
_WORDS: Final[tuple[Direction, ...]] = ("inactive", "sendonly", "recvonly", "sendrecv")
_FLOWS: Final[dict[str, int]] = {word: flow for flow, word in enumerate(_WORDS)}
_NOWHERE: Final = frozenset("0:.")


class _Media:
    """One `m=` section, and what it has from the session until it says otherwise."""

    def __init__(self, line: str, flow: int, nowhere: bool, ice: bool) -> None:
        kind, _, rest = line.partition(" ")
        self.is_audio = kind.lower() == "audio"
        self.is_refused = rest.lstrip(" ").partition(" ")[0].partition("/")[0] == "0"
        self.flow = flow
        self.is_nowhere = nowhere
        self.has_ice = ice

    def flows(self) -> int:
        """Which ways it flows. An address of nowhere is how RFC 2543 wrote hold: nothing shall be sent there.

        With ICE it says only that no address is known yet (RFC 9429, section 5.2.1), as browsers begin.
        """
        return self.flow & ~_HEARS if self.is_nowhere and not self.has_ice else self.flow


def media_direction(message: Message) -> Direction | None:
    """Which way the media of a message flow; None where it describes none."""
    description = described(message)
    return direction(description) if description else None


def holds(told: Direction | None) -> bool:
    """Whether whoever wrote the description has put the other side on hold (RFC 3264, section 8.4)."""
    return told in ("sendonly", "inactive")


def described(message: Message) -> bytes:
    """The session description in a body, one part of a multipart body too (RFC 5621); empty where there is none."""
    kind, params = content_type(message)
    if kind == "application/sdp" or (not kind and message.body.startswith(b"v=0")):
        return message.body
    boundary = params.get("boundary", "").encode("utf-8", "surrogateescape")
    if not kind.startswith("multipart/") or not boundary:
        return b""
    for part in message.body.split(b"--" + boundary, PARTS_MAX + 1)[1 : PARTS_MAX + 1]:
        head, _, body = part.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")
        for line in head.lower().split(b"\n"):
            name, _, value = line.partition(b":")
            if name.strip() == b"content-type" and value.partition(b";")[0].strip() == b"application/sdp":
                return body
    return b""


def direction(description: bytes) -> Direction | None:
    """Which way the media of a description flow; None where it names no media.

    Audio counts; other media only where no audio is left, as when a call becomes a fax. Of several, all ways count.
    Refused media (port 0) flow nowhere.
    """
    media: list[_Media] = []
    flow, nowhere, ice = _SENDS | _HEARS, False, False
    for line in description.decode("latin-1").split("\n", LINES_MAX)[:LINES_MAX]:
        kind, value = line[:2], line[2:].strip(" \t\r")
        if kind == "m=":
            media.append(_Media(value, flow, nowhere, ice))
        elif kind == "a=" and (told := _FLOWS.get(value.lower())) is not None:
            if media:
                media[-1].flow = told
            else:
                flow = told
        elif kind == "a=" and value.startswith("ice-ufrag"):
            if media:
                media[-1].has_ice = True
            else:
                ice = True
        elif kind == "c=":
            if media:
                media[-1].is_nowhere = _is_nowhere(value)
            else:
                nowhere = _is_nowhere(value)
    if not media:
        return None
    live = [one for one in media if not one.is_refused]
    heard = [one for one in live if one.is_audio] or live
    flows = 0
    for one in heard:
        flows |= one.flows()
    return _WORDS[flows]


def _is_nowhere(connection: str) -> bool:
    """Whether `IN IP4 0.0.0.0`, `IN IP6 ::` or the like."""
    address = connection.rpartition(" ")[2].partition("/")[0]
    return bool(address) and _NOWHERE.issuperset(address)
