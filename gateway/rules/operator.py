"""What operators are told of an endpoint: that it fails, is back, or is disabled; as notices like all others.

Law: a change of an endpoint's state is said once; its id follows from the type, the endpoint and the instant.
"""

from collections.abc import Mapping

from gateway.model.identity import derived_id
from gateway.model.instant import format_known
from gateway.model.judgement import Effect, OperatorType
from gateway.rules.announce import subscribes
from gateway.rules.breaker import Health
from gateway.rules.notice import enveloped
from gateway.rules.view import View


def about_endpoint(name: str) -> str:
    """What stands in place of a contact: notices about one endpoint keep their order, and no contact is called so."""
    return f"endpoint:{name}"


def told_of(type: OperatorType, endpoint: str, subscriptions: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Who is told: every other endpoint that wants to know."""
    return tuple(name for name, wanted in subscriptions.items() if name != endpoint and subscribes(wanted, type))


def operator_effect(type: OperatorType, endpoint: str, health: Health, at: int) -> Effect:
    """The decision to tell of a change at an instant; `health` is how the endpoint stands since."""
    id = derived_id("msg", type, endpoint, at)
    return Effect(id=id, cause=id, type=type, at=at, reason=_words(type, endpoint, health))


def operator_body(effect: Effect, endpoint: str, health: Health, source: str) -> View:
    """The notice about an endpoint."""
    data = {
        "endpoint": endpoint,
        "reason": effect.reason,
        "failing_since": format_known(health.failing_since),
        "last_success_at": format_known(health.succeeded_at),
    }
    return enveloped(effect.id, source, effect.type, effect.at, endpoint, data)


def _words(type: OperatorType, endpoint: str, health: Health) -> str:
    if type == "endpoint.failing":
        return (
            f"{endpoint} has failed {health.failures} times in a row; its notices wait in their order, "
            "and it is tried again from time to time"
        )
    if type == "endpoint.recovered":
        return f"{endpoint} answers again; what has waited goes out now, slowly at first"
    return (
        f"{endpoint} is disabled: {health.disabled_why}; its notices wait, each for seven days: mend the receiver, "
        f"then `gateway endpoints enable {endpoint}`"
    )
