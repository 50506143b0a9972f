"""The one reading of a URL that is to be called: only what every reader of URLs takes for the same host and port.

Readers differ on nearly everything else (full-width digits, backslashes, credentials, a `#` in odd places), and what
differs is how a check is passed by one host and another is connected to. Law: a message repeats nothing of the URL,
which may hold a token.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final

URL_LENGTH_MAX: Final = 2_048

_HOST_MAX = 253
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?(?:[/?]\S*)?",
    re.IGNORECASE | re.ASCII,
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXPECTED = "expected a URL, such as https://help.example.com/hooks"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: the host in lower case, an IPv6 address without brackets in its shortest form."""

    scheme: str
    host: str
    port: int

    def matches(self, scheme: str, host: str | None, port: int | None) -> bool:
        """Whether another reader of the same URL has found the same; no port is the scheme's own."""
        if scheme != self.scheme or host is None or (port or _DEFAULT_PORTS[self.scheme]) != self.port:
            return False
        plain = host.strip("[]").lower()
        return plain == self.host or (":" in plain and _shortest(plain) == self.host)


def read_url(text: str) -> Target:
    """Where `text` leads. Raises ValueError that says what to write instead."""
    if len(text) > URL_LENGTH_MAX:
        raise ValueError(f"a URL has at most {URL_LENGTH_MAX} characters")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("a URL is ASCII without spaces: encode what isn't")
    if "\\" in text:
        raise ValueError("a URL has no backslash: write /")
    scheme, separator, rest = text.partition("://")
    if scheme.lower() not in _DEFAULT_PORTS or not separator or rest[:1] in ("", "/", "?", "#"):
        raise ValueError("expected a URL that begins with https:// or http:// and names a host")
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[0]:
        raise ValueError("a name or a password in a URL is a secret as text: leave it out")
    if "#" in text:
        raise ValueError("a URL to be called has no #fragment: leave it out")
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError(_EXPECTED)
    scheme = match["scheme"].lower()
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    if port > 65_535:
        raise ValueError("a port is a number from 1 to 65535")
    return Target(scheme, _host(match["host"].lower()), port)


def _host(text: str) -> str:
    if text.startswith("["):
        shortest = _shortest(text[1:-1])
        if shortest is None:
            raise ValueError(_EXPECTED)
        return shortest
    if len(text) > _HOST_MAX or not all(_LABEL.fullmatch(label) for label in text.split(".")):
        raise ValueError("the host is no name that can be called: labels of letters, digits and -, a dot between two")
    return text


def _shortest(text: str) -> str | None:
    try:
        return str(IPv6Address(text))
    except ValueError:
        return None
