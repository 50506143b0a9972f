"""What an organisation lets us read: its objects and their columns, asked of `describe`, and which statuses end a case.

Laws. Only columns that `describe` names are asked for. What isn't there, by licence or by permission, is noted in words
and done without: nothing is refused for it. A column that is refused all the same is done without, too, until the
organisation is asked again.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.plugin import HOUR_MS, Permanent, VendorError
from gateway_salesforce.api import ABSENT, Api, refusal
from gateway_salesforce.soql import CASE, CHILDREN, KINDS, STATUSES, Kind

KEPT_MS: Final = HOUR_MS
"""How long what was read of the organisation holds."""

REFUSED_FIELD, REFUSED_TYPE = "INVALID_FIELD", "INVALID_TYPE"
NO_COLUMN: Final = re.compile(r"No such column '(?:\w+\.)*(\w{1,80})' on entity '(\w{1,80})'", re.ASCII)
NO_RELATION: Final = re.compile(r"Didn't understand relationship '(\w{1,80})'", re.ASCII)
NO_OBJECT: Final = re.compile(r"sObject type '(\w{1,80})'", re.ASCII)
NEEDED: Final = ("Id", "CreatedDate")


class Schema:
    """What is known of one organisation; `lacking` gathers what it hasn't got, in words; `extra` are columns of a case
    that its administrator wants to see."""

    def __init__(self, api: Api, extra: Sequence[str], lacking: set[str]) -> None:
        self._api, self._extra, self._lacking = api, tuple(extra), lacking
        self._columns: dict[str, frozenset[str] | None] = {}
        self._read_at: dict[str, int] = {}
        self._hidden: set[tuple[str, str]] = set()
        self._closed: Mapping[str, bool] = {}
        self._lock = asyncio.Lock()

    async def of(self, kind: Kind, now: int) -> list[str] | None:
        """The columns of an object that can be read, those of its relations and its case with it; None where the object
        isn't there. Raises VendorError."""
        own = await self.own(kind, now)
        if own is None or not kind.case:
            return own
        case = await self.own(CASE, now)
        return None if case is None else own + [f"{kind.case}.{column}" for column in case]

    async def own(self, kind: Kind, now: int) -> list[str] | None:
        """The columns of an object, and of its relations, without its case."""
        there = await self._there(kind.object, now)
        if there is None or any(not self._shown(kind.object, there, column) for column in (*NEEDED, kind.by)):
            self._lacking.add(an_absence(kind.object))
            return None
        self._lacking.discard(an_absence(kind.object))
        # A column that is named twice is refused.
        wanted = list(dict.fromkeys(kind.columns + (self._extra if kind is CASE else ())))
        found = self._readable(kind.object, wanted, there)
        for name, relation in kind.relations.items():
            # Whose id may not be seen, of that nothing else can be asked.
            seen = self._shown(kind.object, there, f"{name}Id") and (kind.object, name) not in self._hidden
            related = await self._there(relation.object, now) if seen else None
            if related is None:
                self._lacking.add(f"{name} of {kind.object}")
                continue
            self._lacking.discard(f"{name} of {kind.object}")
            found += [f"{name}.{column}" for column in self._readable(relation.object, relation.columns, related)]
        return found

    def _readable(self, name: str, wanted: Sequence[str], there: frozenset[str]) -> list[str]:
        found = []
        for column in wanted:
            if self._shown(name, there, column):
                found.append(column)
                self._lacking.discard(f"{name}.{column}")
            else:
                self._lacking.add(f"{name}.{column}")
        return found

    def _shown(self, name: str, there: frozenset[str], column: str) -> bool:
        return column in there and (name, column) not in self._hidden

    async def _there(self, name: str, now: int) -> frozenset[str] | None:
        async with self._lock:  # all objects are pulled at once, and want to know of cases first
            if self._is_stale(name, now):
                self._columns[name] = await self._api.columns(name)
                self._read_at[name] = now
                self._hidden = {(object, column) for object, column in self._hidden if object != name}
            return self._columns[name]

    def _is_stale(self, name: str, now: int) -> bool:
        return name not in self._read_at or now >= self._read_at[name] + KEPT_MS

    async def closed(self, now: int) -> Mapping[str, bool]:
        """Which statuses end a case, by name and label in small letters; empty where that can't be read."""
        if self._is_stale(STATUSES, now):
            try:
                rows = (await self._api.query(STATUSES)).records
            except Permanent as error:
                if refusal(error).code not in ABSENT | {REFUSED_FIELD}:
                    raise
                rows = []
            self._closed = {
                label.lower(): row["IsClosed"]
                for row in rows
                for key in ("ApiName", "MasterLabel")
                if isinstance(label := row.get(key), str) and isinstance(row.get("IsClosed"), bool)
            }
            self._read_at[STATUSES] = now
        return self._closed

    def learns(self, kind: Kind, error: VendorError) -> bool:
        """Whether a refusal of a query for `kind` says that something isn't there: then it is done without for an hour,
        and the query is worth asking anew."""
        code, words = refusal(error)
        if code not in (REFUSED_FIELD, REFUSED_TYPE):
            return False
        column, relation, named = NO_COLUMN.search(words), NO_RELATION.search(words), NO_OBJECT.search(words)
        if code == REFUSED_TYPE and relation is None:
            return self._lose(named[1] if named is not None else kind.object)
        if relation is not None and (child := next((one for one in CHILDREN if one.nested == relation[1]), None)):
            return self._lose(child.object)
        known = len(self._hidden)
        if column is not None:
            self._hidden.add((column[2], column[1]))
        elif relation is not None:
            self._hidden |= {(kind.object, relation[1]) for kind in KINDS.values() if relation[1] in kind.relations}
        return len(self._hidden) > known

    def _lose(self, name: str) -> bool:
        there, self._columns[name] = self._columns.get(name), None
        return there is not None


def an_absence(name: str) -> str:
    """In words, that an object isn't there."""
    return f"the object {name}"


def closed_of(rows: Sequence[Mapping[str, Any]], closed: Mapping[str, bool]) -> dict[str, bool]:
    """Of what rows of a history were changed to, which statuses are known, and whether they end a case."""
    labels = (value for row in rows if isinstance(value := row.get("NewValue"), str))
    return {label: closed[label.lower()] for label in labels if label.lower() in closed}
