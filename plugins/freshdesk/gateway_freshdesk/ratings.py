"""Satisfaction ratings: pulling them, and what one says.

Laws. A rating never changes, and Freshdesk doesn't say in which order it lists them: a window over `created_since` is
turned page by page to its end, and only then does the next one begin, a little before the latest that was seen. Which
ratings there are depends on the plan: an account without them is asked again, and nothing more.
"""

from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import (
    SECOND_MS,
    BadPayload,
    CsatReceived,
    Instant,
    Json,
    Page,
    Record,
    Stream,
    Transient,
    VendorHttp,
    format_instant,
    mapping,
)
from gateway_freshdesk.api import sheet, trimmed
from gateway_freshdesk.normalize import ticket_ref
from gateway_freshdesk.reading import moment, needed_id, needed_moment, number
from gateway_freshdesk.windows import AHEAD_S, OVERLAP_MAX_S, OVERLAP_S

PATH: Final = "/api/v2/surveys/satisfaction_ratings"
BEST: Final = 3
"""The best score; the worst is as far below zero."""

_NEUTRAL: Final = 100
_QUESTION: Final = "default_question"


class _Place(NamedTuple):
    """Where a pull goes on: a page of the window that begins at a second, and the latest second on those before it."""

    since: int
    page: int = 1
    latest: int = 0

    def text(self) -> str:
        """The place as our cursor."""
        return f"{self.since}:{self.page}:{self.latest}"


async def pull_ratings(http: VendorHttp, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of ratings."""
    place = _place(stream, cursor, now)
    got = await sheet(http, PATH, {"created_since": format_instant(place.since * SECOND_MS)}, place.page)
    records = [_record(stream.name, row, now) for row in got.rows]
    latest = max([place.latest, *(second for row in got.rows if (second := _second_of(row)) is not None)])
    if got.more and not got.rows:
        raise Transient("the list says that there is more, and shows nothing")
    if got.more:
        return Page(records, _Place(place.since, place.page + 1, latest).text(), True, place.since * SECOND_MS)
    now_s = now // SECOND_MS
    start = max(min(place.since, now_s), min(latest, now_s) - OVERLAP_S, now_s - OVERLAP_MAX_S)
    return Page(records, _Place(start).text(), False, now)


def rating_event(rating: Json) -> CsatReceived:
    """What a rating says."""
    id, answers = needed_id(rating, "id"), mapping(rating.get("ratings"), "ratings")
    told = number(answers, _QUESTION)
    if told is None or not _NEUTRAL <= abs(told) <= _NEUTRAL + BEST or told == -_NEUTRAL:
        raise BadPayload(f"{_QUESTION} is no rating")
    return CsatReceived(
        id=f"rating:{id}",
        at=needed_moment(rating, "created_at"),
        ref=ticket_ref(needed_id(rating, "ticket_id")),
        rev=1,
        score=(abs(told) - _NEUTRAL) * (1 if told > 0 else -1),
        min=-BEST,
        max=BEST,
    )


def _place(stream: Stream, cursor: str | None, now: int) -> _Place:
    parts = (cursor or "").split(":")
    if len(parts) == len(_Place._fields) and all(part.isdecimal() for part in parts):
        return _Place(*(int(part) for part in parts))
    return _Place(max(0, now // SECOND_MS - max(int(stream.backfill_s), AHEAD_S)))


def _second_of(row: Json) -> int | None:
    try:
        at = moment(row, "created_at")
    except BadPayload:
        return None
    return None if at is None else at // SECOND_MS


def _record(stream: str, row: dict[str, Any], now: int) -> Record:
    key = f"rating:{row['id']}" if isinstance(row.get("id"), int) else None
    body = msgspec.json.encode({"rating": trimmed(row)})
    return Record(body=body, form="row", key=key, exact=True, stream=stream, received_at=Instant(now))
