"""The policy in force as people read it and try it out: its file with places, its findings, and answers for contacts.

A policy is read once, on a thread of its own, with calendars of its own: nobody who judges waits for it.
"""

import asyncio
from dataclasses import dataclass

from gateway.engine.policies import Policies
from gateway.kernel.allowances import apply
from gateway.kernel.ports import Spawn
from gateway.kernel.store import PolicyRow, Store, StoreUnusable
from gateway.policy.kept import Unreadable, read_kept, unpack_calendars, with_calendars
from gateway.policy.lint import findings
from gateway.policy.load import Loaded
from gateway.policy.outline import DEAD, Outline, outline_of
from gateway.policy.tryout.asked import Asked
from gateway.policy.tryout.outcome import Outcome, try_out
from gateway.policy.tryout.view import outcome_view
from gateway.rules.policy import Policy
from gateway.rules.view import View

THREAD = "policy"


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """A policy as it stands in its file. `loaded` has the text and the places, `policy` judges by the calendars that
    were kept, `outline` tells what stands in it and what was found; `file` is empty where nobody has told the file's
    name since the start."""

    row: PolicyRow
    loaded: Loaded
    policy: Policy
    outline: Outline
    file: str


class PolicyReading:
    """Reads the policy in force, and tries it out."""

    def __init__(self, policies: Policies, store: Store, spawn: Spawn) -> None:
        self._policies = policies
        self._store = store
        self._spawn = spawn
        self._turn = asyncio.Lock()
        self._read: ReadPolicy | None = None

    async def in_force(self, now: int) -> ReadPolicy | None:
        """The policy that judges at an instant; None before the first. Raises StoreUnusable if it can't be read."""
        async with self._turn:
            return await self._in_force(now)

    async def open_calendars(self, now: int) -> frozenset[str]:
        """The names of its calendars that are open at an instant."""
        async with self._turn:
            read = await self._in_force(now)
            calendars = {} if read is None else read.policy.calendars
            is_open = await self._spawn.call(
                THREAD, lambda: [name for name, calendar in calendars.items() if calendar.is_open(now)]
            )
            return frozenset(is_open)

    async def tried(self, asked: Asked, now: int) -> Outcome | None:
        """What the policy in force makes of a contact; None before the first one. Raises StoreUnusable."""
        async with self._turn:
            read = await self._in_force(now)
            if read is None:
                return None
            policy = read.policy
            return await self._spawn.call(THREAD, lambda: try_out(policy, asked))

    async def tried_view(self, asked: Asked, now: int) -> View | None:
        """The same as plain values for JSON."""
        outcome = await self.tried(asked, now)
        return None if outcome is None else outcome_view(outcome)

    async def _in_force(self, now: int) -> ReadPolicy | None:
        row = self._policies.in_force(now)
        if row is None:
            return None
        source = self._policies.source(row.hash)
        held = self._read
        if held is not None and held.row == row and (source is None or held.loaded.text == source.text):
            return held
        kept = await self._store.policy(row.since)
        if kept is None:
            raise StoreUnusable(f"the policy {row.name} ({row.hash}) is no longer kept")
        text, file = (kept.text, "") if source is None else (source.text, source.file)
        self._read = await self._spawn.call(THREAD, lambda: _read(row, kept, text, file))
        return self._read


def _read(row: PolicyRow, kept: PolicyRow, text: str, file: str) -> ReadPolicy:
    try:
        loaded = read_kept(text, kept.facts, file or f"policy {row.hash}")
        # Who judges asks the kept tables on another thread, where they may be growing.
        tables = {name: calendar.twin() for name, calendar in unpack_calendars(kept.calendars).items()}
        policy = with_calendars(loaded.policy, tables, row.hash)
    except Unreadable as error:
        raise StoreUnusable(f"the policy {row.name} ({row.hash}) can't be used: {error}") from None
    found = findings(loaded)
    told, _ = apply(loaded.file, loaded.text, found)
    # What the file allows isn't told, but that a rule never takes effect is so all the same.
    shown = [one for one in found if one in told or one.id in DEAD]
    return ReadPolicy(row, loaded, policy, outline_of(loaded, shown), file)
