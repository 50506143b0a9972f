"""Leads a foreign client's requests for any Zendesk account to the address in CLIENTS_BASE, instead of the internet.

Clients build their addresses themselves, and only as https. An answer names the address that they asked for.
"""

import importlib
import os
import re
from typing import Any

_HOST = re.compile(r"^https?://([a-z0-9-]+\.zendesk\.com)(?=/|$)")
_BASE = os.environ.get("CLIENTS_BASE", "")


def _led(url: str) -> tuple[str, str | None]:
    """Where a request really goes, and the host that it was for."""
    found = _HOST.match(url)
    return (url, None) if found is None or not _BASE else (_BASE + url[found.end() :], found.group(1))


def _lead_requests() -> None:
    adapters: Any = importlib.import_module("requests.adapters")
    send = adapters.HTTPAdapter.send

    def led_send(self: Any, request: Any, *args: Any, **options: Any) -> Any:
        asked = request.url
        request.url, host = _led(asked)
        if host is not None:
            request.headers["Host"] = host
        try:
            answer = send(self, request, *args, **options)
        finally:
            request.url = asked
        answer.url = asked
        return answer

    adapters.HTTPAdapter.send = led_send


def _lead_aiohttp() -> None:
    client: Any = importlib.import_module("aiohttp").ClientSession
    ask = client._request

    async def led_request(self: Any, method: str, url: Any, **options: Any) -> Any:
        to, host = _led(str(url))
        if host is not None:
            options["headers"] = {**dict(options.get("headers") or {}), "Host": host}
        return await ask(self, method, to, **options)

    client._request = led_request


for _lead in (_lead_requests, _lead_aiohttp):
    try:
        _lead()
    except ImportError:
        continue
