"""The page of one contact: where it is, its clocks drawn, why it is so, who is called, and all that happened to it.

It is the explanation, which judges the history again: a long one only where that is asked for. Of an instant of the
past it tells what stood then; nobody acts there.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from aiohttp import web

from gateway.engine.case import Case
from gateway.engine.chronicle import Told, chronicle, happening_view
from gateway.engine.explaining import THREAD, CantTell, coming_of, explained
from gateway.kernel.board import BadPlace
from gateway.kernel.store import ContactRow, StoreUnusable
from gateway.kernel.values import delivery_values
from gateway.rules.card import called
from gateway.web.asked import BadQuestion, instant_of, only, word_of
from gateway.web.auth import WHO
from gateway.web.pages import acting, shown
from gateway.web.pages.facts_shown import shown_facts
from gateway.web.pages.page import Elsewhere, Frame, Missing, Page
from gateway.web.pages.told import told
from gateway.web.viewer import viewer_of

EXPLAINED_MAX: Final = 250
"""Events of a history that is judged again without being asked for: some 20 ms."""

LINES: Final = 50
"""Lines of the timeline on one page."""

DELIVERIES_OF_CONTACT: Final = 50
NEXT_MAX: Final = 5
PLACE_MAX: Final = 2_000


class ContactPage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self._explaining = frame.explaining
        self.pages = (Page("/contacts/{id}", "contact.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """One contact; another name for it leads to its id."""
        only(request, "at", "before", "why", *acting.ASKED)
        name, store = request.match_info["id"], self._gateway.world.store
        row = await store.find_contact(name)
        if row is None:
            raise Missing("There is no such contact, or more than one that begins like this")
        if row.id != name:
            raise Elsewhere(f"/contacts/{row.id}")
        at, before = instant_of(request, "at"), _place_of(request)
        why = word_of(request, "why", ("all",)) is not None
        try:
            happened = await chronicle(store, row.id, limit=LINES, before=before, until=at)
        except BadPlace as error:
            raise BadQuestion(f"before: {error}") from None
        case = await self._case(row, at, why=why)
        values = await self._gateway.world.spawn.call(THREAD, lambda: explained(case))
        return {
            "row": case.row,
            "case": case,
            "now": max(case.now, self._clock.now()),
            "at": at,
            "before": before,
            "happened": happened,
            "values": values,
            "deliveries": await store.deliveries(limit=DELIVERIES_OF_CONTACT, contact=row.id),
            "acts": request[WHO].may("operator") and at is None,
            "done": acting.done(request, case, self._clock.now()),
            **await self._judged(case, request),
        }

    def twin(self, read: Mapping[str, Any]) -> object:
        """The explanation, with the deliveries and the timeline."""
        happened: Told = read["happened"]
        return {
            **read["values"],
            "deliveries": [delivery_values(item) for item in read["deliveries"]],
            "timeline": [happening_view(line) for line in happened.happenings],
            "timeline_next": happened.next,
        }

    async def _case(self, row: ContactRow, at: int | None, *, why: bool) -> Case:
        long = row.state is not None and row.state.events > EXPLAINED_MAX
        try:
            case = await self._explaining.case(row, self._clock.now(), at, path=why or not long)
        except CantTell as error:
            if error.why == "nothing":
                raise Missing(str(error).replace(row.id, "This contact")) from None
            raise BadQuestion(_sentence(str(error))) from None
        except StoreUnusable as error:
            raise BadQuestion(_sentence(str(error))) from None
        if long and not why and at is None and row.state is not None:
            words = f"its history has {row.state.events} events, and is judged again only where that is asked for"
            return replace(case, untold=words)
        return case

    async def _judged(self, case: Case, request: web.Request) -> dict[str, Any]:
        row, state = case.row, case.row.state
        if state is None:
            return {"told": None, "refs": ", ".join(map(str, row.strands)), "long": False}
        zone = viewer_of(request.cookies).zone
        others, others_left_out = shown_facts(case, state)
        return {
            "told": await self._gateway.world.spawn.call(THREAD, partial(told, case, state, zone)),
            "refs": shown.ref_words(state.contact),
            "customer": called(state.contact.customer),
            "others": others,
            "others_left_out": others_left_out,
            "coming": coming_of(case, state)[:NEXT_MAX],
            "long": case.trace is None and state.events > EXPLAINED_MAX,
        }


def _place_of(request: web.Request) -> str | None:
    """Where the timeline goes on. Raises BadQuestion."""
    places = request.query.getall("before", [])
    if not places:
        return None
    if len(places) > 1 or not 0 < len(places[0]) <= PLACE_MAX:
        raise BadQuestion("before is one place that a timeline has given")
    return places[0]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
