"""python-freshdesk, somebody else's client, takes our simulated account for Freshdesk: objects, pages, limits, errors.

What it can't show: it knows no ratings, restores no ticket, and never asks for what is spam.
"""

import asyncio
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from freshdesk.v2 import errors
from freshdesk.v2.api import API
from gateway_freshdesk.simulator import FreshdeskSimulator

from gateway.plugin import DAY_MS, ContactDeleted, MessageAdded, Ref, StatusChanged, format_instant
from tests.acceptance.process import now_ms
from tests.clients.loopback import bound

HOST = "acme.freshdesk.com"
SINCE = "2015-01-01T00:00:00Z"


@dataclass(frozen=True)
class Desk:
    """The account, and the client with its key."""

    simulator: FreshdeskSimulator
    base_url: str

    @property
    def api(self) -> Any:
        """The client of an administrator."""
        return self.client(self.simulator.api_key)

    def client(self, key: str) -> Any:
        """The client with a key."""
        api = API(HOST, key)
        bound(api._session, HOST, self.base_url)
        return api


def told(story: Callable[[Desk], Awaitable[None]], **account: Any) -> None:
    """Tell a story in an account of its own."""

    async def run() -> None:
        simulator = FreshdeskSimulator(seed=12, **account)
        settings = await simulator.start(now_ms, None)
        try:
            await story(Desk(simulator, settings["base_url"]))
        finally:
            await simulator.stop()

    asyncio.run(run())


def test_a_ticket_lives_in_the_clients_own_words() -> None:
    """Opened, answered, noted, changed and deleted by the client; and it has happened: the account's truth says it."""

    async def story(desk: Desk) -> None:
        tickets, comments = desk.api.tickets, desk.api.comments
        made = await to_thread(
            tickets.create_ticket, "No water", email="ada@customer.example", description="None.", priority=4, tags=["w"]
        )
        assert (made.subject, made.status, made.priority, made.source) == ("No water", "open", "urgent", "portal")
        assert abs(made.created_at.timestamp() * 1000 - now_ms()) < DAY_MS
        reply = await to_thread(comments.create_reply, made.id, "We look.")
        note = await to_thread(comments.create_note, made.id, "A burst pipe?", private=True)
        assert (reply.source, note.source, note.private) == ("reply", "note", True)
        listed = await to_thread(comments.list_comments, made.id)
        assert [one.id for one in listed] == [reply.id, note.id]
        await to_thread(tickets.update_ticket, made.id, status=6, group_id=(await to_thread(_first_group, desk)).id)
        read = await to_thread(tickets.get_ticket, made.id, "stats", "requester", "conversations")
        assert (read.status, read.requester["email"]) == ("status_6", "ada@customer.example")
        assert len(read.conversations) == 2 and read.stats["status_updated_at"] is not None
        true = [event for event in desk.simulator.truth() if event.ref == Ref("ticket", str(made.id))]
        assert [event.to for event in true if isinstance(event, StatusChanged)] == ["on_hold"]
        assert sum(isinstance(event, MessageAdded) for event in true) == 3
        await to_thread(tickets.delete_ticket, made.id)
        assert [one.id for one in await to_thread(tickets.list_deleted_tickets)] == [made.id]
        assert await to_thread(tickets.list_tickets, filter_name=None) == []
        assert any(isinstance(event, ContactDeleted) for event in desk.simulator.truth())

    told(story)


def _first_group(desk: Desk) -> Any:
    return desk.api.groups.list_groups()[0]


def test_lists_are_turned_to_their_end() -> None:
    """Each ticket once; without `updated_since` only those of thirty days; a list at a time; chosen by a search."""

    async def story(desk: Desk) -> None:
        desk.simulator.seed(70, since=now_ms() - 60 * DAY_MS)
        due = [ticket for ticket in desk.simulator.account.all() if not ticket.gone]
        seen = await to_thread(desk.api.tickets.list_tickets, filter_name=None, updated_since=SINCE, per_page=7)
        assert sorted(one.id for one in seen) == sorted(ticket.id for ticket in due) and len(seen) > 60
        young = await to_thread(desk.api.tickets.list_tickets, filter_name=None, per_page=7)
        assert {one.id for one in young} == {one.id for one in due if one.created >= now_ms() - 30 * DAY_MS}
        assert 0 < len(young) < len(seen)
        edge = sorted(ticket.updated for ticket in due)[30]
        late = await to_thread(desk.api.tickets.list_tickets, filter_name=None, updated_since=format_instant(edge))
        assert {one.id for one in late} == {one.id for one in due if one.updated >= edge}
        third = await to_thread(desk.api.tickets.list_tickets, filter_name=None, per_page=7, page=3)
        assert [one.id for one in third] == [one.id for one in young[14:21]]
        urgent = await to_thread(desk.api.tickets.filter_tickets, "priority:4")
        assert {one.id for one in urgent} == {one.id for one in due if one.priority == 4} != set()

    told(story, per_minute=None, list_per_minute=None)


def test_people_and_fields_are_read_and_written() -> None:
    """Contacts, agents, groups, roles, the fields of tickets, companies of which there are none."""

    async def story(desk: Desk) -> None:
        api = desk.api
        ada = await to_thread(api.contacts.create_contact, name="Ada", email="ada@customer.example")
        await to_thread(api.contacts.update_contact, ada.id, phone="+4912345")
        assert (await to_thread(api.contacts.get_contact, ada.id)).phone == "+4912345"
        found = await to_thread(api.contacts.list_contacts, email="ada@customer.example")
        assert [one.id for one in found] == [ada.id]
        await to_thread(api.contacts.soft_delete_contact, ada.id)
        assert await to_thread(api.contacts.list_contacts) == []
        me = await to_thread(api.agents.currently_authenticated_agent)
        assert (await to_thread(api.agents.get_agent, me.id)).contact["email"] == me.contact["email"]
        assert me.id in {one.id for one in await to_thread(api.agents.list_agents)}
        group = (await to_thread(api.groups.list_groups))[0]
        assert str(await to_thread(api.groups.get_group, group.id)) == group.name
        role = (await to_thread(api.roles.list_roles))[0]
        assert (await to_thread(api.roles.get_role, role.id)).name == role.name
        (status,) = await to_thread(api.ticket_fields.list_ticket_fields, type="default_status")
        assert status.choices["2"][0] == "Open" and max(map(int, status.choices)) >= 6
        assert await to_thread(api.companies.list_companies) == []

    told(story)


def test_every_error_is_of_the_clients_own_kind() -> None:
    """As its status says, with Freshdesk's words."""

    async def story(desk: Desk) -> None:
        tickets, made = desk.api.tickets, desk.simulator.open_ticket()
        with pytest.raises(errors.FreshdeskUnauthorized, match="logged in"):
            await to_thread(desk.client("nobodys").tickets.get_ticket, made)
        with pytest.raises(errors.FreshdeskNotFound):
            await to_thread(tickets.get_ticket, 404_404)
        with pytest.raises(errors.FreshdeskBadRequest, match=r"Validation failed.*'field': 'status'"):
            await to_thread(tickets.update_ticket, made, status=99)
        with pytest.raises(errors.FreshdeskBadRequest, match="300"):
            await to_thread(tickets.list_tickets, page=301)
        await to_thread(tickets.delete_ticket, made)
        with pytest.raises(errors.FreshdeskError, match="405"):
            await to_thread(tickets.update_ticket, made, status=2)
        for fault, kind in (("down", errors.FreshdeskServerError), ("error_500", errors.FreshdeskError)):
            desk.simulator.fault(fault)
            with pytest.raises(kind):
                await to_thread(tickets.list_tickets)
            desk.simulator.fault(fault, on=False)

    told(story)


def test_a_limit_tells_when_to_come_back() -> None:
    """The third list of a minute is one too many."""

    async def story(desk: Desk) -> None:
        for _ in range(2):
            await to_thread(desk.api.tickets.list_tickets)
        with pytest.raises(errors.FreshdeskRateLimited, match=r"until [1-6]?[0-9] seconds"):
            await to_thread(desk.api.tickets.list_tickets)
        await to_thread(desk.api.groups.list_groups)

    told(story, list_per_minute=2)
