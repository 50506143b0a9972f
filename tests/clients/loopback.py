"""What lets somebody else's client, which only knows its vendor's host, talk to a simulator on loopback."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

TIMEOUT_S = 20.0


class Loopback(HTTPAdapter):
    """Sends what is meant for `host` to `base_url`, which the vendor's answers may name, too; a request to another host
    fails the test."""

    def __init__(self, host: str, base_url: str) -> None:
        super().__init__()
        self._hosts = (host, urlsplit(base_url).netloc)
        self._base_url = base_url

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        """Send a request, by no proxy."""
        url = urlsplit(request.url or "")
        assert url.scheme == "https" and url.netloc in self._hosts, f"{url.scheme}://{url.netloc} is asked"
        request.url = f"{self._base_url}{url.path}?{url.query}" if url.query else f"{self._base_url}{url.path}"
        return super().send(request, timeout=TIMEOUT_S, proxies={}, **_rest(more))


def _rest(more: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in more.items() if name not in ("timeout", "proxies")}


def bound(session: requests.Session, host: str, base_url: str) -> requests.Session:
    """A session that reaches `host` at `base_url`, and nothing else."""
    session.trust_env = False
    adapter = Loopback(host, base_url)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
