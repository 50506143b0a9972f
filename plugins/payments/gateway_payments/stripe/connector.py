"""The connector: what Stripe calls us with, what is pulled and re-read, and what is told of it."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from msgspec import Struct
from pydantic import BaseModel

from gateway.plugin import (
    DAY_MS,
    SECOND_MS,
    Accepted,
    Auth,
    BadPayload,
    Context,
    Event,
    Fetch,
    Finding,
    Instant,
    Limit,
    Page,
    Piece,
    Receipt,
    Record,
    Ref,
    Request,
    Simulator,
    Stream,
)
from gateway_payments.matter import Matter, join
from gateway_payments.stripe.account import findings
from gateway_payments.stripe.api import Api
from gateway_payments.stripe.events import event_said, key_of, read_said, without_secrets
from gateway_payments.stripe.pull import pull_events
from gateway_payments.stripe.reading import ID_KEYS
from gateway_payments.stripe.settings import StripeSettings, auth_of, limits_of, mode_of
from gateway_payments.stripe.signature import unproved
from gateway_payments.telling import tell

EVENTS = "events"
_EVENTS = Stream(EVENTS, lag_s=2.0, backfill_s=30 * DAY_MS / SECOND_MS)


class Stripe:
    """One Stripe account, and the accounts connected to it."""

    plugin: ClassVar[str] = "stripe"
    settings_type: ClassVar[type[BaseModel]] = StripeSettings
    facts_type: ClassVar[type[Struct]] = Matter
    id_keys: ClassVar[frozenset[str]] = ID_KEYS
    streams: tuple[Stream, ...] = (_EVENTS,)

    def __init__(self, name: str, settings: StripeSettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._secrets = settings.webhook_secret or ()
        self.pushed = bool(self._secrets)
        self._tolerance_ms = round(settings.tolerance_s * SECOND_MS)
        self._mode = mode_of(settings)
        self._rules = settings.failed_payments.rules()
        self._http = context.http
        self._api = Api(context.http, settings.api_version)
        every_s, backfill_s = settings.events_every_s, settings.backfill_days * DAY_MS / SECOND_MS
        kept = Stream(EVENTS, every_s=every_s, lag_s=_EVENTS.lag_s, backfill_s=backfill_s)
        self.streams = () if settings.api_key is None else (kept,)

    @staticmethod
    def auth(settings: StripeSettings) -> Auth:
        """A key, as a bearer."""
        return auth_of(settings)

    @staticmethod
    def limits(settings: StripeSettings) -> Sequence[Limit]:
        """What the gateway may use of the account's limit."""
        return limits_of(settings)

    @staticmethod
    def simulator(settings: StripeSettings | None, seed: int) -> Simulator:
        """An account on a loopback port; it uses the secrets of `settings` where they are given."""
        from gateway_payments.stripe.simulator import StripeSimulator

        return StripeSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove a webhook; whatever Stripe signed is accepted."""
        refused = unproved(self._secrets, request, self._tolerance_ms)
        if refused is not None:
            return refused
        body = without_secrets(request.body)
        return Accepted([Record(body=body, key=key_of(body), received_at=Instant(request.received_at))])

    def normalize(self, record: Record) -> Iterator[Event | Fetch | Piece]:
        """What an event or a re-read says of a matter. Without a key nothing is read again."""
        if record.form == "fetched":
            yield from read_said(record.body)
            return
        if record.form not in ("push", "row"):
            raise BadPayload("neither an event nor what was looked up")
        follow = self._settings.failed_payments.follow
        for said in event_said(record.body, self._mode, failures=follow):
            if self._settings.api_key is not None or not isinstance(said, Fetch):
                yield said

    def join(self, facts: Matter, more: Matter) -> Matter:
        """What both know of a matter."""
        return join(facts, more)

    def tell(self, facts: Matter) -> Iterator[Event]:
        """What has happened, as far as the facts say."""
        yield from tell(facts, self._rules)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of the account's events."""
        return await pull_events(self._api, stream, cursor, now)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """What an event is about, as it is now."""
        return await self._api.look_up(ref, now)

    async def check(self) -> Sequence[Finding]:
        """What the key may do, and whether an endpoint of the account calls us."""
        return await findings(self._http, self._api, self._name, self._settings)
