"""Traps of reading: rows that come late or in one second, pages that die with a token, what no page ever shows."""

import re
from typing import Any

import gateway_salesforce
import pytest
from gateway_salesforce import api, pull
from gateway_salesforce.api import Api, Rows
from gateway_salesforce.soql import After

from gateway.plugin import Instant
from plugins.salesforce.tests.traps.table import Desk, desk, trap, whole
from tests.support.trap_desk import found_late


@trap(
    "25",
    "airbyte #27146, #42537, #42490, #37528",
    wrong="a row was committed a while after the time in its stamp, behind the reader, and was missed",
    rule="the last seconds wait, and behind an end the next run begins ten minutes before the last row",
    without=lambda patch: patch.setattr(pull, "OVERLAP_MS", 0),
)
async def late_commits_are_found() -> None:
    async with desk(objects=2) as on:
        await found_late(on)


def _by_time_alone(patch: pytest.MonkeyPatch) -> None:
    """The next page begins behind the last row's time."""
    query = pull.page_query

    def strictly(kind: Any, columns: Any, after: After, until: Instant, where: str = "") -> str:
        return query(kind, columns, After(Instant(after.at + bool(after.id))), until, where)

    patch.setattr(pull, "page_query", strictly)


@trap(
    "26",
    "supaglue #532",
    wrong="more rows than a page holds had one stamp, and those behind the page's end were never read",
    rule="a page goes on behind the last row's stamp and id, both",
    without=_by_time_alone,
)
async def one_stamp_is_many_rows() -> None:
    async with desk() as on:
        cases = [on.account.open_ticket() for _ in range(10)]
        await on.sync()
        on.clock.pass_(60)
        assert on.account.bulk_update(cases) == 10
        await on.sync()
        known = [await on.contact(case) for case in cases]
        assert [contact and contact.fields["reason"] for contact in known] == ["Bulk"] * 10
        assert await on.missing() == ""


def _by_locator(patch: pytest.MonkeyPatch) -> None:
    """The next page is where the last answer said that it is."""
    following: dict[str, str] = {}

    async def query(self: Api, soql: str, *, deleted: bool = False) -> Rows:
        object = re.findall(r" FROM (\w+) WHERE", soql)[-1:]
        path = following.pop(str(object), None) if " AND Id > " in soql else None
        asked = self.ask("queryAll" if deleted else "query", {"q": soql}) if path is None else self.at(path)
        answer: Any = await asked
        if "nextRecordsUrl" in answer:
            following[str(object)] = answer["nextRecordsUrl"]
        return Rows(answer["records"], answer["done"])

    patch.setattr(Api, "query", query)


@trap(
    "27",
    "airbyte #84302, simple-salesforce #95",
    wrong="the pointer to the next page belonged to a token, and was worthless when that had been renewed",
    rule="the next page is asked for by what the last one ended with, under any token; no pointer is followed",
    without=_by_locator,
)
async def pages_outlive_tokens() -> None:
    async with desk() as on:
        cases = [on.account.open_ticket() for _ in range(10)]
        on.on.shown()
        cases_of = on.stream("Case")
        await on.ours.pull(cases_of)
        run = next(run for run in await on.ours.store.syncs(connector="kit") if run.stream == cases_of.name)
        run = await on.ours.past_page(run)
        on.account.fault("revoked")
        while run.ended_at is None:
            following: list[Any] = []
            await whole(_paged(on, run, following))
            (run,) = following
        await on.sync()
        assert [await on.status(case) for case in cases] == ["new"] * 10


async def _paged(on: Desk, run: Any, following: list[Any]) -> None:
    following.append(await on.ours.past_page(run))


def _without_deleted(patch: pytest.MonkeyPatch) -> None:
    streams = gateway_salesforce._streams
    patch.setattr(
        gateway_salesforce,
        "_streams",
        lambda settings: tuple(one for one in streams(settings) if one.name != gateway_salesforce.REMOVED),
    )


@trap(
    "28",
    "airbyte #10155",
    wrong="no query shows what was deleted, and it stayed as it had been",
    rule="a stream of its own asks for what is in the recycle bin, merged cases with it",
    without=_without_deleted,
)
async def deletions_are_asked_for() -> None:
    async with desk() as on:
        gone, merged, kept = (on.account.open_ticket() for _ in range(3))
        await on.sync()
        on.clock.pass_(60)
        on.account.delete(gone)
        on.account.merge(merged, kept)
        await on.sync()
        assert [await on.status(case) for case in (gone, merged, kept)] == ["deleted", "merged", "new"]
        assert await on.missing() == ""


@trap(
    "29",
    "airbyte #17503, #27969",
    wrong="a query over too long a time was refused as too slow, and was asked again just so",
    rule="what can't be read in one piece is read in halves, and the width is kept with the place",
    without=lambda patch: patch.setattr(pull, "_took_too_long", lambda error: False),
)
async def wide_windows_are_halved() -> None:
    async with desk(objects=14) as on:
        on.account.fault("query_timeout")
        await whole(on.sync())
        assert len(await on.ours.rows()) == 14
        assert await on.missing() == ""


@trap(
    "33",
    "airbyte #36885",
    wrong="a 406 came now and then, for a page like any other, and ended the reading",
    rule="a 406 is asked again, a few times",
    without=lambda patch: patch.setattr(api, "NOT_ACCEPTABLE", 0),
)
async def a_406_is_asked_again() -> None:
    async with desk(objects=6) as on:
        on.account.fault("not_acceptable")
        await whole(on.sync())
        assert len(await on.ours.rows()) == 6
