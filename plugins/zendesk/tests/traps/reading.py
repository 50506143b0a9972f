"""Traps of reading: cursors that lose rows, pages that never end, rows that come late, twice or again."""

from typing import Any

import pytest
from gateway_zendesk import export, lookup
from msgspec.structs import replace

from gateway.engine.pull import wish
from gateway.plugin import DAY_MS, Page
from plugins.zendesk.tests.traps.table import Ask, Desk, desk, exported, filtered, trap

FIELD = 360_000_000_001


def _forward_from_now(patch: pytest.MonkeyPatch) -> None:
    """The next page begins now."""
    patch.setattr(
        export,
        "_asked",
        lambda stream, cursor, now: (export._Place(now // 1000 - 61), {"start_time": now // 1000 - 61}),
    )


@trap(
    "1",
    "airbyte #28173",
    wrong="the next page was asked for from now on, and not from where the last one ended",
    rule="the cursor goes back exactly as it came, stored in one transaction with the rows before it",
    without=_forward_from_now,
)
async def cursor_is_the_vendors() -> None:
    async with desk(objects=10) as on:
        await on.sync()
        assert len(await on.ours.rows()) == 10


def _by_updated_at(patch: pytest.MonkeyPatch) -> None:
    """A row is known by the ticket's id and the time of its last change."""
    whole = export._ticket

    def ticket(stream: str, row: Any, *rest: Any) -> Any:
        return replace(whole(stream, row, *rest), key=f"{row['id']}:{row['updated_at']}", exact=False)

    patch.setattr(export, "_ticket", ticket)


async def _changed_by_the_system(on: Desk) -> None:
    """A ticket gets another priority, and its time of change stays: the export shows it anew all the same."""
    id = on.account.open_ticket()
    await on.sync()
    on.clock.pass_(600)
    ticket = on.account.account.touch(id)
    ticket.priority = "urgent"
    on.account.system_change(id)
    await on.sync()
    assert (await on.contact(id)).priority == "urgent"


@trap(
    "2",
    "airbyte #28774, dlt verified-sources #621",
    wrong="rows were told apart, and dropped, by `updated_at`, while the export goes by `generated_timestamp`",
    rule="`generated_timestamp` names a version; no row is dropped for being old",
    without=_by_updated_at,
)
async def versions_are_generated() -> None:
    async with desk() as on:
        await _changed_by_the_system(on)


def _only_younger(patch: pytest.MonkeyPatch) -> None:
    """What hasn't changed since the last pull is left out."""
    latest = [""]

    def younger(rows: list[Any]) -> list[Any]:
        kept = [row for row in rows if row["updated_at"] > latest[0]]
        latest[0] = max([latest[0], *(row["updated_at"] for row in kept)])
        return kept

    filtered(patch, younger)


@trap(
    "c",
    "readers of the export",
    wrong="a row with an old `updated_at` and a new `generated_timestamp` was taken for one that is known",
    rule="what the export shows is read, whatever its own times say",
    without=_only_younger,
)
async def old_rows_are_read() -> None:
    async with desk() as on:
        await _changed_by_the_system(on)


def _by_time(patch: pytest.MonkeyPatch) -> None:
    """The export by time, which shows the second of its last row again."""

    async def pages(ask: Ask, params: Any) -> Any:
        start = params.get("start_time", params.get("cursor"))
        page = await ask("/api/v2/incremental/tickets.json", {**params, "start_time": start})
        return {**page, "after_cursor": str(page["end_time"] or start)}

    exported(patch, pages)


@trap(
    "3",
    "dlt verified-sources #659, airbyte #11901",
    wrong="the export by time shows the last second again, and rows were counted twice",
    rule="only the export by cursor is read, and a row counts once under its id and version",
    without=lambda patch: _by_time(patch),
)
async def boundaries_count_once() -> None:
    async with desk(objects=6) as on:
        stream = on.ours.streams[0]
        await on.ours.store.ask_sync(wish("kit", stream.name, on.clock.now(), since=on.clock.now() - DAY_MS))
        (run,) = await on.ours.store.syncs(connector="kit")
        while run.ended_at is None:
            run = await on.ours.patiently(lambda run=run: on.ours.past_page(run))  # type: ignore[misc]
        assert (run.accepted, run.duplicates) == (6, 0)


@trap(
    "4",
    "zenpy #451, zendesk_api_client_rb #168, PostHog #59215, estuary #1789, airbyte #31164, pipeshub #2836",
    wrong="at the end the next page is this page again: it was turned for ever, until 429, and read each time",
    rule="`end_of_stream` ends a run, and so does a cursor that stays; what is behind it is read the next time",
    without=lambda patch: _turning(patch),
)
async def pages_end() -> None:
    async with desk(objects=10) as on:
        on.account.fault("repeat_cursor")
        await on.ours.pull(on.ours.streams[0])
        (run, *_) = await on.ours.store.syncs(connector="kit")
        for _ in range(6):
            if run.ended_at is None:
                run = await _turned(on, run)
        assert run.ended_at is not None
        on.account.fault("repeat_cursor", on=False)
        await on.ours.store.ask_sync(wish("kit", "tickets", on.clock.now(), since=on.clock.now() - DAY_MS))
        await on.sync()
        assert len(await on.ours.rows()) == 10


async def _turned(on: Desk, run: Any) -> Any:
    try:
        return await on.ours.past_page(run)
    except RuntimeError as error:  # the core's own guard, which must not be needed
        raise AssertionError("the connector turns a page for ever") from error


def _turning(patch: pytest.MonkeyPatch) -> None:
    """A cursor that stays is no end."""
    whole = export._page

    def page(told: Any, records: Any, *rest: Any) -> Page:
        made = whole(told, records, *rest)
        return Page(made.records, made.cursor, told.get("end_of_stream") is False, made.reached)

    patch.setattr(export, "_page", page)


def _strictly_behind(patch: pytest.MonkeyPatch) -> None:
    """Only rows behind the last one's second are new."""
    last = [0]

    def behind(rows: list[Any]) -> list[Any]:
        kept = [row for row in rows if row["generated_timestamp"] > last[0]]
        last[0] = max([last[0], *(row["generated_timestamp"] for row in kept)])
        return kept

    filtered(patch, behind)


async def _many_in_one_second(on: Desk) -> None:
    await on.sync()
    on.clock.pass_(60)
    assert on.account.bulk_update() > 8
    await on.sync()
    tagged = [row for row in await on.ours.rows() if row.state and "bulk" in row.state.contact.tags]
    changed = [event for event in on.account.truth() if getattr(event, "tags", ()) and "bulk" in event.tags]
    assert len(tagged) == len({event.ref for event in changed}) > 8
    assert await on.missing() == ""


@trap(
    "4b",
    "estuary #5009, #5010, #5205",
    wrong="rows were compared with the place of the last one, and those of the same second were lost",
    rule="no row is filtered here: what comes again is known by its key",
    without=_strictly_behind,
)
async def same_second_is_new() -> None:
    async with desk(objects=14) as on:
        await _many_in_one_second(on)


@trap(
    "a",
    "PostHog #59215, estuary #1789",
    wrong="a second with more rows than a page holds was never passed",
    rule="the cursor knows the place within a second; times are no cursors",
    without=lambda patch: _by_time(patch),
)
async def more_than_a_page_in_a_second() -> None:
    async with desk(objects=14) as on:
        try:
            await _many_in_one_second(on)
        except RuntimeError as error:
            raise AssertionError("a page is turned for ever") from error


@trap(
    "5",
    "airbyte #10613, #13951",
    wrong="lists leave out tickets that were archived after 120 days, and a full reading lost them",
    rule="the past is read from the export, which has them; what isn't shown is never taken for deleted",
    without=lambda patch: patch.setattr(export, "TICKETS", "/api/v2/tickets"),
)
async def archived_tickets_are_read() -> None:
    async with desk(days=300) as on:
        long_ago = on.clock.now() - 200 * DAY_MS
        id = on.account.open_ticket(at=long_ago)
        for turn, status in enumerate(("solved", "closed"), 1):
            on.account.set_status(id, status, at=long_ago + turn * 60_000)
        young = on.account.open_ticket(at=on.clock.now() - DAY_MS)
        await on.sync()
        assert await on.status(young) == "new"
        assert await on.status(id) == "closed"


@trap(
    "6",
    "airbyte #10829",
    wrong="a change within the second of another one was taken for known, by its time alone",
    rule="a look-up settles a version only when its second is over, and a row with other content is another row",
    without=lambda patch: patch.setattr(lookup, "is_settled", lambda version, read_at: True),
)
async def a_second_is_not_over() -> None:
    async with desk(pushes=True) as on:
        id = on.account.open_ticket()
        on.clock.pass_(60)
        on.account.set_priority(id, "high")
        await on.pushed()
        on.account.fault("lose")
        on.account.set_field(id, "ORD-9")
        await on.sync()
        assert "ORD-9" in (await on.contact(id)).fields.values()
        changes = [event for event in await on.said(id) if event.id.startswith("audit:")]
        assert any("ORD-9" in (getattr(event, "fields", None) or {}).values() for event in changes)


def _by_number(patch: pytest.MonkeyPatch) -> None:
    """Pages are counted, in an order in which rows move."""

    async def pages(ask: Ask, params: Any) -> Any:
        start, _, done = str(params.get("cursor", f"{params.get('start_time')}:0")).partition(":")
        # All that there is, cut into pages of four.
        page = await ask(export.TICKETS, {"start_time": start, "include": "users", "support_type_scope": "all"})
        rows = list(page["tickets"])
        while page["end_of_stream"] is False:
            page = await ask(export.TICKETS, {"cursor": page["after_cursor"], "include": "users"})
            rows += page["tickets"]
        first = int(done)
        told = {**page, "tickets": rows[first : first + 4]}
        return {**told, "after_cursor": f"{start}:{first + 4}", "end_of_stream": first + 4 >= len(rows)}

    exported(patch, pages)


@trap(
    "b",
    "readers of the export",
    wrong="a ticket changed while pages were turned, the rows behind it moved up, and one was passed over",
    rule="pages are turned by the cursor alone, which is a place among the rows and no count of them",
    without=_by_number,
)
async def rows_move_while_pages_turn() -> None:
    async with desk(objects=10, export_per_minute=1_000) as on:
        on.account.api.limits.export.per_minute = None
        await on.ours.pull(on.ours.streams[0])
        (run, *_) = await on.ours.store.syncs(connector="kit")
        run = await on.ours.past_page(run)
        first = min(int(row.strands[0].id) for row in await _judged(on))
        on.account.add_tags(first, "moved")
        while run.ended_at is None:
            run = await on.ours.past_page(run)
        await on.sync()
        assert len(await on.ours.rows()) == 10
        assert await on.missing() == ""


async def _judged(on: Desk) -> Any:
    await on.ours.settle()
    return await on.ours.rows()
