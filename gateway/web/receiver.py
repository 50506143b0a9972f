"""The built-in receiver of notices, for `gateway listen` and the demo: it proves each one and says what came.

What isn't proved gets 401. A notice whose `webhook-id` came before is a duplicate, which a sender is allowed to send.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from aiohttp import hdrs, web

from gateway.kernel.ports import Clock
from gateway.kernel.signing import BadSignature, Secret, verify
from gateway.web.bodies import READ_TIMEOUT_S, Bodies, BodyRefused, check_coding, check_length, refusal
from gateway.web.replies import closing, failures_told, told
from gateway.web.servers import SERVING, Serving
from gateway.web.words import clean

BODY_MAX = 1024 * 1024
IDS_MAX = 10_000
"""Ids that are remembered; the oldest is forgotten first."""

_ID_CHARACTERS_MAX = 256
_log = structlog.get_logger("gateway.receiver")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice that came. `body` only where it is proved and a JSON object; `why` says what it lacks."""

    id: str
    type: str
    verified: bool
    duplicate: bool
    body: dict[str, Any] | None
    why: str = ""


def receiver_app(
    secrets: Sequence[Secret],
    clock: Clock,
    on_notice: Callable[[Notice], None],
    *,
    fail_with: int | None = None,
    read_timeout_s: float = READ_TIMEOUT_S,
) -> web.Application:
    """Takes POSTs at any path. `fail_with` is answered to what is proved, so that a sender tries again."""
    app = web.Application(middlewares=[failures_told(_log, lambda _, status, why: told(status, why))])
    app[SERVING] = Serving()
    receiver = _Receiver(secrets, clock, on_notice, fail_with, read_timeout_s)
    app.router.add_post("/{path:.*}", receiver.post)
    return app


class _Receiver:
    def __init__(
        self,
        secrets: Sequence[Secret],
        clock: Clock,
        on_notice: Callable[[Notice], None],
        fail_with: int | None,
        read_timeout_s: float,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._on_notice = on_notice
        self._fail_with = fail_with
        self._bodies = Bodies(BODY_MAX, read_timeout_s)
        self._seen: dict[str, None] = {}

    async def post(self, request: web.Request) -> web.Response:
        try:
            check_length(request.headers.get(hdrs.CONTENT_LENGTH), BODY_MAX)
            check_coding(request.headers.get(hdrs.CONTENT_ENCODING))
            body = await self._bodies.read(request)
        except BodyRefused as error:
            return refusal(error)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            id = verify(self._secrets, headers, body, self._clock.now())
        except BadSignature as error:
            claimed = clean(headers.get("webhook-id"), _ID_CHARACTERS_MAX)
            self._on_notice(Notice(claimed, "", verified=False, duplicate=False, body=None, why=error.reason))
            return closing(told(401, error.reason))
        self._on_notice(_notice(id, body, duplicate=self._has_seen(id)))
        return told(self._fail_with, "this receiver was told to fail") if self._fail_with else web.Response(status=204)

    def _has_seen(self, id: str) -> bool:
        if id in self._seen:
            return True
        self._seen[id] = None
        if len(self._seen) > IDS_MAX:
            del self._seen[next(iter(self._seen))]
        return False


def _notice(id: str, body: bytes, *, duplicate: bool) -> Notice:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Notice(id, "", verified=True, duplicate=duplicate, body=None, why="the body is no JSON object")
    type = value.get("type")
    named = clean(type) if isinstance(type, str) else ""
    return Notice(id, named, verified=True, duplicate=duplicate, body=value)
