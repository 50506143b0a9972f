"""Pulling changed tickets: windows over `updated_since`, of which only the first page is ever turned to.

Laws. Every request says `updated_since`: without it Freshdesk shows the last thirty days and says nothing of it. While
pages are turned, tickets that change move to the end of the list and what is behind them moves up: whoever goes on with
page 2 misses some. So the next window begins at the last row's second, inclusive, and asks for its first page; rows
that come again are known by their keys. A second with more tickets than a page has is walked from its last page back to
its first: rows only leave a second that is over, towards the first page, so that one may be seen twice, and none is
missed. Its last page is looked for one page at a time, and the cursor knows how far: a budget that is spent meanwhile
makes no search begin anew. Behind an end the next run begins a little earlier than the last row, by Freshdesk's times
and not by ours: what was committed late stands there.
"""

from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import (
    SECOND_MS,
    BadPayload,
    Instant,
    Page,
    Permanent,
    Record,
    Stream,
    Transient,
    VendorHttp,
    format_instant,
)
from gateway_freshdesk.api import Params, Sheet, sheet, trimmed
from gateway_freshdesk.labels import StatusLabels
from gateway_freshdesk.reading import is_settled, moment

PATH: Final = "/api/v2/tickets"
INCLUDE: Final = "requester,stats,description"
"""What stands beside each row, at two credits each."""

PAGES_MAX: Final = 300
"""Freshdesk refuses every page behind this one."""

OVERLAP_S: Final = 300
"""So many seconds before the last row are read again: a row may be shown that much later than others of its time."""

OVERLAP_MAX_S: Final = 3_600
"""Rows that are so many seconds old aren't read again, though nothing came behind them: a change of thousands at once
would take the whole budget for ever. By our clock, which is wrong by less."""

AHEAD_S: Final = 120
"""Our clock may be so many seconds ahead of Freshdesk's when a stream is first pulled."""

_SINCE: Final = "since"
_BAD_REQUEST: Final = 400


class _Place(NamedTuple):
    """Where a pull goes on, in seconds: `begun` is where the run began, `second` where the window begins that is next;
    with a `page`, that page and those before it are still to be read of that one second.

    With `beyond` too, the last page of the second is looked for: `page` begins within it, `beyond` doesn't; 0 where no
    page is known that doesn't.
    """

    begun: int
    second: int
    page: int | None = None
    beyond: int | None = None

    def text(self) -> str:
        """The place as our cursor."""
        return ":".join([_SINCE, *(str(one) for one in self if one is not None)])

    def at(self, second: int, page: int | None = None, beyond: int | None = None) -> "_Place":
        """Another place of the same run."""
        return _Place(self.begun, second, page, beyond)

    def next_run(self, last: int | None, now: int) -> "_Place":
        """Where the next run begins, if this place is the end and `last` is the second of its last row."""
        now_s = now // SECOND_MS
        behind = self.second if last is None else last
        # Within this run nothing before this place was read again: another change may stand there by now.
        start = max(min(self.begun, now_s), min(behind, now_s) - OVERLAP_S, now_s - OVERLAP_MAX_S)
        return _Place(start, start)


async def pull_window(
    http: VendorHttp, labels: StatusLabels, stream: Stream, filter: str | None, cursor: str | None, now: int
) -> Page:
    """One page of the tickets that changed; of those that `filter` names, where it isn't None."""
    place = _place(stream, cursor, now)
    params: dict[str, str | int] = {
        "updated_since": format_instant(place.second * SECOND_MS),
        "order_by": "updated_at",
        "order_type": "asc",
    }
    if filter is not None:
        params["filter"] = filter
    if place.page is not None and place.beyond is not None:
        nearer = await _nearer(http, params, place, place.page, place.beyond)
        return Page([], nearer.text(), True, _reached(place.second))
    got = await sheet(http, PATH, {**params, "include": INCLUDE}, place.page or 1)
    named = await labels.of(http, got.rows, now)
    records = [_record(stream.name, row, named, now) for row in got.rows]
    if place.page is not None:
        following = place.at(place.second, place.page - 1) if place.page > 1 else place.at(place.second + 1)
        return Page(records, following.text(), True, _reached(place.second))
    last = _last(got.rows)
    if not got.more:
        return Page(records, place.next_run(last, now).text(), False, now)
    if last is None:
        raise Transient("the list says that there is more, but not where")
    if last > place.second:
        return Page(records, place.at(last).text(), True, _reached(last))
    return Page(records, place.at(place.second, 1, 0).text(), True, _reached(place.second))


def _place(stream: Stream, cursor: str | None, now: int) -> _Place:
    kind, *parts = (cursor or "").split(":")
    if kind == _SINCE and len(parts) in (2, 3, 4) and all(part.isdecimal() for part in parts):
        return _Place(*map(int, parts))
    start = max(0, now // SECOND_MS - max(int(stream.backfill_s), AHEAD_S))
    return _Place(start, start)


def _reached(second: int) -> int:
    """How far has been read where the rows of this second are perhaps not all of them."""
    return second * SECOND_MS - 1


async def _nearer(http: VendorHttp, params: Params, place: _Place, inside: int, outside: int) -> _Place:
    """One step nearer to the last page that begins with a row of the place's second, or where it is walked from. Rows
    only leave the second: later on it is no later page."""
    asked = (inside + outside) // 2 if outside else 2 * inside
    if await _is_inside(http, params, asked, place.second):
        inside = asked
    else:
        outside = asked
    if outside != inside + 1:
        return place.at(place.second, inside, outside)
    if inside > 1:
        await _see_the_wall(http, params, place.second, inside)
    return place.at(place.second, inside)


async def _see_the_wall(http: VendorHttp, params: Params, second: int, last: int) -> None:
    """Raise Permanent where the second goes on behind the last page that Freshdesk shows."""
    if await _turned(http, params, last + 1) is not None:
        return
    got = await _turned(http, params, last)
    if got is not None and got.more and _last(got.rows) == second:
        at = format_instant(second * SECOND_MS)
        raise Permanent(
            f"more than {last} pages of tickets were changed in the second {at}: Freshdesk shows no more of them"
        )


async def _turned(http: VendorHttp, params: Params, page: int) -> Sheet | None:
    """One page without what stands beside its rows; None behind the wall."""
    try:
        return await sheet(http, PATH, params, page)
    except Permanent as error:
        if page > 1 and error.status == _BAD_REQUEST:
            return None
        raise


async def _is_inside(http: VendorHttp, params: Params, page: int, second: int) -> bool:
    """Whether a page begins with a row of this second."""
    got = await _turned(http, params, page) if page <= PAGES_MAX else None
    if got is None or not got.rows:
        return False
    first = _second_of(got.rows[0])
    return first is not None and first <= second


def _last(rows: list[dict[str, Any]]) -> int | None:
    """The second of the last row."""
    return max((second for row in rows if (second := _second_of(row)) is not None), default=None)


def _second_of(row: dict[str, Any]) -> int | None:
    try:
        at = moment(row, "updated_at")
    except BadPayload:
        return None
    return None if at is None else at // SECOND_MS


def _record(stream: str, row: dict[str, Any], labels: dict[str, str], now: int) -> Record:
    id, second = row.get("id"), _second_of(row)
    key = None
    if isinstance(id, int) and second is not None:
        # With the stream: that a row stands among the deleted ones says more than the row. Until its second is over, a
        # row may change under the same time: read again behind it, the same row is another record, and final.
        final = is_settled(second * SECOND_MS, now)
        key = f"{stream}:{id}:{second}" if final else f"{stream}:{id}:{second}:open"
    own = labels.get(str(row.get("status")))
    content: dict[str, Any] = {"ticket": trimmed(row)}
    if own is not None:
        content["labels"] = {str(row["status"]): own}
    return Record(
        body=msgspec.json.encode(content), form="row", key=key, exact=True, stream=stream, received_at=Instant(now)
    )
