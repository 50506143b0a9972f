"""The policies of this database: what was in force when, each read and compiled when it is first needed.

Laws. One policy is in force at a time. What has been in force is judged by as it was kept, never by today's files. A
policy takes over at the instant at which it came, or at its own date if that is still to come.
"""

import asyncio
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.engine.world import World
from gateway.kernel.failpoint import reached
from gateway.kernel.ports import Spawn
from gateway.kernel.store import PolicyRow, Store, StoreUnusable
from gateway.model.instant import DAY_MS, LATEST, format_instant
from gateway.policy.kept import Unreadable, load_kept, pack_calendars, unpack_calendars, with_calendars
from gateway.policy.load import Loaded, asks_for_former_hours, follows
from gateway.rules.policy import Policy
from gateway.rules.timeline import FROM_THE_BEGINNING, NOTHING, InForce, Timeline

THREAD = "policies"
"""Where policies are read and compiled: beside the loop."""

AHEAD_MAX_MS = DAY_MS
"""A clock may be set back by so much; policies that come meanwhile follow each other all the same."""

READY_MAX = 64
"""So many policies, the latest, stay ready to judge by; earlier ones are read again whenever they are needed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a policy that was to come into force: since when it judges, and whether it was so before."""

    row: PolicyRow
    unchanged: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The file of a policy, as it was read last: its name, and its text, which may say the same otherwise than it did
    when the policy was kept."""

    file: str
    text: str


class Policies:
    """Every policy that is kept, the latest ones ready to judge by."""

    def __init__(self, store: Store, rows: Sequence[PolicyRow], spawn: Spawn) -> None:
        self._store = store
        self._spawn = spawn
        self.rows = tuple(rows)
        self._read: dict[int, InForce] = {}
        self._sources: dict[str, Source] = {}
        self._timeline = Timeline(())
        self._covers_from = LATEST + 1
        """From here on `_timeline` is whole."""

        self._reading = asyncio.Lock()
        """Pages read while judging goes on; what a reload withdraws meanwhile must not come back."""

    @classmethod
    async def open(cls, store: Store, spawn: Spawn) -> "Policies":
        """The policies that a store keeps; `spawn` lends the thread on which they are compiled."""
        return cls(store, await store.policies(), spawn)

    def in_force(self, now: int) -> PolicyRow | None:
        """The policy that judges at an instant; None before the first one."""
        return next((row for row in reversed(self.rows) if row.since <= now), None)

    def ready(self, now: int) -> Policy | None:
        """The policy that judges at an instant, for who can't wait; None before the first, and where it isn't read
        yet."""
        row = self.in_force(now)
        judge = None if row is None else self._read.get(row.since)
        return None if judge is None else judge.policy

    def to_come(self, now: int) -> PolicyRow | None:
        """The first policy that judges only after an instant."""
        return next((row for row in self.rows if row.since > now), None)

    def name(self, hash: str) -> str:
        """The name of the policy with this hash."""
        return next((row.name for row in self.rows if row.hash == hash), "")

    def source(self, hash: str) -> Source | None:
        """The file of the policy with this hash; None where nobody has read one since the start."""
        return self._sources.get(hash)

    async def timeline(self, since: int) -> Timeline:
        """What is in force at every instant from `since` on. Raises StoreUnusable for a policy that can't be read."""
        if since >= self._covers_from:
            return self._timeline
        async with self._reading:
            needed = self._needed_from(since)
            timeline = Timeline([await self._judge(row) for row in needed])
            if len(needed) <= READY_MAX:
                self._timeline = timeline
                self._covers_from = NOTHING.since if len(needed) == len(self.rows) else needed[0].since
            self._forget()
        return timeline

    async def to_read_by(self, instants: Iterable[int]) -> Timeline:
        """The policies that judge from these instants on, and no others: to show what they have judged.

        One that can't be read any more stands there with its name and no rules: people shall see what else there is.
        """
        found, wanted = [], frozenset(instants)
        async with self._reading:
            for row in self.rows:
                if row.since in wanted:
                    try:
                        found.append(await self._judge(row))
                    except StoreUnusable:
                        nameless = dataclasses.replace(NOTHING.policy, name=row.name, hash=row.hash)
                        found.append(InForce(row.since, nameless))
            self._forget()
        return Timeline(found)

    async def follow(self, world: World, loaded: Loaded, turn: asyncio.Lock) -> Taken:
        """Let a checked policy come into force, unless it is in force already.

        Whoever judges holds `turn`; here it is held for the taking over alone, since calendars take a while to resolve.
        """
        last = self.rows[-1] if self.rows else None
        if last is not None and last.hash == loaded.policy.hash:
            self._sources = {last.hash: Source(loaded.file, loaded.text)}
            return Taken(last, unchanged=True)
        self._refuse_a_clock_that_was_ahead(world)
        present = self.in_force(self._now(world))
        policy = loaded.policy
        if present is not None and asks_for_former_hours(loaded):
            async with self._reading:
                before = (await self._judge(present)).policy
            policy = (await self._spawn.call(THREAD, lambda: follows(loaded, before))).policy
        calendars = await self._spawn.call(THREAD, lambda: pack_calendars(policy.calendars))
        tables = await self._spawn.call(THREAD, lambda: unpack_calendars(calendars))
        async with turn, self._reading:
            now = self._now(world)
            if self.in_force(now) == present:
                row = PolicyRow(
                    since=_since(policy, present, now),
                    hash=policy.hash,
                    name=policy.name,
                    stored_at=now,
                    text=loaded.text,
                    calendars=calendars,
                    facts=loaded.facts,
                )
                await self._store.put_in_force(row)
                reached("policy.kept")
                self._sources[row.hash] = Source(loaded.file, loaded.text)
                return Taken(self._taken(row, with_calendars(policy, tables, policy.hash), now), unchanged=False)
        # Another policy has come into force meanwhile: its hours may be those that count until a `from`.
        return await self.follow(world, loaded, turn)

    def _taken(self, row: PolicyRow, policy: Policy, now: int) -> PolicyRow:
        """Note that a policy has been kept, in place of those that were still to come."""
        listed = replace(row, text="", calendars=b"", facts=b"")
        self.rows = (*(kept for kept in self.rows if kept.since <= now and kept.since != row.since), listed)
        self._forget()
        self._read[row.since] = InForce(row.since, policy)
        self._covers_from = LATEST + 1
        return listed

    def _now(self, world: World) -> int:
        """Never before the last policy came, even where the clock was set back."""
        return max([world.clock.now(), *(row.stored_at for row in self.rows)])

    def _refuse_a_clock_that_was_ahead(self, world: World) -> None:
        """Raise StoreUnusable where a policy came at an instant that is far from having come: the next one would wait
        for it, and what was judged by then can't be judged before."""
        latest, now = self._now(world), world.clock.now()
        if latest > now + AHEAD_MAX_MS:
            raise StoreUnusable(
                f"the last policy came at {format_instant(latest)}, and the clock says {format_instant(now)}: "
                "set the clock right, or, if it was ahead then, restore a backup from before"
            )

    def _forget(self) -> None:
        """Let go of what was withdrawn, and of what was needed for something of long ago."""
        ready = (row.since for row in self.rows[-READY_MAX:])
        self._read = {since: self._read[since] for since in ready if since in self._read}

    def _needed_from(self, since: int) -> tuple[PolicyRow, ...]:
        """The policies that judge at some instant from `since` on."""
        present = self.in_force(since)
        return self.rows if present is None else self.rows[self.rows.index(present) :]

    async def _judge(self, row: PolicyRow) -> InForce:
        """A kept policy, read once."""
        if row.since not in self._read:
            self._read[row.since] = InForce(row.since, await self._kept(row))
        return self._read[row.since]

    async def _kept(self, row: PolicyRow) -> Policy:
        whole = await self._store.policy(row.since)
        try:
            if whole is None:
                raise Unreadable("it is no longer kept")
            text, calendars, facts = whole.text, whole.calendars, whole.facts
            return await self._spawn.call(THREAD, lambda: load_kept(text, calendars, facts, row.hash))
        except Unreadable as error:
            why = f"the policy {row.name} ({row.hash}), which was in force, can't be used: {error}"
            raise StoreUnusable(why) from None


def _since(policy: Policy, present: PolicyRow | None, now: int) -> int:
    """From when a policy judges that comes now: the first one from the beginning, each from its own date at the
    earliest, and always after the one before."""
    if present is None:
        return FROM_THE_BEGINNING if policy.starts is None else policy.starts
    return max(now, present.since + 1, policy.starts or now)
