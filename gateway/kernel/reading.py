"""What is read from vendors, as the store keeps it: pages and their cursors, look-ups, and runs over the past."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gateway.kernel.lane import Lane
from gateway.model.identity import Ref
from gateway.model.record import InboxRow, Record

ALL = 1 << 31
"""As many as there are."""


class Added(msgspec.Struct, frozen=True):
    """What became of records offered: how many are new, and how many were there already."""

    accepted: int
    duplicates: int


class FetchKey(msgspec.Struct, frozen=True):
    """An object to be looked up at its vendor; requests for one object coalesce."""

    connector: str
    ref: Ref


class LookUp(msgspec.Struct, frozen=True):
    """A look-up asked for. `asked_at` is the receipt of the record that asked: what it brings was said by then."""

    key: FetchKey
    reason: str
    asked_at: int
    version: int | None = None
    """What is known of the object already: an answer at least as new suffices. None: no answer of before does."""

    historical: bool = False
    """Asked for by a backfill: whatever is live goes first, and no time is held back for it."""


class FetchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed look-up. `generation` grows when it is asked for again while it is under way; `tries` are those that
    counted, `attempt` is the fencing number."""

    key: FetchKey
    reason: str
    attempt: int
    generation: int
    tries: int = 0
    asked_at: int = 0
    historical: bool = False


class SyncRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run over a stream that somebody asked for, or the first one over its past. Times in ms.

    `live` is one pull to the end, now. A `backfill` reads from `since` to `until` with a `cursor` of its own, as far as
    it has `reached`; `pages` is its fencing number too. `ended_at` is set when it is through, with the `failure` that
    ended it, if one did; until then `failure` is what it waits for.
    """

    id: int
    connector: str
    stream: str
    lane: Lane
    asked_at: int
    since: int | None = None
    until: int | None = None
    cursor: str | None = None
    reached: int | None = None
    pages: int = 0
    accepted: int = 0
    duplicates: int = 0
    began_at: int | None = None
    ended_at: int | None = None
    failure: str | None = None


class Pause(msgspec.Struct, frozen=True):
    """A person has paused a connector at `at`: its vendor is asked for nothing until somebody resumes it. What the
    vendor pushes is taken and judged as ever: it would be lost otherwise."""

    connector: str
    at: int
    by: str
    reason: str = ""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Look-ups of a connector that wait, each counted up to 100,000: what is live, and what a backfill asked for."""

    live: int = 0
    past: int = 0
    oldest: int | None = None
    """When the first of the live ones was asked for that has not failed yet."""


class Reading(Protocol):
    """Every method is one transaction unless it says otherwise."""

    async def add_page(self, connector: str, stream: str, records: Sequence[Record], cursor: str | None) -> Added:
        """A pulled page: its rows and the cursor behind them."""
        ...

    async def cursor(self, connector: str, stream: str) -> str | None:
        """Where the stream was left; None before its first page."""
        ...

    async def finish_fetch(self, row: FetchRow, records: Sequence[Record]) -> None:
        """What a look-up brought; the request stays open if it was asked for again meanwhile."""
        ...

    async def postpone_fetch(self, row: FetchRow, next_at: int, reason: str, *, counted: bool = True) -> None:
        """A look-up that failed: try again at `next_at`. Raises Conflict."""
        ...

    async def put_off_fetches(self, *, connector: str, now: int, until: int, reason: str, limit: int) -> int:
        """Let look-ups of a connector that are due wait until an instant, with no try; how many."""
        ...

    async def give_up_fetch(self, row: FetchRow, record: Record, reason: str) -> None:
        """A look-up that is not tried again becomes a parked record, unless it was asked for again meanwhile. Raises
        Conflict."""
        ...

    async def look_ups_due(self, now: int) -> list[str]:
        """The connectors that have look-ups which are due, and that aren't paused."""
        ...

    async def look_ups(self, connectors: Sequence[str]) -> dict[str, Waits]:
        """What waits to be looked up, of each of these connectors."""
        ...

    async def claim_fetches(
        self, *, connector: str, now: int, lease_ms: int, limit: int, past: int = ALL
    ) -> list[FetchRow]:
        """Look-ups of a connector that are due, leased, the longest due first; of those that a backfill asked for at
        most `past`."""
        ...

    async def arrivals(self, *, connector: str, before: int | None, limit: int) -> list[InboxRow]:
        """The records of a connector that came before a row of the inbox, the latest first, whatever became of them."""
        ...

    # ── Runs over the past, and those that were asked for ────────────────────────────────────────────────────────
    async def ask_sync(self, wanted: SyncRow) -> SyncRow:
        """Keep a wish (its `id` is ignored); the row that is kept. One that is under way and covers it is that row; a
        backfill that reaches further back than one under way is kept up to where that one begins."""
        ...

    async def first_backfill(self, wanted: SyncRow) -> None:
        """Keep a wish unless its stream has ever had a backfill."""
        ...

    async def syncs(self, *, connector: str | None = None, ended: bool = False, limit: int = 100) -> list[SyncRow]:
        """Runs that are not over, or, with `ended`, all: the latest first."""
        ...

    async def sync(self, id: int) -> SyncRow | None:
        """One run."""
        ...

    async def add_backfill_page(self, was: SyncRow, now: SyncRow, records: Sequence[Record]) -> Added:
        """A page of a backfill: its rows, and how far the run has come. Raises Conflict if the run is not as it `was`.

        `accepted` and `duplicates` of `now` are those before this page."""
        ...

    async def note_sync(self, row: SyncRow) -> None:
        """Keep how a run stands that brought no page: begun, waiting for something, or over. Raises Conflict."""
        ...

    # ── Pausing ──────────────────────────────────────────────────────────────────────────────────────────────────
    async def pause_connector(self, pause: Pause) -> bool:
        """Pause a connector; False, and nothing is changed, where it is paused already. Audited. Its look-ups hold back
        no time meanwhile, and none is due."""
        ...

    async def resume_connector(self, connector: str, now: int, by: str) -> bool:
        """Let a connector work again; False where it isn't paused. Audited."""
        ...

    async def pauses(self) -> dict[str, Pause]:
        """Every connector that is paused: cheap, and read often."""
        ...
