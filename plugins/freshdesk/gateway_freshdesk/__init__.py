"""Freshdesk for the gateway: windows of changed tickets, conversations, thin webhooks, a simulator.

Webhooks are fast, may be lost or doubled, and prove nothing but that somebody knows a token: they name a ticket, and it
is looked up. The list of changed tickets is complete, and each row is looked up as well, for its conversation. Both
name the same facts by the same ids, so that none counts twice.
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
    text,
)
from gateway_freshdesk.account import findings
from gateway_freshdesk.api import is_not_available
from gateway_freshdesk.conversation import conversation_events
from gateway_freshdesk.labels import StatusLabels
from gateway_freshdesk.lookup import RATINGS as NO_RATINGS
from gateway_freshdesk.lookup import Look
from gateway_freshdesk.normalize import Beside, is_removed, ticket_events, ticket_ref
from gateway_freshdesk.ratings import pull_ratings, rating_event
from gateway_freshdesk.reading import ID_KEYS, moment, needed_id
from gateway_freshdesk.settings import FreshdeskSettings, auth_of, limits_of, links_of
from gateway_freshdesk.webhook import push_events, record_of, unproved
from gateway_freshdesk.windows import pull_window
from gateway_freshdesk.words import ended, folded, status_of

DAY_S = 86_400.0
TICKETS, DELETED, SPAM, RATINGS = "tickets", "deleted", "spam", "ratings"
_FILTERS = {TICKETS: None, DELETED: "deleted", SPAM: "spam"}


class Freshdesk:
    """One Freshdesk account."""

    plugin: ClassVar[str] = "freshdesk"
    settings_type: ClassVar[type[BaseModel]] = FreshdeskSettings
    id_keys: ClassVar[frozenset[str]] = ID_KEYS
    streams: tuple[Stream, ...] = tuple(Stream(name) for name in (TICKETS, DELETED, SPAM, RATINGS))

    def __init__(self, name: str, settings: FreshdeskSettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._tokens = settings.webhook_token or ()
        self.pushed = bool(self._tokens)
        self._links = links_of(settings)
        self._meanings = {folded(label): status for label, status in settings.statuses.items()}
        self._http = context.http
        self._lacking: set[str] = set()
        self._labels = StatusLabels(self._lacking)
        self._look = Look(context.http, self._labels, self._lacking)
        every_s = {
            TICKETS: settings.tickets_every_s,
            DELETED: settings.removed_every_s,
            SPAM: settings.removed_every_s,
            RATINGS: settings.ratings_every_s,
        }
        backfill_s = settings.backfill_days * DAY_S
        self.streams = tuple(Stream(name, every_s=each, backfill_s=backfill_s) for name, each in every_s.items())

    @staticmethod
    def auth(settings: FreshdeskSettings) -> Auth:
        """An agent's API key."""
        return auth_of(settings)

    @staticmethod
    def limits(settings: FreshdeskSettings) -> Sequence[Limit]:
        """Freshdesk's limits of the list of tickets, and of the account as a whole."""
        return limits_of(settings)

    @staticmethod
    def simulator(settings: FreshdeskSettings | None, seed: int) -> Simulator:
        """An account on a loopback port; it uses the token of `settings` where one is given."""
        from gateway_freshdesk.simulator import FreshdeskSimulator

        return FreshdeskSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove a webhook by its token."""
        return unproved(self._tokens, request) or Accepted([record_of(request)])

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """What a webhook, a row of a list, or a part of a look-up says."""
        if record.form == "push":
            yield from push_events(record.body)
            return
        body = mapping(read_json(record.body), "the body")
        if body.get("ticket") is not None:
            yield from self._ticket(mapping(body["ticket"], "ticket"), body, record)
        elif body.get("conversations") is not None:
            yield from conversation_events(body["conversations"], needed_id(body, "ticket_id"))
        elif body.get("ratings") is not None:
            yield from (rating_event(rating) for rating in mappings(body["ratings"], "ratings"))
        elif body.get("rating") is not None:
            yield rating_event(mapping(body["rating"], "rating"))
        else:
            raise BadPayload("neither a ticket nor what belongs to one")

    def _ticket(self, ticket: Json, body: Json, record: Record) -> Iterator[Event | Fetch]:
        named = mapping(body.get("labels") or {}, "labels")
        labels = {number: label for number in named if (label := text(named, number))}
        if record.stream in (DELETED, SPAM):
            ticket = {**ticket, "deleted": True}  # whether the row says so or not
        yield from ticket_events(ticket, Beside(labels, self._meanings, self._links), record.received_at)
        if record.form == "row" and self._worth_a_look(ticket, labels, historical=record.historical):
            # The version makes it cost nothing where a webhook had it looked up already.
            version = moment(ticket, "updated_at")
            ref = ticket_ref(needed_id(ticket, "id"))
            yield Fetch(ref, "the list shows a change", None if version is None else int(version))

    def _worth_a_look(self, ticket: Json, labels: dict[str, str], *, historical: bool) -> bool:
        """Whether the conversation of a listed ticket is read: always of what is new, by the settings in a backfill."""
        if is_removed(ticket):
            return False
        if not historical or self._settings.backfill_conversations == "all":
            return True
        is_open = not ended(status_of(ticket, labels, self._meanings))
        return self._settings.backfill_conversations == "open" and is_open

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of a list."""
        if stream.name != RATINGS:
            return await pull_window(self._http, self._labels, stream, _FILTERS[stream.name], cursor, now)
        try:
            page = await pull_ratings(self._http, stream, cursor, now)
        except VendorError as error:
            if not is_not_available(error):
                raise
            self._lacking.add(NO_RATINGS)
            return Page([], cursor, False)
        self._lacking.discard(NO_RATINGS)
        return page

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """A ticket with its conversation and its ratings."""
        return await self._look.up(ref, now)

    async def check(self) -> Sequence[Finding]:
        """Who we are to Freshdesk, and what we may read."""
        return await findings(self._http, self._name, self._settings, self._labels, self._meanings, self._lacking)


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Freshdesk)
