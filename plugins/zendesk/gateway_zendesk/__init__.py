"""Zendesk Support for the gateway: signed webhooks, the cursor export, look-ups of tickets, and a simulator.

Webhooks are fast and may be lost, doubled or out of order; the export is complete and a minute late; a ticket's log has
every change under its own id. All three name the same facts by the same ids, so that none counts twice.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from pydantic import BaseModel

from gateway.plugin import (
    Accepted,
    Auth,
    BadPayload,
    Connector,
    Context,
    Event,
    Fetch,
    Finding,
    Page,
    Receipt,
    Record,
    Ref,
    Request,
    Simulator,
    Stream,
    hookimpl,
    read_json,
)
from gateway_zendesk.api import LAG_S, fetch_ticket, findings, pull_tickets
from gateway_zendesk.audits import audits_events
from gateway_zendesk.normalize import ticket_events, users_by_id
from gateway_zendesk.reading import ID_KEYS, an_id, mapping, mappings
from gateway_zendesk.settings import ZendeskSettings, auth_of
from gateway_zendesk.webhook import push_events, record_of, unproved

DAY_S = 86_400.0


class Zendesk:
    """One Zendesk account."""

    plugin: ClassVar[str] = "zendesk"
    settings_type: ClassVar[type[BaseModel]] = ZendeskSettings
    id_keys: ClassVar[frozenset[str]] = ID_KEYS
    streams: tuple[Stream, ...] = (Stream("tickets", lag_s=LAG_S),)

    def __init__(self, name: str, settings: ZendeskSettings, context: Context) -> None:
        self._secrets = settings.webhook_secret or ()
        self._http = context.http
        every_s, backfill_s = settings.export_every_s, settings.backfill_days * DAY_S
        self.streams = (Stream("tickets", every_s=every_s, lag_s=LAG_S, backfill_s=backfill_s),)

    @staticmethod
    def auth(settings: ZendeskSettings) -> Auth:
        """OAuth client credentials, or an API token."""
        return auth_of(settings)

    @staticmethod
    def simulator(settings: ZendeskSettings | None, seed: int) -> Simulator:
        """An account on a loopback port; it uses the secrets of `settings` where they are given."""
        from gateway_zendesk.simulator import ZendeskSimulator

        return ZendeskSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove a webhook; whatever Zendesk signed is accepted."""
        return unproved(self._secrets, request) or Accepted([record_of(request)])

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """What a webhook, an exported row, a fetched ticket or a page of its log says."""
        if record.form == "push":
            yield from push_events(record.body)
            return
        body = mapping(read_json(record.body), "the body")
        users = users_by_id(body.get("users"))
        if body.get("audits") is not None:
            yield from audits_events(body["audits"], users, an_id(body, "requester_id"))
        elif body.get("ticket") is not None:
            yield from ticket_events(mapping(body["ticket"], "ticket"), users, record.received_at)
        elif body.get("tickets") is not None:
            for ticket in mappings(body["tickets"], "tickets"):
                yield from ticket_events(ticket, users, record.received_at)
        else:
            raise BadPayload("neither a ticket nor its log")

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of the export."""
        return await pull_tickets(self._http, stream, cursor, now)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """A ticket and its log."""
        return await fetch_ticket(self._http, ref, now)

    async def check(self) -> Sequence[Finding]:
        """Who we are to Zendesk."""
        return await findings(self._http, signed=bool(self._secrets))


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Zendesk)
