"""Pulls the account's events, so that one whose webhook was lost is found.

Laws. Stripe lists the newest first, and an event may be shown later than others of its second: a walk goes from the
newest back to an instant that stays fixed until it has come there, so that no end of the process loses a page; the next
one begins a little before the newest event that this one saw. An event that comes again is known by its id.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import SECOND_MS, BadPayload, Instant, Page, Permanent, Record, Stream, Transient
from gateway_payments.stripe.api import Api, code_of
from gateway_payments.stripe.events import PULLED, without_secrets
from gateway_payments.stripe.reading import an_id, moment

EVENTS: Final = "/v1/events"
PER_PAGE: Final = 100
OVERLAP_S: Final = 300
"""So many seconds before the newest event are read again: one may be shown that much later than others of its time."""

OVERLAP_MAX_S: Final = 3_600
"""Events that are so many seconds old aren't read again, though none came after them: thousands of one minute would
be read for ever."""

AHEAD_S: Final = 120
"""Our clock may be so many seconds ahead of Stripe's when the stream is first pulled."""

_TYPES: Final = {f"types[{place}]": kind for place, kind in enumerate(PULLED)}


class Walk(NamedTuple):
    """Where a walk is: down to `since` (in seconds), behind the event `after`; `newest` is the latest that it has seen,
    in seconds."""

    since: int
    newest: int
    after: str = ""

    def text(self) -> str:
        """As a cursor."""
        return f"{self.since}:{self.newest}:{self.after}"


async def pull_events(api: Api, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of events, as records under their ids. Raises VendorError."""
    walk = _walk(cursor, stream, now)
    params: dict[str, str | int] = {"limit": PER_PAGE, "created[gte]": walk.since, **_TYPES}
    if walk.after:
        params["starting_after"] = walk.after
    try:
        answer = (await api.get(EVENTS, params)).json()
    except Permanent as error:
        if walk.after and code_of(error) == "resource_missing":
            return _end(walk, [], now)  # the event is older than Stripe keeps any: so is all behind it
        raise
    rows = _rows(answer)
    records = [_record(stream.name, row, now) for row in rows]
    newest = max((_created(row) for row in rows), default=walk.newest)
    walk = walk._replace(newest=max(walk.newest, min(newest, now // SECOND_MS + AHEAD_S)))
    if not rows or answer.get("has_more") is not True:
        return _end(walk, records, now)
    after = str(an_id(rows[-1], "id"))
    if after == walk.after:
        raise Transient("the page behind a page of events is that page again")
    return Page(records, walk._replace(after=after).text(), True)


def _walk(cursor: str | None, stream: Stream, now: int) -> Walk:
    since, _, rest = (cursor or "").partition(":")
    newest, _, after = rest.partition(":")
    if since.isdecimal() and newest.isdecimal():
        return Walk(int(since), int(newest), after)
    begin = max(0, now // SECOND_MS - max(int(stream.backfill_s), AHEAD_S))
    return Walk(begin, begin)


def _end(walk: Walk, records: list[Record], now: int) -> Page:
    """The last page of a walk, and where the next one goes down to."""
    since = max(walk.newest - OVERLAP_S, min(now // SECOND_MS - OVERLAP_MAX_S, walk.newest), walk.since)
    return Page(records, Walk(since, since).text(), False, now)


def _rows(answer: Any) -> list[Mapping[str, Any]]:
    """The events of a page, each with an id and a time. Raises Transient for what is no list of events."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) > PER_PAGE:
        raise Transient("the vendor answered no list of events")
    for row in rows:
        if not isinstance(row, dict) or row.get("object") != "event" or not _has_place(row):
            raise Transient("the vendor answered a list of something else than events")
    return rows


def _has_place(row: Mapping[str, Any]) -> bool:
    try:
        return an_id(row, "id") is not None and moment(row, "created") is not None
    except BadPayload:
        return False


def _created(row: Mapping[str, Any]) -> int:
    return (moment(row, "created") or 0) // SECOND_MS


def _record(stream: str, row: Mapping[str, Any], now: int) -> Record:
    body = without_secrets(msgspec.json.encode(row))
    return Record(body=body, form="row", key=an_id(row, "id"), stream=stream, received_at=Instant(now))
