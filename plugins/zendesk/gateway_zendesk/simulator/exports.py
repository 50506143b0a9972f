"""The incremental exports of a simulated account, by cursor and by time.

As Zendesk does it: rows go by (generated_timestamp, id), without the latest minute. A cursor is that place in base64. A
page by time has whole seconds, and says as `end_time` the second behind its last row; but the second of its last row
where the page is full or the last, so that this second comes again, and a second with more rows than a page never ends.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from gateway.plugin import SECOND_MS
from gateway_zendesk.simulator.answers import Refusal, included, invalid, number, reply
from gateway_zendesk.simulator.api import Api
from gateway_zendesk.simulator.people import User, organizations_json, user_json
from gateway_zendesk.simulator.ticket import Json, Ticket
from gateway_zendesk.simulator.views import audit_json, sideloads, ticket_json, within

PER_PAGE_MAX: Final = 1_000
SAMPLE: Final = 50
Place = tuple[int, int]


async def tickets_by_cursor(api: Api, request: web.Request) -> web.Response:
    """`/incremental/tickets/cursor`."""
    everyone = request.query.get("support_type_scope") == "all"

    def rows(after: Place, until_s: int) -> Iterator[Ticket]:
        return api.account.shown(after, until_s, everyone=everyone)

    return reply(_by_cursor(api, request, "tickets", rows, _ticket_rows(api, request)))


async def users_by_cursor(api: Api, request: web.Request) -> web.Response:
    """`/incremental/users/cursor`."""
    return reply(_by_cursor(api, request, "users", _users(api), _user_rows(api)))


async def tickets_by_time(api: Api, request: web.Request) -> web.Response:
    """`/incremental/tickets`."""
    everyone = request.query.get("support_type_scope") == "all"

    def rows(after: Place, until_s: int) -> Iterator[Ticket]:
        return api.account.shown(after, until_s, everyone=everyone)

    return reply(_by_time(api, request, "tickets", rows, _ticket_rows(api, request)))


async def users_by_time(api: Api, request: web.Request) -> web.Response:
    """`/incremental/users`."""
    return reply(_by_time(api, request, "users", _users(api), _user_rows(api)))


async def organizations_by_time(api: Api, request: web.Request) -> web.Response:
    """`/incremental/organizations`: all of them on one page."""
    api.export_begins()
    start = _start(api, request)
    rows = [row for row in organizations_json(api.base(request), api.account.created) if start <= _created_s(api)]
    end = _created_s(api) if rows else None
    return reply(_told_by_time(api, request, "organizations", {"organizations": rows}, end, over=True))


async def ticket_events_by_time(api: Api, request: web.Request) -> web.Response:
    """`/incremental/ticket_events`: the entries of the logs. What was said in conversations is not among them."""
    comments = "comment_events" in included(request)

    everyone = request.query.get("support_type_scope") == "all"

    def rows(after: Place, until_s: int) -> Iterator[Ticket]:
        return (row for row in api.account.shown(after, until_s, everyone=everyone) if not row.gone)

    def shown(tickets: list[Ticket]) -> Json:
        return {"ticket_events": [row for ticket in tickets for row in _events(api, ticket, comments=comments)]}

    return reply(_by_time(api, request, "ticket_events", rows, shown))


async def metric_events_by_time(api: Api, request: web.Request) -> web.Response:
    """`/incremental/ticket_metric_events`: this account has no policies, so that nothing is measured."""
    api.export_begins()
    # A client of years sends the very second here: the rule of the last minute is not asked of this export.
    _seconds(request)
    return reply(_told_by_time(api, request, "ticket_metric_events", {"ticket_metric_events": []}, None, over=True))


async def sample(api: Api, request: web.Request, resource: str) -> web.Response:
    """`/incremental/{tickets,users}/sample`: a few rows."""
    start = _start(api, request)
    found: Json
    if resource == "users":
        found = _user_rows(api)([*islice(_users(api)((start, -1), _until(api)), SAMPLE)])
    elif resource == "tickets":
        rows = api.account.shown((start, -1), _until(api), everyone=False)
        found = _ticket_rows(api, request)([*islice(rows, SAMPLE)])
    else:
        raise invalid("there is no sample of this")
    return reply({**found, "count": len(found[resource]), "end_time": None, "next_page": None, "end_of_stream": True})


def _by_cursor(api: Api, request: web.Request, name: str, rows: Any, shown: Callable[[list[Any]], Json]) -> Json:
    api.export_begins()
    given = request.query.get("cursor")
    after = (_start(api, request), -1) if given is None else place_of(given)
    size = _size(api, request)
    found: list[Any] = [*islice(rows(after, _until(api)), size + 1)]
    page, over = found[:size], len(found) <= size
    last = _place(page[-1]) if page else after
    cursor = cursor_of(last) if page or given is not None else None
    if "repeat_cursor" in api.faults and given is not None:
        cursor, over = given, False
    if "null_cursor" in api.faults:
        cursor = None
    url = f"{api.base(request)}{request.path}?{_turned(request, 'cursor', cursor)}"
    return {
        **(shown(page) or {name: []}),
        "after_url": url if cursor is not None else None,
        "before_url": None,
        "after_cursor": cursor,
        "before_cursor": None,
        "end_of_stream": over,
    }


def _by_time(api: Api, request: web.Request, name: str, rows: Any, shown: Callable[[list[Any]], Json]) -> Json:
    api.export_begins()
    start, size = _start(api, request), _size(api, request)
    found: list[Any] = [*islice(rows((start, -1), _until(api)), size + 1)]
    page, over = found[:size], len(found) <= size
    end = page[-1].written if page else None
    if not over and found[size].written == end and page[0].written != end:
        # A second that doesn't fit any more comes with the next page.
        page = [row for row in page if row.written != end]
        end = page[-1].written + 1
    return _told_by_time(api, request, name, shown(page), end, over=over)


def _told_by_time(api: Api, request: web.Request, name: str, found: Json, end: int | None, *, over: bool) -> Json:
    url = f"{api.base(request)}{request.path}?{_turned(request, 'start_time', end)}"
    return {
        **found,
        "count": len(found[name]),
        "end_time": end,
        "next_page": url if end is not None else None,
        "end_of_stream": over,
    }


def _turned(request: web.Request, name: str, value: object) -> str:
    """The query of the next page: what was asked for stays."""
    kept = {key: given for key, given in request.query.items() if key not in ("start_time", "cursor")}
    return urlencode({name: str(value), **kept})


def _ticket_rows(api: Api, request: web.Request) -> Callable[[list[Ticket]], Json]:
    wanted, base = included(request), api.base(request)

    def shown(page: list[Ticket]) -> Json:
        rows = [ticket_json(row, base, exported=True) for row in page]
        if wanted:
            rows = [{**row, **within(api.account, ticket, wanted)} for row, ticket in zip(rows, page, strict=True)]
        return {"tickets": rows, **sideloads(api.account, page, wanted, base), **api.beside(request, wanted)}

    return shown


def _users(api: Api) -> Callable[[Place, int], Iterator[User]]:
    def rows(after: Place, until_s: int) -> Iterator[User]:
        return (api.account.users[id] for _, id in api.account.user_order.after(after, until_s))

    return rows


def _user_rows(api: Api) -> Callable[[list[User]], Json]:
    return lambda page: {"users": [user_json(user, "") for user in page]}


def _events(api: Api, ticket: Ticket, *, comments: bool) -> Iterator[Json]:
    for audit in api.account.whole(ticket.id).log or []:
        told = audit_json(api.account, audit)
        children = [entry for entry in told["events"] if comments or entry["type"] != "Comment"]
        yield {
            "id": audit["id"],
            "ticket_id": ticket.id,
            "created_at": audit["created_at"],
            "timestamp": ticket.written,
            "updater_id": audit["author_id"],
            "via": "Web form",
            "system": told["metadata"]["system"],
            "metadata": {},
            "event_type": "Audit",
            "child_events": [
                {**entry, "event_type": entry["type"], "via": "Web form", "created_at": audit["created_at"]}
                for entry in children
            ],
        }


def _start(api: Api, request: web.Request) -> int:
    start = _seconds(request)
    if start > _until(api):
        raise invalid(f"start_time must be at least {api.account.export_lag_s} seconds ago")
    return start


def _seconds(request: web.Request) -> int:
    """When to start, in seconds: the digits that it begins with, whatever follows. Foreign clients send fractions."""
    digits = re.match(r"\d{1,12}", request.query.get("start_time", ""), re.ASCII)
    if digits is None:
        raise invalid("start_time is no number of seconds")
    return int(digits.group())


def _until(api: Api) -> int:
    return api.now() // SECOND_MS - api.account.export_lag_s


def _created_s(api: Api) -> int:
    return api.account.created // SECOND_MS


def _size(api: Api, request: web.Request) -> int:
    return max(1, min(number(request, "per_page", api.page_size), api.page_size, PER_PAGE_MAX))


def _place(row: Ticket | User) -> Place:
    return row.written, row.id


def cursor_of(place: Place) -> str:
    """A place in an export as a cursor."""
    return base64.b64encode(f"{place[0]}.0||{place[1]}|".encode()).decode()


def place_of(cursor: str) -> Place:
    """The place at which a cursor stands. Raises Refusal."""
    try:
        second, _, rest = base64.b64decode(cursor, validate=True).decode().partition(".0||")
        return int(second), int(rest.removesuffix("|"))
    except (binascii.Error, UnicodeError, ValueError):
        raise Refusal(400, {"error": "InvalidCursor", "description": "the cursor is not ours"}) from None
