"""Trying an endpoint: one signed notice goes out now, by the way of every delivery, beside the store."""

from dataclasses import dataclass

import msgspec

from gateway.engine.attempt import DEADLINE_S, Endpoint
from gateway.kernel.ports import Clock, Net, NetError, NetRequest, Rng
from gateway.kernel.signing import sign
from gateway.rules.trial import trial_notice

_ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it. `status` is None where no answer came; then `error` says why, in words without the URL."""

    id: str
    status: int | None
    error: str
    blocked: bool
    duration_ms: int

    @property
    def well(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


async def try_endpoint(net: Net, clock: Clock, rng: Rng, endpoint: Endpoint, source: str) -> Tried:
    """Send an `endpoint.test` notice once, signed with every secret; of the answer only the status is looked at."""
    now = clock.now()
    id = f"msg_test_{rng.token(_ID_BYTES).hex()}"
    body = msgspec.json.encode(trial_notice(id, source, endpoint.name, now))
    headers = {"content-type": "application/json", "user-agent": "orion-gateway"}
    headers |= sign(endpoint.secrets, id, now // 1000, body)
    started_s = clock.monotonic()
    status, error, blocked = None, "", False
    try:
        request = NetRequest("POST", endpoint.url, headers, body, endpoint.reach)
        status = (await net.request(request, deadline_s=DEADLINE_S, body_max=0)).status
    except NetError as failure:
        error, blocked = failure.reason, failure.blocked
    return Tried(id, status, error, blocked, round((clock.monotonic() - started_s) * 1000))
