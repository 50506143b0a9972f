"""Traps of content: what is said under which id, and what becomes of it: deleted, merged, redacted, renamed."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from gateway_zendesk import audits, lookup, normalize, reading
from gateway_zendesk.simulator.people import BRANDS
from gateway_zendesk.webhook import SIGNATURE, TIMESTAMP, signature
from pydantic import SecretStr

from gateway.plugin import (
    ContactDeleted,
    ContactMerged,
    ContactRedacted,
    Instant,
    MessageAdded,
    Request,
    format_instant,
)
from plugins.zendesk.tests.traps.table import Desk, desk, normalized, trap

NOT_ASCII = "\U0001f600 my number is 12345"
"""Words that sort behind what stands in their place once they are redacted."""


def no_more(*kinds: type) -> Callable[[pytest.MonkeyPatch], None]:
    """Events of these kinds are not said."""

    def without(patch: pytest.MonkeyPatch) -> None:
        normalized(patch, lambda record, said: [one for one in said if not isinstance(one, kinds)])

    return without


def _without_conversations(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> list[Any]:
        return []

    patch.setattr(lookup.Look, "_conversation", nothing)


@trap(
    "8",
    "airbyte #69173",
    wrong="what was said in messaging is in neither comments nor audits, and was never read",
    rule="a ticket with `from_messaging_channel` has its conversation log read too",
    without=_without_conversations,
)
async def conversations_are_read() -> None:
    async with desk() as on:
        await on.sync()
        id = on.account.open_ticket(channel="native_messaging", messaging=True)
        for who in ("bot", "user", "agent"):
            on.clock.pass_(5)
            on.account.message(id, who)
        await on.sync()
        said = [event for event in await on.said(id) if isinstance(event, MessageAdded)]
        assert sorted(event.author.kind for event in said) == ["agent", "bot", "customer", "customer"]
        assert await on.missing() == ""


@trap(
    "11",
    "airbyte #6249, zenpy #259, tap-zendesk #149, zammad #1161",
    wrong="a deleted ticket's log answers 404, and the reading of all others ended there",
    rule="a look-up of what is gone finds nothing, and is done",
    without=lambda patch: patch.setattr(lookup, "is_gone", lambda error: False),
)
async def gone_is_no_failure() -> None:
    async with desk(pushes=True) as on:
        gone, other = on.account.open_ticket(), on.account.open_ticket()
        await on.push()
        on.account.delete(gone)
        await on.push()
        await on.rested()
        await on.sync()
        assert await on.status(gone) == "deleted"
        assert await on.status(other) == "new"
        assert await on.ours.inbox("parked") == []


@trap(
    "12",
    "zenpy #640",
    wrong="words that an agent had taken out stayed in the copy",
    rule="a redaction looks the ticket up again, and what was read later wins under the comment's own id",
    without=lambda patch: patch.setattr(audits, "redactions", lambda words, visibility: 0),
)
async def redacted_words_go() -> None:
    async with desk(pushes=True) as on:
        id = on.account.open_ticket(text=NOT_ASCII)
        await on.pushed()
        assert NOT_ASCII in [getattr(event, "text", None) for event in await on.said(id)]
        on.clock.pass_(60)
        on.account.redact(id)
        await on.pushed()
        assert NOT_ASCII not in [getattr(event, "text", None) for event in await on.said(id)]


@trap(
    "f",
    "readers of the export",
    wrong="a deleted ticket that was scrubbed a month later kept its content in the copy",
    rule="a scrubbed row is an order to redact all, and says nothing else",
    without=no_more(ContactRedacted),
)
async def scrubbed_rows_redact() -> None:
    async with desk() as on:
        id = on.account.open_ticket(subject="My secret illness", requester=("Ada Customer", "ada@customer.example"))
        await on.sync()
        on.account.delete(id)
        await on.sync()
        on.clock.pass_(30 * 86_400)
        on.account.scrub(id)
        await on.sync()
        contact = await on.contact(id)
        assert contact.status == "deleted"
        assert (contact.subject, contact.customer.email, contact.fields) == (None, None, {})


def _as_a_change(patch: pytest.MonkeyPatch) -> None:
    """A merge is a change of status like any other."""
    patch.setattr(audits, "merged_into", lambda audit, ticket: None)
    patch.setattr(normalize, "perhaps_merged", lambda ticket: False)


@trap(
    "13",
    "fivetran/dbt_zendesk #100",
    wrong="a merged ticket counted as solved at the moment of its merge",
    rule="a merge ends the ticket in place of the status that it sets, also when its webhook was lost",
    without=_as_a_change,
)
async def merges_are_no_resolutions() -> None:
    async with desk() as on:
        source, target = on.account.open_ticket(), on.account.open_ticket()
        await on.sync()
        on.account.merge(source, target)
        await on.sync()
        merged = [event for event in await on.said(source) if isinstance(event, ContactMerged)]
        assert [event.into.id for event in merged] == [str(target)]
        states = [getattr(event, "status", None) or getattr(event, "to", None) for event in await on.said(source)]
        assert not {"solved", "closed"} & set(map(str, states))


def _once(patch: pytest.MonkeyPatch) -> None:
    """A deletion is a deletion: the first that was told stays."""
    told: dict[str, ContactDeleted] = {}

    def first(_: Any, said: list[Any]) -> list[Any]:
        return [told.setdefault(one.id, one) if isinstance(one, ContactDeleted) else one for one in said]

    normalized(patch, first)


@trap(
    "14",
    "zendesk_api_client_rb #383",
    wrong="deleting for good and deleting were one thing; what had been restored stayed deleted",
    rule="deleted, restored and deleted for good are three facts, and the latest deletion is the one that counts",
    without=_once,
)
async def deletions_are_undone() -> None:
    async with desk() as on:
        id = on.account.open_ticket()
        await on.sync()
        for act, status in (
            (on.account.delete, "deleted"),
            (on.account.undelete, "new"),
            (on.account.delete, "deleted"),
        ):
            on.clock.pass_(60)
            act(id)
            await on.sync()
            assert await on.status(id) == status
        assert (await on.contact(id)).subject == "Help"
        on.account.purge(id)
        await on.sync()
        assert (await on.contact(id)).subject is None


def _everywhere(patch: pytest.MonkeyPatch, name: str, said: dict[str, str]) -> None:
    """The ticket and its log say this, whatever Zendesk says."""
    for module in (normalize, audits):
        patch.setattr(module, name, lambda id, beside: said)


@trap(
    "17",
    "dust-tt/dust #14255",
    wrong="a ticket was put to the brand whose host had been asked, which shows those of all brands",
    rule="a ticket's brand is its `brand_id`; links lead to the account's own host",
    without=lambda patch: _everywhere(patch, "brand_fields", {"brand": "acme"}),
)
async def brands_are_told_by_the_ticket() -> None:
    async with desk(subdomain="acme") as on:
        id, (brand, name) = on.account.open_ticket(), list(BRANDS.items())[1]
        on.account.set_brand(id, brand)
        await on.sync()
        fields = (await on.contact(id)).fields
        assert (fields.get("brand_id"), fields.get("brand")) == (str(brand), name)
        assert fields["link"] == f"https://acme.zendesk.com/agent/tickets/{id}"


@trap(
    "19",
    "zendesk-java-client #651, #653, node-zendesk #424, steampipe-plugin-zendesk #58",
    wrong="an account's own statuses were lost, or taken for none",
    rule="the status is the category that a custom one belongs to; its label is a field of the contact",
    without=lambda patch: _everywhere(patch, "custom_status_fields", {}),
)
async def custom_statuses_keep_their_labels() -> None:
    async with desk() as on:
        id = on.account.open_ticket()
        await on.sync()
        on.account.set_custom_status(id, "Waiting for documents")
        await on.sync()
        contact = await on.contact(id)
        assert (contact.status, contact.fields.get("custom_status")) == ("pending", "Waiting for documents")


def _wherever(patch: pytest.MonkeyPatch) -> None:
    """A time without a zone is somewhere's."""

    def parsed(text: str) -> Instant:
        return Instant(round(datetime.fromisoformat(text[:19]).timestamp() * 1000))

    patch.setattr(reading, "parse_instant", parsed)


async def _webhook(on: Desk, **changes: Any) -> None:
    """Zendesk tells of a deletion."""
    told = {
        "type": "zen:event-type:ticket.soft_deleted",
        "account_id": 1,
        "id": json.dumps(changes),
        "subject": "zen:ticket:1",
        "time": "2026-03-02T09:00:00Z",
        "event": {},
        "detail": {"id": "1"},
        **changes,
    }
    body, at = json.dumps(told).encode(), on.clock.now()
    signed = {TIMESTAMP: format_instant(at)}
    secret = SecretStr(str(on.on.values["webhook_secret"]))
    signed[SIGNATURE] = signature(secret, signed[TIMESTAMP], body)
    await on.ours.deliver([Request("POST", signed, {}, body, at)])
    await on.ours.settle()


@trap(
    "48",
    "fivetran/dbt_zendesk #144, zammad #5865",
    wrong="times without a zone were taken for local ones, and a week of the year had an hour twice",
    rule="one reader of times for all: any offset is read, and a time without one is refused",
    without=_wherever,
)
async def times_have_zones() -> None:
    async with desk() as on:
        on.account.open_ticket()
        await on.sync()
        same = ("2026-03-29T02:30:00.123456789Z", "2026-03-29T04:30:00+02:00")
        on.clock.pass_(40 * 86_400)
        for time in same:
            await _webhook(on, time=time)
        (deleted,) = [event for event in await on.said(1) if isinstance(event, ContactDeleted)]
        assert format_instant(deleted.at) == "2026-03-29T02:30:00Z"
        await _webhook(on, time="2026-03-29T02:30:00")
        assert len(await on.ours.inbox("parked")) == 1
