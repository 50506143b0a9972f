"""Answers as Salesforce's REST API gives them: JSON, errors as a list, and those of OAuth as an object."""

from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.plugin import BadPayload, read_json
from gateway_salesforce.simulator.schema import Json
from gateway_salesforce.simulator.soql import SoqlError

_ENCODER: Final = msgspec.json.Encoder()


class Refusal(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, content: Any) -> None:
        super().__init__(status)
        self.status, self.content = status, content


def reply(content: Any, status: int = 200) -> web.Response:
    """JSON."""
    return web.Response(body=_ENCODER.encode(content), status=status, content_type="application/json", charset="utf-8")


def refusal(status: int, code: str, message: str, fields: tuple[str, ...] | None = None) -> Refusal:
    """An error of the API: a list of one."""
    told: Json = {"message": message, "errorCode": code}
    return Refusal(status, [told if fields is None else {**told, "fields": list(fields)}])


def oauth_refusal(error: str, description: str, status: int = 400) -> Refusal:
    """An error of the token endpoint."""
    return Refusal(status, {"error": error, "error_description": description})


def not_found() -> Refusal:
    """There is no such path, or nothing of this id."""
    return refusal(404, "NOT_FOUND", "The requested resource does not exist")


def stranger() -> Refusal:
    """Nobody known asks, or their session is over."""
    return refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")


def bad_query(error: SoqlError) -> Refusal:
    """A query that can't be asked."""
    return refusal(400, error.code, error.message)


async def body_of(request: web.Request) -> Json:
    """The object that a request brings. Raises Refusal."""
    try:
        found = read_json(await request.read())
    except BadPayload:
        found = None
    if not isinstance(found, dict):
        raise refusal(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, and must be a JSON object.")
    return found
