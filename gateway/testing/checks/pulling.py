"""Checks of `pull` and `fetch`, through the real engine: read to the end, from any page on, once and again."""

from dataclasses import replace
from typing import Any, Final

from msgspec.structs import replace as changed

from gateway.engine.pull import begin, wish
from gateway.kernel.store import SyncRow
from gateway.plugin import DAY_MS, HOUR_MS, Instant, Page, Record, Ref, VendorError
from gateway.testing.check import Unmet, check
from gateway.testing.places import told, where, where_raised
from gateway.testing.stage import NAME, Reader, Stage
from gateway.testing.subject import Subject
from gateway.testing.truth import differing, unsaid

PAGES_MAX: Final = 300
"""A stream of a few objects that has more pages than this has no end."""

_ESCAPE: Final = "kit-escape"
_REFS: Final = (
    "", "0", "-1", "99999999999999999999", f"../{_ESCAPE}", f"1/../../{_ESCAPE}", f"1?{_ESCAPE}=1", f"1#{_ESCAPE}",
    f"//{_ESCAPE}.example/", "é", "null", "x" * 1_000,
)  # fmt: skip


@check("pull-ends", "Reading comes to an end", level="bronze", needs=("pulls", "simulates"))
async def pull_ends(subject: Subject) -> None:
    """Every stream of an account with some objects is read in a bounded number of pages; pulled again at once, it ends
    at once; every page is one, and its cursor is text that fits into 10,000 characters.

    Why: the loop is the core's, but only the connector knows where the end is.
    Mend: take `more` from the vendor's own sign of the end, and the cursor from the last page, even if that is empty.
    """
    async with subject.stage(objects=10) as on, subject.reader(on) as ours:
        for stream in ours.streams:
            cursor: str | None = None
            for pages in range(PAGES_MAX + 1):
                page = await _page(ours, stream, cursor)
                if not isinstance(page, Page):
                    raise _unmet(subject, f"pull gives {type(page).__name__}, and should give a Page")
                if page.more and page.cursor == cursor:
                    raise _unmet(subject, f"{stream.name}: there is more, and the cursor stays")
                if page.cursor is not None and len(page.cursor) > 10_000:
                    raise _unmet(subject, f"{stream.name}: the cursor has {len(page.cursor)} characters")
                if page.records and page.cursor is None:
                    raise _unmet(subject, f"{stream.name}: a page with records has no cursor")
                cursor = page.cursor
                if not page.more:
                    break
                if pages == PAGES_MAX:
                    raise _unmet(subject, f"{stream.name}: ten objects, {PAGES_MAX} pages, and no end")
            for _ in range(3):
                page = await _page(ours, stream, cursor)
                cursor = page.cursor
            if page.more:
                raise _unmet(subject, f"{stream.name}: read to its end, it has more each time it is asked")


@check("pull-resumes", "A stop at any page loses nothing", level="bronze", needs=("pulls", "simulates"))
async def pull_resumes(subject: Subject) -> None:
    """Every page is fetched and lost before it is stored, and another instance of the connector goes on from the stored
    cursor; in the end all contacts are there, as without the stops.

    Why: processes are killed, and a cursor that lives in memory dies with them.
    Mend: keep nothing between two pages in the connector; all that it needs is in the cursor.
    """
    async with subject.stage(objects=10) as on:
        async with subject.reader(on) as whole:
            await whole.sync()
            due, rows = await whole.contacts(), _rows(await whole.inbox())
        async with subject.reader(on) as ours:
            for stream in ours.streams:
                await begin(ours.world, ours.link, stream)
                await _page(ours, replace(stream, backfill_s=0.0), None)
                ours.restart()
                await ours.pull(stream)
            stops = 0
            while runs := await ours.store.syncs(connector=NAME):
                stops += 1
                if stops > PAGES_MAX:
                    raise _unmet(subject, f"stopped at every page, it doesn't end in {PAGES_MAX} pages")
                await _past_page(ours, runs[0])
                ours.restart()
                await ours.patiently(lambda run=runs[0]: ours.past_page(run))
            await ours.settle()
            if lost := rows - _rows(await ours.inbox()):
                raise _unmet(subject, f"stopped at every page, {len(lost)} of {len(rows)} rows are lost")
            if what := differing(await ours.contacts(), due):
                raise _unmet(subject, f"stopped at every page, {what}")


@check("pull-empty", "An empty account loses nothing that comes later", level="bronze", needs=("pulls", "simulates"))
async def pull_empty(subject: Subject) -> None:
    """An account without objects is read, and the first page has a cursor all the same; what happens afterwards is
    found, however long the pauses between the pulls.

    Why: a connector that begins "now" as long as there is no cursor skips what happens between two such pulls.
    Mend: give a cursor with the very first page, though it has no records: that of where it began.

    Example::

        return Page(records, page["next"] or cursor or f"since:{start}", more=page["has_more"], reached=reached)
    """
    async with subject.stage() as on, subject.reader(on) as ours:
        for stream in ours.streams:
            if (await _page(ours, replace(stream, backfill_s=0.0), None)).cursor is None:
                raise _unmet(subject, f"{stream.name}: the first page leaves no cursor where it has no records")
        await ours.sync()
        on.clock.pass_(HOUR_MS / 1000)
        await ours.sync()
        await _some(on)
        on.clock.pass_(2 * HOUR_MS / 1000)
        on.shown()
        await ours.sync()
        if not await ours.events():
            raise _unmet(subject, "what happened after two empty pulls is never read")
        if what := unsaid(on.simulator.truth(), await ours.events()):
            raise _unmet(subject, f"after two empty pulls, {what}")


@check("pull-again", "Reading again changes nothing", level="bronze", needs=("pulls", "simulates"))
async def pull_again(subject: Subject) -> None:
    """Read a second time, from the cursor, from the beginning, and with every record normalized once more, the contacts
    stay byte for byte as they are, and the journal takes up no event.

    Why: pages come twice after a crash, and people read the past again when they doubt.
    Mend: make ids of the vendor's own, and don't let a time of reading get into an event.
    """
    async with subject.stage(objects=8) as on, subject.reader(on) as ours:
        await ours.sync()
        due, journal = await ours.contacts(), set(await ours.events())
        for name, again in (
            ("from the cursor", _from_cursor),
            ("from the beginning", _from_start),
            ("normalized again", _twice),
        ):
            on.clock.pass_(60)
            await again(ours)
            if more := set(await ours.events()) - journal:
                raise _unmet(subject, f"{name}, there are {len(more)} events more: {sorted(more)[0]!r}", "normalize")
            if what := differing(await ours.contacts(), due, exact=True):
                raise _unmet(subject, f"{name}, {what}", "normalize")


@check("pull-all-said", "Every row is used, or parked with a reason", level="bronze", needs=("pulls", "simulates"))
async def pull_all_said(subject: Subject) -> None:
    """After a sync no record waits, none is parked because the connector raised, no look-up was given up, and each row
    that was read left an event, a look-up or a reason.

    Why: what falls between is missed by everybody, and noticed by nobody.
    Mend: yield something for every object, or raise BadPayload with the reason.
    """
    async with subject.stage(objects=8) as on, subject.reader(on) as ours:
        await ours.sync()
        for row in await ours.inbox():
            if row.state not in ("done", "parked"):
                raise _unmet(subject, f"a record waits for ever: it is {row.state}", "normalize")
            if row.state == "parked" and (row.form == "look_up" or "the connector raised" in (row.reason or "")):
                raise _unmet(subject, f"a record is parked: {row.reason}", "normalize")
            record = Record(body=row.body, form=row.form, key=row.key, received_at=Instant(row.received_at))
            if row.state == "done" and not list(ours.connector.normalize(record)):
                raise _unmet(subject, f"a {row.form} says nothing, and isn't refused either", "normalize")
        if ours.link.last_fault:
            raise _unmet(subject, f"it raised {ours.link.last_fault}")


@check("pull-reached", "It says how far it has come", level="silver", needs=("pulls", "simulates"))
async def pull_reached(subject: Subject) -> None:
    """`Page.reached` is given, never goes back from page to page, and is never later than now.

    Why: progress, the estimate and the end of a backfill are reckoned from it.
    Mend: give the latest instant up to which the vendor has shown all changes, in milliseconds.
    """
    async with subject.stage(objects=10) as on, subject.reader(on) as ours:
        for stream in ours.streams:
            cursor, latest = None, None
            for _ in range(PAGES_MAX):
                page = await _page(ours, replace(stream, backfill_s=DAY_MS / 1000), cursor)
                if page.reached is None and page.records:
                    raise _unmet(subject, f"{stream.name}: a page doesn't say how far it reaches")
                if page.reached is not None and latest is not None and page.reached < latest:
                    raise _unmet(subject, f"{stream.name}: it reached {latest}, and then {page.reached}")
                if page.reached is not None and page.reached > on.clock.now():
                    raise _unmet(subject, f"{stream.name}: it says that it has reached the future")
                latest, cursor = latest if page.reached is None else page.reached, page.cursor
                if not page.more:
                    break


@check("fetch-strange", "A look-up of something strange finds nothing", level="bronze", needs=("fetches", "simulates"))
async def fetch_strange(subject: Subject) -> None:
    """`fetch` of an object that isn't there, of another kind, or with a path in its id gives no records or a
    VendorError, and asks no other path than that of the object.

    Why: ids come out of payloads, and a payload may come from anybody who has the secret of one webhook.
    Mend: check the kind and the id's letters first; return `[]` where the vendor says that the object is gone.
    """
    async with subject.stage(objects=2) as on, subject.reader(on) as ours:
        kinds = {event.ref.kind for event in on.simulator.truth()} | {"kit_unknown"}
        for kind in sorted(kinds):
            for id in _REFS:
                try:
                    found = list(await ours.connector.fetch(Ref(kind, id), on.clock.now()))
                except VendorError:
                    found = []
                except Exception as error:  # foreign code: whatever it raises is what was found
                    place = where_raised(subject.kind, error, "fetch")
                    raise Unmet(f"fetch of {kind} {id[:30]!r} raises {told(error)}", where=place) from None
                if found:
                    raise _unmet(subject, f"fetch of {kind} {id[:30]!r} brings {len(found)} records", "fetch")
        if any(f"/{_ESCAPE}" in asked.path or _ESCAPE in asked.host for asked in ours.transport.asked):
            raise _unmet(subject, "an id with a path in it leads to that path", "fetch")


async def _page(ours: Reader, stream: Any, cursor: str | None) -> Any:
    return await ours.patiently(lambda: ours.connector.pull(stream, cursor, ours.stage.clock.now()))


async def _past_page(ours: Reader, run: SyncRow) -> None:
    """A page of the past, fetched and lost."""
    stream = next(stream for stream in ours.streams if stream.name == run.stream)
    reach_s = (ours.stage.clock.now() - (run.since or 0)) / 1000
    await _page(ours, replace(stream, backfill_s=reach_s), run.cursor)


async def _from_cursor(ours: Reader) -> None:
    await ours.sync()


async def _from_start(ours: Reader) -> None:
    now = ours.stage.clock.now()
    for stream in ours.streams:
        await ours.store.ask_sync(wish(NAME, stream.name, now, since=now - DAY_MS))
    await ours.sync()


async def _twice(ours: Reader) -> None:
    """Every record once more, under no key: as if the vendor had told it all anew."""
    again = [
        Record(body=row.body, form=row.form, stream=None, received_at=Instant(row.received_at))  # type: ignore[arg-type]
        for row in await ours.inbox()
        if row.form != "look_up"
    ]
    await ours.store.add_records(NAME, [changed(record, historical=True) for record in again])
    await ours.settle()


async def _some(on: Stage) -> None:
    """Every act twice, so that those that need an object find one."""
    await on.acted(*sorted(on.simulator.acts) * 2)


def _rows(rows: list[Any]) -> set[tuple[str | None, bytes]]:
    return {(row.key, b"" if row.key else row.body) for row in rows if row.form == "row"}


def _unmet(subject: Subject, what: str, member: str = "pull") -> Unmet:
    return Unmet(what, where=where(subject.kind, member))
