"""HTTP over a bare socket, for what a well-bred client wouldn't send; and apps served on a free port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiohttp import web

from gateway.web.servers import Handler, Servers


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self) -> Reply:
        """Read one answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Reply(int(head[0].split(" ")[1]), headers, body)

    async def ended(self) -> bool:
        """Wait for the other side to hang up; whether nothing else came."""
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def served(app: web.Application | Handler, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """The port of an app that is served meanwhile."""
    servers = Servers()
    port = await servers.start(app, host, 0)
    try:
        yield port
    finally:
        await servers.stop(1)


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A connection to a port of this machine."""
    line = Line(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield line
    finally:
        await line.close()


async def ask(port: int, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    """One request and its answer; header names are given with underscores."""
    sent = {"host": f"127.0.0.1:{port}", "connection": "close"}
    if body or method == "POST":
        sent["content-length"] = str(len(body))
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    async with line_to(port) as line:
        await line.send(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape") + body)
        return await line.reply()
