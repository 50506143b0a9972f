"""The paths of a simulated account's API, and what each answers."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from gateway_freshdesk.simulator import lists, persons, writes
from gateway_freshdesk.simulator.answers import PER_PAGE_MAX, listed, nothing_there, reply
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.people import (
    ADMIN,
    GROUPS,
    ROLES,
    agent_json,
    contact_json,
    fields_json,
    group_json,
    role_json,
)

Handler = Callable[..., Awaitable[web.Response]]


async def me(api: Api, request: web.Request) -> web.Response:
    """Whose key it is."""
    return reply(agent_json(api.account.agents[ADMIN]))


async def agents(api: Api, request: web.Request) -> web.Response:
    """Everybody who answers."""
    return listed(request, list(api.account.agents.values()), agent_json, PER_PAGE_MAX, api.base(request))


async def agent(api: Api, request: web.Request, id: str) -> web.Response:
    """Somebody who answers."""
    return reply(agent_json(persons.agent_of(api, id)))


async def contacts(api: Api, request: web.Request) -> web.Response:
    """Everybody who asks, or those of an address."""
    email = request.query.get("email")
    rows = [row for row in api.account.contacts.values() if email in (None, row.email) and not row.deleted]
    return listed(request, rows, contact_json, api.page_size, api.base(request))


async def contact(api: Api, request: web.Request, id: str) -> web.Response:
    """Somebody who asks."""
    return reply(contact_json(persons.contact_of(api, id)))


async def groups(api: Api, request: web.Request) -> web.Response:
    """The groups."""
    at = api.account.created
    return listed(request, list(GROUPS), lambda id: group_json(id, at), PER_PAGE_MAX, api.base(request))


async def group(api: Api, request: web.Request, id: str) -> web.Response:
    """A group."""
    if int(id) not in GROUPS:
        raise nothing_there()
    return reply(group_json(int(id), api.account.created))


async def roles(api: Api, request: web.Request) -> web.Response:
    """What agents may."""
    at = api.account.created
    return listed(request, list(ROLES), lambda id: role_json(id, at), PER_PAGE_MAX, api.base(request))


async def role(api: Api, request: web.Request, id: str) -> web.Response:
    """What an agent may."""
    if int(id) not in ROLES:
        raise nothing_there()
    return reply(role_json(int(id), api.account.created))


async def ticket_fields(api: Api, request: web.Request) -> web.Response:
    """The fields of tickets, or those of a type."""
    kind = request.query.get("type")
    return reply([row for row in fields_json(api.account.created) if kind in (None, row["type"])])


async def helpdesk(api: Api, request: web.Request) -> web.Response:
    """What is set for the whole account."""
    return reply({"primary_language": "en", "supported_languages": [], "portal_languages": []})


async def empty(api: Api, request: web.Request, name: str) -> web.Response:
    """A list of which this account has nothing."""
    return reply([])


async def found_none(api: Api, request: web.Request, name: str) -> web.Response:
    """A search that finds nothing."""
    return reply({"results": [], "total": 0})


_EMPTY: Final = (
    "companies|products|business_hours|email_configs|email/mailboxes|sla_policies|surveys|time_entries|skills|"
    r"canned_response_folders|scenario_automations|discussions/categories|solutions/categories|"
    r"tickets/\d{1,15}/time_entries"
)
_ID: Final = r"(?P<id>\d{1,15})"
ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "tickets", lists.tickets),
    ("GET", rf"tickets/{_ID}", lists.ticket),
    ("GET", rf"tickets/{_ID}/conversations", lists.conversations),
    ("GET", rf"tickets/{_ID}/satisfaction_ratings", lists.ticket_ratings),
    ("GET", "surveys/satisfaction_ratings", lists.ratings),
    ("GET", "search/tickets", lists.search),
    ("GET", r"search/(?P<name>companies|contacts)", found_none),
    ("GET", "ticket_fields", ticket_fields),
    ("GET", "agents/me", me),
    ("GET", "agents", agents),
    ("GET", rf"agents/{_ID}", agent),
    ("GET", "contacts", contacts),
    ("GET", rf"contacts/{_ID}", contact),
    ("GET", "groups", groups),
    ("GET", rf"groups/{_ID}", group),
    ("GET", "roles", roles),
    ("GET", rf"roles/{_ID}", role),
    ("GET", "settings/helpdesk", helpdesk),
    ("GET", rf"(?P<name>{_EMPTY})", empty),
    ("POST", "tickets", writes.create),
    ("POST", "tickets/outbound_email", writes.create_outbound),
    ("PUT", rf"tickets/{_ID}", writes.update),
    ("DELETE", rf"tickets/{_ID}", writes.delete),
    ("PUT", rf"tickets/{_ID}/restore", writes.restore),
    ("POST", rf"tickets/{_ID}/reply", writes.answer),
    ("POST", rf"tickets/{_ID}/notes", writes.note),
    ("PUT", rf"conversations/{_ID}", writes.edit),
    ("POST", "contacts", persons.create_contact),
    ("PUT", rf"contacts/{_ID}", persons.update_contact),
    ("DELETE", rf"contacts/{_ID}", persons.delete_contact),
    ("PUT", rf"contacts/{_ID}/restore", persons.restore_contact),
    ("DELETE", rf"contacts/{_ID}/hard_delete", persons.erase_contact),
    ("PUT", rf"contacts/{_ID}/make_agent", persons.make_agent),
    ("PUT", rf"agents/{_ID}", persons.update_agent),
    ("DELETE", rf"agents/{_ID}", persons.delete_agent),
)
"""Method, path behind /api/v2/, and who answers."""
