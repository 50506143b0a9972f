"""How connectors and enrichers stand, described: `engine.connections` and `engine.enricher_states` fill it, for the API
and the commands."""

from msgspec import Struct

from gateway.engine.connections import State
from gateway.engine.enricher_states import EnricherState
from gateway.kernel.lane import Lane
from gateway.rules.notice import Seconds, Time


class ConnectorPaused(Struct, frozen=True, kw_only=True):
    """A person's pause: its vendor is asked for nothing; what the vendor pushes is still taken."""

    by: str
    """Who paused it."""

    at: Time
    """When."""

    reason: str | None
    """Why."""


class LookUpsWaiting(Struct, frozen=True, kw_only=True):
    """Look-ups that wait, counted up to 100,000."""

    live: int
    """For what happens now."""

    past: int
    """For the past."""


class StreamTold(Struct, frozen=True, kw_only=True):
    """A stream that is pulled."""

    name: str
    """Its name."""

    every_s: Seconds
    """How often it is pulled, in seconds."""

    begun: bool
    """Whether it was ever pulled."""

    pulled_at: Time | None
    """When it last was, since the start of the gateway."""

    lag_s: Seconds | None
    """How many seconds ago that is."""

    failures: int
    """Failures in a row."""

    failure: str | None
    """The last of them, in words."""


class LimitTold(Struct, frozen=True, kw_only=True):
    """A limit of the vendor's: so many requests in so long."""

    name: str
    """Its name."""

    requests: int
    """Requests."""

    per_s: Seconds
    """In so many seconds."""

    left: int
    """How many may still be sent now."""

    next_s: Seconds
    """In how many seconds the next one may go."""

    full_s: Seconds
    """In how many seconds all of them may, if nothing is sent meanwhile."""

    closed: bool
    """Whether the vendor itself said to wait."""


class FindingTold(Struct, frozen=True, kw_only=True):
    """Something that a connector's, or an enricher's, own check found wrong."""

    what: str
    """What."""

    hint: str
    """What to do."""


class SyncRun(Struct, frozen=True, kw_only=True):
    """A run over a stream."""

    id: int
    """Its id."""

    connector: str
    """The connector."""

    stream: str
    """The stream."""

    lane: Lane
    """`live` is one pull of what is new, `backfill` reads the past."""

    asked_at: Time
    """When it was asked for."""

    began_at: Time | None
    """When it began."""

    ended_at: Time | None
    """When it was through."""

    since: Time | None
    """From when on it reads."""

    until: Time | None
    """Until when."""

    reached: Time | None
    """How far it has come."""

    share: float | None
    """How much of it is done, from 0 to 1; null where that can't be known."""

    pages: int
    """Pages read."""

    accepted: int
    """Records that were new."""

    duplicates: int
    """Records that were there already."""

    waits_for: str | None
    """Why it doesn't go on; of one that is over what ended it."""


class ConnectorTold(Struct, frozen=True, kw_only=True):
    """A connector and how it stands."""

    name: str
    """Its name in the configuration."""

    plugin: str | None
    """Its plugin."""

    state: State
    """The gravest that holds: it can't work here, is paused, its plugin fails, its vendor does or it can't listen, its
    check warns."""

    why: str | None
    """What that comes from, in words."""

    paused: ConnectorPaused | None
    """Who paused it."""

    receives: bool | None
    """Whether it takes webhooks."""

    listens: list[str] | None
    """Where it listens, such as `udp 0.0.0.0:9060`; null for one that never does, or where it isn't known."""

    live_from: Time | None
    """From when on what it tells is news."""

    records_waiting: int
    """Records that wait to be judged."""

    oldest_record_at: Time | None
    """When the oldest of them came."""

    look_ups_waiting: LookUpsWaiting
    """Look-ups that wait."""

    oldest_look_up_at: Time | None
    """When the oldest live one was asked for."""

    streams: list[StreamTold] | None
    """What is pulled."""

    limits: list[LimitTold] | None
    """What may still be asked of the vendor."""

    findings: list[FindingTold]
    """What its own check found wrong."""

    counts: dict[str, int] | None
    """What was counted since the start."""

    runs: list[SyncRun]
    """Runs over its streams that aren't through."""


class ConnectorList(Struct, frozen=True, kw_only=True):
    """Every connector, by name."""

    connectors: list[ConnectorTold]
    """The connectors."""


class EnricherTold(Struct, frozen=True, kw_only=True):
    """How an enricher stands. Nothing waits for one: what it can't answer is told as unavailable, and asked again."""

    name: str
    """Its name in the configuration."""

    plugin: str | None
    """Its plugin; null for one that can't be asked here."""

    state: EnricherState
    """The gravest that holds."""

    why: str | None
    """Why, in words."""

    waiting: int
    """Questions that have no answer yet."""

    timeout_s: Seconds | None
    """So long it has for an answer, in seconds."""

    answered_at: Time | None
    """When it answered last, since the start."""

    failed_at: Time | None
    """When it last failed to, since the start."""

    last_failure: str | None
    """How, until it answers again."""

    alone_until: Time | None
    """Until when it is asked for nothing, after failures or because it wants that."""

    limits: list[LimitTold] | None
    """What may still be asked of its account."""

    findings: list[FindingTold]
    """What its own check found wrong."""

    counts: dict[str, int] | None
    """What was counted since the start."""


class EnricherList(Struct, frozen=True, kw_only=True):
    """Every enricher, by name."""

    enrichers: list[EnricherTold]
    """The enrichers."""


class ConnectorActed(Struct, frozen=True, kw_only=True):
    """A connector was paused or resumed."""

    connector: str
    """Its name."""

    paused: ConnectorPaused | None
    """The pause that holds now."""


class ConnectorSynced(Struct, frozen=True, kw_only=True):
    """Runs that were asked for: they begin at once."""

    connector: str
    """Its name."""

    runs: list[SyncRun]
    """One for each stream."""
