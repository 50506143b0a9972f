"""Which host names are ours, and whether a request comes from a page of ours.

A page elsewhere that has its name point at this machine is refused by the first. The second keeps a page elsewhere from
acting by the cookie of whoever looks at it: browsers say where a request comes from, and no page can make them lie.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from gateway.web.servers import Serving

LOCAL = ("localhost", "127.0.0.1", "[::1]")
SITE = "Sec-Fetch-Site"
"""The header in which a browser says from where a request comes, if it talks to this machine or by TLS."""

SAFE = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)
"""Methods that change nothing."""

PATH_MAX = 2_000
_HTTP_PORT = 80


class Hosts:
    """The names under which an app is reached; `more` are those that people use beside its own, as browsers send
    them."""

    def __init__(self, serving: Serving, more: Sequence[str] = ()) -> None:
        self._serving = serving
        self._more = frozenset(host.lower() for host in more)

    def are_of(self, request: web.BaseRequest) -> bool:
        """Whether the one `Host` of a request is ours."""
        named = request.headers.getall(hdrs.HOST, [])
        if len(named) != 1:
            return False
        names = {*LOCAL, _bracketed(self._serving.host)}
        if request.transport is not None and (own := request.transport.get_extra_info("sockname")):
            names.add(_bracketed(own[0]))  # behind 0.0.0.0: the address that was really called, and no name
        port = self._serving.port
        allowed = {f"{name}:{port}" for name in names} | (names if port == _HTTP_PORT else set())
        host = named[0].lower()
        return host in allowed or host in self._more


def is_from_here(request: web.BaseRequest) -> bool:
    """Whether a browser says that a page of ours sent this. Behind a proxy that changes `Host` only SITE can tell."""
    sites = request.headers.getall(SITE, [])
    if sites:
        return sites == ["same-origin"]
    origins = request.headers.getall(hdrs.ORIGIN, [])
    return len(origins) == 1 and origins[0].lower() in _origins(request)


def by_tls(request: web.BaseRequest) -> bool:
    """Whether a browser or the proxy before us says that it came by TLS: then a cookie goes back by TLS only."""
    return (
        request.headers.get(hdrs.ORIGIN, "").lower().startswith("https://")
        or request.headers.get(hdrs.X_FORWARDED_PROTO, "").strip().lower() == "https"
    )


def own_path(text: str | None) -> str:
    """Where to go on this host, path and query, as somebody asks for it; `/` for whatever could lead elsewhere.

    Browsers drop control signs, and take a backslash for a slash and two slashes for another host.
    """
    if not text or len(text) > PATH_MAX or not text.startswith("/") or text.startswith("//"):
        return "/"
    if "\\" in text or not all("!" <= sign <= "~" for sign in text):
        return "/"
    try:
        parts = urlsplit(text)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else text


def _origins(request: web.BaseRequest) -> tuple[str, str]:
    host = request.headers.get(hdrs.HOST, "").lower()
    return f"http://{host}", f"https://{host}"


def _bracketed(host: str) -> str:
    return f"[{host.lower()}]" if ":" in host else host.lower()
