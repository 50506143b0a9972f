"""Which addresses the gateway may call: http or https, and nothing private unless the configuration says so.

A name is only known when it is resolved, so it is looked at again at each connection; here the hosts that are private
as they stand are refused. Law: a message repeats nothing of a URL, which may hold a token.
"""

import ipaddress
from urllib.parse import urlsplit

from gateway.kernel.addresses import is_public

URL_LENGTH_MAX = 2_048


def why_not(url: str, *, allow_private: bool) -> str:
    """What is wrong with an address to be called; empty if nothing is."""
    if len(url) > URL_LENGTH_MAX:
        return f"a URL has at most {URL_LENGTH_MAX} characters"
    if not url.isascii() or not url.isprintable() or " " in url:
        return "a URL is ASCII without spaces: encode what isn't"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        return "expected a URL, such as https://help.example.com/hooks"
    if parts.scheme not in ("http", "https") or not host or port == 0:
        return "expected a URL that begins with https:// or http:// and names a host"
    if "@" in parts.netloc:
        return "a name or a password in a URL is a secret as text: leave it out"
    if parts.fragment:
        return "a URL to be called has no #fragment: leave it out"
    if is_private(host) and not allow_private:
        return "the host is a private or loopback address: write `allow_private: true` beside it if that is meant"
    return ""


def is_private(host: str) -> bool:
    """Whether a host, as it stands in a URL, is private or loopback; a name other than `localhost` isn't known yet."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        return False
