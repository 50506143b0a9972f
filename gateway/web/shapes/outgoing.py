"""What goes out and what came in, described: `kernel.values` fills it."""

from typing import Literal

from msgspec import Struct

from gateway.kernel.outbox import DeliveryState
from gateway.rules.breaker import Standing
from gateway.rules.notice import Notice, Time

RecordState = Literal["ready", "leased", "parked", "done"]


class DeliveryTold(Struct, frozen=True, kw_only=True):
    """One notice on its way to one endpoint, without what it says."""

    id: int
    """Its id."""

    webhook_id: str
    """The id of the notice, the same at every endpoint and on every try."""

    type: str
    """The notice's type."""

    contact: str
    """The contact's id; of a notice about an endpoint `endpoint:` and its name."""

    endpoint: str
    """Where it goes."""

    sequence: int
    """Its number at the endpoint."""

    replay: bool
    """Whether it goes out once more because somebody asked for it."""

    state: DeliveryState
    """`ready` waits, `leased` is under way, `dead` was given up."""

    attempt: int
    """How often it was taken up."""

    tries: int
    """How many tries there were."""

    created_at: Time
    """When it was made."""

    next_at: Time | None
    """When the next try is due."""

    delivered_at: Time | None
    """When the endpoint took it."""

    last_status: int | None
    """What the endpoint answered last."""

    last_error: str | None
    """How the last try failed, in words."""


class AttemptTold(Struct, frozen=True, kw_only=True):
    """One try of a delivery."""

    attempt: int
    """Its number."""

    at: Time
    """When it was made."""

    status: int | None
    """What the endpoint answered."""

    error: str | None
    """How it failed."""

    duration_ms: int
    """How long it took, in milliseconds."""


class DeliveryList(Struct, frozen=True, kw_only=True):
    """Deliveries, the latest first."""

    deliveries: list[DeliveryTold]
    """One page of them."""

    next: str | None
    """Where the next page begins: ask again with it as `after`; null behind the last."""


class DeliveryWhole(DeliveryTold, frozen=True, kw_only=True):
    """One delivery with every try of it."""

    attempts: list[AttemptTold]
    """The tries, the first one first."""


class DeliveryReplayed(Struct, frozen=True, kw_only=True):
    """What became of a wish to send it once more."""

    id: int
    """The delivery."""

    outcome: Literal["due", "waiting"]
    """`due`: it goes out once more, with the same id and the same bytes. `waiting`: it has not ended yet."""


class RecordTold(Struct, frozen=True, kw_only=True):
    """A record of the inbox, without what it holds."""

    id: int
    """Its id."""

    connector: str
    """The connector that it came through."""

    state: RecordState
    """`ready` waits, `leased` is being judged, `parked` can't be read."""

    form: str
    """In which form the vendor sent it."""

    key: str | None
    """By what a repetition of it is known."""

    received_at: Time
    """When it came."""

    attempt: int
    """How often it was taken up."""

    reason: str | None
    """Why it is parked."""

    bytes: int
    """The length of what it holds."""


class RecordList(Struct, frozen=True, kw_only=True):
    """Records, the latest first."""

    records: list[RecordTold]
    """One page of them."""

    next: str | None
    """Where the next page begins: ask again with it as `after`; null behind the last."""


class RecordReplayed(Struct, frozen=True, kw_only=True):
    """What became of a wish to judge it once more."""

    id: int
    """The record."""

    outcome: Literal["ready"]
    """It waits to be judged again."""


class EndpointTold(Struct, frozen=True, kw_only=True):
    """A receiver of notices and how it stands."""

    name: str
    """Its name in the configuration."""

    state: Standing
    """How it stands."""

    why: str | None
    """Why it is disabled."""

    waiting: int
    """What waits for it, counted up to 10,000."""

    oldest_waiting_at: Time | None
    """When the first made of those was made."""

    last_error: str | None
    """How the last try of that one failed."""

    failing_since: Time | None
    """The first failure since the last success."""

    failures: int
    """Failures in a row."""

    retry_at: Time | None
    """When it is tried again."""

    paused_until: Time | None
    """Until when it wants nothing, as it has said itself."""

    disabled_at: Time | None
    """When it was given up."""

    last_success_at: Time | None
    """When it last took a notice."""

    last_sequence: int
    """The last number given to one of its notices."""

    configured: bool
    """Whether the configuration has it still."""


class EndpointList(Struct, frozen=True, kw_only=True):
    """Every endpoint, by name."""

    endpoints: list[EndpointTold]
    """The endpoints."""


class EndpointEnabled(Struct, frozen=True, kw_only=True):
    """An endpoint gets its notices again, the oldest first."""

    endpoint: str
    """Its name."""


class EndpointTested(Struct, frozen=True, kw_only=True):
    """How an endpoint took a notice that is only a test."""

    endpoint: str
    """Its name."""

    webhook_id: str
    """The id of the notice."""

    ok: bool
    """Whether it took it."""

    status: int | None
    """What it answered."""

    error: str | None
    """How it failed, in words."""

    duration_ms: int
    """How long it took, in milliseconds."""


class Missed(Struct, frozen=True, kw_only=True):
    """What an endpoint has missed."""

    endpoint: str
    """Its name."""

    notices: list[Notice]
    """The notices, in order, byte for byte as they were or will be delivered."""

    last: int
    """The number of the last of them: ask again with it as `after`."""

    oldest: int | None
    """The lowest number that is still kept."""

    more: bool
    """Whether there are more behind the last."""
