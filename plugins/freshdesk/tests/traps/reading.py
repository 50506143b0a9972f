"""Traps of reading: the wall of pages, thirty days, rows that move, a second with many, a late change."""

from contextlib import suppress
from functools import partial
from typing import Any

import gateway_freshdesk
import pytest
from gateway_freshdesk import Freshdesk, windows

from gateway.plugin import SECOND_MS, Page, Permanent, Stream, format_instant
from plugins.freshdesk.tests.traps.table import Desk, desk, trap
from tests.support.trap_desk import found_late, gathered, stored_one_by_one


def _by_number(patch: pytest.MonkeyPatch, *, window_moves: bool = False) -> None:
    """A window's pages are turned by number, until there are no more or they are refused. The cursor holds the number,
    and the beginning of the window, or of the one behind the page that was read."""

    async def pull(http: Any, labels: Any, stream: Stream, filter: Any, cursor: str | None, now: int) -> Page:
        since, _, number = (cursor or "").partition(":")
        second = int(since) if since else now // SECOND_MS - max(int(stream.backfill_s), 120)
        params = {"updated_since": format_instant(second * SECOND_MS), "order_by": "updated_at", "order_type": "asc"}
        if filter is not None:
            params["filter"] = filter
        with suppress(Permanent):
            got = await windows.sheet(http, windows.PATH, {**params, "include": windows.INCLUDE}, int(number or 1))
            records = [windows._record(stream.name, row, {}, now) for row in got.rows]
            last = windows._last(got.rows) or second
            if got.more:
                following = f"{last if window_moves else second}:{int(number or 1) + 1}"
                return Page(records, following, True, last * SECOND_MS)
            return Page(records, str(max(second, last)), False, now)
        return Page([], str(second), False, now)

    patch.setattr(gateway_freshdesk, "pull_window", pull)


@trap(
    "38",
    "airbyte #3858, #4002, onyx #11062",
    wrong="Freshdesk refuses the 301st page, and whatever lay behind thirty thousand tickets was never read",
    rule="the next window begins where the last row stood, and only its first page is asked for",
    without=_by_number,
)
async def the_wall_is_never_met() -> None:
    async with desk(objects=20) as on:
        on.account.api.pages_max = 3
        await on.sync()
        assert len(await on.ours.rows()) == 20
        assert await on.missing() == ""


def _without_since(patch: pytest.MonkeyPatch) -> None:
    """No request says `updated_since`."""
    whole = windows.sheet

    async def sheet(http: Any, path: str, params: Any, page: int = 1) -> Any:
        return await whole(http, path, {name: value for name, value in params.items() if name != "updated_since"}, page)

    patch.setattr(windows, "sheet", sheet)


@trap(
    "39",
    "airbyte #6133, #6442",
    wrong="a list that doesn't say since when shows the last thirty days, and nothing says so",
    rule="every request says `updated_since`, the first one too",
    without=_without_since,
)
async def the_past_is_asked_for() -> None:
    async with desk(days=90) as on:
        old = on.account.open_ticket(at=on.clock.now() - 60 * 86_400 * SECOND_MS)
        on.account.agent_comment(old, at=on.clock.now() - 59 * 86_400 * SECOND_MS)
        await on.sync()
        assert await on.status(old) == "open"


@trap(
    "40",
    "tap-freshdesk #29",
    wrong="a ticket changed while pages were turned, the rows behind it moved up, and one was passed over",
    rule="a page is never counted: what is behind the last row is asked for by that row's time, inclusive",
    without=_by_number,
)
async def rows_move_while_pages_turn() -> None:
    async with desk() as on:
        opened = await _opened(on, 12)
        on.account.fault("drift")
        await on.ours.pull(on.ours.streams[0])
        on.account.fault("drift", on=False)
        assert {row.strands[0].id for row in await _judged(on)} == {str(id) for id in opened}


@trap(
    "41",
    "NangoHQ/integration-templates #646",
    wrong="the place to go on at was a window that had moved and the number of a page of the one before",
    rule="the place is the beginning of a window, and nothing else",
    without=lambda patch: _by_number(patch, window_moves=True),
)
async def places_are_times() -> None:
    async with desk() as on:
        opened = await _opened(on, 12)
        await on.ours.pull(on.ours.streams[0])
        assert {row.strands[0].id for row in await _judged(on)} == {str(id) for id in opened}


def _next_second(patch: pytest.MonkeyPatch) -> None:
    """A window that its own second fills is followed by the next second."""

    async def nearer(http: Any, params: Any, place: Any, inside: int, outside: int) -> Any:
        return place.at(place.second, 1)

    patch.setattr(windows, "_nearer", nearer)


@trap(
    "a",
    "PostHog #59215, estuary #1789, airbyte #3858",
    wrong="a bulk change gave more tickets one time than a page holds: the same page for ever, or the rest was skipped",
    rule="such a second is walked from its last page back to its first, since rows only leave it",
    without=_next_second,
)
async def more_than_a_page_in_a_second() -> None:
    async with desk(objects=14) as on:
        await on.sync()
        on.account.bulk_update(tag="recalled")
        on.clock.pass_(30)
        await on.sync()
        assert await on.missing() == ""
        assert all("recalled" in row.state.contact.tags for row in await on.ours.rows() if _is_here(row))


@trap(
    "b",
    "airbyte #27146, estuary #5205",
    wrong="a change was committed two minutes late, behind the place that had passed its second",
    rule="behind an end the next run begins five minutes before the last row",
    without=lambda patch: patch.setattr(windows, "OVERLAP_S", -1),
)
async def late_commits_are_found() -> None:
    async with desk(objects=2) as on:
        await found_late(on)


@trap(
    "47",
    "zenpy #673, #559, #572",
    wrong="every page was kept in memory until the last one had come; paging changed with a library's version",
    rule="a page is stored before the next one is asked for, and the turning of pages is ours",
    without=partial(gathered, Freshdesk),
)
async def pages_are_stored_one_by_one() -> None:
    async with desk(objects=12) as on:
        await stored_one_by_one(on, on.ours.streams[0])


async def _opened(on: Desk, count: int) -> list[int]:
    """So many tickets, opened one by one after the first pull: more than a page."""
    await on.ours.pull(on.ours.streams[0])
    found = []
    for _ in range(count):
        found.append(on.account.open_ticket())
        on.clock.pass_(1)
    on.on.shown()
    return found


async def _judged(on: Desk) -> list[Any]:
    """What is known of contacts, once what was read is judged."""
    await on.ours.settle()
    return list(await on.ours.rows())


def _is_here(row: Any) -> bool:
    """Whether a contact's ticket is neither deleted nor spam."""
    return row.state is not None and row.state.contact.status != "deleted"
