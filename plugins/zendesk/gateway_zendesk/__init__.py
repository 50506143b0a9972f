"""Zendesk Support for the gateway: signed webhooks, the cursor exports, look-ups of tickets and people, a simulator.

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
    Json,
    Limit,
    Page,
    Receipt,
    Record,
    Ref,
    Request,
    Simulator,
    Stream,
    VendorError,
    hookimpl,
    mapping,
    mappings,
    read_json,
)
from gateway_zendesk.account import findings
from gateway_zendesk.api import is_not_available
from gateway_zendesk.audits import audits_events
from gateway_zendesk.conversation import conversation_events
from gateway_zendesk.export import LAG_S, pull_tickets, pull_users
from gateway_zendesk.lookup import Look
from gateway_zendesk.names import Names
from gateway_zendesk.normalize import (
    Beside,
    is_deleted,
    is_rated,
    perhaps_merged,
    ticket_events,
    ticket_ref,
    users_by_id,
)
from gateway_zendesk.people import requester_events, user_row
from gateway_zendesk.reading import ID_KEYS, an_id, moment, needed_id
from gateway_zendesk.settings import ZendeskSettings, auth_of, limits_of, links_of
from gateway_zendesk.webhook import push_events, record_of, unproved
from gateway_zendesk.words import ended

DAY_S = 86_400.0
TICKETS, USERS = "tickets", "users"
_NO_USERS = "the export of users"


class Zendesk:
    """One Zendesk account."""

    plugin: ClassVar[str] = "zendesk"
    settings_type: ClassVar[type[BaseModel]] = ZendeskSettings
    id_keys: ClassVar[frozenset[str]] = ID_KEYS
    streams: tuple[Stream, ...] = (Stream(TICKETS, lag_s=LAG_S), Stream(USERS, lag_s=LAG_S, backfill_s=0.0))

    def __init__(self, name: str, settings: ZendeskSettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._secrets = settings.webhook_secret or ()
        self.pushed = bool(self._secrets)
        self._links = links_of(settings)
        self._http = context.http
        self._names = Names()
        self._lacking: set[str] = set()
        self._look = Look(context.http, self._names, self._lacking)
        every_s, backfill_s = settings.export_every_s, settings.backfill_days * DAY_S
        self.streams = (Stream(TICKETS, every_s=every_s, lag_s=LAG_S, backfill_s=backfill_s),)
        if settings.follow_users:
            # What people were before says nothing: their tickets show them as they are.
            self.streams += (Stream(USERS, every_s=settings.users_every_s, lag_s=LAG_S, backfill_s=0.0),)

    @staticmethod
    def auth(settings: ZendeskSettings) -> Auth:
        """OAuth, or an API token."""
        return auth_of(settings)

    @staticmethod
    def limits(settings: ZendeskSettings) -> Sequence[Limit]:
        """Zendesk's limits of the export, and of the account as a whole."""
        return limits_of(settings)

    @staticmethod
    def simulator(settings: ZendeskSettings | None, seed: int) -> Simulator:
        """An account on a loopback port; it uses the secrets of `settings` where they are given."""
        from gateway_zendesk.simulator import ZendeskSimulator

        return ZendeskSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove a webhook; whatever Zendesk signed is accepted."""
        return unproved(self._secrets, request) or Accepted([record_of(request)])

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """What a webhook, an exported row, or a part of a look-up says."""
        if record.form == "push":
            yield from push_events(record.body, self._links)
            return
        body = mapping(read_json(record.body), "the body")
        names = mapping(body.get("names") or {}, "names")
        beside = Beside(users_by_id(body.get("users")), names, self._links)
        if body.get("audits") is not None:
            yield from audits_events(body["audits"], beside, an_id(body, "requester_id"))
        elif body.get("conversation") is not None:
            yield from conversation_events(body, beside.users)
        elif body.get("user") is not None:
            yield from self._person(mapping(body["user"], "user"), body, record)
        elif body.get("ticket") is not None:
            yield from self._ticket(mapping(body["ticket"], "ticket"), beside, record)
        elif body.get("tickets") is not None:
            for ticket in mappings(body["tickets"], "tickets"):
                yield from self._ticket(ticket, beside, record)
        else:
            raise BadPayload("neither a ticket nor its log")

    def _ticket(self, ticket: Json, beside: Beside, record: Record) -> Iterator[Event | Fetch]:
        is_row = record.form == "row"
        log_is_read = not is_row or self._worth_a_look(ticket, historical=record.historical)
        yield from ticket_events(ticket, beside, record.received_at, log_follows=log_is_read)
        if is_row and log_is_read:
            # The version makes it cost nothing where a webhook had the log read already.
            version = moment(ticket, "updated_at")
            ref = ticket_ref(needed_id(ticket, "id"))
            yield Fetch(ref, "the export shows a change", None if version is None else int(version))

    def _worth_a_look(self, ticket: Json, *, historical: bool) -> bool:
        """Whether the log of an exported ticket is read: always of what is new, by the settings in a backfill."""
        if is_deleted(ticket):
            return False
        if not historical or self._settings.backfill_logs == "all":
            return True
        if self._settings.backfill_logs == "none":
            return False
        # Only its log says what became of a ticket that may have been merged, and when one was rated.
        return not ended(ticket.get("status")) or perhaps_merged(ticket) or is_rated(ticket)

    def _person(self, user: Json, body: Json, record: Record) -> Iterator[Event | Fetch]:
        if record.form == "row":
            yield from user_row(user, historical=record.historical)
        else:
            yield from requester_events(user, body.get("requested"))

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of an export."""
        if stream.name != USERS:
            return await pull_tickets(self._http, self._names, stream, cursor, now)
        try:
            page = await pull_users(self._http, stream, cursor, now)
        except VendorError as error:
            if not is_not_available(error):
                raise
            self._lacking.add(_NO_USERS)
            return Page([], cursor, False)
        self._lacking.discard(_NO_USERS)
        return page

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """A ticket with its log and its conversation, or which open tickets a user requested."""
        return await self._look.up(ref, now)

    async def check(self) -> Sequence[Finding]:
        """Who we are to Zendesk, what we may read, and whether its webhook still calls us."""
        return await findings(self._http, self._name, self._settings, self._lacking)


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Zendesk)
