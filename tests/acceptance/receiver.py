"""A receiver of notices on a real socket, in a thread of its own: it keeps every try, and answers as it is told."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from tests.acceptance.process import DEADLINE_S, ENVIRON


@dataclass(frozen=True)
class Try:
    """One POST as it came, to a path that begins with `/hooks`, and whether its signature is of our secret, by the
    reference implementation."""

    id: str
    timestamp: str
    body: bytes
    proved: bool
    path: str

    @property
    def notice(self) -> dict[str, Any]:
        """The body's value."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def type(self) -> str:
        """The type of the notice."""
        return str(self.notice["type"])

    @property
    def contact(self) -> str:
        """The id of the contact that it is about."""
        return str(self.notice["subject"])


def _ok(one: Try) -> int | None:
    return 204


@dataclass
class Receiver:
    """`tries` in the order in which they came. `answer` gives the status, None where the connection is to be cut; no
    answer goes out while it is `held`."""

    answer: Callable[[Try], int | None] = _ok
    tries: list[Try] = field(default_factory=list)
    url: str = ""
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _open: asyncio.Event = field(init=False)
    _ended: asyncio.Event = field(init=False)
    _ready: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> "Receiver":
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="receiver")
        self._thread.start()
        assert self._ready.wait(DEADLINE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def hold(self) -> None:
        """Give no more answers until `release`."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def release(self) -> None:
        """Give the answers that were held, and go on."""
        self._loop.call_soon_threadsafe(self._open.set)

    def of_type(self, *types: str) -> list[Try]:
        """The tries of notices of these types."""
        return [one for one in list(self.tries) if one.type in types]

    def contacts(self, *types: str) -> set[str]:
        """Whom the notices of these types are about."""
        return {one.contact for one in self.of_type(*types)}

    def by_id(self) -> dict[str, list[Try]]:
        """The tries of each notice."""
        found: dict[str, list[Try]] = {}
        for one in list(self.tries):
            found.setdefault(one.id, []).append(one)
        return found

    async def _serve(self) -> None:
        self._loop, self._open, self._ended = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        self._open.set()
        app = web.Application()
        app.router.add_post("/hooks{more:.*}", self._take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        self._ready.set()
        await self._ended.wait()
        await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            Webhook(ENVIRON["HELPDESK_SECRET"]).verify(body, headers)
            proved = True
        except WebhookVerificationError:
            proved = False
        one = Try(headers["webhook-id"], headers["webhook-timestamp"], body, proved, request.path)
        self.tries.append(one)
        status = self.answer(one)
        await self._open.wait()
        if status is None and request.transport is not None:
            request.transport.abort()
        return web.Response(status=status or 500)
