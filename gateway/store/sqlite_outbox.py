"""The part of the SQLite store that is about deliveries and endpoints: the port's `Outbox`."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from gateway.kernel.outbox import (
    Attempt,
    AuditEntry,
    Delivery,
    DeliveryState,
    EndpointRow,
    EndpointState,
    Performed,
    Replayed,
)
from gateway.kernel.store import Added
from gateway.store import audit, endpoints, latest, outbox, performing, ranges, replaying, retention
from gateway.store.library import Connection
from gateway.store.writer import Writer

T = TypeVar("T")


class SqliteOutbox:
    """See the Outbox port for what each method promises. Made whole by `SqliteStore`."""

    writer: Writer[list[dict[str, Any]], Added]

    def _read(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """Run `part` on one snapshot of the database."""
        raise NotImplementedError

    def _show(self, part: Callable[[Connection], T]) -> Awaitable[T]:
        """The same for people and monitors, beside what the engine reads."""
        raise NotImplementedError

    # ── T3: performing ───────────────────────────────────────────────────────────────────────────────────────────
    async def register_endpoints(self, names: Sequence[str]) -> dict[str, EndpointState]:
        """Every endpoint that is known, these among them from now on."""
        return await self.writer.write("register_endpoints", lambda connection: endpoints.register(connection, names))

    async def endpoint_states(self) -> dict[str, EndpointState]:
        """Every endpoint that is known, by name."""
        return await self._read(endpoints.states)

    async def deliveries_due(self, *, now: int, room: Mapping[str, int], probes: Collection[str] = ()) -> bool:
        """Whether a claim would find something; only reads."""
        return await self._read(lambda connection: performing.anything_due(connection, now, room, probes))

    async def claim_deliveries(
        self, *, now: int, lease_ms: int, room: Mapping[str, int], probes: Collection[str] = ()
    ) -> list[Delivery]:
        """Deliveries that are due, leased."""
        return await self.writer.write(
            "claim_deliveries", lambda connection: performing.claim(connection, now, lease_ms, room, probes)
        )

    async def refusals(self, delivery: int) -> int:
        """How many of a delivery's tries were refused."""
        return await self._read(lambda connection: outbox.refusals(connection, delivery))

    async def renew_deliveries(self, held: Sequence[tuple[int, int]], until: int) -> None:
        """Prolong the leases of deliveries, as (id, attempt)."""
        await self.writer.write("renew_deliveries", lambda connection: performing.prolong(connection, held, until))

    async def finish_deliveries(self, performed: Performed) -> tuple[int, ...]:
        """Write what came of deliveries; those that were claimed again since. Raises Conflict and StoreFull."""
        new = outbox.prepare(performed.notices, performed.now)
        return await self.writer.write(
            "finish_deliveries", lambda connection: performing.finish(connection, performed, new)
        )

    async def hasten_deliveries(self, endpoint: str, now: int, limit: int) -> int:
        """Let some of what failed and waits for its next try be due at once; how many there were."""
        return await self.writer.write(
            "hasten_deliveries", lambda connection: performing.hasten(connection, endpoint, now, limit)
        )

    # ── An end to everything ─────────────────────────────────────────────────────────────────────────────────────
    async def expire_deliveries(self, made_before: int, now: int, limit: int) -> int:
        """Give up the oldest waiting deliveries that were made before an instant; how many."""
        return await self.writer.write(
            "expire_deliveries", lambda connection: retention.expire(connection, made_before, now, limit)
        )

    async def remove_deliveries(self, ended_before: int, limit: int) -> int:
        """Remove deliveries that ended before an instant; how many."""
        return await self.writer.write(
            "remove_deliveries", lambda connection: retention.remove(connection, ended_before, limit)
        )

    # ── For people ───────────────────────────────────────────────────────────────────────────────────────────────
    async def endpoints(self) -> list[EndpointRow]:
        """Every endpoint that is known, by name, and what waits for it."""
        return await self._show(endpoints.rows)

    async def enable_endpoint(self, name: str, now: int, by: str) -> bool:
        """Let an endpoint have its deliveries again; False if there is none."""
        if not await self.writer.write(
            "enable_endpoint", lambda connection: replaying.enable(connection, name, now, by)
        ):
            return False
        while await self.hasten_deliveries(name, now, performing.HASTENED_MAX) == performing.HASTENED_MAX:
            pass
        return True

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
        """A listing, latest first, without bodies."""
        asked = partial(
            latest.delivered, state=state, contact=contact, endpoint=endpoint, type=type, after=after, limit=limit
        )
        return await self._show(asked)

    async def delivery(self, id: int) -> Delivery | None:
        """One delivery, with its body."""
        return await self._show(lambda connection: outbox.one(connection, id))

    async def attempts(self, delivery: int) -> list[Attempt]:
        """Every try of a delivery."""
        return [*await self._show(lambda connection: outbox.tries(connection, delivery))]

    async def notices_after(self, endpoint: str, after: int, limit: int) -> list[Delivery]:
        """An endpoint's deliveries with a `sequence` above `after`, in order, with their bodies."""
        return await self._show(lambda connection: outbox.after(connection, endpoint, after, limit))

    async def replay_delivery(self, id: int, now: int, by: str) -> Replayed | None:
        """Let an ended delivery go out once more; None if there is none."""
        return await self.writer.write("replay_delivery", lambda connection: replaying.one(connection, id, now, by))

    async def replay_deliveries(
        self,
        *,
        endpoint: str | None,
        since: int,
        until: int,
        states: Collection[DeliveryState],
        now: int,
        by: str,
        progress: Callable[[int], None] = lambda replayed: None,
    ) -> int:
        """Replay every ended delivery made in [since, until); how many."""
        place = replaying.Place(since)
        while not place.done:
            step = partial(replaying.some, endpoint=endpoint, place=place, until=until, states=states, now=now, by=by)
            place = await self.writer.write("replay_deliveries", step)
            progress(place.replayed)
        return place.replayed

    async def audit(self, limit: int) -> list[AuditEntry]:
        """What people have done, latest first."""
        return await self._show(lambda connection: audit.latest(connection, limit))

    async def write_audit(self, *, at: int, actor: str, action: str, object: str, detail: str) -> None:
        """Note what somebody has done outside of the store."""
        await self.writer.write(
            "write_audit", lambda connection: audit.note(connection, at, actor, action, object, detail)
        )

    async def ended_count(
        self, *, endpoint: str | None, since: int, until: int, states: Collection[DeliveryState], most: int
    ) -> int:
        """How many deliveries a replay of a range would take, up to `most` of each state."""
        return await self._show(lambda connection: ranges.ended(connection, endpoint, since, until, states, most))

    async def oldest_sequence(self, endpoint: str) -> int | None:
        """The lowest number of an endpoint's deliveries that are still kept."""
        return await self._show(lambda connection: ranges.oldest_kept(connection, endpoint))
