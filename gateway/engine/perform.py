"""T3: notices go to their endpoints, signed, until they are there or given up.

The try is written before it is made, its outcome after it: a crash in between sends the same body again under the same
`webhook-id`. One notice of a contact is in flight to an endpoint at a time; the store sees to that.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.engine.world import World
from gateway.kernel.ports import NetError, NetRequest, Task
from gateway.kernel.reach import INTERNET, Reach
from gateway.kernel.signing import Secret, sign
from gateway.kernel.store import Conflict, Delivery, Outcome, StoreFull
from gateway.rules.retry import after_try, retry_after

DEADLINE_S = 20.0
LEASE_MS = 40_000
"""Longer than a try can take, so that no other worker takes it up meanwhile."""

IN_FLIGHT_MAX = 64
PER_ENDPOINT_MAX = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver of notices. The first secret signs, and so do all others while they are being rotated out."""

    name: str
    url: str
    secrets: tuple[Secret, ...]
    notices: tuple[str, ...] = ()
    reach: Reach = INTERNET


@dataclass(slots=True)
class Performer:
    """What is in flight, by delivery. `landed` is called after each: there is room, and the next of its pair may go."""

    world: World
    endpoints: Mapping[str, Endpoint]
    landed: Callable[[], None]
    flying: dict[int, tuple[str, Task]] = field(default_factory=dict)

    async def step(self) -> int:
        """Send off what is due and has room; how many deliveries."""
        flying = Counter(endpoint for endpoint, _ in self.flying.values())
        busy = [endpoint for endpoint, count in flying.items() if count >= PER_ENDPOINT_MAX]
        # All that is claimed may be for one endpoint: no more than the fullest has room for.
        fullest = max((count for count in flying.values() if count < PER_ENDPOINT_MAX), default=0)
        room = min(IN_FLIGHT_MAX - len(self.flying), PER_ENDPOINT_MAX - fullest)
        if room <= 0:
            return 0
        now = self.world.clock.now()
        claimed = await self.world.store.claim_deliveries(now=now, lease_ms=LEASE_MS, limit=room, busy=busy)
        for delivery in claimed:
            task = self.world.spawn.task(f"deliver {delivery.id}", self._deliver(delivery))
            self.flying[delivery.id] = (delivery.endpoint, task)
        return len(claimed)

    async def finish(self) -> None:
        """Wait for what is in flight."""
        for _, task in list(self.flying.values()):
            await task

    def cut_off(self) -> None:
        """End what is in flight with no outcome: it is no fault of a receiver's, and the next start tries again."""
        for _, task in self.flying.values():
            task.cancel()

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            outcome = await self._try(delivery)
            await self.world.store.finish_delivery(outcome)
        except Conflict:
            self.world.log.warning("delivery_overtaken", delivery=delivery.id, attempt=delivery.attempt)
        except StoreFull:
            # The outcome is lost, the lease is not: when it is over, the same body goes out under the same id again.
            self.world.log.error("outcome_not_stored", delivery=delivery.id, attempt=delivery.attempt)
        finally:
            self.flying.pop(delivery.id, None)
            self.landed()

    async def _try(self, delivery: Delivery) -> Outcome:
        endpoint = self.endpoints.get(delivery.endpoint)
        now = self.world.clock.now()
        if endpoint is None:
            missing = f"no endpoint {delivery.endpoint} is configured; configure it and replay the delivery"
            return Outcome(delivery=delivery.id, attempt=delivery.attempt, state="dead", at=now, error=missing)
        request = NetRequest("POST", endpoint.url, _headers(endpoint, delivery, now), delivery.body, endpoint.reach)
        started = self.world.clock.monotonic()
        status: int | None = None
        wait: float | None = None
        error: str | None = None
        try:
            response = await self.world.net.request(request, deadline_s=DEADLINE_S)
        except NetError as failure:
            error = failure.reason
        else:
            status, wait = response.status, retry_after(response.headers.get("retry-after"))
        took_ms = round((self.world.clock.monotonic() - started) * 1000)
        verdict = after_try(delivery.tries, status, wait, self.world.rng.uniform(0, 1))
        self.world.log.info(
            "delivery_tried",
            delivery=delivery.id,
            endpoint=delivery.endpoint,
            type=delivery.type,
            attempt=delivery.attempt,
            status=status,
            error=error,
            delivered=verdict.delivered,
        )
        ended = self.world.clock.now()
        return Outcome(
            delivery=delivery.id,
            attempt=delivery.attempt,
            state="delivered" if verdict.delivered else ("dead" if verdict.dead else "ready"),
            at=ended,
            status=status,
            error=error if error or verdict.delivered else f"answered {status}",
            duration_ms=took_ms,
            next_at=None if verdict.wait_ms is None else ended + verdict.wait_ms,
        )


def _headers(endpoint: Endpoint, delivery: Delivery, now: int) -> dict[str, str]:
    signed = sign(endpoint.secrets, delivery.effect, now // 1000, delivery.body)
    return {"content-type": "application/json", "user-agent": "orion-gateway", **signed}
