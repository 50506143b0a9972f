"""What the engine is given: the five ports as one value, and the connectors and enrichers with their
health."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from gateway.kernel.budget import Budget
from gateway.kernel.log import hide_secrets
from gateway.kernel.metrics import Meters
from gateway.kernel.ports import Clock, Net, Rng, Sockets, Spawn
from gateway.kernel.reading import Pause
from gateway.kernel.sockets import SystemSockets
from gateway.kernel.store import Store
from gateway.plugin import ID_KEYS, Assembles, Connector, Enricher, Fetches, Finding, ListsIds, Receives
from gateway.rules.strain import CALM, Strain

FAULTS_IN_A_ROW_MAX = 5
"""So many unexpected exceptions in a row, and a connector counts as ill: nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class World:
    """The outside, as far as the engine knows it."""

    clock: Clock
    rng: Rng
    net: Net
    spawn: Spawn
    store: Store
    log: structlog.typing.FilteringBoundLogger
    meters: Meters = field(default_factory=Meters)
    """What is counted since the start."""

    sockets: Sockets = field(default_factory=SystemSockets)
    """Where others speak to us first, other than by HTTP."""


@dataclass(slots=True)
class Link:
    """A connector at work. It is ill after several faults in a row, and well again at the first success."""

    name: str
    connector: Connector
    faults_in_a_row: int = 0
    last_fault: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    receives: Receives | None = field(init=False)
    """The connector, if it takes webhooks. Asked once: to ask a Protocol costs as much as to prove a request."""

    pushed: bool = field(init=False)
    """Whether its vendor is expected to call."""

    strain: Strain = CALM
    """How its vendor bears our look-ups."""

    fetches: Fetches | None = field(init=False)
    """The connector, if it can look an object up."""

    assembles: Assembles | None = field(init=False)
    """The connector, if what it tells of comes in pieces."""

    findings: tuple[Finding, ...] = ()
    """What its own check found last."""

    pause: Pause | None = None
    """The pause that a person has put it into, as far as is known here; `engine/pausing` reads it."""

    budget: Budget | None = None
    """What may still be asked of its account; None where that isn't known."""

    id_keys: frozenset[str] = field(init=False)
    """Keys whose texts are ids, and never card numbers."""

    def __post_init__(self) -> None:
        self.receives = self.connector if isinstance(self.connector, Receives) else None
        self.pushed = self.receives is not None and getattr(self.connector, "pushed", True) is not False
        self.fetches = self.connector if isinstance(self.connector, Fetches) else None
        self.assembles = self.connector if isinstance(self.connector, Assembles) else None
        self.id_keys = frozenset(self.connector.id_keys) if isinstance(self.connector, ListsIds) else ID_KEYS

    @property
    def healthy(self) -> bool:
        """Whether the gateway waits for this connector's records before it lets time pass."""
        return self.faults_in_a_row < FAULTS_IN_A_ROW_MAX

    def fault(self, error: BaseException) -> None:
        """Note an exception that the connector's abilities don't declare; `last_fault` has its words, no secrets."""
        self.faults_in_a_row += 1
        self.last_fault = hide_secrets(f"{type(error).__name__}: {error}")[:300]

    def worked(self) -> None:
        """Note a success."""
        self.faults_in_a_row = 0

    def count(self, what: str, number: int = 1) -> None:
        """Count something for the metrics."""
        self.counts[what] = self.counts.get(what, 0) + number


Links = Mapping[str, Link]


@dataclass(slots=True)
class EnricherLink:
    """An enricher at work, and how it stands. One look-up may take `timeout_s` seconds, and `concurrency` of them are
    under way at once; an answer is good for `ttl_s` seconds where the policy doesn't say."""

    name: str
    enricher: Enricher
    timeout_s: float
    concurrency: int
    ttl_s: float
    strain: Strain = CALM
    """How the other system bears our look-ups."""

    running: int = 0
    """Look-ups that have not ended, those among them that were told to."""

    counts: dict[str, int] = field(default_factory=dict)
    answered_at: int | None = None
    """The last answer, in ms."""

    failed_at: int | None = None
    last_failure: str = ""
    """The last failure and its words, no secrets; empty after an answer."""

    findings: tuple[Finding, ...] = ()
    """What its own check found last."""

    budget: Budget | None = None
    """What may still be asked of its account; None where that isn't known."""

    def count(self, what: str, number: int = 1) -> None:
        """Count something for the metrics."""
        self.counts[what] = self.counts.get(what, 0) + number


EnricherLinks = Mapping[str, EnricherLink]
