"""A request's body read into a type: JSON and nothing else, within bounds of bytes, of time and of nesting."""

import re
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from gateway.kernel.nesting import NESTING_MAX, too_deep
from gateway.web.api.problem import KINDS, MEANINGS, Kind, Refused, Wrong
from gateway.web.bodies import Bodies, BodyRefused, check_coding, check_length

BYTES_MAX: Final = 64 * 1024
"""Bytes of a body."""

_WHERE: Final = re.compile(r"^(?P<why>.*?)(?: - at `(?P<path>\$[^`]*)`)?$", re.DOTALL)


class BodyReader:
    """Reads bodies of one type; None stands for no body at all."""

    def __init__(self, kind: Any, *, optional: bool) -> None:
        self._decoder = None if kind is None else msgspec.json.Decoder(kind)
        self._optional = optional or kind is None

    async def read(self, request: web.Request, bodies: Bodies) -> Any:
        """The body as its type, or None where there is none. Raises Refused."""
        try:
            check_length(request.headers.get(hdrs.CONTENT_LENGTH), BYTES_MAX)
            check_coding(request.headers.get(hdrs.CONTENT_ENCODING))
            body = await bodies.read(request)
        except BodyRefused as refused:
            raise Refused(_kind_of(refused.status), refused.why, status=refused.status) from None
        if not body and self._optional:
            return None
        if self._decoder is None:
            raise Refused("bad-body", "this takes no body", [Wrong("body", "this takes no body")])
        if request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8":
            raise Refused("media-type", "the body is JSON in UTF-8, and its Content-Type application/json")
        return self._decoded(self._decoder, body)

    def _decoded(self, decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
        try:
            if too_deep(msgspec.json.decode(body)):
                raise msgspec.ValidationError(f"lists and objects nest deeper than {NESTING_MAX}")
            return decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            wrong = _wrong_of(str(error))
            raise Refused("bad-body", f"{wrong.place}: {wrong.reason}", [wrong]) from None


def _wrong_of(words: str) -> Wrong:
    found = _WHERE.match(words)
    path = (found["path"] or "$") if found else "$"
    return Wrong(f"body{path[1:]}", (found["why"] if found else words) or "isn't JSON")


def _kind_of(status: int) -> Kind:
    if status == 400:
        return "bad-body"
    return next((kind for kind in KINDS if MEANINGS[kind].status == status), "other")
