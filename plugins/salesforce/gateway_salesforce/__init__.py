"""Salesforce Service Cloud for the gateway: keyset pages of cases and what hangs on them, look-ups, a simulator.

Each object is a stream of its own, in the order in which Salesforce changed its rows; a row of what hangs on a case
carries the case with it. What the organisation pushes names records, which are looked up. All of them tell the same
facts by the same ids, so that none counts twice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from gateway.plugin import (
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
    hookimpl,
    mapping,
    mappings,
    parse_webhook_secret,
    read_json,
)
from gateway_salesforce.account import findings
from gateway_salesforce.api import Api
from gateway_salesforce.children import comment_events, email_events, history_events
from gateway_salesforce.lookup import Look
from gateway_salesforce.normalize import Beside, case_events, case_ref
from gateway_salesforce.pull import LAG_S, Pull
from gateway_salesforce.reading import ID_KEYS, needed_id, text
from gateway_salesforce.schema import Schema
from gateway_salesforce.sessions import call_events, session_events
from gateway_salesforce.settings import SalesforceSettings, auth_of, dictionary_of, limits_of, links_of
from gateway_salesforce.soql import CALL, CASE, CHILDREN, COMMENT, DELETED, EMAIL, HISTORY, KINDS, SESSION, Kind
from gateway_salesforce.usage import Usage
from gateway_salesforce.webhook import push_events, receipt

DAY_S: Final = 86_400.0
REMOVED: Final = "deleted"
"""The stream of what was deleted; every other stream has the name of its object."""


class Salesforce:
    """One Salesforce organisation."""

    plugin: ClassVar[str] = "salesforce"
    settings_type: ClassVar[type[BaseModel]] = SalesforceSettings
    id_keys: ClassVar[frozenset[str]] = ID_KEYS
    streams: tuple[Stream, ...] = (
        *(Stream(name, lag_s=LAG_S) for name in KINDS),
        Stream(REMOVED, every_s=300.0, lag_s=LAG_S),
    )

    def __init__(self, name: str, settings: SalesforceSettings, context: Context) -> None:
        self._name, self._settings = name, settings
        self._secrets = [parse_webhook_secret(one.get_secret_value()) for one in settings.webhook_secret or ()]
        self.pushed = bool(self._secrets)
        self._beside = Beside(dictionary_of(settings), settings.fields, links_of(settings))
        self._lacking: set[str] = set()
        self._usage = Usage(context.http, settings.daily_share)
        self._api = Api(context.http, settings.api_version, self._usage)
        schema = Schema(self._api, settings.fields, self._lacking)
        self._pull, self._look = Pull(self._api, schema), Look(self._api, schema)
        self.streams = _streams(settings)

    @staticmethod
    def auth(settings: SalesforceSettings) -> Auth:
        """A signed assertion, or the credentials of a client."""
        return auth_of(settings)

    @staticmethod
    def limits(settings: SalesforceSettings) -> Sequence[Limit]:
        """How many requests may be sent in a minute; those of a day Salesforce counts itself."""
        return limits_of(settings)

    @staticmethod
    def simulator(settings: SalesforceSettings | None, seed: int) -> Simulator:
        """An organisation on a loopback port; it uses the secrets of `settings` where they are given."""
        from gateway_salesforce.simulator import SalesforceSimulator

        return SalesforceSimulator(settings, seed)

    def receive(self, request: Request) -> Receipt:
        """Prove what the organisation's Apex class sends."""
        return receipt(self._secrets, request)

    def normalize(self, record: Record) -> Iterator[Event | Fetch]:
        """What a request of the organisation, a row, or a part of a look-up says."""
        if record.form == "push":
            yield from push_events(record.body)
            return
        body = mapping(read_json(record.body), "the body")
        kind = KINDS.get(text(body, "object") or "")
        rows = mappings(body.get("rows"), "rows")
        if kind is None or not rows:
            raise BadPayload("no row of an object that is read here")
        for row in rows:
            if kind in CHILDREN:
                yield from self._child(kind, row, body, record.received_at)
            elif kind is CASE:
                yield from case_events(row, self._beside, record.received_at)
            elif kind is SESSION:
                yield from session_events(row, self._beside, record.received_at)
            elif kind is CALL:
                yield from call_events(row, self._beside, record.received_at)

    def _child(self, kind: Kind, row: Json, body: Json, read_at: int) -> Iterator[Event]:
        """What hangs on a case, and the case itself where it stands beside it."""
        if row.get(kind.case) is not None:
            yield from case_events(mapping(row[kind.case], kind.case), self._beside, read_at)
        ref = case_ref(needed_id(row, kind.parent))
        if kind is HISTORY:
            closed = mapping(body.get("closed") or {}, "closed")
            yield from history_events(row, ref, self._beside, _known(closed, text(row, "NewValue")))
        elif kind is EMAIL:
            yield from email_events(row, ref, _case_of(row, kind, body), read_at)
        elif kind is COMMENT:
            yield from comment_events(row, ref, read_at)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page of an object's rows, or of the cases that were deleted."""
        if stream.name == REMOVED:
            return await self._pull.page(CASE, stream, cursor, now, DELETED)
        return await self._pull.page(KINDS[stream.name], stream, cursor, now)

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """A case with what hangs on it, a messaging session, or a voice call."""
        return await self._look.up(ref, now)

    async def check(self) -> Sequence[Finding]:
        """Who we are to Salesforce, what we may read, and how much of the day's requests is spent."""
        return await findings(self._api, self._settings, self._usage, self._lacking)


def _streams(settings: SalesforceSettings) -> tuple[Stream, ...]:
    backfill_s = settings.backfill_days * DAY_S
    read = {SESSION: settings.sessions, CALL: settings.calls}
    return (
        *(
            Stream(name, every_s=settings.every_s, lag_s=LAG_S, backfill_s=backfill_s)
            for name, kind in KINDS.items()
            if read.get(kind, True)
        ),
        Stream(REMOVED, every_s=settings.deleted_every_s, lag_s=LAG_S, backfill_s=backfill_s),
    )


def _case_of(row: Json, kind: Kind, body: Json) -> Json:
    """What is known of the case that a row hangs on: it stands in the row, or beside the rows."""
    return mapping(row.get(kind.case) or body.get("case") or {}, "the case")


def _known(closed: Mapping[str, Any], label: str | None) -> bool | None:
    """Whether a status ends a case; None where that isn't known."""
    ends = closed.get(label) if label is not None else None
    if ends is not None and not isinstance(ends, bool):
        raise BadPayload("closed is neither true nor false")
    return ends


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Salesforce)
