"""The lists of a simulated account: of tickets by windows of time, and of ratings.

As Freshdesk does it: without `updated_since` only what was created in the last thirty days; with it, what changed in
that second or later. Pages go by number, up to the 300th, over the list as it is at the time of each request: what
changes between two of them moves to the end, and everything behind it a place forward.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from aiohttp import web

from gateway.plugin import DAY_MS
from gateway_freshdesk.simulator import desk
from gateway_freshdesk.simulator.account import DELETED, SPAM, THERE
from gateway_freshdesk.simulator.answers import (
    Refusal,
    chosen,
    instant,
    invalid,
    listed,
    next_link,
    no_feature,
    nothing_there,
    page_of,
    reply,
)
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.people import AGENT
from gateway_freshdesk.simulator.ticket import OPEN, Rating, Ticket, whole
from gateway_freshdesk.simulator.views import entry_json, rating_json, said, ticket_json

DEFAULT_MS: Final = 30 * DAY_MS
FILTERS: Final = ("new_and_my_open", "watching", SPAM, DELETED)
ORDERS: Final[dict[str, Callable[[Ticket], Any]]] = {
    "created_at": lambda ticket: (ticket.created, ticket.id),
    "updated_at": lambda ticket: (ticket.updated, ticket.id),
    "due_by": lambda ticket: (ticket.created, ticket.id),
    "status": lambda ticket: (ticket.status, ticket.id),
}
SEARCH_SIZE: Final = 30
SEARCH_PAGES: Final = 10
_LISTED: Final = ("requester", "stats", "description", "company")
_VIEWED: Final = ("requester", "stats", "conversations", "company", "sla_policy")


def included(request: web.Request) -> frozenset[str]:
    """What the request wants included."""
    return frozenset(request.query.get("include", "").replace(" ", "").split(",")) - {""}


def _wanted(request: web.Request, allowed: Sequence[str]) -> frozenset[str]:
    wanted = included(request)
    if wanted - set(allowed):
        raise invalid("include", f"It should be one of these values: '{','.join(allowed)}'")
    return wanted


async def tickets(api: Api, request: web.Request) -> web.Response:
    """A page of the tickets."""
    wanted = _wanted(request, _LISTED)
    by = chosen(request, "order_by", tuple(ORDERS), "created_at")
    downwards = chosen(request, "order_type", ("asc", "desc"), "desc") == "desc"
    page, size = page_of(request, api.page_size)
    if page > api.pages_max:
        message = f"You cannot access tickets beyond the {api.pages_max}th page. Please provide a smaller page number."
        raise invalid("page", message)
    ids = _chosen_ids(api, request)
    if by != "updated_at":
        ids.sort(key=lambda id: ORDERS[by](api.account.tickets[id]))
    if downwards:
        ids.reverse()
    found = [api.account.tickets[id] for id in ids[(page - 1) * size : page * size]]
    rows = [ticket_json(api.account, row, wanted, described="description" in wanted) for row in found]
    if "drift" in api.faults and found and not found[0].gone:
        desk.moved(found[0], api.now())
        api.account.place(found[0])
    more = len(ids) > page * size
    return reply(rows, headers=next_link(request, page, api.base(request)) if more else None)


def _chosen_ids(api: Api, request: web.Request) -> list[int]:
    """The tickets that are asked for, in the order of their last change."""
    name = chosen(request, "filter", ("", *FILTERS), "")
    since = instant(request, "updated_since")
    ids = api.account.since(name if name in (DELETED, SPAM) else THERE, 0 if since is None else whole(since))
    known = api.account.tickets
    if since is None:
        ids = [id for id in ids if known[id].created >= api.now() - DEFAULT_MS]
    if name == "watching":
        return []  # nobody watches anything here
    if name == "new_and_my_open":
        ids = [id for id in ids if known[id].status == OPEN and known[id].assignee in (None, AGENT)]
    if (requester := request.query.get("requester_id")) is not None:
        ids = [id for id in ids if str(known[id].requester) == requester]
    if (email := request.query.get("email")) is not None:
        asked = {person.id for person in api.account.contacts.values() if person.email == email}
        ids = [id for id in ids if known[id].requester in asked]
    return ids


async def ticket(api: Api, request: web.Request, id: str) -> web.Response:
    """One ticket. What is deleted or spam is shown, and says so."""
    wanted = _wanted(request, _VIEWED)
    return reply(ticket_json(api.account, found(api, id), wanted, described=True))


async def conversations(api: Api, request: web.Request, id: str) -> web.Response:
    """What was said, the oldest first."""
    row = found(api, id)
    return listed(request, said(row), lambda entry: entry_json(row, entry), api.page_size, api.base(request))


async def ticket_ratings(api: Api, request: web.Request, id: str) -> web.Response:
    """What the customer thinks of a ticket, where the plan asks them."""
    _asks(api)
    row = found(api, id)
    return listed(request, row.ratings, lambda one: rating_json(row, one), api.page_size, api.base(request))


async def ratings(api: Api, request: web.Request) -> web.Response:
    """What customers think, where the plan asks them; the newest first."""
    _asks(api)
    since = instant(request, "created_since") or 0
    shown = [row for row in api.account.all() if not row.gone and row.shown_from <= api.now()]
    rows = [(row, one) for row in shown for one in row.ratings if one.at >= whole(since)]
    rows.sort(key=_by_age, reverse=True)
    return listed(request, rows, lambda pair: rating_json(*pair), api.page_size, api.base(request))


async def search(api: Api, request: web.Request) -> web.Response:
    """A search by status, priority, agent_id, group_id and tag: alternatives with OR between, in parentheses, and AND
    between those."""
    query = request.query.get("query", "")
    page, _ = page_of(request, SEARCH_SIZE)
    if len(query) < 2 or not (query.startswith('"') and query.endswith('"')):
        raise invalid("query", "Query should be enclosed in double quotes")
    if page > SEARCH_PAGES:
        raise invalid("page", f"You cannot access results beyond the {SEARCH_PAGES}th page")
    parts = _parts(query)
    rows = [
        row for row in api.account.all() if not row.gone and all(any(_fits(row, one) for one in part) for part in parts)
    ]
    rows.sort(key=ORDERS["created_at"], reverse=True)
    shown = rows[(page - 1) * SEARCH_SIZE : page * SEARCH_SIZE]
    results = [ticket_json(api.account, row, frozenset(), described=True) for row in shown]
    return reply({"results": results, "total": len(rows)})


def found(api: Api, id: str) -> Ticket:
    """A ticket, removed ones too. Raises Refusal."""
    row = api.account.tickets.get(int(id))
    if row is None:
        raise nothing_there()
    return row


def _asks(api: Api) -> None:
    if "plan" in api.faults:
        raise no_feature("Surveys")


def _by_age(pair: tuple[Ticket, Rating]) -> tuple[int, int]:
    return pair[1].at, pair[1].id


def _parts(query: str) -> list[list[tuple[str, str]]]:
    """The conditions of a search, each with its alternatives. Raises Refusal."""
    words = [[one.strip().partition(":") for one in part.strip().strip("()").split(" OR ")] for part in _ands(query)]
    if any(not middle for part in words for _, middle, _ in part):
        raise Refusal(400, {"description": "Validation failed", "errors": [{"message": "invalid query"}]})
    return [[(name.strip(), value.strip().strip("'")) for name, _, value in part] for part in words]


def _ands(query: str) -> list[str]:
    return query[1:-1].split(" AND ")


def _fits(row: Ticket, part: tuple[str, str]) -> bool:
    name, value = part
    known = {"status": row.status, "priority": row.priority, "agent_id": row.assignee, "group_id": row.group}
    if name == "tag":
        return value in row.tags
    if name not in known:
        raise invalid(name, "Unexpected/invalid field in request", "invalid_field")
    return str(known[name] or "null") == value
