"""The board: what breaches next, who has it, and whether a connector is down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from gateway.engine.connections import State, states_of
from gateway.kernel.board import RISK_MS, BadPlace, Sums
from gateway.rules.breaker import Standing
from gateway.web.asked import BadQuestion
from gateway.web.counted import Counted
from gateway.web.health import FAILURES_IN_A_ROW_MIN
from gateway.web.pages.connectors import TONES, WORDS
from gateway.web.pages.filters import NONE, Filters, filters_of
from gateway.web.pages.page import Frame, Page
from gateway.web.pages.shown import STANDINGS
from gateway.web.shapes.board import summary
from gateway.web.shapes.contact import listed

PAGE_ROWS: Final = 50
CHOSEN: Final = ("team", "queue", "channel", "severity", "connector")
"""What can be chosen from what there is."""

LINKS_SHOWN: Final = 8
"""Connectors, and endpoints in trouble, named in the head; what needs a person first."""


@dataclass(frozen=True, slots=True)
class Option:
    """A word that a filter can be set to, and how many open contacts have it."""

    value: str
    name: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector as the head of the board names it; `why` is empty where it is ok."""

    name: str
    state: State
    why: str


class BoardPage:
    """The handlers."""

    def __init__(self, frame: Frame, counted: Counted) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self._counted = counted
        self.pages = (Page("/", "board.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """The open contacts that are asked for, by what breaches next."""
        filters, store, now = filters_of(request.query), self._gateway.world.store, self._clock.now()
        wanted = filters.wanted(now)
        try:
            page = await store.cards(wanted, order="due", limit=PAGE_ROWS, after=filters.after)
        except BadPlace:
            raise BadQuestion("this page of the list isn't there any more: begin again without after") from None
        sums = await store.sums(wanted, risk_before=now + RISK_MS)
        connectors = [Connector(*one) for one in await states_of(self._gateway)]
        endpoints = await self._endpoints(now)
        return {
            "rows": page.rows,
            "next": page.next,
            "sums": sums,
            "filters": filters,
            "options": {field: _options(field, sums, filters) for field in CHOSEN},
            "counts": await self._counted.read(),
            "connectors": connectors,
            "endpoints": endpoints,
            "shown_most": LINKS_SHOWN,
            "connector_words": WORDS,
            "connector_tones": TONES,
            "loops": [loop for loop in self._gateway.loops if loop.failures >= FAILURES_IN_A_ROW_MIN],
        }

    async def _endpoints(self, now: int) -> list[tuple[str, Standing]]:
        """Configured endpoints that don't do well, and how they stand: what is announced doesn't reach them."""
        states = await self._gateway.world.store.endpoint_states()
        stand = {name: state.health.standing(now) for name, state in states.items() if name in self._gateway.endpoints}
        wrong = [(name, how) for name, how in stand.items() if how != "ok"]
        return sorted(wrong, key=lambda one: (STANDINGS.index(one[1]), one[0]))

    def twin(self, read: Mapping[str, Any]) -> object:
        """The same contacts as the API tells them."""
        return {
            "sums": summary(read["sums"], RISK_MS),
            "contacts": [listed(row) for row in read["rows"]],
            "next": read["next"],
            "connectors": [{"name": one.name, "state": one.state} for one in read["connectors"]],
            "endpoints": [{"name": name, "state": how} for name, how in read["endpoints"]],
            "counts": read["counts"],
        }


def _options(field: str, sums: Sums, filters: Filters) -> list[Option]:
    """What a filter can be set to: every word that an open contact has, and those that are chosen."""
    chosen = filters.of(field)
    counts = {word or NONE: count for word, count in sums.words.get(field, {}).items()}
    words = sorted({*counts, *chosen}, key=lambda word: (word == NONE, word))
    return [
        Option(word, f"no {field}" if word == NONE else word, counts.get(word, 0), word in chosen) for word in words
    ]
