"""What clients of a simulated account's API may write of tickets, and what is refused.

A list of tags replaces those that there are. What is deleted or spam may not be changed.
"""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from gateway_freshdesk.simulator import desk
from gateway_freshdesk.simulator.answers import invalid, not_here, nothing_there, reply, sent
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.lists import found
from gateway_freshdesk.simulator.people import ADMIN, PRIORITIES, STATUSES, Person
from gateway_freshdesk.simulator.story import MEDIA
from gateway_freshdesk.simulator.ticket import OUTBOUND, Json, Ticket
from gateway_freshdesk.simulator.views import entry_json, ticket_json

_NAMES: Final = {
    "subject": "subject",
    "priority": "priority",
    "type": "type",
    "tags": "tags",
    "responder_id": "assignee",
    "group_id": "group",
    "custom_fields": "fields",
}
"""The API's names of what can be changed, and ours."""

_IGNORED: Final = frozenset(
    {"description", "email", "requester_id", "name", "source", "status", "email_config_id", "cc_emails", "phone"}
)


async def create(api: Api, request: web.Request) -> web.Response:
    """A new ticket."""
    wish = await sent(request)
    return reply(_shown(api, _made(api, wish, _number(wish, "source", MEDIA, 2))), 201)


async def create_outbound(api: Api, request: web.Request) -> web.Response:
    """A mail to a customer, which is a ticket from then on."""
    wish = await sent(request)
    for name in ("email", "subject", "email_config_id"):
        if wish.get(name) is None:
            raise invalid(name, "It should be a valid value", "missing_field")
    return reply(_shown(api, _made(api, wish, OUTBOUND)), 201)


async def update(api: Api, request: web.Request, id: str) -> web.Response:
    """A ticket is changed."""
    row, wish = _changeable(api, request, id), await sent(request)
    values = _values(wish)
    if "status" in wish:
        desk.set_status(row, api.now(), _number(wish, "status", STATUSES, row.status))
    desk.change(row, api.now(), **values)
    api.acts.told(row)
    return reply(_shown(api, row))


async def delete(api: Api, request: web.Request, id: str) -> web.Response:
    """A ticket is deleted."""
    api.acts.delete(_changeable(api, request, id).id)
    return reply(None, 204)


async def restore(api: Api, request: web.Request, id: str) -> web.Response:
    """A deleted ticket is taken back."""
    if not found(api, id).deleted:
        raise nothing_there()
    api.acts.restore(int(id))
    return reply(None, 204)


async def answer(api: Api, request: web.Request, id: str) -> web.Response:
    """A public reply."""
    return await _written(api, request, id, private=lambda _: False)


async def note(api: Api, request: web.Request, id: str) -> web.Response:
    """A note, which is private unless it says otherwise."""
    return await _written(api, request, id, private=lambda wish: wish.get("private", True) is not False)


async def edit(api: Api, request: web.Request, id: str) -> web.Response:
    """What was written is changed."""
    body = text_of(await sent(request), "body")
    for row in api.account.all():
        for entry in row.entries:
            if entry.id == int(id) and not row.gone:
                api.acts.edit(entry.id, body)
                return reply(entry_json(row, entry))
    raise nothing_there()


async def _written(api: Api, request: web.Request, id: str, *, private: Callable[[Json], bool]) -> web.Response:
    row, wish = _changeable(api, request, id), await sent(request)
    text, hidden = text_of(wish, "body"), private(wish)
    number = api.account.next_id("entry")
    entry = desk.say(row, api.now(), number, ADMIN, text, incoming=False, private=hidden)
    api.acts.told(row)
    return reply(entry_json(row, entry), 201)


def _made(api: Api, wish: Json, source: int) -> Ticket:
    """A ticket as somebody wishes it. Raises Refusal."""
    person = _requester(api, wish)
    values = _values(wish)
    made = desk.open_ticket(
        api.account.next_id("ticket"),
        api.now(),
        person.id,
        source,
        str(wish.get("description") or ""),
        api.account.next_id,
        status=_number(wish, "status", STATUSES, 2),
        **{name: value for name, value in values.items() if value is not None},
    )
    api.acts.told(made)
    return made


def _requester(api: Api, wish: Json) -> Person:
    id, email = wish.get("requester_id"), wish.get("email")
    if isinstance(id, int) and id in api.account.contacts:
        return api.account.contacts[id]
    if isinstance(email, str) and "@" in email:
        return api.account.person(str(wish.get("name") or email), email)
    raise invalid("email", "At least one of requester_id, phone, email should be there", "missing_field")


def _values(wish: Json) -> dict[str, Any]:
    """What is to be changed, by our names. Raises Refusal."""
    for name in wish:
        if name not in _NAMES and name not in _IGNORED:
            raise invalid(name, "Unexpected/invalid field in request", "invalid_field")
    if "priority" in wish:
        _number(wish, "priority", PRIORITIES.values(), 1)
    tags = wish.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise invalid("tags", "It should be a/an Array", "datatype_mismatch")
    if not isinstance(wish.get("custom_fields", {}), dict):
        raise invalid("custom_fields", "It should be a/an Object", "datatype_mismatch")
    return {_NAMES[name]: value for name, value in wish.items() if name in _NAMES}


def _number(wish: Json, name: str, allowed: Any, default: int) -> int:
    value = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise invalid(name, f"It should be one of these values: '{','.join(map(str, allowed))}'")
    return value


def text_of(wish: Json, name: str) -> str:
    """A text that a wish must bring. Raises Refusal."""
    value = wish.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(name, "It should be a/an String", "missing_field")
    return value


def _changeable(api: Api, request: web.Request, id: str) -> Ticket:
    row = found(api, id)
    if row.gone:
        raise not_here(request.method)
    return row


def _shown(api: Api, row: Ticket) -> Json:
    return ticket_json(api.account, row, frozenset(), described=True)
