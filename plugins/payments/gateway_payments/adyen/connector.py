"""The connector: what Adyen calls us with, and what is told of it. Adyen is never asked for anything."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
from msgspec import Struct
from pydantic import BaseModel

from gateway.plugin import (
    Accepted,
    BadPayload,
    Context,
    Event,
    Finding,
    Instant,
    Json,
    Piece,
    Receipt,
    Record,
    Refused,
    Request,
    Simulator,
    mapping,
)
from gateway_payments.adyen.notifications import pieces_of, trimmed
from gateway_payments.adyen.reading import ID_KEYS
from gateway_payments.adyen.settings import AdyenSettings
from gateway_payments.adyen.signature import items_of, signed_text, uninvited, unproved
from gateway_payments.matter import Matter, join
from gateway_payments.reading import text
from gateway_payments.telling import tell


class Adyen:
    """One company account at Adyen, by its standard webhooks."""

    plugin: ClassVar[str] = "adyen"
    settings_type: ClassVar[type[BaseModel]] = AdyenSettings
    facts_type: ClassVar[type[Struct]] = Matter
    id_keys: ClassVar[frozenset[str]] = ID_KEYS

    def __init__(self, name: str, settings: AdyenSettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._rules = settings.failed_payments.rules()

    @staticmethod
    def simulator(settings: AdyenSettings | None, seed: int) -> Simulator:
        """An account that pushes; it uses the key of `settings` where it is given."""
        from gateway_payments.adyen.simulator import AdyenSimulator

        return AdyenSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove a request and every notification in it; each becomes a record of its own."""
        refused = uninvited(self._settings.username, self._settings.password or (), request)
        if refused is not None:
            return refused
        try:
            items = items_of(request.body)
            refused = unproved(self._settings.hmac_key, items)
            return refused or Accepted([_record(item, request.received_at) for item in items])
        except BadPayload as error:
            return Refused(400, str(error))

    def normalize(self, record: Record) -> Iterator[Event | Piece]:
        """What a notification says of a matter."""
        if record.form != "push":
            raise BadPayload("Adyen is neither pulled nor looked up")
        told = self._settings.merchant_accounts
        if told and text(mapping(msgspec.json.decode(record.body), "the body"), "merchantAccountCode") not in told:
            return
        yield from pieces_of(record.body, record.received_at, failures=self._settings.failed_payments.follow)

    def join(self, facts: Matter, more: Matter) -> Matter:
        """What both know of a matter."""
        return join(facts, more)

    def tell(self, facts: Matter) -> Iterator[Event]:
        """What has happened, as far as the facts say."""
        yield from tell(facts, self._rules)

    async def check(self) -> Sequence[Finding]:
        """How requests are proved. Adyen is asked for nothing: a notification that never comes isn't noticed."""
        keys = len(self._settings.hmac_key)
        if self._settings.username is None:
            hint = "set up basic authentication for the webhook, and give `username` and `password` here"
            return [
                Finding(True, f"{keys} HMAC keys prove the signed fields of a notification, nothing the rest", hint)
            ]
        return [Finding(True, f"{keys} HMAC keys and basic authentication prove what comes")]


def _record(item: Json, received_at: int) -> Record:
    """A proved notification. The key is of what was signed and nothing else: the same sent again, with whatever was
    changed beside the signature, is the same."""
    key = hashlib.sha256(signed_text(item).encode()).hexdigest()[:32]
    return Record(body=msgspec.json.encode(trimmed(item)), key=f"item:{key}", received_at=Instant(received_at))
