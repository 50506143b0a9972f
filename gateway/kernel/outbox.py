"""The part of the Store port that is about deliveries: notices on their way to endpoints, and how endpoints stand.

Every method is one transaction unless it says otherwise. A delivery has a state, a lease and a fencing number
(`attempt`). Laws: of the deliveries of one (endpoint, contact) one is under way at a time, in the order of `sequence`;
a replay stands outside of that order. Each endpoint's deliveries are numbered from 1 without gaps, in the order of
their commits, and no number comes twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from gateway.model.judgement import Effect
from gateway.rules.breaker import Health


class Conflict(Exception):
    """Somebody else has changed what this transaction was computed from; nothing of it was written. Load again."""


DeliveryState = Literal["ready", "leased", "delivered", "dead"]

Attempt = Mapping[str, Any]
"""One try of a delivery: attempt, at, status, error, duration_ms."""

Replayed = Literal["due", "waiting"]
"""A replay is due once more, beside the normal ones; or the delivery has not ended yet and waits by its own order."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """An effect with the body that every endpoint gets, byte for byte, on every try; each with its own `sequence`.

    `contact` is a contact's id, or `endpoint:NAME` of a notice about an endpoint.
    """

    effect: Effect
    contact: str
    body: bytes
    endpoints: tuple[str, ...]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One notice on its way to one endpoint. `effect` is the `webhook-id`."""

    id: int
    effect: str
    type: str
    contact: str
    endpoint: str
    sequence: int
    """From 1, without gaps: the number of the delivery at its endpoint."""

    state: DeliveryState
    attempt: int
    """How often it has been claimed; the fencing number."""

    tries: int = 0
    """How many tries have been made, and with a claimed one the try to come: what the schedule of retries counts."""

    replay: bool = False
    """A replay that is due or under way: one try, whatever comes of it."""

    created_at: int
    next_at: int | None = None
    body: bytes = b""
    """What is sent, its `sequence` in it."""

    last_status: int | None = None
    last_error: str | None = None
    delivered_at: int | None = None
    ended_at: int | None = None
    """When it was delivered or given up, or was last replayed: so long ago, it goes."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one try ended. `next_at` None with `state` ready never occurs."""

    delivery: int
    attempt: int
    state: Literal["ready", "delivered", "dead"]
    at: int
    status: int | None = None
    error: str | None = None
    duration_ms: int = 0
    next_at: int | None = None


class EndpointState(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint stands. `version` grows whenever `health` is written; `sequence` is the last number given."""

    name: str
    sequence: int = 0
    version: int = 0
    health: Health = Health()


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as people see it. `waiting` is counted up to `WAITING_COUNT_MAX`: then there are as many or more."""

    name: str
    sequence: int
    health: Health
    waiting: int = 0
    oldest_waiting_at: int | None = None
    """When the first made of those that wait was made."""

    last_error: str | None = None
    """How the last try of that one ended."""


WAITING_COUNT_MAX = 10_000


class Performed(msgspec.Struct, frozen=True, kw_only=True):
    """All that a step of performing writes, in one transaction."""

    outcomes: tuple[Outcome, ...] = ()
    returned: tuple[tuple[int, int], ...] = ()
    """Deliveries claimed and not tried, as (id, attempt): they wait again as before."""

    endpoints: tuple[EndpointState, ...] = ()
    """Endpoints as they are now; `version` is the one that was loaded, `sequence` is not written."""

    closed: tuple[str, ...] = ()
    """Endpoints that are back: what failed there is due at once, the first of it in this transaction."""

    notices: tuple[Notice, ...] = ()
    now: int = 0


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has done to deliveries or endpoints. `actor` is whom the command or the page named."""

    id: int
    at: int
    actor: str
    action: str
    object: str
    detail: str


class Outbox(Protocol):
    """What the engine and people need of deliveries. Implementations: `gateway.store`."""

    # ── T3: performing ───────────────────────────────────────────────────────────────────────────────────────────
    async def register_endpoints(self, names: Sequence[str]) -> dict[str, EndpointState]:
        """Every endpoint that is known, these among them from now on."""
        ...

    async def endpoint_states(self) -> dict[str, EndpointState]:
        """Every endpoint that is known, by name: cheap, and read often."""
        ...

    async def deliveries_due(self, *, now: int, room: Mapping[str, int], probes: Collection[str] = ()) -> bool:
        """Whether a claim would find something: only reads, so that an idle gateway writes nothing."""
        ...

    async def claim_deliveries(
        self, *, now: int, lease_ms: int, room: Mapping[str, int], probes: Collection[str] = ()
    ) -> list[Delivery]:
        """For each endpoint of `room` at most so many deliveries that are due, the longest due first, leased.

        Replays have up to a quarter of an endpoint's room, or what the others leave. An endpoint in `probes` gives its
        oldest, due or not. The attempt is written before the try."""
        ...

    async def refusals(self, delivery: int) -> int:
        """How many of a delivery's tries were refused: answered by a 4xx that is about the notice."""
        ...

    async def renew_deliveries(self, held: Sequence[tuple[int, int]], until: int) -> None:
        """Prolong the leases of deliveries, as (id, attempt); one that was claimed by another since stays as it is."""
        ...

    async def finish_deliveries(self, performed: Performed) -> tuple[int, ...]:
        """Write what came of deliveries: tries, next states, the next of each pair, endpoints, notices.

        Returns the deliveries that were claimed again since: nothing is written of those. Raises Conflict if an
        endpoint was changed since it was loaded, and StoreFull; then nothing is written at all."""
        ...

    async def hasten_deliveries(self, endpoint: str, now: int, limit: int) -> int:
        """Let some of what failed and waits for its next try be due at once; how many there were."""
        ...

    # ── An end to everything ─────────────────────────────────────────────────────────────────────────────────────
    async def expire_deliveries(self, made_before: int, now: int, limit: int) -> int:
        """Give up the oldest waiting deliveries that were made before an instant; how many, at most `limit`."""
        ...

    async def remove_deliveries(self, ended_before: int, limit: int) -> int:
        """Remove deliveries that ended before an instant, with their attempts, and notices that have none left; how
        many, at most `limit`."""
        ...

    # ── For people ───────────────────────────────────────────────────────────────────────────────────────────────
    async def endpoints(self) -> list[EndpointRow]:
        """Every endpoint that is known, by name, and what waits for it."""
        ...

    async def enable_endpoint(self, name: str, now: int, by: str) -> bool:
        """Let an endpoint have its deliveries again, the oldest first, and forget its failures; False if there is none.

        Audited. What had failed becomes due in transactions of its own."""
        ...

    async def deliveries(
        self,
        *,
        limit: int,
        state: str | None = None,
        contact: str | None = None,
        endpoint: str | None = None,
        type: str | None = None,
        after: int | None = None,
    ) -> list[Delivery]:
        """A listing, latest first, without bodies: of what was made before the delivery with the id `after`, which
        needn't be there any more."""
        ...

    async def delivery(self, id: int) -> Delivery | None:
        """One delivery, with its body."""
        ...

    async def attempts(self, delivery: int) -> list[Attempt]:
        """Every try of a delivery: attempt, at, status, error, duration_ms."""
        ...

    async def notices_after(self, endpoint: str, after: int, limit: int) -> list[Delivery]:
        """An endpoint's deliveries with a `sequence` above `after`, in order, with their bodies: whatever their state,
        as far as they are still kept."""
        ...

    async def replay_delivery(self, id: int, now: int, by: str) -> Replayed | None:
        """Let an ended delivery go out once more: one try, with the same id, sequence and bytes. None if there is none.

        One that waits stays in its order; where it is the first of its contact it is due at once. Audited."""
        ...

    async def replay_deliveries(
        self,
        *,
        endpoint: str | None,
        since: int,
        until: int,
        states: Collection[DeliveryState],
        now: int,
        by: str,
        progress: Callable[[int], None] = ...,
    ) -> int:
        """Replay every ended delivery made in [since, until) of an endpoint, or of all; how many. Audited, with the
        number. `states`: delivered, dead or both. Transactions of bounded size; `progress` is told after each how many
        there have been."""
        ...

    async def audit(self, limit: int) -> list[AuditEntry]:
        """What people have done, latest first."""
        ...

    async def write_audit(self, *, at: int, actor: str, action: str, object: str, detail: str) -> None:
        """Note what somebody has done outside of the store, such as changing a key."""
        ...

    async def ended_count(
        self, *, endpoint: str | None, since: int, until: int, states: Collection[DeliveryState], most: int
    ) -> int:
        """How many deliveries `replay_deliveries` would take, up to `most` of each state."""
        ...

    async def oldest_sequence(self, endpoint: str) -> int | None:
        """The lowest number of an endpoint's deliveries that are still kept; None if there is none."""
        ...
