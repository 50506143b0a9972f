"""One try of a delivery: signed, sent, and what its answer means. Nothing is kept here."""

import dataclasses
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.engine.world import World
from gateway.kernel.failpoint import reached
from gateway.kernel.metrics import outcome_class
from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.reach import INTERNET, Reach
from gateway.kernel.signing import Secret, sign
from gateway.kernel.store import Delivery, Outcome
from gateway.rules.retry import Answer, after_try, answer_of, pause_asked, retry_after

DEADLINE_S = 15.0
"""A try has so long in all, from the connection to the last byte of the answer that is read."""

CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of notices. The first secret signs, and so do all others while they are being rotated out.

    At most `concurrency` of its deliveries are under way at once, and at most `rate` a second are sent.
    """

    name: str
    url: str
    secrets: tuple[Secret, ...]
    notices: tuple[str, ...] = ()
    reach: Reach = INTERNET
    concurrency: int = CONCURRENCY
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """How a try ended, and what it says of the endpoint: nothing where none is configured."""

    outcome: Outcome
    answer: Answer | None = None
    pause_ms: int | None = None

    def under(self, attempt: int) -> "Landed":
        """The same, under this claim of the delivery."""
        if attempt == self.outcome.attempt:
            return self
        return dataclasses.replace(self, outcome=replace(self.outcome, attempt=attempt))


def undeliverable(delivery: Delivery, now: int) -> Landed:
    """What becomes of a delivery to an endpoint that the configuration doesn't have."""
    missing = f"no endpoint {delivery.endpoint} is configured; configure it and replay the delivery"
    return Landed(Outcome(delivery=delivery.id, attempt=delivery.attempt, state="dead", at=now, error=missing))


async def attempt(world: World, endpoint: Endpoint, delivery: Delivery) -> Landed:
    """Send a delivery once. A replay has this one try; any other waits for its next, or is given up."""
    started = world.clock.monotonic()
    request = NetRequest(
        "POST",
        endpoint.url,
        _headers(endpoint, delivery, world.clock.now()),
        delivery.body,
        endpoint.reach,
    )
    status: int | None = None
    asked: str | None = None
    error: str | None = None
    outcome = "network"
    reached("delivery.sending")
    try:
        response = await world.net.request(request, deadline_s=DEADLINE_S)
    except NetError as failure:
        error, outcome = failure.reason, outcome_class(None, blocked=failure.blocked, timed_out=failure.timed_out)
    else:
        reached("delivery.answered")
        status, asked = response.status, response.headers.get("retry-after")
        outcome = outcome_class(status)
    ended = world.clock.now()
    took_s = world.clock.monotonic() - started
    world.meters.tried(delivery.endpoint, outcome, took_s)
    duration_ms = round(took_s * 1000)
    refusals = await _refusals(world, delivery, status)
    return _landed(world, delivery, status, error, retry_after(asked, ended), ended, duration_ms, refusals)


async def _refusals(world: World, delivery: Delivery, status: int | None) -> int:
    """How often a delivery that is refused now was refused before; nobody is asked where it doesn't matter."""
    if answer_of(status) != "refused" or delivery.tries <= 1 or delivery.replay:
        return 0
    return await world.store.refusals(delivery.id)


def _landed(
    world: World,
    delivery: Delivery,
    status: int | None,
    error: str | None,
    asked_ms: int | None,
    ended: int,
    duration_ms: int,
    refusals: int,
) -> Landed:
    answer = answer_of(status)
    age_ms = ended - delivery.created_at
    chance = world.rng.uniform(0, 1)
    verdict = after_try(delivery.tries, age_ms, answer, asked_ms, chance, refusals=refusals)
    wait_ms = None if delivery.replay else verdict.wait_ms
    if answer != "delivered":
        error = error or f"answered {status}"
        # Each try is kept in the store; the log tells the endpoint's transitions.
        world.log.debug(
            "delivery_failed",
            delivery=delivery.id,
            endpoint=delivery.endpoint,
            type=delivery.type,
            tries=delivery.tries,
            error=error,
            again_in_s=None if wait_ms is None else wait_ms // 1000,
        )
    outcome = Outcome(
        delivery=delivery.id,
        attempt=delivery.attempt,
        state="delivered" if verdict.delivered else ("dead" if wait_ms is None else "ready"),
        at=ended,
        status=status,
        error=error,
        duration_ms=duration_ms,
        next_at=None if wait_ms is None else ended + wait_ms,
    )
    return Landed(outcome, answer, pause_asked(status, asked_ms))


def _headers(endpoint: Endpoint, delivery: Delivery, now: int) -> dict[str, str]:
    signed = sign(endpoint.secrets, delivery.effect, now // 1000, delivery.body)
    return {"content-type": "application/json", "user-agent": "orion-gateway", **signed}
