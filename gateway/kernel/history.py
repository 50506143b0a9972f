"""Reading a database beside whoever writes it: every contact with all that is kept of it, in batches, nothing written.

What `gateway db verify` and `gateway kpi` walk through; however much there is, only a batch is in memory.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from gateway.kernel.board import Carded
from gateway.kernel.store import ContactRow, JournalEntry, PolicyRow
from gateway.model.identity import StrandKey
from gateway.model.judgement import LedgerEntry, State


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """All that is kept of one contact, as of one instant.

    `status` and `policy_since` are the columns by which a contact is found, `strands` those that lead to it;
    `checkpoints` are by the `as_of` that each is kept under.
    """

    row: ContactRow
    status: str
    policy_since: int | None
    strands: frozenset[StrandKey]
    journal: Sequence[JournalEntry]
    ledger: Mapping[str, LedgerEntry]
    checkpoints: Mapping[int, State] = {}
    card: Carded | None = None
    odd_card: str = ""
    """In words, where the columns by which its card is found say something else than the card."""

    odd: Sequence[str] = ()
    """Rows whose columns, by which they are found, say something else than what they hold; in words."""


class Stray(msgspec.Struct, frozen=True):
    """A row that belongs to nobody, in a word for its table and words for what is wrong with it."""

    table: str
    what: str


class StateRow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it was judged last; `place` is where it lies in the table. `damage` says why it can't be read."""

    place: int
    id: str
    next_due: int | None = None
    state: State | None = None
    damage: str = ""


class Size(msgspec.Struct, frozen=True):
    """How much there is to walk through."""

    contacts: int
    events: int


class History(Protocol):
    """A database as it is read. Each method sees one instant; between two of them others may write.

    All raise StoreUnusable for what can't be read.
    """

    async def size(self) -> Size:
        """How many contacts and events there are."""
        ...

    async def policies(self) -> list[PolicyRow]:
        """Every policy that is or was in force, or will be, the earliest first, without texts and calendars."""
        ...

    async def policy(self, since: int) -> PolicyRow | None:
        """The policy that judges from exactly this instant on, whole."""
        ...

    async def contact_ids(self, after: str, limit: int) -> list[str]:
        """The first contacts behind an id, in the order of their ids; behind `""`, from the first one on."""
        ...

    async def find(self, name: str) -> str | None:
        """The id of a contact by any of its names."""
        ...

    async def dossiers(self, ids: Sequence[str]) -> list[Dossier]:
        """All that is kept of these contacts, in the order asked; of one that isn't there, nothing."""
        ...

    async def places(self) -> int:
        """The place of the contact that was made last; 0 without any."""
        ...

    async def judged(self, after: int, since: int, limit: int) -> list[StateRow]:
        """The first contacts behind a place to which something has happened from `since` on, in the order of their
        places, without their histories; behind 0, from the first one on. One whose opening isn't known is left out."""
        ...

    async def strays(self, limit: int) -> list[Stray]:
        """Rows that belong to nobody, and events that are kept twice; at most so many of each sort."""
        ...

    async def close(self) -> None:
        """Let go of the database."""
        ...
