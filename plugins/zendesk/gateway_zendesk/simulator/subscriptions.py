"""The webhooks of a simulated account, as its API shows, makes, changes and ends them."""

from aiohttp import web
from pydantic import SecretStr

from gateway.plugin import BadPayload, read_json
from gateway_zendesk.simulator.answers import Refusal, invalid, reply
from gateway_zendesk.simulator.api import Api
from gateway_zendesk.simulator.people import ADMIN
from gateway_zendesk.simulator.push import Webhook
from gateway_zendesk.simulator.ticket import Json, second


async def every(api: Api, request: web.Request) -> web.Response:
    """The subscriptions."""
    rows = [] if "no_webhook" in api.faults else [*api.webhooks.values()]
    return reply({"webhooks": [_shown(row) for row in rows], "meta": {"has_more": False}, "links": {}})


async def one(api: Api, request: web.Request, id: str) -> web.Response:
    """One subscription, to be read, changed or ended."""
    found = _found(api, id)
    if request.method == "DELETE":
        del api.webhooks[id]
        return web.Response(status=204)
    if request.method != "GET":
        wish = (await _body(request)).get("webhook") or {}
        found.endpoint = str(wish.get("endpoint", found.endpoint))
        found.kinds = tuple(wish.get("subscriptions", found.kinds))
        found.active = wish.get("status", "active") == "active"
        return web.Response(status=204)
    return reply({"webhook": _shown(found)})


async def add(api: Api, request: web.Request) -> web.Response:
    """A new subscription."""
    wish = (await _body(request)).get("webhook") or {}
    endpoint, kinds = wish.get("endpoint"), wish.get("subscriptions")
    if not isinstance(endpoint, str) or not isinstance(kinds, list):
        error = {"code": "InvalidParameter", "title": "Invalid webhook", "detail": "endpoint or subscriptions missing"}
        raise Refusal(400, {"errors": [error]})
    found = api.subscribe(endpoint, SecretStr(api.doorman.random.randbytes(32).hex()), tuple(map(str, kinds)))
    return reply({"webhook": _shown(found)}, 201)


async def signing_secret(api: Api, request: web.Request, id: str) -> web.Response:
    """With what a webhook is signed."""
    secret = _found(api, id).secret.get_secret_value()
    return reply({"signing_secret": {"secret": secret, "algorithm": "SHA256"}})


def _found(api: Api, id: str) -> Webhook:
    if id not in api.webhooks or "no_webhook" in api.faults:
        error = {"code": "WebhookNotFound", "title": "Webhook not found", "detail": f"there is no webhook {id}"}
        raise Refusal(404, {"errors": [error]})
    return api.webhooks[id]


def _shown(row: Webhook) -> Json:
    return {
        "id": row.id,
        "name": "gateway",
        "description": "",
        "endpoint": row.endpoint,
        "http_method": "POST",
        "request_format": "json",
        "status": "active" if row.active else "inactive",
        "subscriptions": list(row.kinds),
        "created_at": second(row.created),
        "created_by": str(ADMIN),
        "updated_at": second(row.created),
        "updated_by": str(ADMIN),
    }


async def _body(request: web.Request) -> Json:
    try:
        body = read_json(await request.read())
    except BadPayload:
        body = None
    if not isinstance(body, dict):
        raise invalid("the body is no JSON object")
    return body
