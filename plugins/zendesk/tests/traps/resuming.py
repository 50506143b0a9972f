"""Traps of going on: a process that is killed, a change that comes late, pages that pile up."""

from functools import partial
from typing import Any

import pytest
from gateway_zendesk import Zendesk, export

from gateway.engine import pull
from gateway.kernel import failpoint
from gateway.plugin import Page, Stream
from gateway.store import SqliteStore
from plugins.zendesk.tests.traps.table import Desk, desk, trap
from tests.support.trap_desk import found_late, gathered, stored_one_by_one


class Killed(BaseException):
    """The process ends here."""


def _cursor_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor is stored as soon as the page is there, and its rows a little later."""
    whole = pull.next_page
    stores: list[SqliteStore] = []
    opened = SqliteStore.open

    async def open_(*given: Any, **more: Any) -> SqliteStore:
        stores.append(await opened(*given, **more))
        return stores[-1]

    async def next_page(connector: Any, stream: Stream, cursor: str | None, now: int) -> Page:
        page = await whole(connector, stream, cursor, now)
        await stores[-1].add_page("kit", stream.name, [], page.cursor)
        return page

    patch.setattr(SqliteStore, "open", open_)
    patch.setattr(pull, "next_page", next_page)


@trap(
    "g",
    "readers of the export",
    wrong="a process was killed between a page and the next, and rows of it were lost or counted twice",
    rule="rows and cursor are one transaction: the next process goes on behind what is stored",
    without=_cursor_first,
)
async def a_kill_loses_nothing() -> None:
    async with desk() as on:
        await on.sync()
        for _ in range(10):
            on.account.open_ticket()
            on.clock.pass_(400)
        on.on.shown()
        kills = 0
        for deadly in (1, 2, 2):
            kills += await _killed_at(on, deadly)
            on.ours.restart()
        await on.sync()
        assert len(await on.ours.rows()) == 10
        assert await on.missing() == ""
        assert kills == 3


async def _killed_at(on: Desk, page: int) -> bool:
    """The process ends when it has a page, before that is stored."""
    passed = 0

    def listener(point: str) -> None:
        nonlocal passed
        passed += point == "page.pulled"
        if point == "page.pulled" and passed == page:
            raise Killed

    failpoint.listen(listener)
    try:
        await on.ours.pull(on.ours.streams[0])
    except Killed:
        return True
    finally:
        failpoint.listen(None)
    return False


@trap(
    "h",
    "estuary #5205, airbyte #27146",
    wrong="a change was committed two minutes late, behind the cursor that had passed its second",
    rule="behind an end the next run begins five minutes before the last row",
    without=lambda patch: patch.setattr(export, "OVERLAP_S", -1),
)
async def late_commits_are_found() -> None:
    async with desk(objects=2) as on:
        await found_late(on)


@trap(
    "47",
    "zenpy #673, #559, #572",
    wrong="every page was kept in memory until the last one had come; paging changed with a library's version",
    rule="a page is stored before the next one is asked for, and the turning of pages is ours",
    without=partial(gathered, Zendesk),
)
async def pages_are_stored_one_by_one() -> None:
    async with desk(objects=12) as on:
        await stored_one_by_one(on, on.ours.streams[0])
