"""The fifth port: what is kept, as transactions of the engine; every method is one of them unless it says otherwise.

Inbox, fetches and deliveries have a state, a lease and a fencing number (`attempt`), never a cursor over ids: whoever
finishes a row that has been claimed again since is refused with `Conflict`. What goes out: `kernel/outbox.py`; what is
read from vendors: `kernel/reading.py`; what enrichers are asked: `kernel/questions.py`; tokens: `kernel/tokens.py`;
what listings show: `kernel/board.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.kernel.access import AccessShelf
from gateway.kernel.assemblies import Assemblies, Assembly
from gateway.kernel.board import Board, Tally
from gateway.kernel.figures import COUNTED_MAX as COUNTED_MAX
from gateway.kernel.figures import Figures as Figures
from gateway.kernel.figures import Waiting as Waiting
from gateway.kernel.outbox import Attempt as Attempt
from gateway.kernel.outbox import AuditEntry as AuditEntry
from gateway.kernel.outbox import Conflict as Conflict
from gateway.kernel.outbox import Delivery as Delivery
from gateway.kernel.outbox import DeliveryState as DeliveryState
from gateway.kernel.outbox import EndpointRow as EndpointRow
from gateway.kernel.outbox import EndpointState as EndpointState
from gateway.kernel.outbox import Notice as Notice
from gateway.kernel.outbox import Outbox
from gateway.kernel.outbox import Outcome as Outcome
from gateway.kernel.outbox import Performed as Performed
from gateway.kernel.outbox import Replayed as Replayed
from gateway.kernel.questions import Question, Questions
from gateway.kernel.reading import Added as Added
from gateway.kernel.reading import FetchKey as FetchKey
from gateway.kernel.reading import FetchRow as FetchRow
from gateway.kernel.reading import LookUp as LookUp
from gateway.kernel.reading import Reading
from gateway.kernel.reading import SyncRow as SyncRow
from gateway.kernel.recorded import Recordings
from gateway.kernel.tokens import TokenShelf
from gateway.model.event import Event
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry, State
from gateway.model.record import InboxRow, Record
from gateway.rules.card import Card


class StoreFull(Exception):
    """The disk refuses to take more: nothing of the transaction was written, and no sender may be told otherwise."""


class StoreBusy(Exception):
    """The database belongs to another daemon that is running, or another process goes on writing to it."""


class StoreUnusable(Exception):
    """The database can't be used by this program; the message says why, and what to do."""


UNOPENED = "unopened"
"""The status of a contact whose opening is not known yet."""


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored contact. `version` is 0 before the first write; `state` is None while no opening is known."""

    id: str
    version: int
    strands: tuple[StrandKey, ...]
    state: State | None
    next_due: int | None = None
    updated_at: int = 0
    live_from: int = 0
    """Of a contact that a backfill was the first to tell of: when that was. What lay before is nobody's surprise."""

    card: Card | None = None
    """Given when an open contact is written that has just been judged: its card from now on; None leaves the one that
    it has. Nobody gets it by reading a contact."""


class Placed(msgspec.Struct, frozen=True):
    """A contact in a listing, and the place behind it: from there the listing goes on."""

    row: ContactRow
    place: str


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An event in the history of a strand; unique by (strand.connector, event.id). `received_at`: of its record."""

    strand: StrandKey
    event: Event
    received_at: int
    body: bytes = b""
    """The event as `encode_event` writes it, if whoever hands the entry over has it at hand."""


class Known(msgspec.Struct, frozen=True):
    """What is kept of strands and events that were asked for, as of one instant."""

    contacts: Mapping[StrandKey, ContactRow]
    events: Mapping[tuple[str, str], Event]


class AskedPast(msgspec.Struct, frozen=True):
    """The past of a contact, from its latest checkpoint before an instant on, or None; or only what came `after`."""

    contact: str
    before: int | None
    after: int | None = None


class Past(msgspec.Struct, frozen=True):
    """A state to start again from, and the events after its `as_of`, in no promised order; or None, and all events."""

    base: State | None
    events: Sequence[JournalEntry]


class AskedSaid(msgspec.Struct, frozen=True):
    """What has been said of a contact: the entries of `ids`, and, with an instant, all those `at` later than it."""

    contact: str
    ids: tuple[str, ...]
    after: int | None


class Outlook(msgspec.Struct, frozen=True):
    """What waits to be judged, as of one instant."""

    claimable: bool
    """Whether any record can be claimed."""

    received: int | None
    """Receipt of the oldest record that is neither done nor parked."""

    asked: int | None
    """The earliest `asked_at` of the look-ups that have not failed yet."""

    next_due: int | None
    """The earliest `next_due` of all contacts."""


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as it is kept. It judges from `since` on, until the next one's `since`, and came at `stored_at`.

    `text` is the file as it was, `calendars` the open intervals and `facts` the types of enrichers' facts that it had
    then; a listing leaves them empty.
    """

    since: int
    hash: str
    name: str
    stored_at: int
    text: str = ""
    calendars: bytes = b""
    facts: bytes = b""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """All that one step of judging writes, in one transaction."""

    done: tuple[tuple[int, int], ...] = ()
    """Inbox rows that are through, as (id, attempt)."""

    parked: tuple[tuple[int, int, str], ...] = ()
    """Inbox rows that can't be normalized, as (id, attempt, reason)."""

    fetches: tuple[LookUp, ...] = ()
    """Look-ups asked for."""

    journal: tuple[JournalEntry, ...] = ()
    """New events, and events whose content a higher `rev` replaces."""

    withdrawn: tuple[tuple[str, str], ...] = ()
    """Events, as (connector, id), that have turned out not to have happened: the journal loses them."""

    assemblies: tuple[Assembly, ...] = ()
    """Objects in pieces as they are known now; `version` is the one that was loaded, and grows by one."""

    joined: tuple[Assembly, ...] = ()
    """Objects, as they were loaded, that turned out to be one with one of `assemblies`: nothing is kept of them."""

    contacts: tuple[ContactRow, ...] = ()
    """Contacts as they are now; `version` is the one that was loaded, and grows by one."""

    ledger: tuple[tuple[str, LedgerEntry], ...] = ()
    """Entries by contact id; an entry replaces the one of the same id."""

    notices: tuple[Notice, ...] = ()
    forgotten: tuple[tuple[str, int], ...] = ()
    """Checkpoints that no longer hold: those of a contact whose `as_of` is at or after an instant. Removed first."""

    checkpoints: tuple[tuple[str, State], ...] = ()
    """States of contacts to start again from, each kept under its `as_of`."""

    tallies: tuple[Tally, ...] = ()
    """How often something was announced: counted on top of what has been."""

    unasked: tuple[tuple[StrandKey, str], ...] = ()
    """Questions that hold no more, by strand and enricher: nobody wants their answers. Removed first."""

    questions: tuple[Question, ...] = ()
    """What is asked of enrichers. One takes the place of another of its strand and enricher; the same again changes
    nothing."""

    now: int = 0


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox row as people see it."""

    id: int
    connector: str
    state: str
    form: str
    key: str | None
    received_at: int
    attempt: int
    reason: str | None
    body: bytes


class Chronicle(msgspec.Struct, frozen=True, kw_only=True):
    """A part of all that happened to a contact, the latest first: events, what was said of it, and its deliveries.

    At one instant an event stands before what follows from it, and that before its deliveries: here they come last.
    `next` is where the part before it ends, a text that only the store understands; None before the first thing.
    """

    things: tuple[JournalEntry | LedgerEntry | Delivery, ...]
    next: str | None = None


class Store(Outbox, Reading, Questions, Assemblies, AccessShelf, TokenShelf, Recordings, Board, Protocol):
    """What the engine needs kept. Implementations: `gateway.store`."""

    # ── T1: what came in ─────────────────────────────────────────────────────────────────────────────────────────
    async def add_records(self, connector: str, records: Sequence[Record]) -> Added:
        """Put records into the inbox; returns after the commit, which many callers share. A key seen before is a
        duplicate. Raises StoreFull."""
        ...

    # ── T2: judging ──────────────────────────────────────────────────────────────────────────────────────────────
    async def claim_records(self, *, now: int, lease_ms: int, limit: int) -> list[InboxRow]:
        """The oldest ready rows (or those whose lease is over) of each connector in turn, leased, the attempt grown.

        One that was leased before and never finished comes before them, and alone: what stops a process is found by
        its attempts, and nobody else's grow with them."""
        ...

    async def known(self, strands: Sequence[StrandKey], events: Sequence[tuple[str, str]]) -> Known:
        """Both at once: the contact of each strand that has one, and the events that the journal has."""
        ...

    async def pasts(self, asked: Sequence[AskedPast]) -> list[Past]:
        """The past of each, in the order asked."""
        ...

    async def said(self, asked: Sequence[AskedSaid]) -> list[dict[str, LedgerEntry]]:
        """What has been said of each, in the order asked."""
        ...

    async def waits_beyond(self, most: int) -> bool:
        """Whether more than so many records wait to be judged, by counting them."""
        ...

    async def history(self, contact: str, after: int | None = None) -> list[JournalEntry]:
        """Every event of a contact, or only those that happened after an instant; in no promised order."""
        ...

    async def ledger(
        self, contact: str, ids: Sequence[str] | None = None, after: int | None = None
    ) -> dict[str, LedgerEntry]:
        """What has been said of a contact: all of it, only the entries of `ids`, or only those `at` later than
        `after`."""
        ...

    async def commit(self, batch: Batch) -> None:
        """Write a batch whole. Raises Conflict (a fence or a contact's version has moved) or StoreFull."""
        ...

    async def due_contacts(self, *, until: int, limit: int) -> list[ContactRow]:
        """Contacts whose `next_due` is at or before `until`, the most overdue first."""
        ...

    async def outlook(self, *, now: int, connectors: Sequence[str]) -> Outlook:
        """What waits; `received` and `asked` of these connectors only."""
        ...

    # ── What is in force, and since when ─────────────────────────────────────────────────────────────────────────
    async def started(self, connectors: Sequence[str], now: int) -> dict[str, int]:
        """`live_from` of each connector: `now` for one that starts for the first time."""
        ...

    async def policies(self) -> list[PolicyRow]:
        """Every policy that is or was in force, or will be, the earliest first, without texts and calendars."""
        ...

    async def policy(self, since: int) -> PolicyRow | None:
        """The policy that judges from exactly this instant on, whole."""
        ...

    async def put_in_force(self, policy: PolicyRow) -> None:
        """Keep a policy. It takes the place of those that are not in force yet at its `stored_at`."""
        ...

    async def outdated(self, since: int, limit: int) -> list[ContactRow]:
        """Open contacts that a policy of before `since` judged last: the soonest `next_due` first, none at all last."""
        ...

    async def outdated_count(self, since: int) -> int:
        """How many contacts `outdated` would give without a limit."""
        ...

    async def put_cards(self, rows: Sequence[ContactRow]) -> None:
        """Keep the cards of contacts that are as they were loaded; of one that has been changed since, nothing."""
        ...

    async def note(self, name: str, body: bytes) -> None:
        """Keep a small value under a name, for other processes to read."""
        ...

    async def noted(self, name: str) -> bytes | None:
        """What was last kept under a name."""
        ...

    # ── For people ───────────────────────────────────────────────────────────────────────────────────────────────
    async def contacts(self, *, limit: int, status: str | None = None, order: str = "next_due") -> list[ContactRow]:
        """A listing. `status`: a status, `open` for all that are not ended, or `unopened`. `order`: `next_due` or
        `updated_at` (latest first)."""
        ...

    async def contacts_by_change(self, statuses: Sequence[str], *, limit: int, after: str | None) -> list[Placed]:
        """Contacts of any of these statuses (`unopened` is one), the latest change first. Raises BadPlace."""
        ...

    async def find_contact(self, name: str) -> ContactRow | None:
        """By id, by a beginning of it that is unique, or by `connector:kind:id` or a bare vendor id that is unique."""
        ...

    async def chronicle(
        self, contact: str, *, limit: int, before: str | None = None, until: int | None = None
    ) -> Chronicle:
        """What happened last to a contact: before a place that an earlier part has given, else until an instant, else
        all; deliveries stand at the instant at which they were made, without bodies. Raises BadPlace."""
        ...

    async def find_escalation(self, id: str) -> ContactRow | None:
        """The contact of an escalation. One that no endpoint was told of is found while it goes on, by all cards."""
        ...

    async def inbox(
        self, *, limit: int, state: str | None = None, connector: str | None = None, after: int | None = None
    ) -> list[Listed]:
        """A listing, latest first: of what came before the row with the id `after`."""
        ...

    async def record(self, id: int) -> Listed | None:
        """One row of the inbox."""
        ...

    async def replay_record(self, id: int, now: int, by: str) -> bool:
        """Make a parked or done record ready again; False if there is none. Audited."""
        ...

    async def counts(self) -> dict[str, int]:
        """How much there is: contacts, open, inbox_ready, inbox_parked, deliveries_ready, deliveries_dead."""
        ...

    async def figures(self, now: int) -> Figures:
        """How it stands at this instant, for monitors."""
        ...

    async def close(self) -> None:
        """Finish what is queued, and let go of the database."""
        ...
