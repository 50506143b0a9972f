"""The simulated account itself: its objects, and the log of its events. No sockets here.

Laws. Times have whole seconds. An object is changed by `change` alone; an event keeps a copy of its object as it was
then, with what it was before. The log is in the order of `created`, what came later behind; that order is no version:
two changes of one second have one time.
"""

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from string import ascii_letters, digits
from typing import Any, Final

import msgspec

from gateway.plugin import SECOND_MS, NowFunction

Json = dict[str, Any]

API_VERSION: Final = "2026-10-28.endive"
LATE_S: Final = 60
"""How much later than its own time an event is shown that is committed late."""

_ALPHABET: Final = ascii_letters + digits


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of the API by which something happened."""

    id: str | None = None
    key: str | None = None


NOBODY: Final = Asked()
"""It happened by itself, or in the dashboard."""


@dataclass(slots=True)
class Happening:
    """An event of the log. `row`: its object as it was then, as JSON. `shown_from`: since when the API shows it."""

    id: str
    type: str
    created: int
    number: int
    row: bytes
    previous: Json | None
    asked: Asked
    shown_from: int
    waiting: set[str] = field(default_factory=set)
    """The endpoints that have not taken it yet."""

    def body(self) -> Json:
        """The event as Stripe writes it."""
        data: Json = {"object": msgspec.Raw(self.row)}
        if self.previous is not None:
            data["previous_attributes"] = self.previous
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.created,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(self.waiting),
            "request": {"id": self.asked.id, "idempotency_key": self.asked.key},
            "type": self.type,
        }


def blank(names: str) -> Json:
    """Fields in which nothing stands, by their names."""
    return dict.fromkeys(names.split())


def nobody_hears(happening: Happening) -> None:
    """No webhooks."""


@dataclass(slots=True)
class Account:
    """What one account holds. `hear` is told of each event at once."""

    now: NowFunction
    chance: Random
    hear: Callable[[Happening], None] = nobody_hears
    asked: Asked = NOBODY
    late: bool = False
    """Whether events are committed late."""

    created: int = 0
    _rows: dict[str, dict[str, Json]] = field(default_factory=dict)
    _log: list[tuple[int, int, Happening]] = field(default_factory=list)
    _by_id: dict[str, Happening] = field(default_factory=dict)

    def new_id(self, prefix: str) -> str:
        """An id as Stripe makes them: `ch_` and letters and digits."""
        return f"{prefix}_{''.join(self.chance.choices(_ALPHABET, k=24))}"

    def add(self, row: Json) -> Json:
        """A new object is there."""
        self._rows.setdefault(row["object"], {})[row["id"]] = row
        return row

    def find(self, kind: str, id: str | None) -> Json | None:
        """An object by its kind (`charge`) and id; None where there is none."""
        return None if id is None else self._rows.get(kind, {}).get(id)

    def get(self, kind: str, id: str) -> Json:
        """The same, for who knows that it is there. Raises ValueError where it isn't."""
        found = self.find(kind, id)
        if found is None:
            raise ValueError(f"there is no {kind} {id!r}")
        return found

    def rows(self, kind: str) -> list[Json]:
        """Every object of a kind, in the order in which they came."""
        return list(self._rows.get(kind, {}).values())

    def recent(self, kind: str, at_most: int) -> list[Json]:
        """The newest objects of a kind, the oldest of them first."""
        rows = self._rows.get(kind, {})
        return list(islice(reversed(rows.values()), at_most))[::-1]

    def count(self, kind: str) -> int:
        """How many there are of a kind."""
        return len(self._rows.get(kind, {}))

    def remove(self, row: Json) -> None:
        """An object is gone; nothing but its id is left."""
        gone = {"id": row["id"], "object": row["object"], "deleted": True}
        row.clear()
        row.update(gone)

    def take(self, kind: str, id: str) -> Json:
        """An object leaves the account; what is told of it then."""
        self._rows[kind].pop(id)
        return {"id": id, "object": kind, "deleted": True}

    def change(self, row: Json, **values: Any) -> Json:
        """Write values into an object, of an inner object only what is named; what they were before."""
        before: Json = {}
        for name, value in values.items():
            old = row.get(name)
            if isinstance(value, dict) and isinstance(old, dict):
                if inner := self.change(old, **value):
                    before[name] = inner
            elif old != value:
                before[name], row[name] = old, value
        return before

    def say(self, type: str, row: Json, at: int, previous: Json | None = None) -> Happening:
        """An event happens at `at` (milliseconds)."""
        created = at // SECOND_MS
        found = Happening(
            id=self.new_id("evt"),
            type=type,
            created=created,
            number=len(self._by_id),
            row=msgspec.json.encode(row),
            previous=previous or None,
            asked=self.asked,
            shown_from=self.now() + LATE_S * SECOND_MS if self.late else 0,
        )
        insort(self._log, (created, found.number, found))
        self._by_id[found.id] = found
        self.hear(found)
        return found

    def event(self, id: str) -> Happening | None:
        """An event by its id."""
        return self._by_id.get(id)

    def newest_first(self) -> Iterator[Happening]:
        """The log as the API lists it."""
        return (happening for _, _, happening in reversed(self._log))
