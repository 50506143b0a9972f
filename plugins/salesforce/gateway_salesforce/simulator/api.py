"""What all answers of a simulated org share: its rows, its doorman and limits, its faults, and what is paged through.

Law: a locator belongs to the session that was given it, and is worthless for any other; a user has OPEN_MAX of them,
and one more ends the oldest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from gateway_salesforce.simulator.answers import refusal
from gateway_salesforce.simulator.finding import Found, Seeker
from gateway_salesforce.simulator.limits import Daily
from gateway_salesforce.simulator.oauth import Doorman
from gateway_salesforce.simulator.org import Org
from gateway_salesforce.simulator.people import People
from gateway_salesforce.simulator.push import Pusher
from gateway_salesforce.simulator.schema import Json, Schema

OPEN_MAX: Final = 10
PAGE_MAX: Final = 2_000
PAGE_MIN: Final = 200


@dataclass(slots=True)
class Open:
    """A query whose rows aren't told to the end, and whose session it belongs to."""

    session: str
    rows: list[Json]
    told: Callable[[Json], Json]
    version: str


@dataclass(slots=True)
class Api:
    """Answers for one org. `nested_size`: how many of what hangs on a row are told with it."""

    org: Org
    people: People
    doorman: Doorman
    daily: Daily
    pusher: Pusher
    random: Random
    faults: set[str]
    page_size: int = PAGE_MAX
    nested_size: int = PAGE_MIN
    timeout_ms: int = 3_600_000
    """Over which stretch a query takes too long, under the fault `query_timeout`."""

    slow_s: float = 1.0
    calls: dict[str, int] = field(default_factory=dict)
    """How often each path was asked for."""

    opened: dict[str, Open] = field(default_factory=dict)
    turn: int = 0
    """How many pages were asked for."""

    @property
    def schema(self) -> Schema:
        """What there is for whoever reads now."""
        return Schema(self.faults)

    def seeker(self, version: str, session: str) -> Seeker:
        """Who answers a query."""

        def nested(rows: list[Json], told: Callable[[Json], Json]) -> Json | None:
            return self.page(Open(session, rows, told, version), 0, self.nested_size) if rows else None

        return Seeker(self.org, self.schema, f"/services/data/{version}", nested)

    def page(self, opened: Open, start: int, size: int, locator: str | None = None) -> Json:
        """So many of a query's rows; if more are left, with where they are to be had."""
        if "short_pages" in self.faults:
            self.turn += 1
            size = max(1, size - self.turn % 3)
        rows = opened.rows[start : start + size]
        end = start + len(rows)
        done = end >= len(opened.rows)
        answer: Json = {"totalSize": len(opened.rows), "done": done}
        if not done:
            locator = locator or self._open(opened)
            answer["nextRecordsUrl"] = f"/services/data/{opened.version}/query/{locator}-{end}"
        return {**answer, "records": [opened.told(row) for row in rows]}

    def first(self, found: Found, session: str, version: str, size: int) -> Json:
        """The first page of what was found."""
        return self.page(Open(session, found.rows, found.told, version), 0, size)

    def next(self, name: str, session: str, size: int) -> Json:
        """The page at a locator. Raises Refusal."""
        locator, _, start = name.rpartition("-")
        opened = self.opened.get(locator)
        if opened is None or opened.session != session or not start.isdigit() or len(start) > 9:
            raise refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self.page(opened, int(start), size, locator)

    def _open(self, opened: Open) -> str:
        while len(self.opened) >= OPEN_MAX:
            del self.opened[next(iter(self.opened))]
        locator = f"01g5g0{self.random.getrandbits(48):012x}"
        self.opened[locator] = opened
        return locator

    def user_json(self, base: str) -> dict[str, Any]:
        """Who asks."""
        who = self.org.row(self.people.reader)
        assert who is not None  # noqa: S101 - the org is opened with them
        values = who.values
        return {
            "sub": f"{base}/id/{self.people.organization}/{who.id}",
            "user_id": who.id,
            "organization_id": self.people.organization,
            "preferred_username": values["Username"],
            "name": values["Name"],
            "email": values["Email"],
            "user_type": "STANDARD",
            "active": True,
            "urls": {
                "rest": f"{base}/services/data/v{{version}}/",
                "query": f"{base}/services/data/v{{version}}/query/",
                "sobjects": f"{base}/services/data/v{{version}}/sobjects/",
                "custom_domain": base,
            },
        }
