"""Serving the operations: a route for each, that reads the request, runs it, and writes what it says.

Laws. Every GET in JSON has an ETag and takes If-None-Match; every list is a CSV too, by `Accept: text/csv` or at the
path that ends in `.csv`, and says by Link where it goes on.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, get_args, get_type_hints
from urllib.parse import urlencode

import msgspec
from aiohttp import hdrs, web

from gateway.web.api.body import BYTES_MAX, BodyReader
from gateway.web.api.operation import CSV, JSON, Asked, Desk, Operation, Said
from gateway.web.api.problem import Refused, refusal
from gateway.web.api.query import QueryReader
from gateway.web.api.sheet import sheet
from gateway.web.auth import WHO
from gateway.web.bodies import Bodies
from gateway.web.replies import RETRY_AFTER_S, Handler, closing
from gateway.web.routes import Route

THREAD: Final = "sheet"
"""Where a CSV is written: a thousand rows take some 50 ms, and doors and judging share the loop."""


def routes_of(operations: Sequence[Operation], desk: Desk) -> Iterator[Route]:
    """The addresses of these operations; those in CSV first, since an id may end in any word."""
    bodies = Bodies(BYTES_MAX)
    for operation in operations:
        if operation.rows:
            yield Route("GET", f"{operation.path}.csv", _handler(operation, desk, bodies, as_csv=True), operation.role)
    for operation in operations:
        yield Route(operation.method, operation.path, _handler(operation, desk, bodies), operation.role)


def _handler(operation: Operation, desk: Desk, bodies: Bodies, *, as_csv: bool = False) -> Handler:
    query = QueryReader(operation.query)
    body = BodyReader(operation.body if operation.reads is None else operation.reads, optional=operation.optional)

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            asked = Asked(
                by=request[WHO].name,
                path=_words(operation, request),
                query=query.read(request.query),
                body=None if operation.read_only else await body.read(request, bodies),
                request=request,
            )
            said = await operation.run(desk, asked)
        except Refused as refused:
            return _refused(request, refused, operation)
        if isinstance(said, web.StreamResponse):
            return said
        if not (as_csv or _wants_csv(operation, request)):
            return _answer(operation, said, request, msgspec.json.encode(said.value), JSON)
        written = partial(sheet, row_type(operation), _rows(said.value, operation.rows))
        return _answer(operation, said, request, await desk.gateway.world.spawn.call(THREAD, written), CSV)

    return handler


def _words(operation: Operation, request: web.Request) -> Mapping[str, str]:
    """The words of the path. Raises Refused for one that can name nothing."""
    words = dict(request.match_info)
    for name, word in operation.words.items():
        text = words[name]
        if word.number and not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Refused("not-found", f"{name} is a number")
        if not text.isprintable() or len(text) > 1_000:
            raise Refused("not-found", f"{name} names nothing")
    return words


def _refused(request: web.Request, refused: Refused, operation: Operation) -> web.Response:
    response = refusal(request, refused)
    if refused.status == 503:
        response.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER_S)
    # What is left of a body that wasn't read ends the connection.
    return response if operation.read_only else closing(response)


def _wants_csv(operation: Operation, request: web.Request) -> bool:
    """Whether CSV is asked for by name, and JSON isn't asked for before it."""
    if not operation.rows:
        return False
    names = [part.partition(";")[0].strip().lower() for part in request.headers.get(hdrs.ACCEPT, "").split(",")]
    return CSV in names and JSON not in names[: names.index(CSV)]


def _answer(operation: Operation, said: Said, request: web.Request, body: bytes, media: str) -> web.Response:
    response = web.Response(
        status=said.status, body=body, content_type=media, charset="utf-8" if media == CSV else None
    )
    if media == CSV:
        response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{operation.rows}.csv"'
    if operation.rows:
        response.headers[hdrs.VARY] = hdrs.ACCEPT
    if said.next is not None:
        response.headers[hdrs.LINK] = f'<{_again(request, said.next)}>; rel="next"'
    if operation.read_only and said.status == 200:
        _tag(response, said, body, request)
    return response


def row_type(operation: Operation) -> type[msgspec.Struct]:
    """The type of a list's rows."""
    hints: dict[str, Any] = get_type_hints(operation.answers[200])
    row: type[msgspec.Struct]
    (row,) = get_args(hints[operation.rows])
    return row


def _rows(value: Any, name: str) -> list[object]:
    rows: list[object] = value[name] if isinstance(value, dict) else getattr(value, name)
    return rows


def _again(request: web.Request, place: str) -> str:
    """The same question with its next page."""
    pairs = [(name, value) for name, value in request.query.items() if name != "after"]
    return f"{request.rel_url.raw_path}?{urlencode([*pairs, ('after', place)])}"


def _tag(response: web.Response, said: Said, body: bytes, request: web.Request) -> None:
    """Say what the answer is by name, and only that where whoever asks has it."""
    if said.etag is None:
        etag = f'"{_digest(body)}"'
    else:  # the same but for what time alone counts on
        etag = f'W/"{_digest(msgspec.json.encode((response.content_type, said.etag)))}"'
    response.headers[hdrs.ETAG] = etag
    known = [name.strip().removeprefix("W/") for name in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")]
    if etag.removeprefix("W/") in known or known == ["*"]:
        response.set_status(304)
        response.body = None
        response.headers.popall(hdrs.CONTENT_TYPE, None)


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
