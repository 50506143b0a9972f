"""What clients of a simulated account's API may do with people: contacts and agents. No ticket is touched by it.

As Freshdesk does it: a contact who is deleted can be seen and restored, until they are deleted for good; one who is
made an agent is both.
"""

from typing import Final

from aiohttp import web

from gateway_freshdesk.simulator.answers import Refusal, nothing_there, reply, sent
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.people import Person, agent_json, contact_json
from gateway_freshdesk.simulator.ticket import Json
from gateway_freshdesk.simulator.writes import text_of

_CHANGEABLE: Final = ("name", "phone", "mobile", "job_title")


async def create_contact(api: Api, request: web.Request) -> web.Response:
    """A new contact, of an address that nobody else has."""
    wish = await sent(request)
    name, email = text_of(wish, "name"), text_of(wish, "email")
    if any(known.email == email for known in api.account.contacts.values()):
        error = {"field": "email", "message": "It should be a unique value", "code": "duplicate_value"}
        raise Refusal(409, {"description": "Validation failed", "errors": [error]})
    return reply(contact_json(_changed(api, api.account.person(name, email), wish)), 201)


async def update_contact(api: Api, request: web.Request, id: str) -> web.Response:
    """A contact is changed."""
    return reply(contact_json(_changed(api, contact_of(api, id), await sent(request))))


async def delete_contact(api: Api, request: web.Request, id: str) -> web.Response:
    """A contact is deleted; they can be seen still."""
    contact_of(api, id).deleted = True
    return reply(None, 204)


async def restore_contact(api: Api, request: web.Request, id: str) -> web.Response:
    """A deleted contact is taken back."""
    person = contact_of(api, id)
    if not person.deleted:
        raise nothing_there()
    person.deleted = False
    return reply(None, 204)


async def erase_contact(api: Api, request: web.Request, id: str) -> web.Response:
    """A contact is deleted for good: one who is deleted already, or by force."""
    if not contact_of(api, id).deleted and request.query.get("force", "").lower() != "true":
        raise nothing_there()
    api.account.forget(int(id))
    return reply(None, 204)


async def make_agent(api: Api, request: web.Request, id: str) -> web.Response:
    """A contact answers from now on."""
    person = contact_of(api, id)
    api.account.agents[person.id] = person
    return reply({**contact_json(person), "agent": agent_json(person)})


async def update_agent(api: Api, request: web.Request, id: str) -> web.Response:
    """An agent is changed."""
    return reply(agent_json(_changed(api, agent_of(api, id), await sent(request))))


async def delete_agent(api: Api, request: web.Request, id: str) -> web.Response:
    """An agent answers no more."""
    del api.account.agents[agent_of(api, id).id]
    return reply(None, 204)


def contact_of(api: Api, id: str) -> Person:
    """A contact. Raises Refusal."""
    return _known(api.account.contacts, id)


def agent_of(api: Api, id: str) -> Person:
    """An agent. Raises Refusal."""
    return _known(api.account.agents, id)


def _known(people: dict[int, Person], id: str) -> Person:
    person = people.get(int(id))
    if person is None:
        raise nothing_there()
    return person


def _changed(api: Api, person: Person, wish: Json) -> Person:
    for name in _CHANGEABLE:
        if name in wish:
            setattr(person, name, None if wish[name] is None else str(wish[name]))
    person.updated = api.now()
    return person
