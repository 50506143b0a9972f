"""A simulated ticket as the account holds it, and the order in which an export shows things.

Times are milliseconds of whole seconds, but `written`, which is seconds. A ticket of a seeded history has no log: the
log is told again when somebody asks.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.plugin import SECOND_MS, format_instant

Json = dict[str, Any]

FIELDS: Final = {
    "status": "status",
    "priority": "priority",
    "type": "type",
    "tags": "tags",
    "subject": "subject",
    "assignee_id": "assignee",
    "group_id": "group",
    "requester_id": "requester",
    "organization_id": "organization",
    "brand_id": "brand",
    "custom_status_id": "custom_status",
}
"""The API's names of what an agent can change, and ours."""


def second(at: int) -> str:
    """A time as the API writes it."""
    return format_instant(at // SECOND_MS * SECOND_MS)


@dataclass(frozen=True, slots=True)
class Rating:
    """What the customer thinks of it: good or bad."""

    id: int
    score: str
    comment: str | None
    at: int


@dataclass(slots=True)
class Ticket:
    """One ticket. `written`: its place in the export. `shown_from`: when the export shows it at the earliest, in ms."""

    id: int
    created: int
    updated: int
    requester: int
    submitter: int
    channel: str
    subject: str | None
    description: str
    brand: int
    status: str = "new"
    custom_status: int | None = None
    priority: str | None = None
    type: str | None = None
    tags: list[str] = field(default_factory=list)
    assignee: int | None = None
    group: int | None = None
    organization: int | None = None
    fields: dict[int, Any] | None = None
    support_type: str = "agent"
    messaging: bool = False
    rating: Rating | None = None
    merged_into: int | None = None
    before_deletion: str | None = None
    deletions: int = 0
    spam: bool = False
    purged: bool = False
    scrubbed_at: int | None = None
    written: int = 0
    shown_from: int = 0
    seeded: bool = False
    log: list[Json] | None = None
    talk: list[Json] | None = None

    @property
    def gone(self) -> bool:
        """Whether the API knows it no more."""
        return self.status == "deleted"

    @property
    def scrubbed(self) -> bool:
        """Whether Zendesk has taken its content out."""
        return self.scrubbed_at is not None


class Order:
    """Things by (second, id), as the exports go; moving one is cheap."""

    def __init__(self) -> None:
        self._places: list[tuple[int, int]] = []
        self._at: dict[int, int] = {}

    def put(self, id: int, second: int) -> None:
        """Place a thing, or move it."""
        if (before := self._at.get(id)) is not None:
            if before == second:
                return
            del self._places[bisect_left(self._places, (before, id))]
        self._at[id] = second
        place = (second, id)
        if not self._places or self._places[-1] < place:
            self._places.append(place)
        else:
            insort(self._places, place)

    def put_all(self, places: list[tuple[int, int]]) -> None:
        """Place many new things at once."""
        self._at.update({id: second for second, id in places})
        self._places = sorted([*self._places, *places])

    def after(self, place: tuple[int, int], until_s: int) -> Iterator[tuple[int, int]]:
        """The places behind `place`, before the second `until_s`."""
        start, end = bisect_right(self._places, place), bisect_left(self._places, (until_s, -1))
        for index in range(start, end):
            yield self._places[index]
