"""Traps of content: who wrote, sources that nobody knows, what is told twice, times and their zones."""

import json
from contextlib import suppress
from typing import Any

import pytest
from gateway_freshdesk import conversation, reading, words

from gateway.plugin import BadPayload, Instant, MessageAdded, Person, Record, format_instant, parse_instant
from plugins.freshdesk.tests.traps.table import Desk, desk, trap


def _of_the_requester(patch: pytest.MonkeyPatch) -> None:
    """Whatever comes in is the requester's, a chat is a ticket with a description, and a source has to be known."""
    patch.setattr(conversation, "Person", lambda kind, id: Person(kind=kind, id="requester" if kind != "agent" else id))
    patch.setattr(words, "_MEDIA", {source: words._UNKNOWN for source in words._MEDIA})


async def _messages(on: Desk, ticket: int) -> list[MessageAdded]:
    return [event for event in await on.said(ticket) if isinstance(event, MessageAdded)]


@trap(
    "43",
    "chatwoot #15261",
    wrong="who was copied and replied became the requester; of a new kind of chat the first words came twice",
    rule="each entry says who wrote it; what a chat began with is told by its first entry alone",
    without=_of_the_requester,
)
async def each_message_says_who_wrote() -> None:
    async with desk() as on:
        chat, mail = on.account.open_ticket(channel="web_chat"), on.account.open_ticket()
        on.account.customer_comment(mail, by=("Bob", "bob@example.com"))
        await on.sync()
        assert [event.id.split(":")[0] for event in await _messages(on, chat)] == ["conversation"]
        first, copied = sorted(await _messages(on, mail), key=lambda event: event.sequence)
        assert (await on.contact(chat)).kind == "chat"
        assert first.author.id != copied.author.id
        assert copied.author.kind == "customer"


def _wherever(patch: pytest.MonkeyPatch) -> None:
    """A time is what its first letters say, in whichever zone."""
    patch.setattr(reading, "parse_instant", lambda text: parse_instant(f"{text[:19]}Z"))


@trap(
    "48",
    "fivetran/dbt_zendesk #144, zammad #5865",
    wrong="times without a zone were taken for local ones, and a week of the year had an hour twice",
    rule="one reader of times for all: any offset is read, and a time without one is refused",
    without=_wherever,
)
async def times_have_zones() -> None:
    async with desk() as on:
        found: list[Any] = []
        for time in ("2026-03-29T02:30:00Z", "2026-03-29T08:00:00+05:30", "2026-03-29T02:30:00"):
            ticket = {"id": 1, "created_at": time, "updated_at": time, "status": 2}
            body = json.dumps({"ticket": ticket}).encode()
            record = Record(body=body, form="fetched", received_at=Instant(on.clock.now()))
            with suppress(BadPayload):
                found.append(next(iter(on.ours.connector.normalize(record))))
        assert [format_instant(event.at) for event in found] == ["2026-03-29T02:30:00Z"] * 2
