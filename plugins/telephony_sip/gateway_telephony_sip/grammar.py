"""What headers are made of: lists, parameters, quoted texts, name-addr and URIs (RFC 3261, sections 7.3, 19.1, 25.1).

Total and linear: every text gets an answer, and a hostile one costs no more than its length. A quote or an angle
bracket that never closes binds nothing.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

TEXT_MAX: Final = 200
"""Characters of a text that is kept or shown."""

PARAMETERS_MAX: Final = 64
"""Parameters of one value that are read; the rest is passed over."""

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_MARKS: Final = {mark: re.compile(f'[{mark}"<]') for mark in ",;"}
_KNOWN: Final = ("sip", "sips", "tel")
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PORT: Final = re.compile(r"[0-9]{1,5}")


class NameAddr(NamedTuple):
    """Whom a header names. `params` are the header's, not the URI's; a bare URI has all of them here (section 20)."""

    display: str
    uri: str
    params: dict[str, str]


class Uri(NamedTuple):
    """A URI in parts: `user` unescaped and without its password, `host` in lower case, IPv6 without brackets.

    `port` 0: not said. For `tel:` the number is the user; for a scheme that isn't known, all after it is.
    `headers` are unescaped, their names in lower case.
    """

    scheme: str
    user: str
    host: str
    port: int
    params: dict[str, str]
    headers: dict[str, str]


def plain(text: str, longest: int = TEXT_MAX) -> str:
    """A text that can be kept and shown: no bytes that were no UTF-8, no control characters, not too long."""
    text = text.strip()[:longest]
    if not (text.isascii() and text.isprintable()):
        text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
        text = "".join([sign if sign.isprintable() else " " for sign in text])
    return text.strip()


def split(text: str, mark: str = ",") -> list[str]:
    """The parts between commas (or semicolons) that stand neither in quotes nor in angle brackets; empty ones left out.

    `mark` is `,` or `;`.
    """
    if mark not in text:
        part = text.strip(" \t")
        return [part] if part else []
    if '"' not in text and "<" not in text:
        return [part for piece in text.split(mark) if (part := piece.strip(" \t"))]
    parts = []
    begin = at = 0
    while at < len(text) and (found := _MARKS[mark].search(text, at)):
        at = found.start()
        if text[at] == mark:
            parts.append(text[begin:at])
            begin = at = at + 1
        elif text[at] == "<":
            close = text.find(">", at)
            if close < 0:
                # No later bracket closes either; without this the search would begin anew at each of them.
                text = text[:at] + text[at:].replace("<", " ")
            at = max(close, at) + 1
        else:
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                text = text[:at] + text[at:].replace('"', " ")
            at = quoted.end() if quoted else at + 1
    parts.append(text[begin:])
    return [part for piece in parts if (part := piece.strip(" \t"))]


def unquoted(text: str) -> str:
    """What a quoted string says; any other text as it is, without the spaces around it."""
    text = text.strip(" \t")
    if text[:1] != '"':
        return text
    text = text[1:-1] if len(text) > 1 and text[-1] == '"' else text[1:]
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def parameters(text: str) -> dict[str, str]:
    """`;name=value;flag` as a mapping: names in lower case, flags with an empty value; of two, the first."""
    params: dict[str, str] = {}
    if not text:
        return params
    for part in split(text, ";")[:PARAMETERS_MAX]:
        name, _, value = part.partition("=")
        params.setdefault(name.rstrip(" \t").lower(), unquoted(value))
    return params


def name_addr(value: str) -> NameAddr:
    """`"Ann" <sip:ann@a.example>;tag=1`, with or without brackets and name. A text that is neither is all URI."""
    value = value.strip(" \t")
    display = ""
    if value[:1] == '"' and (quoted := _QUOTED.match(value)):
        display = unquoted(quoted[0])
        opening = value.find("<", quoted.end())
        if opening < 0:
            value = value[quoted.end() :].lstrip(" \t")
    else:
        opening = value.find("<")
        if opening > 0:
            display = unquoted(value[:opening])
    if opening < 0:
        uri, _, rest = value.partition(";")
        return NameAddr(display, uri.strip(" \t"), parameters(rest))
    closing = value.find(">", opening)
    if closing < 0:
        return NameAddr(display, value[opening + 1 :].strip(" \t"), {})
    return NameAddr(display, value[opening + 1 : closing].strip(" \t"), parameters(value[closing + 1 :]))


def read_uri(text: str) -> Uri:
    """A URI in parts; brackets around it are passed over. What has no scheme is taken for `sip:`."""
    text = text.strip(" \t<>")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme not in _KNOWN and (not colon or not _SCHEME.fullmatch(scheme) or _PORT.fullmatch(rest)):
        # `10.0.0.1`, `host:5060`: a host, and its port.
        scheme, rest = "sip", text
    if scheme == "tel":
        number, _, params = rest.partition(";")
        return Uri(scheme, unquote(number).strip(" \t"), "", 0, parameters(params), {})
    if scheme not in ("sip", "sips"):
        return Uri(scheme, rest, "", 0, {}, {})
    user, at, tail = rest.partition("@")
    if not at:
        user, tail = "", rest
    address, _, asked = tail.partition("?")
    where, _, params = address.partition(";")
    host, port = host_port(where)
    return Uri(scheme, unquote(user.partition(":")[0]), host, port, parameters(params), _asked(asked))


def host_port(text: str) -> tuple[str, int]:
    """`host:port` in lower case, IPv6 without its brackets; 0 for a port that isn't said or makes no sense."""
    text = text.strip(" \t").lower()
    if text[:1] == "[":
        host, _, rest = text[1:].partition("]")
        port = rest.partition(":")[2].strip(" \t")
    elif text.count(":") > 1:
        # IPv6 without brackets isn't legal, and is written all the same.
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
        host, port = host.rstrip(" \t"), port.strip(" \t")
    return host, int(port) if _PORT.fullmatch(port) and int(port) < 65_536 else 0


def _asked(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    if text:
        for part in text.split("&", PARAMETERS_MAX)[:PARAMETERS_MAX]:
            name, _, value = part.partition("=")
            headers.setdefault(unquote(name).strip().lower(), unquote(value))
    return headers
