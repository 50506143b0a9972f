"""Errors as Stripe writes them: a status, and `{"error": {"type", "message", …}}`."""

from typing import Any, Final

from gateway_payments.stripe.simulator.account import Json

INVALID: Final = "invalid_request_error"
_DOCS: Final = "https://stripe.com/docs/error-codes/"
_PROVE: Final = {"WWW-Authenticate": 'Bearer realm="Stripe"'}
_LIMITED: Final = (
    "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
)
_LOCKED: Final = (
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."
)


class Failure(Exception):
    """A request that isn't served: what it is answered instead."""

    def __init__(self, status: int, message: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        error: Json = {"type": INVALID, "message": message, **more}
        if "code" in more:
            error.setdefault("doc_url", _DOCS + str(more["code"]).replace("_", "-"))
        self.content: Json = {"error": error}


def no_key() -> Failure:
    """Nobody says who they are."""
    words = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer"
    return Failure(401, f"{words} auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", headers=_PROVE)


def wrong_key(shown: str) -> Failure:
    """A key that isn't one of the account's."""
    return Failure(401, f"Invalid API Key provided: {shown}", headers=_PROVE)


def expired_key(shown: str) -> Failure:
    """A key that was one."""
    return Failure(401, f"Expired API Key provided: {shown}", code="api_key_expired")


def not_permitted(shown: str, needed: str) -> Failure:
    """A restricted key without this permission."""
    words = f"The provided key '{shown}' does not have the required permissions for this endpoint."
    return Failure(403, f"{words} Having the '{needed}' permission would allow this request to continue.")


def no_such(kind: str, id: str, param: str = "id", status: int = 404) -> Failure:
    """An object that isn't there."""
    return Failure(status, f"No such {kind}: '{id[:200]}'", code="resource_missing", param=param)


def no_path(method: str, path: str) -> Failure:
    """A path that isn't there."""
    return Failure(404, f"Unrecognized request URL ({method}: {path[:200]}). Please see https://stripe.com/docs.")


def wrong(param: str, message: str, code: str | None = None) -> Failure:
    """A parameter that can't be used."""
    return Failure(400, message, param=param) if code is None else Failure(400, message, param=param, code=code)


def unknown(param: str) -> Failure:
    """A parameter that the endpoint doesn't know."""
    return wrong(param, f"Received unknown parameter: {param[:200]}", "parameter_unknown")


def missing(param: str) -> Failure:
    """A parameter that is needed."""
    return wrong(param, f"Missing required param: {param}.", "parameter_missing")


def limited(reason: str) -> Failure:
    """Too many requests."""
    return Failure(429, _LIMITED, code="rate_limit", headers={"Stripe-Rate-Limited-Reason": reason})


def locked() -> Failure:
    """Somebody else has the object."""
    return Failure(429, _LOCKED, code="lock_timeout", headers={"Stripe-Should-Retry": "true"})


def declined(error: Json, intent: Json) -> Failure:
    """A card that isn't charged."""
    shown = {name: value for name, value in error.items() if name not in ("type", "message")}
    return Failure(402, error["message"], **{**shown, "type": "card_error", "payment_intent": intent})


def key_used(key: str) -> Failure:
    """An idempotency key of another request."""
    words = f"Keys for idempotent requests can only be used with the same parameters they were first used with. '{key}'"
    return Failure(400, f"{words} was first used with others.", type="idempotency_error")


def key_in_use(key: str) -> Failure:
    """An idempotency key whose request is under way."""
    words = f"There is currently another in-progress request using this Idempotent Key: '{key}'."
    return Failure(409, words, code="idempotency_key_in_use", headers={"Stripe-Should-Retry": "true"})


def broken() -> Failure:
    """Stripe's own fault."""
    words = "An unknown error occurred"
    return Failure(500, words, type="api_error", headers={"Stripe-Should-Retry": "false"})
