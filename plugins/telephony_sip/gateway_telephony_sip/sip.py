"""Reads and writes SIP messages (RFC 3261, section 7): tolerant of what is seen on wires, strict in its bounds.

Told apart, not judged: folded lines are joined, compact names written out, lines that are no header passed over, and
a header that makes no sense stays as it is until somebody asks for it (`headers.py`). One thing only is raised, BadSip.
"""

import re
from typing import Final

from gateway_telephony_sip.message import BadSip, Message

BYTES_MAX: Final = 65_535
"""The longest datagram; what claims to be a longer message isn't read."""

HEADERS_MAX: Final = 200
"""Lines of the head, once folded ones are joined. Long ways through many proxies have some 50."""

VERSION: Final = "SIP/2.0"

_COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""The compact names in IANA's registry of SIP header fields."""

_SPELT: Final = {
    "call-id": "Call-ID",
    "cseq": "CSeq",
    "mime-version": "MIME-Version",
    "p-asserted-identity": "P-Asserted-Identity",
    "rack": "RAck",
    "remote-party-id": "Remote-Party-ID",
    "rseq": "RSeq",
    "session-id": "Session-ID",
    "sip-etag": "SIP-ETag",
    "sip-if-match": "SIP-If-Match",
    "www-authenticate": "WWW-Authenticate",
}
"""Names that aren't written with a capital at each part."""

_OFTEN: Final = (
    "accept", "allow", "allow-events", "authorization", "call-id", "contact", "content-disposition", "content-encoding",
    "content-length", "content-type", "cseq", "date", "diversion", "event", "expires", "from", "history-info",
    "max-forwards", "min-se", "p-asserted-identity", "p-charging-vector", "privacy", "proxy-authenticate",
    "proxy-authorization", "rack", "reason", "record-route", "refer-to", "referred-by", "remote-party-id", "replaces",
    "require", "retry-after", "route", "rseq", "server", "session-expires", "session-id", "subject",
    "subscription-state", "supported", "to", "user-agent", "via", "warning", "www-authenticate",
)  # fmt: skip

_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_FOLD: Final = re.compile(r"\n[ \t]+")
_STATUS: Final = re.compile(r"SIP/2\.0[ \t]+([1-6][0-9][0-9])(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_LENGTH: Final = re.compile(r"[0-9]{1,10}")


def _spelt(name: str) -> str:
    return _SPELT.get(name) or name.title()


_NAMES: Final = (
    {spelt: name for name in _OFTEN for spelt in (name, name.upper(), name.title(), _spelt(name))}
    | _COMPACT
    | {short.upper(): name for short, name in _COMPACT.items()}
)
"""The usual spellings, so that most names need no work."""


def read_sip(data: bytes) -> Message:
    """One message out of a datagram.

    Line breaks before it are passed over (RFC 3261, section 7.5). A body longer than its Content-Length is cut to it;
    a shorter one is kept, and `missing` says by how much (section 18.3 would refuse it, but a capture is often cut). A
    Content-Length that is no number, or several that differ, say nothing: the body is all that follows.

    Raises BadSip for what is no message of SIP/2.0, and for one out of bounds.
    """
    if len(data) > BYTES_MAX:
        raise BadSip(f"longer than {BYTES_MAX} bytes")
    if data[:1] in (b"\r", b"\n"):
        data = data.lstrip(b"\r\n")
    head, body = _parted(data)
    text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    if "\r" in text:
        text = text.replace("\r", " ")
    if "\n " in text or "\n\t" in text:
        text = _FOLD.sub(" ", text)
    if text.count("\n") > HEADERS_MAX:
        raise BadSip(f"more than {HEADERS_MAX} lines of headers")
    lines = text.split("\n")
    method, target, status, reason = _started(lines[0])
    headers = _headers(lines)
    body, missing = _cut(body, {value for name, value in headers if name == "content-length"})
    return Message(method, target, status, reason, tuple(headers), body, missing)


def write_sip(message: Message) -> bytes:
    """A message as bytes: names in their usual spelling, Content-Length last and true.

    Raises BadSip for what can't be written: neither request nor response, a line break within a line, a name that is
    none, or more bytes than `read_sip` takes.
    """
    if message.method:
        first = f"{message.method} {message.target} {VERSION}"
    elif message.status:
        first = f"{VERSION} {message.status} {message.reason}"
    else:
        raise BadSip("neither a request nor a response")
    if _started(first) != (message.method, message.target, message.status, message.reason):
        raise BadSip("a first line that would be read otherwise")
    lines = [first]
    for name, value in message.headers:
        if not _TOKEN.fullmatch(name):
            raise BadSip("a header's name is none")
        if name != "content-length":
            lines.append(f"{_spelt(name)}: {value}")
    lines.append(f"Content-Length: {len(message.body)}")
    if any("\n" in line or "\r" in line for line in lines):
        raise BadSip("a line break within a line")
    try:
        head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadSip("a text that is no text") from None
    if len(head) + 4 + len(message.body) > BYTES_MAX:
        raise BadSip(f"longer than {BYTES_MAX} bytes")
    return head + b"\r\n\r\n" + message.body


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """Head and body; without an empty line between them, all of it is head."""
    end = data.find(b"\r\n\r\n")
    if end >= 0 and data.find(b"\n\n", 0, end) < 0:
        return data[:end], data[end + 4 :]
    blank = _BLANK.search(data)
    if blank is None:
        return data, b""
    return data[: blank.start()], data[blank.end() :]


def _started(line: str) -> tuple[str, str, int, str]:
    """Method and target of a request, or status and reason of a response."""
    line = line.strip(" \t")
    if line[-7:].upper() == VERSION and line[-8:-7] in (" ", "\t"):
        method, _, rest = line.partition(" ")
        target = rest[:-7].strip(" \t")
        if target and _TOKEN.fullmatch(method):
            return method, target, 0, ""
    elif found := _STATUS.fullmatch(line):
        return "", "", int(found[1]), found[2] or ""
    raise BadSip(f"neither a request nor a response of {VERSION}")


def _headers(lines: list[str]) -> list[tuple[str, str]]:
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            continue
        known = _NAMES.get(name)
        if known is None:
            bare = name.rstrip(" \t")
            if not _TOKEN.fullmatch(bare):
                continue
            known = _NAMES.get(bare) or bare.lower()
        headers.append((known, value.strip(" \t")))
    return headers


def _cut(body: bytes, lengths: set[str]) -> tuple[bytes, int]:
    """The body within what its Content-Length says, and how many bytes of it aren't there."""
    if len(lengths) != 1:
        return body, 0
    length = lengths.pop()
    if not _LENGTH.fullmatch(length):
        return body, 0
    bytes_told = int(length)
    return body[:bytes_told], max(0, bytes_told - len(body))
