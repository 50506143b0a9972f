"""Reading a request's body within limits: of bytes, counted as they come, of time, and of how many are waited for.

A body that says it is too long isn't read at all; one that doesn't say is read up to the limit. What refuses a request
closes its connection, since the rest of the body is still on it. Who sends slowly holds nobody up: where too many
bodies are waited for, the one that was waited for longest gives its place to the next.
"""

import asyncio

from aiohttp import web

from gateway.web.replies import RETRY_AFTER_S, closing, told

READ_TIMEOUT_S = 10.0
"""From the first look at a body to its end, in seconds."""

WAITED_FOR_MAX = 512
"""Bodies of one server that are waited for at a time."""


class BodyRefused(Exception):
    """A body that isn't taken: the HTTP status, and why in words for its sender."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def check_length(said: str | None, limit: int) -> None:
    """Look at what the head says of the body's length, before any of it is read. Raises BodyRefused."""
    if said is not None and int(said) > limit:
        raise BodyRefused(413, f"the body has {said} bytes: at most {limit} are taken")


def check_coding(said: str | None) -> None:
    """Look at whether the head says that the body is packed. Raises BodyRefused."""
    if said is not None and said.strip().lower() not in ("", "identity"):
        raise BodyRefused(415, "send the body without Content-Encoding")


class Bodies:
    """Reads the bodies of one server, each at most `limit` bytes of it, within `timeout_s` seconds."""

    def __init__(self, limit: int, timeout_s: float = READ_TIMEOUT_S) -> None:
        self._limit = limit
        self._timeout_s = timeout_s
        self._waited_for: dict[asyncio.Timeout, None] = {}

    def at_hand(self, request: web.BaseRequest) -> bytes | None:
        """The whole body if it has come with its head, as most do; else None. Raises BodyRefused."""
        content = request.content
        if not content.is_eof() or content.exception() is not None:
            return None
        body = content.read_nowait()
        if len(body) > self._limit:
            raise BodyRefused(413, f"the body has more than {self._limit} bytes")
        return body

    async def read(self, request: web.BaseRequest) -> bytes:
        """The whole body, when it has come. Raises BodyRefused."""
        if len(self._waited_for) >= WAITED_FOR_MAX:
            longest = next(iter(self._waited_for))
            del self._waited_for[longest]
            longest.reschedule(0)
        timeout = asyncio.timeout(self._timeout_s)
        self._waited_for[timeout] = None
        try:
            async with timeout:
                return await self._chunks(request)
        except TimeoutError:
            if timeout in self._waited_for:
                raise BodyRefused(408, f"the body did not come within {self._timeout_s:g} s") from None
            raise BodyRefused(503, "too many bodies are waited for, and this one came too slowly") from None
        except (web.RequestPayloadError, OSError):
            raise BodyRefused(400, "the body ended early, or is not framed as HTTP asks") from None
        finally:
            self._waited_for.pop(timeout, None)

    async def _chunks(self, request: web.BaseRequest) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await request.content.readany():
            size += len(chunk)
            if size > self._limit:
                raise BodyRefused(413, f"the body has more than {self._limit} bytes")
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def refusal(refused: BodyRefused) -> web.Response:
    """The answer to a body that isn't taken; the connection ends with it."""
    return closing(told(refused.status, refused.why, RETRY_AFTER_S if refused.status == 503 else None))
