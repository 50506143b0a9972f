"""Pulling what is new, object by object: each page goes on behind the last row of the one before, by time and id.

Laws. Rows come in the order of `SystemModstamp` (a history's by `CreatedDate`: it has no other), ties by id. What is
younger than a few seconds waits: it may be committed behind rows that are seen already. At an end the next run begins a
while before the last row, by Salesforce's times and not by ours, for what was committed later still; rows that come
again are known by their keys. The end is where Salesforce says so on a page that isn't full: a short page is none. What
can't be read in one piece because it takes too long is read in halves.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import (
    MINUTE_MS,
    SECOND_MS,
    BadPayload,
    Instant,
    Page,
    Permanent,
    RateLimited,
    Record,
    Stream,
    Transient,
    VendorError,
)
from gateway_salesforce.api import Api, Rows, refusal
from gateway_salesforce.reading import id18, moment, needed_id, needed_moment
from gateway_salesforce.schema import Schema, closed_of
from gateway_salesforce.soql import DELETED, HISTORY, After, Kind, page_query

LAG_S: Final = 5
"""So many seconds of the present aren't read yet."""

OVERLAP_MS: Final = 10 * MINUTE_MS
"""So long before the last row is read again: a row may be committed that much later than its own time says."""

OVERLAP_MAX_MS: Final = 60 * MINUTE_MS
"""Rows that are so old aren't read again, though nothing came behind them: a change of thousands at once would be read
for ever. By our clock, which is wrong by less."""

AHEAD_S: Final = 120
"""Our clock may be so many seconds ahead of Salesforce's when a stream is first pulled."""

WINDOW_MIN_MS: Final = SECOND_MS
HALVINGS_MAX: Final = 30
LEARNED_MAX: Final = 20
"""So many columns of one query may turn out not to be there before it is given up."""

SLOW_MAX: Final = 50
"""Places that are remembered because they took too long."""

_TIMEOUT: Final = "QUERY_TIMEOUT"


class Place(NamedTuple):
    """Where a page begins, in a run that began at `start` (milliseconds); `window` is how many milliseconds a page may
    reach where the whole takes too long, 0 where it doesn't."""

    start: int
    after: After
    window: int = 0

    def text(self) -> str:
        """The place as a cursor."""
        return f"{self.start}:{int(self.after.at)}:{self.after.id}:{self.window}"


class Pull:
    """Pulls from one organisation. What took too long is remembered, since no answer may say so."""

    def __init__(self, api: Api, schema: Schema) -> None:
        self._api, self._schema = api, schema
        self._slow: dict[tuple[str, int], int] = {}

    async def page(self, kind: Kind, stream: Stream, cursor: str | None, now: int, where: str = "") -> Page:
        """One page of an object's rows, those alone that meet `where`. Raises VendorError."""
        place = _place(cursor, stream, now)
        at = int(place.after.at)
        shown = max(now - LAG_S * SECOND_MS, at)
        window = self._slow.get((stream.name, at), place.window)
        until = min(shown, at + window) if window else shown
        for _ in range(HALVINGS_MAX):
            try:
                rows = await self._rows(kind, place.after, Instant(until), now, where)
                break
            except (Permanent, Transient) as error:
                half = max(WINDOW_MIN_MS, (until - at) // 2)
                if not _took_too_long(error) or until - at <= WINDOW_MIN_MS:
                    raise
                self._slow = {**dict(list(self._slow.items())[-SLOW_MAX:]), (stream.name, at): half}
                if isinstance(error, Transient):
                    raise
                until = at + half
        else:
            raise Transient(f"{kind.object}: no window is small enough for Salesforce to read it in time")
        self._slow.pop((stream.name, at), None)
        if rows is None:
            return Page([], cursor, False)
        closed = await self._schema.closed(now) if kind is HISTORY else {}
        records = [_record(stream.name, kind, row, closed, now) for row in rows.records]
        return _page(place, rows, kind, records, until, shown)

    async def _rows(self, kind: Kind, after: After, until: Instant, now: int, where: str) -> Rows | None:
        """The rows of a page, by the columns that there are; None where there is no such object."""
        deleted = kind.binned or where == DELETED
        columns = await self._schema.of(kind, now)
        for _ in range(LEARNED_MAX):
            if columns is None:
                return None
            try:
                return await self._api.query(page_query(kind, columns, after, until, where), deleted=deleted)
            except Permanent as error:
                if not self._schema.learns(kind, error):
                    raise
            columns = await self._schema.of(kind, now)
        raise Transient(f"{kind.object}: more than {LEARNED_MAX} columns that are described are not there")


def _took_too_long(error: VendorError) -> bool:
    """Whether a smaller piece might be answered: by Salesforce's own word, or because no answer came at all."""
    if isinstance(error, Permanent):
        return refusal(error).code == _TIMEOUT
    return error.status is None and not isinstance(error, RateLimited)


def _place(cursor: str | None, stream: Stream, now: int) -> Place:
    start, _, rest = (cursor or "").partition(":")
    at, _, rest = rest.partition(":")
    id, _, window = rest.partition(":")
    if start.isdecimal() and at.isdecimal() and window.isdecimal():
        return Place(int(start), After(Instant(int(at)), id), int(window))
    begin = max(0, now // SECOND_MS - max(int(stream.backfill_s), LAG_S + AHEAD_S)) * SECOND_MS
    return Place(begin, After(Instant(begin)))


def _page(place: Place, rows: Rows, kind: Kind, records: list[Record], until: int, shown: int) -> Page:
    """The page, and the cursor behind it."""
    last = _last(rows.records, kind)
    if not rows.done or len(rows.records) >= kind.rows:
        # Rows from elsewhere, of yesterday or of next year, would be read for ever, or be the end of reading.
        if last is None or last == place.after or not place.after.at <= last.at < until:
            raise Transient(f"{kind.object}: Salesforce says that there is more, and shows nothing that is")
        return Page(records, Place(place.start, last, place.window).text(), True, int(last.at))
    if until < shown:
        # What was asked for could be read in time: the next piece is twice as wide.
        wider = 2 * (until - int(place.after.at))
        return Page(records, Place(place.start, After(Instant(until)), wider).text(), True, until)
    seen = last or (place.after if place.after.id else None)
    begin = place.start if seen is None else max(place.start, min(int(seen.at), shown) - OVERLAP_MS)
    begin = max(begin, shown - OVERLAP_MAX_MS)
    return Page(records, Place(begin, After(Instant(begin))).text(), False, shown)


def _last(rows: list[dict[str, Any]], kind: Kind) -> After | None:
    """The place behind the last row."""
    if not rows:
        return None
    try:
        return After(needed_moment(rows[-1], kind.by), needed_id(rows[-1], "Id"))
    except BadPayload as error:
        raise Transient(f"{kind.object}: the vendor answered a row without a place: {error}") from None


def _record(stream: str, kind: Kind, row: dict[str, Any], closed: Mapping[str, bool], now: int) -> Record:
    content: dict[str, Any] = {"object": kind.object, "rows": [row]}
    if kind is HISTORY:
        content["closed"] = closed_of([row], closed)
    return Record(
        body=msgspec.json.encode(content),
        form="row",
        key=_key(kind, row),
        exact=True,
        stream=stream,
        received_at=Instant(now),
    )


def _key(kind: Kind, row: dict[str, Any]) -> str | None:
    try:
        at = moment(row, kind.by)
        return f"{id18(row.get('Id'), 'Id')}:{at}" if at is not None else None
    except BadPayload:
        return None
