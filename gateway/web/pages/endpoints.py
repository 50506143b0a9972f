"""The pages of the receivers: how each endpoint stands, and what would be sent once more to one of them."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from gateway.engine.operate import DEAD, REPLAYED_MAX
from gateway.kernel.outbox import AuditEntry, EndpointRow
from gateway.kernel.values import endpoint_values, everyone
from gateway.model.instant import DAY_MS, format_instant
from gateway.policy.tryout.moment import read_moment
from gateway.web.asked import BadQuestion, only
from gateway.web.pages import shown
from gateway.web.pages.deeds import DID, done
from gateway.web.pages.page import Frame, Missing, Page
from gateway.web.viewer import viewer_of, wall_words

LOOKED_AT: Final = 50
"""The latest deliveries of an endpoint, of which the share that arrived is told."""

SHARED_MAX: Final = 40
"""Endpoints of which that is told."""

AUDITED: Final = 200
"""The latest deeds among which somebody's test of an endpoint is looked for."""

TEST: Final = "endpoint.test"


class EndpointsPages:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (
            Page("/endpoints", "endpoints.html", self.all, self.all_twin),
            Page("/endpoints/{name}/replay", "replay.html", self.replay, self.replay_twin, "operator"),
        )

    async def all(self, request: web.Request) -> Mapping[str, Any]:
        """Who gets notices."""
        only(request, *DID)
        store, configured, now = self._gateway.world.store, self._gateway.endpoints, self._clock.now()
        rows = everyone(configured, await store.endpoints())
        shares = await self._shares(rows)
        tests = _tests(await store.audit(AUDITED))
        values = [
            {
                **endpoint_values(row, now),
                "configured": row.name in configured,
                "latest": shares.get(row.name),
                "tested": tests[row.name].detail if row.name in tests else None,
            }
            for row in rows
        ]
        return {
            "endpoints": shown.endpoints(rows, configured, now),
            "shares": shares,
            "tests": tests,
            "configured": configured,
            "values": values,
            "done": done(request, now),
        }

    def all_twin(self, read: Mapping[str, Any]) -> object:
        """The same endpoints as the API tells them."""
        return {"endpoints": read["values"]}

    async def replay(self, request: web.Request) -> Mapping[str, Any]:
        """What was given up of an endpoint's deliveries since a time: how much it is, before anybody sends it."""
        only(request, "since", "zone")
        name, now, zone = request.match_info["name"], self._clock.now(), viewer_of(request.cookies).zone
        states = await self._gateway.world.store.endpoint_states()
        if name not in self._gateway.endpoints and name not in states:
            raise Missing("There is no such endpoint")
        text = request.query.get("since", "")
        try:
            since = read_moment(text, request.query.get("zone", "") or zone) if text else now - DAY_MS
        except ValueError as error:
            raise BadQuestion(f"since when: {error}") from None
        count = await self._gateway.world.store.ended_count(
            endpoint=name, since=max(0, since), until=now, states=DEAD, most=REPLAYED_MAX + 1
        )
        return {
            "name": name,
            "since": int(since),
            "wall": wall_words(since, zone)[:16].replace(" ", "T"),
            "count": count,
            "most": REPLAYED_MAX,
        }

    def replay_twin(self, read: Mapping[str, Any]) -> object:
        """How much it is."""
        return {"endpoint": read["name"], "since": format_instant(read["since"]), "dead": read["count"]}

    async def _shares(self, rows: list[EndpointRow]) -> dict[str, dict[str, int]]:
        """Of the latest deliveries that ended: how many arrived, of how many."""
        found = {}
        for row in rows[:SHARED_MAX]:
            latest = await self._gateway.world.store.deliveries(limit=LOOKED_AT, endpoint=row.name)
            ended = [item.state for item in latest if item.state in ("delivered", "dead")]
            if ended:
                found[row.name] = {"delivered": ended.count("delivered"), "ended": len(ended)}
        return found


def _tests(audited: list[AuditEntry]) -> dict[str, AuditEntry]:
    """Each endpoint's latest test."""
    found: dict[str, AuditEntry] = {}
    for entry in audited:
        if entry.action == TEST:
            found.setdefault(entry.object, entry)
    return found
