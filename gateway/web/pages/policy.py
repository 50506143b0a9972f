"""The policy map: the rules in force, where they lead, how often each was used, and a box to try them out."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from gateway.engine.policy_reading import ReadPolicy
from gateway.kernel.store import StoreUnusable
from gateway.kernel.values import policy_values
from gateway.model.instant import DAY_MS
from gateway.policy.tryout.outcome import Outcome
from gateway.policy.tryout.view import outcome_view, path_view
from gateway.web.asked import BadQuestion, only
from gateway.web.pages import tryout_shown
from gateway.web.pages.page import Frame, Page
from gateway.web.pages.policy_map import caption, drawn, lit_of, used_of
from gateway.web.pages.policy_values import map_values
from gateway.web.viewer import viewer_of


class PolicyPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self.pages = (Page("/policy", "policy.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """The policy in force, and the answer where a contact is asked about."""
        only(request, *tryout_shown.NAMES)
        if any(len(request.query.getall(name)) > 1 for name in request.query):
            raise BadQuestion("each name may stand in the query once")
        return await self._read(dict(request.query), viewer_of(request.cookies).zone)

    def twin(self, read: Mapping[str, Any]) -> object:
        """The same as values."""
        policy: ReadPolicy | None = read["policy"]
        if policy is None:
            return {"policy": None, "why": read["why"] or None}
        form, outcome = read["form"], read["outcome"]
        wrong = [{"field": name, "why": why} for name, whys in form.wrong.items() for why in whys]
        return {
            "policy": {**policy_values(policy.row), "file": policy.file or None},
            **map_values(policy.outline, read["used"]),
            "tried": None if outcome is None else outcome_view(outcome),
            "wrong": wrong,
        }

    async def _read(self, texts: Mapping[str, str], zone: str) -> Mapping[str, Any]:
        now, store = self._clock.now(), self._gateway.world.store
        form, asked = tryout_shown.read(texts, now, zone)
        policy, why = None, ""
        try:
            policy = await self._gateway.reading.in_force(now)
        except StoreUnusable as error:
            why = str(error)
        if policy is None:
            return {"policy": None, "why": why, "form": form, "outcome": None}
        outcome: Outcome | None = None
        if form.sent and asked is not None:
            outcome = await self._gateway.reading.tried(asked, now)
        used = used_of(await store.tallies(now - DAY_MS), await store.queues(risk_before=now))
        lit = frozenset[str]() if outcome is None else lit_of(path_view(outcome))
        return {
            "policy": policy,
            "why": "",
            "outline": policy.outline,
            "used": used,
            "map": drawn(policy.outline, used, lit),
            "caption": caption(policy.outline, used),
            "lit": lit,
            "form": form,
            "asked_zone": "" if form.text(tryout_shown.CONTACT).strip() else form.text("zone").strip(),
            "outcome": outcome,
            "clocks": () if outcome is None else tryout_shown.promises(outcome),
            "nexts": () if outcome is None else tryout_shown.nexts(outcome),
            "tried": () if outcome is None else tryout_shown.tried(outcome),
            "open_now": await self._gateway.reading.open_calendars(now),
        }
