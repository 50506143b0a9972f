"""Runs a connector or an enricher without effects: its check, some pages of each stream, a look-up, a saved webhook.

Laws. Nothing of what comes is stored, and no cursor is kept. A record is treated as the engine treats it: card numbers
are hidden first, and what can't be used is told with its reason. Whatever the connector raises is a result.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx2
import msgspec
from msgspec.structs import replace

from gateway.cli.plugin.trial.subject import STEP_S, Tried
from gateway.daemon.setup import open_store
from gateway.engine.tellings import AHEAD_MAX_MS
from gateway.kernel.cards import hide_cards
from gateway.kernel.clock import SystemClock
from gateway.kernel.log import hide_secrets
from gateway.kernel.rng import SystemRng
from gateway.kernel.sealing import Seal
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_auth import AuthorizationCode
from gateway.kernel.vendor_transport import GuardedTransport
from gateway.model.event import Event, check_event, encode_event, identified
from gateway.plugin import (
    ID_KEYS,
    BadPayload,
    Context,
    Customer,
    Fetch,
    Finding,
    Instant,
    Page,
    Piece,
    Record,
    Ref,
    Stream,
    VendorError,
)
from gateway.plugin.account import auth_of, open_account

RECORDS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: events and look-ups, or (`parked`) why nothing of it can be used."""

    record: Record
    events: tuple[Event, ...] = ()
    fetches: tuple[Fetch, ...] = ()
    parked: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried: what it found or brought, what it cost, and (`failed`) why it ended."""

    what: str
    findings: tuple[Finding, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    requests: tuple["Asked", ...] = ()
    took_s: float = 0.0
    more: bool = False
    failed: str = ""
    facts: Mapping[str, Any] | None = None
    """What an enricher says of a customer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was made: its path without the query, and the status (0: no answer)."""

    method: str
    path: str
    status: int


@dataclass(slots=True)
class _Counting(httpx2.AsyncBaseTransport):
    """The guarded transport, and what went through it."""

    inner: httpx2.AsyncBaseTransport
    asked: list[Asked] = field(default_factory=list)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it on, and note it."""
        status = 0
        try:
            answer = await self.inner.handle_async_request(request)
            status = answer.status_code
            return answer
        finally:
            self.asked.append(Asked(request.method, request.url.path, status))

    async def aclose(self) -> None:
        """Close every connection."""
        await self.inner.aclose()


@dataclass(slots=True)
class Trial:
    """A connector or an enricher at work on its account."""

    connector: Any
    id_keys: frozenset[str]
    clock: SystemClock
    _transport: _Counting
    timeout_s: float = STEP_S

    async def check(self) -> Step:
        """What its own check finds."""
        found: list[Finding] = []

        async def work() -> None:
            found.extend(await self.connector.check())

        return await self._timed("check", work, lambda: Step("check", findings=tuple(found)))

    async def pages(self, stream: Stream, count: int) -> AsyncIterator[Step]:
        """So many pages of a stream, from its beginning."""
        cursor: str | None = None
        for number in range(1, count + 1):
            step, page = await self._one(stream, cursor, f"{stream.name}, page {number}")
            yield step
            if page is None or not page.more:
                return
            cursor = page.cursor

    async def _one(self, stream: Stream, cursor: str | None, what: str) -> tuple[Step, Page | None]:
        brought: list[Page] = []

        async def work() -> None:
            brought.append(await self.connector.pull(stream, cursor, self.clock.now()))

        step = await self._timed(
            what, work, lambda: Step(what, outcomes=self._outcomes(brought[0].records), more=brought[0].more)
        )
        return step, None if step.failed else brought[0]

    async def look_up(self, ref: Ref) -> Step:
        """One object."""
        brought: list[Sequence[Record]] = []

        async def work() -> None:
            brought.append(await self.connector.fetch(ref, self.clock.now()))

        what = f"look-up of {ref.kind} {ref.id}"
        return await self._timed(what, work, lambda: Step(what, outcomes=self._outcomes(brought[0])))

    async def ask(self, customer: Customer) -> Step:
        """What an enricher says of a customer."""
        brought: list[Any] = []

        async def work() -> None:
            facts = await self.connector.lookup(customer, self.clock.now())
            body, _ = hide_cards(msgspec.json.encode(facts), self.id_keys)
            msgspec.json.decode(body, type=type(facts))
            brought.append(msgspec.json.decode(body))

        return await self._timed("look-up", work, lambda: Step("look-up", facts=brought[0]))

    def webhook(self, body: bytes) -> Step:
        """A saved webhook, as if it had been proved."""
        record = Record(body=body, form="push", received_at=Instant(self.clock.now()))
        return Step("webhook", outcomes=self._outcomes([record]))

    def becomes(self, record: Record) -> Outcome:
        """What a record becomes."""
        try:
            items = list(self.connector.normalize(record))
            fetches = tuple(item for item in items if isinstance(item, Fetch))
            events = tuple(_usable(event, record) for item in items for event in self._events(item))
        except BadPayload as error:
            return Outcome(record, parked=hide_secrets(str(error))[:500] or "not usable")
        except Exception as error:  # foreign code: its author reads this
            return Outcome(record, parked=hide_secrets(f"the connector raised {type(error).__name__}: {error}")[:500])
        return Outcome(record, events, fetches)

    def _events(self, item: object) -> Iterable[object]:
        """The events that something said is; of a piece of an object what it tells where nothing else is known."""
        if isinstance(item, Piece):
            return list(self.connector.tell(item.facts))
        return [] if isinstance(item, Fetch) else [item]

    def _outcomes(self, records: Sequence[Record]) -> tuple[Outcome, ...]:
        hidden = (replace(record, body=hide_cards(record.body, self.id_keys)[0]) for record in records[:RECORDS_MAX])
        return tuple(self.becomes(record) for record in hidden)

    async def _timed(self, what: str, work: Callable[[], Any], made: Callable[[], Step]) -> Step:
        first, started_s = len(self._transport.asked), self.clock.monotonic()
        try:
            async with asyncio.timeout(self.timeout_s):
                await work()
            step = made()
        except TimeoutError:
            step = Step(what, failed=f"it did not end within {self.timeout_s:g} s")
        except VendorError as error:
            step = Step(what, failed=hide_secrets(str(error))[:500])
        except Exception as error:  # foreign code: its author reads this
            step = Step(what, failed=hide_secrets(f"it raised {type(error).__name__}: {error}")[:500])
        took_s = self.clock.monotonic() - started_s
        return Step(
            step.what,
            step.findings,
            step.outcomes,
            tuple(self._transport.asked[first:]),
            took_s,
            step.more,
            step.failed,
            step.facts,
        )


@asynccontextmanager
async def trial(tried: Tried) -> AsyncIterator[Trial]:
    """Open the account, and close it again."""
    clock, transport = SystemClock(), _Counting(GuardedTransport(tried.reach))
    async with _vault(tried) as vault:
        account = open_account(
            tried.kind,
            tried.settings,
            reach=tried.reach,
            clock=clock,
            rng=SystemRng(),
            vault=vault,
            transport=transport,
        )
        try:
            connector = tried.kind(tried.name, tried.settings, Context(account))
            id_keys = frozenset(getattr(connector, "id_keys", ID_KEYS))
            yield Trial(connector, id_keys, clock, transport, tried.timeout_s)
        finally:
            await account.aclose()


@asynccontextmanager
async def _vault(tried: Tried) -> AsyncIterator[Vault | None]:
    """The tokens that a person granted, where the account is proved so. If they must be renewed they are stored, as by
    the gateway: what a vendor has taken back would be lost for both."""
    if not isinstance(auth_of(tried.kind, tried.settings), AuthorizationCode) or not tried.config.database.exists():
        yield None
        return
    spawn = LoopSpawn()
    try:
        store = await open_store(tried.config, exclusive=False, spawn=spawn)
        try:
            yield Vault(tried.name, store, Seal(tried.config.key_file, SystemRng()), spawn)
        finally:
            await store.close()
    finally:
        await spawn.close()


def _usable(item: object, record: Record) -> Event:
    """The event as it would be kept. Raises BadPayload for one that nobody may say, as the engine does."""
    event = identified(item)  # type: ignore[arg-type]
    try:
        check_event(event)
        encode_event(event)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadPayload(f"event {event.id}: {error}") from None
    if event.at > record.received_at + AHEAD_MAX_MS:
        raise BadPayload(f"event {event.id} is dated more than 24 h ahead of its receipt")
    return event
