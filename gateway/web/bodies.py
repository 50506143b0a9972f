"""Reading a request's body within limits: of bytes, counted as they come, and of time.

A body that says it is too long isn't read at all; one that doesn't say is read up to the limit. What refuses a request
closes its connection, since the rest of the body is still on it.
"""

import asyncio

from aiohttp import web

from gateway.web.replies import closing, told

READ_TIMEOUT_S = 10.0
"""From the first look at a body to its end, in seconds."""


class BodyRefused(Exception):
    """A body that isn't taken: the HTTP status, and why in words for its sender."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


def check_head(request: web.Request, limit: int) -> None:
    """Look at what the head says of the body, before any of it is read. Raises BodyRefused."""
    if request.content_length is not None and request.content_length > limit:
        raise BodyRefused(413, f"the body has {request.content_length} bytes: at most {limit} are taken")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise BodyRefused(415, "send the body without Content-Encoding")


async def read_body(request: web.Request, limit: int, timeout_s: float = READ_TIMEOUT_S) -> bytes:
    """The whole body, at most `limit` bytes of it, within `timeout_s` seconds. Raises BodyRefused."""
    check_head(request, limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(timeout_s):
            while chunk := await request.content.readany():
                size += len(chunk)
                if size > limit:
                    raise BodyRefused(413, f"the body has more than {limit} bytes")
                chunks.append(chunk)
    except TimeoutError:
        raise BodyRefused(408, f"the body did not come within {timeout_s:g} s") from None
    except (web.RequestPayloadError, OSError):
        raise BodyRefused(400, "the body ended early, or is not framed as HTTP asks") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def refusal(refused: BodyRefused) -> web.Response:
    """The answer to a body that isn't taken; the connection ends with it."""
    return closing(told(refused.status, refused.why))
