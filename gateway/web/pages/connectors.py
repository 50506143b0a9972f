"""The page of the connectors: how each stands, what it has read, what it may still ask, and what goes on; and of the
enrichers: how each stands, and when it answered."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.engine.connections import NEEDIEST, Connection, State, connection_values, connections_of
from gateway.engine.enricher_states import enricher_values, enrichers_of
from gateway.kernel.values import share_of
from gateway.web.asked import only
from gateway.web.metrics import RECORDS as COUNTED
from gateway.web.pages.deeds import DID, done
from gateway.web.pages.page import Frame, Page
from gateway.web.words import name_words

TONES: Final[Mapping[State, str]] = {
    "left_out": "bad",
    "paused": "odd",
    "quarantined": "bad",
    "failing": "bad",
    "warned": "odd",
    "ok": "good",
}
WORDS: Final[Mapping[State, str]] = {
    "left_out": "left out",
    "paused": "paused",
    "quarantined": "quarantined",
    "failing": "failing",
    "warned": "to look at",
    "ok": "ok",
}
TOLD: Final[Mapping[str, str]] = {
    "accepted": "new",
    "duplicates": "known already",
    "refused": "refused",
    "fetched": "looked up",
}
"""What records are counted as, and how that is told."""


class ConnectorsPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (Page("/connectors", "connectors.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """Every connector and every enricher, what needs a person first."""
        only(request, *DID)
        found = sorted(await connections_of(self._gateway), key=lambda one: (NEEDIEST.index(one.state), one.name))
        enrichers = sorted(await enrichers_of(self._gateway), key=lambda one: (NEEDIEST.index(one.state), one.name))
        return {
            "connectors": found,
            "enrichers": enrichers,
            "counted": {one.name: _counted(one.counts or {}) for one in enrichers},
            "shares": {run.id: _share(run) for one in found for run in one.runs},
            "tones": TONES,
            "words": WORDS,
            "counts": {one.name: _counts(one) for one in found},
            "heard": {one.name: _heard(one) for one in found},
            "ways": {one.name: _ways(one) for one in found},
            "done": done(request, self._clock.now()),
        }

    def twin(self, read: Mapping[str, Any]) -> object:
        """The same as the API tells them."""
        return {
            "connectors": [connection_values(one) for one in read["connectors"]],
            "enrichers": [enricher_values(one) for one in read["enrichers"]],
        }


def _share(run: Any) -> int | None:
    """How much of a run is done, in percent; None where that can't be known."""
    length, done = share_of(run)
    return None if length is None else round(100 * done / length)


def _ways(one: Connection) -> str:
    """How news of it come, in words; empty where that isn't known."""
    ways = ["webhooks are taken"] if one.receives else []
    if one.listens is not None:
        ways.append(f"it listens at {', '.join(one.listens)}" if one.listens else "it should listen, and doesn't")
    if one.streams:
        ways.append("it is pulled")
    return ", ".join(ways) if ways or one.receives is None else "none"


def _counts(one: Connection) -> str:
    """What has come since the start, in words."""
    told = [f"{one.counts[name]:,} {word}" for name, word in TOLD.items() if one.counts.get(name)]
    return ", ".join(told)


def _heard(one: Connection) -> str:
    """What a connector that listens has counted of its own, in words: what it heard, and what it left and why."""
    if one.listens is None:
        return ""
    return _counted({name: count for name, count in one.counts.items() if name not in COUNTED})


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name_words(name)} {count:,}" for name, count in sorted(counts.items()))
