"""The simulated API over HTTP: who may ask, how often, what is wrong with it today, and who answers."""

import asyncio
import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.plugin import SECOND_MS
from gateway_payments.stripe.simulator import errors
from gateway_payments.stripe.simulator.account import API_VERSION, NOBODY, Asked, Json
from gateway_payments.stripe.simulator.api import Api, Used
from gateway_payments.stripe.simulator.desk import Impossible
from gateway_payments.stripe.simulator.errors import Failure
from gateway_payments.stripe.simulator.lists import May, expanded
from gateway_payments.stripe.simulator.params import Asking, read_form
from gateway_payments.stripe.simulator.routes import ROUTES, Handler

EXPANDED_MAX: Final = 20
LOOK_AGAIN_S: Final = 0.02
"""Seconds after which a slow answer looks at the account's clock again."""

_ROUTES: Final = [(method, re.compile(path), handler) for method, path, handler in ROUTES]
_VERSION: Final = re.compile(r"20\d\d-[01]\d-[0-3]\d(?:\.\w{1,20})?")
_LIES: Final = (
    b"<html><head><title>Welcome</title></head></html>",
    b'{"object":"list","data":"soon","has_more":"perhaps","url":7}',
    b'{"id":7,"object":["charge"],"created":"yesterday","amount":1e400,"currency":null,"status":{}}',
    b'{"object":"list","data":[null,7,[],{"id":"ch_someoneelses","object":"charge"}],"has_more":true,"url":"/v1/x"}',
    b"null",
    b'{"id":"ch_someoneelses","object":"charge","amount":-1,"created":99999999999999,"customer":"cus_someoneelses"',
    b'{"error":{"message":"it is good"}}',
)


@dataclass(frozen=True, slots=True)
class Server:
    """Answers for one account."""

    api: Api

    def application(self) -> web.Application:
        """Every path."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.Response:
        id, version = self.api.request_id(), request.headers.get("Stripe-Version", API_VERSION)
        self.api.calls[request.path] += 1
        date = formatdate(self.api.now() / SECOND_MS, usegmt=True)
        headers = {"Date": date, "Request-Id": id, "Stripe-Version": version}
        if "down" in self.api.faults:
            return web.Response(status=503, text="<html><title>Unavailable</title></html>", content_type="text/html")
        try:
            if not _VERSION.fullmatch(version):
                headers["Stripe-Version"] = API_VERSION
                raise Failure(400, f"Invalid Stripe API version: {version[:40]}")
            status, body, more = await self._served(request, id)
        except Failure as failure:
            status, body, more = failure.status, _json(failure.content), failure.headers
        return web.Response(status=status, body=body, headers={**headers, **more}, content_type="application/json")

    async def _served(self, request: web.Request, id: str) -> tuple[int, bytes, dict[str, str]]:
        """The status, body and headers of an answer. Raises Failure."""
        handler, groups, name = _route(request)
        parts = name.split("/")
        part = parts[1] if parts[0] in ("radar", "identity") else parts[0]
        shown = _key(request)
        self.api.let_in(shown, part, writes=request.method != "GET")
        self.api.count()
        if "error_500" in self.api.faults:
            raise errors.broken()
        if "lock_timeout" in self.api.faults and "id" in groups:
            raise errors.locked()
        text = await _text(request)
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        used = None if key is None else self.api.use(key, f"{request.path} {text}")
        echo = {} if key is None else {"Idempotency-Key": key}
        if used is not None and used.answer is not None:
            return *used.answer, {**echo, "Idempotent-Replayed": "true"}
        await self._held()
        if "lying" in self.api.faults:
            self.api.lies += 1
            return 200, _LIES[self.api.lies % len(_LIES)], echo
        may = partial(self.api.let_in, shown, writes=False)
        status, body = self._done(handler, groups, text, Asked(id, key), used, may)
        return status, body, echo

    def _done(
        self, handler: Handler, groups: dict[str, str], text: str, asked: Asked, used: Used | None, may: May
    ) -> tuple[int, bytes]:
        """Do what is asked. Raises Failure where it isn't begun: then its key is free again."""
        self.api.account.asked = asked
        try:
            asking = Asking(read_form(text))
            paths = asking.texts("expand", EXPANDED_MAX)
            answer = handler(self.api, asking, **groups)
            result = 200, _json(expanded(self.api.account, answer, paths, may) if paths else answer)
        except Impossible as error:
            raise self._freed(used, asked, Failure(400, f"{error}.")) from None
        except Failure as failure:
            if failure.status != 402:
                raise self._freed(used, asked, failure) from None
            result = failure.status, _json(failure.content)
        finally:
            self.api.account.asked = NOBODY
        if used is not None:
            used.answer = result
        return result

    def _freed(self, used: Used | None, asked: Asked, failure: Failure) -> Failure:
        if used is not None and asked.key is not None:
            self.api.keys.pop(asked.key, None)
        return failure

    async def _held(self) -> None:
        """An answer takes so long by the account's clock, while it is slow."""
        due = self.api.now() + self.api.slow_ms
        while "slow" in self.api.faults and self.api.now() < due:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self.api.quick.wait()


def _route(request: web.Request) -> tuple[Handler, dict[str, str], str]:
    name = request.path.removeprefix("/v1/")
    if name != request.path:
        for method, pattern, handler in _ROUTES:
            if method == request.method and (match := pattern.fullmatch(name)):
                return handler, match.groupdict(), name
    raise errors.no_path(request.method, request.path)


def _key(request: web.Request) -> str | None:
    """The key that is shown: as a token, or as the name of basic authentication."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(value, validate=True).decode("ascii").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None


async def _text(request: web.Request) -> str:
    if request.method == "GET":
        return request.query_string
    try:
        return (await request.read()).decode()
    except UnicodeDecodeError:
        raise Failure(400, "Invalid request: the form isn't UTF-8") from None


def _json(content: Json | Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
