"""The account as a server of its own: answers from bytes that lie ready, so that it is never what is waited for.

Prints its port, and how long all tickets are. `/_bench` tells what was asked since the last `/_bench/reset`. There is
no limit of rates, and what a reader asks beside tickets is answered with as little as it needs.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict
from urllib.parse import parse_qsl

from bench.sync.account import Asked
from bench.sync.shapes import SHAPES
from bench.sync.site import Answer, Site


class _Open:
    """What all connections share."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.asked = Asked()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        path, _, query = target.partition("?")
        if path == "/_bench/reset":
            self.asked = Asked()
            return Answer(b"{}")
        if path == "/_bench":
            return Answer(json.dumps(asdict(self.asked)).encode())
        self.asked.requests += 1
        answer = self.site.answer(method, path, dict(parse_qsl(query)), body)
        if answer.rows is not None:
            if answer.rows and not self.asked.first_page:
                self.asked.first_page = time.monotonic()
            self.asked.pages += 1
            self.asked.sent += len(answer.body)
        return answer


class _Connection(asyncio.Protocol):
    def __init__(self, shared: _Open) -> None:
        self._shared = shared
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
            body, self._rest = self._rest[head + 4 : end], self._rest[end:]
            method, target, _ = lines[0].split(" ")
            self._write(self._shared.answer(method, target, body))
            if headers.get("connection", "").lower() == "close":
                self._transport.close()

    def _write(self, answer: Answer) -> None:
        told = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        head = f"HTTP/1.1 {answer.status} OK\r\n{lines}Content-Length: {len(answer.body)}\r\n\r\n"
        self._transport.write(head.encode("latin-1"))
        self._transport.write(answer.body)


async def _serve(shape: str, tickets: int) -> None:
    opened: list[_Open] = []
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(opened[0]), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    opened.append(_Open(SHAPES[shape].site(tickets, f"http://127.0.0.1:{port}")))
    print(port, opened[0].site.ticket_bytes, flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
