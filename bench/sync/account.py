"""The account as a server of its own: answers from bytes that lie ready, so that it is never what is waited for.

Prints its port, and how long all tickets are. `/_bench` tells what was asked since the last `/_bench/reset`. There is
no rate limit, and what a reader asks beside tickets is answered with as little as it needs.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.server import HERE, LOAD_CPU, pin
from bench.sync.export import Export

_ME = {"user": {"id": 370_000_100_000, "name": "Bench", "email": "bench@acme.example", "role": "admin", "active": True}}
_TOKEN = {"access_token": "bench", "token_type": "bearer", "scope": "read", "expires_in": 172_800}
_NOTHING = {
    "results": [],
    "count": 0,
    "next_page": None,
    "end_of_stream": True,
    "meta": {"has_more": False},
    "links": {"next": None},
}


@dataclass(slots=True)
class Asked:
    """What was asked for: how often each path, and when the first page that has tickets (monotonic seconds)."""

    paths: Counter[str] = field(default_factory=Counter)
    first_page: float = 0.0
    pages: int = 0
    sent: int = 0
    """Bytes of tickets and users."""


class _Site:
    """What all connections share."""

    def __init__(self, tickets: int, port: int) -> None:
        self.export = Export(tickets, f"http://127.0.0.1:{port}")
        self.asked = Asked()

    def answer(self, method: str, target: str) -> tuple[int, bytes]:
        """Status and body."""
        path, _, query = target.partition("?")
        if path == "/_bench/reset":
            self.asked = Asked()
            return 200, b"{}"
        if path == "/_bench":
            told = self.asked
            shown = {"paths": told.paths, "first_page": told.first_page, "pages": told.pages, "sent": told.sent}
            return 200, json.dumps(shown).encode()
        self.asked.paths[path] += 1
        found = self.export.answer(path, query)
        if found is not None:
            page, tickets = found
            if tickets and not self.asked.first_page:
                self.asked.first_page = time.monotonic()
            self.asked.pages += 1
            self.asked.sent += len(page)
            return 200, page
        if path == "/oauth/tokens" and method == "POST":
            return 201, json.dumps(_TOKEN).encode()
        name = path.rpartition("/")[2].removesuffix(".json")
        return 200, json.dumps(_ME if path.startswith("/api/v2/users/me") else {name: [], **_NOTHING}).encode()


class _Connection(asyncio.Protocol):
    def __init__(self, site: _Site) -> None:
        self._site = site
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while (head := self._rest.find(b"\r\n\r\n")) >= 0:
            lines = self._rest[:head].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            end = head + 4 + int(headers.get("content-length", 0))
            if len(self._rest) < end:
                return
            self._rest = self._rest[end:]
            method, target, _ = lines[0].split(" ")
            status, body = self._site.answer(method, target)
            self._transport.write(
                b"HTTP/1.1 %d OK\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: %d\r\n\r\n"
                % (status, len(body))
            )
            self._transport.write(body)
            if headers.get("connection", "").lower() == "close":
                self._transport.close()


@dataclass(frozen=True, slots=True)
class Account:
    """The running account."""

    port: int
    tickets: int
    ticket_bytes: int

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget what was asked so far."""
        _get(f"{self.base}/_bench/reset")

    def asked(self) -> Asked:
        """What was asked since then."""
        told = json.loads(_get(f"{self.base}/_bench"))
        return Asked(Counter(told["paths"]), told["first_page"], told["pages"], told["sent"])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return bytes(answer.read())


@contextmanager
def account(tickets: int) -> Iterator[Account]:
    """An account with so many tickets on the load's processor, for as long as the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sync.account", str(tickets)],
        cwd=HERE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: pin(LOAD_CPU),
    )
    try:
        assert process.stdout is not None
        port, _, size = process.stdout.readline().partition(" ")
        yield Account(int(port), tickets, int(size))
    finally:
        process.kill()
        process.wait()


async def _serve(tickets: int) -> None:
    sites: list[_Site] = []
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(sites[0]), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sites.append(_Site(tickets, port))
    print(port, sites[0].export.ticket_bytes, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
