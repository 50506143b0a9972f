"""Pulling what is new: the cursor exports of tickets and of users, page by page.

Laws. The export is the truth that webhooks run ahead of: rows come by `generated_timestamp`, never filtered by
`updated_at`. A cursor is Zendesk's own, kept exactly as it was given, and is never built here. The end is where Zendesk
says so; a cursor that doesn't move is an end too, so that no page is turned for ever. Behind an end the next run begins
a little earlier than the last row, by Zendesk's times and not by ours: what was committed late stands there, behind the
cursor. Rows that come again are known by their keys, and the same row with other content is another one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import SECOND_MS, BadPayload, Instant, Json, Page, Record, Stream, Transient, VendorHttp
from gateway_zendesk.api import answer_of, ask, objects, read_as, trimmed
from gateway_zendesk.names import Names
from gateway_zendesk.reading import epoch, moment

TICKETS: Final = "/api/v2/incremental/tickets/cursor"
USERS: Final = "/api/v2/incremental/users/cursor"
LAG_S: Final = 60
"""The most recent minute is missing from the export, and a start within it is refused."""

OVERLAP_S: Final = 300
"""So many seconds before the last row are read again: a row may be shown that much later than others of its time."""

OVERLAP_MAX_S: Final = 3_600
"""Rows that are so many seconds old aren't read again, though nothing came behind them: a change of thousands at once
would take the whole budget for ever. By our clock, which is wrong by less."""

AHEAD_S: Final = 120
"""Our clock may be so many seconds ahead of Zendesk's when a stream is first pulled."""

_FROM_START, _FROM_CURSOR = "start:", "cursor:"


class _Export(msgspec.Struct):
    """A page of tickets. Its rows are read one by one: as objects, a whole page takes four times its own size."""

    tickets: list[msgspec.Raw] | None = None
    users: Any = None
    after_cursor: Any = None
    end_of_stream: Any = None


class _Named(msgspec.Struct):
    """What a ticket names by an id that has a word."""

    brand_id: Any = None
    custom_status_id: Any = None


async def pull_tickets(http: VendorHttp, names: Names, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of tickets, each with the users and names that it points at."""
    place, params = _asked(stream, cursor, now)
    # Without the scope, Zendesk leaves out what its AI agents serve.
    answer = await answer_of(http, TICKETS, {"support_type_scope": "all", "include": "users", **params})
    page = read_as(_Export, answer.body)
    rows = page.tickets or []
    users = {user["id"]: user for user in objects(page.users) if isinstance(user.get("id"), int)}
    named = await names.of_tickets(http, [msgspec.structs.asdict(read_as(_Named, row)) for row in rows], now)
    records = [_ticket(stream.name, read_as(dict[str, Any], row), users, named, now) for row in rows]
    last = [read_as(dict[str, Any], row) for row in rows[-1:]]
    told = {"after_cursor": page.after_cursor, "end_of_stream": page.end_of_stream}
    return _page(told, records, place, _last(last, lambda row: epoch(row, "generated_timestamp")), now)


async def pull_users(http: VendorHttp, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of users, with what is needed of them."""
    place, params = _asked(stream, cursor, now)
    page = await ask(http, USERS, params)
    rows = trimmed(objects(page.get("users")), "active", "created_at", "updated_at")
    records = [_user(stream.name, row, now) for row in rows]
    return _page(page, records, place, _last(rows, lambda row: moment(row, "updated_at")), now)


class _Place(NamedTuple):
    """Where a page begins: `after` is Zendesk's own cursor, None before there is one; `start`, in seconds, is where a
    run begins that follows this one, None where that isn't known."""

    start: int | None = None
    after: str | None = None

    def text(self) -> str:
        """The place as our cursor."""
        if self.after is None:
            return f"{_FROM_START}{self.start}"
        return f"{_FROM_CURSOR}{'' if self.start is None else f'{self.start}:'}{self.after}"


def _asked(stream: Stream, cursor: str | None, now: int) -> tuple[_Place, dict[str, str | int]]:
    """Where the page begins, and how it is asked for."""
    kind, _, rest = (cursor or "").partition(":")
    if f"{kind}:" == _FROM_CURSOR:
        start, _, after = rest.partition(":")
        place = _Place(int(start), after) if after and start.isdecimal() else _Place(None, rest)
        return place, {"cursor": place.after or ""}
    start_s = int(rest) if rest.isdecimal() else _first_start(stream, now)
    return _Place(start_s), {"start_time": start_s}


def _first_start(stream: Stream, now: int) -> int:
    return max(0, now // SECOND_MS - max(int(stream.backfill_s), LAG_S + AHEAD_S))


def _page(page: Json, records: list[Record], place: _Place, last: int | None, now: int) -> Page:
    """The page and the cursor behind it. A cursor that stays ends the run: what is behind it is asked for next time."""
    start, shown = place.start, now - LAG_S * SECOND_MS
    if last is not None:
        start = max(start or 0, min(last, shown) // SECOND_MS - OVERLAP_S)
    more, after = page.get("end_of_stream") is False, page.get("after_cursor")
    if page.get("end_of_stream") is True and start is not None:
        start = max(start, shown // SECOND_MS - OVERLAP_MAX_S)
        return Page(records, _Place(start).text(), False, shown)
    if isinstance(after, str) and after:
        return Page(records, _Place(start, after).text(), more and after != place.after, last if more else shown)
    if more:
        raise Transient("the export says that there is more, but not where")
    return Page(records, place.text(), False, shown)


def _last(rows: list[dict[str, Any]], at: Callable[[Json], int | None]) -> int | None:
    """The time of the last row."""
    try:
        return at(rows[-1]) if rows else None
    except BadPayload:
        return None


def _ticket(stream: str, row: Json, users: Mapping[int, Json], named: Mapping[str, Json], now: int) -> Record:
    id, version = row.get("id"), row.get("generated_timestamp")
    key = f"{id}:{version}" if isinstance(id, int) and isinstance(version, int) else None
    people = dict.fromkeys(user for key in ("requester_id", "submitter_id") if isinstance(user := row.get(key), int))
    # `fields` says the same as `custom_fields` once more, which is a third of a ticket.
    kept = {name: value for name, value in row.items() if name != "fields"}
    content: dict[str, Any] = {"ticket": kept, "users": trimmed(users[user] for user in people if user in users)}
    if named:
        content["names"] = {
            kind: {id: names[id] for id in [str(row.get(key))] if id in names}
            for kind, key in (("brands", "brand_id"), ("custom_statuses", "custom_status_id"))
            if (names := named.get(kind))
        }
    return _row(stream, content, key, now)


def _user(stream: str, row: Json, now: int) -> Record:
    changed = row.get("updated_at")
    key = f"user:{row['id']}:{changed}" if isinstance(changed, str) and len(changed) < 64 else None
    return _row(stream, {"user": row}, key, now)


def _row(stream: str, content: Json, key: str | None, now: int) -> Record:
    body = msgspec.json.encode(content)
    return Record(body=body, form="row", key=key, exact=True, stream=stream, received_at=Instant(now))
