"""The queues: how much waits in each, by channel, and what of it breaches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.kernel.board import RISK_MS, QueueRow
from gateway.web.asked import only
from gateway.web.pages.filters import NONE, Filters
from gateway.web.pages.page import Frame, Page
from gateway.web.shapes.board import queue_list

LOAD_WIDTH: Final = 100


@dataclass(frozen=True, slots=True)
class Load:
    """A bar: how wide each part is, of LOAD_WIDTH for the fullest row; none is so thin that nobody sees it."""

    breached: float
    risk: float
    rest: float


@dataclass(frozen=True, slots=True)
class Line:
    """One queue by channel, with its bar and the address of its contacts."""

    row: QueueRow
    load: Load
    filters: Filters


@dataclass(frozen=True, slots=True)
class Team:
    """The sums over a team's queues."""

    name: str
    queues: int
    open: int
    waiting: int
    longest_since: int | None
    breached: int
    at_risk: int
    unassigned: int
    filters: Filters


class QueuesPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._store = frame.gateway.world.store
        self._clock = frame.clock
        self.pages = (Page("/queues", "queues.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """Every queue that has an open contact."""
        only(request)
        rows = await self._store.queues(risk_before=self._clock.now() + RISK_MS)
        return {"lines": lines(rows), "teams": teams(rows), "rows": rows}

    def twin(self, read: Mapping[str, Any]) -> object:
        """The same queues as the API tells them."""
        return queue_list(read["rows"], RISK_MS)


def lines(rows: Sequence[QueueRow]) -> list[Line]:
    """Every row with its bar: the queues with most breached first, then most at risk, then by name."""
    most = max((row.open for row in rows), default=1)
    trouble: dict[str, tuple[int, int]] = {}
    for row in rows:
        breached, at_risk = trouble.get(row.queue, (0, 0))
        trouble[row.queue] = (breached + row.breached, at_risk + row.at_risk)
    ordered = sorted(rows, key=lambda row: (*(-count for count in trouble[row.queue]), row.queue, row.channel))
    return [
        Line(row, load_of(row, most), Filters((("queue", row.queue or NONE), ("channel", row.channel))))
        for row in ordered
    ]


def load_of(row: QueueRow, most: int) -> Load:
    """The bar of a row, where `most` open contacts fill it."""
    breached, risk = (_width(count, most) for count in (row.breached, row.at_risk))
    whole = max(_width(row.open, most), breached + risk)
    return Load(breached, risk, round(min(whole, LOAD_WIDTH) - breached - risk, 1))


def teams(rows: Iterable[QueueRow]) -> list[Team]:
    """The sums by team; queues without a team under an empty name."""
    by_team: dict[str, list[QueueRow]] = {}
    for row in rows:
        by_team.setdefault(row.team, []).append(row)
    return [_team(name, by_team[name]) for name in sorted(by_team)]


def _team(name: str, rows: Sequence[QueueRow]) -> Team:
    return Team(
        name=name,
        queues=len({row.queue for row in rows}),
        open=sum(row.open for row in rows),
        waiting=sum(row.waiting for row in rows),
        longest_since=min((row.longest_since for row in rows if row.longest_since is not None), default=None),
        breached=sum(row.breached for row in rows),
        at_risk=sum(row.at_risk for row in rows),
        unassigned=sum(row.unassigned for row in rows),
        filters=Filters((("team", name),)) if name else Filters((("queue", NONE),)),
    )


def _width(count: int, most: int) -> float:
    return max(2.0, round(count / most * LOAD_WIDTH, 1)) if count else 0.0
