"""What a connector is: small Protocols. Whoever has the methods of one has that ability; there is no base class.

The core calls `ConnectorType(name, settings, context)`; the constructor does no I/O. `normalize` and `receive` are
pure: `request.received_at` is their only clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

from msgspec import Struct
from pydantic import BaseModel

from gateway.kernel.vendor_auth import Auth
from gateway.kernel.vendor_http import VendorHttp
from gateway.kernel.vendor_limits import Limit
from gateway.model.event import Event
from gateway.model.identity import Ref
from gateway.model.record import Record
from gateway.plugin.listening import RouteFunction, nowhere


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: header names in lower case, the body's very bytes, receipt in ms since the epoch."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    received_at: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """Proved to be the vendor's: these records are stored before the vendor gets its 2xx."""

    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that the vendor's protocol wants, such as a challenge; nothing is stored."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Refused:
    """Not proved, or not acceptable: `why` is told to the sender and holds no secret."""

    status: int
    why: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Receipt = Accepted | Reply | Refused


FAULTS: Final[Mapping[str, str]] = {
    "lose": "webhooks never arrive",
    "duplicate": "each webhook is sent twice",
    "reorder": "webhooks arrive in another order than things happened",
    "late_commit": "a change is shown later than its own time says, behind a cursor that has passed it",
    "revoked": "tokens given so far are worthless",
}
"""Faults that a connector's HTTP client can't be given by the kit itself: only the vendor's stand-in can have them."""

ID_KEYS: Final = frozenset({"id", "uuid"})
"""Keys whose texts are ids, where a connector doesn't say."""


class BadPayload(Exception):
    """A record that can't be normalized: it is parked with this reason, and can be replayed after a fix."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """A record that lacks the fact itself: look the object up. What comes back is a record of its own.

    `version`: what the record shows of the object, as the vendor counts (see `Record.version`). If an answer at least
    as new was fetched already, the object isn't looked up again; without a version it always is.
    """

    ref: Ref
    reason: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what is known of one object that nobody tells whole: a call's packets, the lines of a log.

    `names`: every name under which the object is known here. Pieces that share a name are of one object, whichever
    came first. `facts`: what this one adds, of the connector's `facts_type`.
    """

    names: tuple[str, ...]
    facts: Struct


@dataclass(frozen=True, slots=True)
class Stream:
    """Something to pull: every `every_s` seconds; `lag_s` is how late the vendor shows a change; `backfill_s` how far
    back the first pull reaches.

    The core reads the past beside the present: a stream that is new begins at once with what is new (`pull` is given
    the stream with `backfill_s` 0), while a backfill with a cursor of its own reads what lies before it.
    """

    name: str
    every_s: float = 60.0
    lag_s: float = 0.0
    backfill_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream and the cursor behind it. With `more`, the cursor must have moved.

    `reached`: up to which instant, in milliseconds, the stream's changes are on this page and those before it. It is
    what progress is reckoned from, and where a backfill ends; None where the stream isn't in the order of time.
    """

    records: Sequence[Record]
    cursor: str | None
    more: bool
    reached: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the vendor's account found: `ok` or what to do about it."""

    ok: bool
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What the core lends a connector: the vendor account's HTTP client, with authentication and redaction in it, and
    where the policy in force routes a contact that is about to open."""

    http: VendorHttp
    route: RouteFunction = nowhere


class Connector(Protocol):
    """Every connector. `settings_type` says what may stand under its name in gateway.yaml; secrets are `SecretStr`."""

    plugin: ClassVar[str]
    settings_type: ClassVar[type[BaseModel]]

    def __init__(self, name: str, settings: Any, context: Context) -> None: ...

    def normalize(self, record: Record) -> Iterator[Event | Fetch | Piece]:
        """Say what a record means. Pure. Raises BadPayload, and nothing else."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Credentials, scopes and clock, asked of the vendor."""
        ...


@runtime_checkable
class Authenticates(Protocol):
    """Says how its HTTP client proves itself, as data; without it the client sends no credentials."""

    @staticmethod
    def auth(settings: Any) -> Auth:
        """How requests to this account are authenticated."""
        ...


@runtime_checkable
class Limits(Protocol):
    """Says how many requests its vendor allows: the client keeps within them, what is live before a backfill."""

    @staticmethod
    def limits(settings: Any) -> Sequence[Limit]:
        """The limits of the account that `settings` describe."""
        ...


@runtime_checkable
class ListsIds(Protocol):
    """Says under which keys of its JSON texts are ids: what looks like a card number there is none, and stays.

    Everywhere else in a text the core hides card numbers before a record is stored. JSON's numbers and keys are never
    changed. A connector without a list has ID_KEYS.
    """

    id_keys: ClassVar[frozenset[str]]


@runtime_checkable
class Receives(Protocol):
    """The vendor calls us. Where its settings say that nobody will, a connector has `pushed = False`: what webhooks
    would have told is then missed by none.
    """

    def receive(self, request: Request) -> Receipt:
        """Prove a request, in constant time where secrets are compared. Pure."""
        ...


@runtime_checkable
class Pulls(Protocol):
    """We ask the vendor for what is new. The loop, the limits and the stop rule belong to the core."""

    streams: tuple[Stream, ...]

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """One page. `cursor` None: the first ever; `now` in milliseconds, to reckon `lag_s` and `backfill_s` from."""
        ...


@runtime_checkable
class Fetches(Protocol):
    """We ask the vendor for one object."""

    async def fetch(self, ref: Ref, now: int) -> Sequence[Record]:
        """The object as it is now, as records to be normalized. An object that is gone gives none."""
        ...


@runtime_checkable
class Assembles(Protocol):
    """Tells of objects whose facts come in pieces and in any order; `normalize` gives them as `Piece`s.

    The core keeps what is joined of each object. All that `tell` says of it takes the place of what was told before:
    what isn't told any more has not happened. What time alone would bring is told ahead, as an event that is dated in
    the future, a day at most: it waits for its time, and newer facts take it back.
    """

    facts_type: ClassVar[type[Struct]]

    def join(self, facts: Any, more: Any) -> Any:
        """What is known by both. Pure; in any order, however often, the same: commutative, associative, idempotent."""
        ...

    def tell(self, facts: Any) -> Iterator[Event]:
        """All that the facts say has happened, under ids that stay, with their `ref`. Pure. One object's events are of
        one `ref`, with which others become merged; what was told opened stays so, as facts only grow."""
        ...


@runtime_checkable
class Simulates(Protocol):
    """The plugin brings a stand-in for its vendor, on loopback ports of its own."""

    @staticmethod
    def simulator(settings: Any, seed: int) -> "Simulator":
        """A simulator of the account that `settings` describe."""
        ...


class Simulator(Protocol):
    """A vendor, as far as a connector can tell: an account that fills, changes, and knows what is true of it."""

    acts: ClassVar[frozenset[str]]
    """What may happen in the account: the names that `act` takes."""

    faults: ClassVar[frozenset[str]]
    """What can be wrong with it: the names that `fault` takes. Those of FAULTS mean the same for every vendor."""

    async def start(self, now: "NowFunction", push_to: str | None) -> Mapping[str, Any]:
        """Listen; webhooks go to `push_to`. Returns the settings that point a connector at it (secrets as text)."""
        ...

    def seed(self, count: int, *, since: int) -> None:
        """Let `count` objects with a history be there, the first of them opened at `since` (milliseconds), the last
        change before now. No webhook tells of them."""
        ...

    def act(self, name: str) -> Ref | None:
        """Let something happen now, to an object of the simulator's choice; which. None if there is none to choose."""
        ...

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch a fault on or off. Raises ValueError for a name that is not in `faults`."""
        ...

    async def settled(self) -> None:
        """Come back when every webhook was sent, lost or given up."""
        ...

    def truth(self) -> Sequence[Event]:
        """What a perfect connector must have said by now, at least: under the same ids, with the same content."""
        ...

    async def stop(self) -> None:
        """Stop listening, and let go of everything."""
        ...


class NowFunction(Protocol):
    """Milliseconds since the epoch."""

    def __call__(self) -> int: ...
