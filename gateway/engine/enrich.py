"""Ask enrichers who a contact's customer is: what was decided is asked, and the answer is a record in the inbox.

Laws. Nothing waits for an answer. Each enricher has its own queue, room, deadline and breaker: one that is slow, dead
or faulty delays no other. The customer is the one that the contact has now; the same identities are asked about once at
a time, and not again while an answer is good. The first failure of a question says `unavailable` and why; then it is
asked again, after growing waits, while the contact is open and for a day at most. Who is left alone, or isn't here, is
said to be unavailable at once. A question ends untold only if a newer one has taken its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from gateway.engine.acting import in_one_line
from gateway.engine.answer_cache import AnswerCache, Key, key_of
from gateway.engine.consult import REASON_MAX, Said, Unsaid, consult
from gateway.engine.own_record import record_of
from gateway.engine.world import EnricherLink, EnricherLinks, World
from gateway.kernel.failpoint import reached
from gateway.kernel.ports import Task
from gateway.kernel.questions import Question, Settled
from gateway.kernel.store import ContactRow, StoreFull
from gateway.model.event import EnrichmentReceived
from gateway.model.identity import Customer
from gateway.model.instant import DAY_MS, Instant
from gateway.model.record import Record
from gateway.rules.retry import growing_wait
from gateway.rules.strain import CALM, after_failure, room

LEASE_SLACK_MS: Final = 30_000
"""A lease is longer than a look-up by so much: for the judging between, and the disk."""

POLL_S = 1.0
"""Questions whose wait is over are found after this long; new ones are announced."""

PUT_OFF_MAX: Final = 500
"""Questions that are put off in one transaction."""

BACKOFF_FIRST_MS = 10_000
BACKOFF_MAX_MS = 1_800_000
ABSENT_MS: Final = 300_000
"""What can't be asked at all here is looked at again after this long."""

GIVE_UP_AFTER_MS: Final = DAY_MS

OVER = "the contact ended before there was an answer"
NOBODY = "the contact's customer isn't known"
ALONE = "it is left alone for a while"
STUCK = "its look-ups don't end when they are told to"


@dataclass(slots=True, eq=False)
class _Flight:
    """One look-up and all who wait for it."""

    key: Key
    customer: Customer
    questions: list[Question]


@dataclass(slots=True)
class Enrichers:
    """The look-ups under way, by enricher. `landed` is called after each: there is room for another."""

    world: World
    links: EnricherLinks
    landed: Callable[[], None]
    cache: AnswerCache = field(default_factory=AnswerCache)
    flying: dict[str, dict[Key, _Flight]] = field(default_factory=dict)
    tasks: dict[_Flight, Task] = field(default_factory=dict)

    async def step(self) -> int:
        """Take up what is due and has room, put off what has to wait; how many questions."""
        moved = 0
        for name in await self.world.store.questions_due(self.world.clock.now()):
            moved += await self._turn(name)
        return moved

    async def finish(self) -> None:
        """Wait for what is under way."""
        while self.tasks:
            await next(iter(self.tasks.values()))

    def cut_off(self) -> None:
        """End what is under way: the next start asks again."""
        for task in self.tasks.values():
            task.cancel()

    async def _turn(self, name: str) -> int:
        """One enricher's turn: it never waits for an answer."""
        now = self.world.clock.now()
        link = self.links.get(name)
        if link is None:
            return await self._put_off(name, now + ABSENT_MS, f"no enricher {name} is configured here")
        if now < link.strain.alone_until:
            why = in_one_line(f"{link.last_failure}; {ALONE}" if link.last_failure else ALONE, 2 * REASON_MAX)
            return await self._put_off(name, link.strain.alone_until, why)
        flights = self.flying.setdefault(name, {})
        if link.running - len(flights) >= link.concurrency:
            return await self._put_off(name, now + ABSENT_MS, STUCK)
        free = room(link.strain, now, link.concurrency) - len(flights)
        if free <= 0:
            return 0
        lease_ms = round(link.timeout_s * 1000) + LEASE_SLACK_MS
        questions = await self.world.store.claim_questions(enricher=name, now=now, lease_ms=lease_ms, limit=free)
        rows = (await self.world.store.known([one.strand for one in questions], [])).contacts
        settled = [done for one in questions if (done := self._begun(link, one, rows.get(one.strand))) is not None]
        await self._settle(name, settled)
        return len(questions)

    def _begun(self, link: EnricherLink, question: Question, row: ContactRow | None) -> Settled | None:
        """Send a question off, or let it join one that is under way; else what has become of it at once."""
        now = self.world.clock.now()
        state = None if row is None else row.state
        if state is None or state.contact.ended or not state.contact.customer.known:
            link.count("unasked")
            return self._ended(question, NOBODY if state is not None and not state.contact.ended else OVER)
        customer = state.contact.customer.identities
        key = key_of(link.name, customer)
        ttl_ms = round(link.ttl_s * 1000) if question.ttl_ms is None else question.ttl_ms
        if (facts := self.cache.get(key, now, ttl_ms)) is not None:
            link.count("cached")
            return self._answered(link, question, customer, facts)
        flight = self.flying[link.name].get(key)
        if flight is not None:
            link.count("joined")
            flight.questions.append(question)
            return None
        flight = self.flying[link.name][key] = _Flight(key, customer, [question])
        self.tasks[flight] = self.world.spawn.task(f"enrich by {link.name}", self._fly(link, flight))
        return None

    async def _fly(self, link: EnricherLink, flight: _Flight) -> None:
        began = self.world.clock.monotonic()
        link.count("asked")
        try:
            try:
                outcome = await consult(self.world, link, flight.customer)
            finally:
                del self.flying[link.name][flight.key]  # who comes now finds the answer, or begins anew
            self.world.meters.look_up_seconds.observe(self.world.clock.monotonic() - began, link.name)
            reached("enrich.answered")
            await self._settle(link.name, self._landed(link, flight, outcome))
        except StoreFull:
            # The answer is lost, the lease is not: when it is over, the question is asked again.
            self.world.log.error("answer_not_stored", enricher=link.name)
        finally:
            del self.tasks[flight]
            self.landed()

    def _landed(self, link: EnricherLink, flight: _Flight, outcome: Said | Unsaid) -> list[Settled]:
        """What becomes of all who waited for a look-up, and how its enricher stands now."""
        now = self.world.clock.now()
        if isinstance(outcome, Unsaid):
            self._failed(link, outcome, now)
            return [self._unanswered(link, one, outcome, now) for one in flight.questions]
        if outcome.hidden:
            link.count("cards_hidden", outcome.hidden)
        link.strain, link.answered_at, link.last_failure = CALM, now, ""
        self.cache.put(flight.key, now, outcome.facts)
        return [self._answered(link, one, flight.customer, outcome.facts) for one in flight.questions]

    def _failed(self, link: EnricherLink, outcome: Unsaid, now: int) -> None:
        link.count("failed")
        link.failed_at, link.last_failure = now, outcome.why
        self.world.log.warning("enricher_failed", enricher=link.name, why=outcome.why)
        if outcome.well:
            link.strain = CALM
        if not outcome.fault:
            return
        was_alone = link.strain.alone_until
        link.strain = after_failure(link.strain, now, outcome.asked_s, self.world.rng.uniform(0, 1))
        if link.strain.alone_until > now >= was_alone:
            alone_s = round((link.strain.alone_until - now) / 1000)
            self.world.log.warning("enricher_left_alone", enricher=link.name, for_s=alone_s, why=outcome.why)

    def _unanswered(self, link: EnricherLink, question: Question, outcome: Unsaid, now: int) -> Settled:
        backoff_ms = growing_wait(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, question.tries + 1)
        wait_ms = max(outcome.asked_s * 1000, backoff_ms) * self.world.rng.uniform(1.0, 1.2)
        return replace(self._waits(question, now + round(wait_ms), outcome.why), counted=outcome.counted)

    async def _put_off(self, name: str, until: int, why: str) -> int:
        """Say of all that are due that there is no answer now, and let them wait."""
        questions = await self.world.store.claim_questions(
            enricher=name, now=self.world.clock.now(), lease_ms=LEASE_SLACK_MS, limit=PUT_OFF_MAX
        )
        await self._settle(name, [self._waits(one, until, why) for one in questions])
        return len(questions)

    def _waits(self, question: Question, until: int, why: str) -> Settled:
        """A question that has no answer now: it is told once, and waits, unless it was asked too long ago."""
        if self.world.clock.now() - question.asked_at >= GIVE_UP_AFTER_MS:
            self._count(question, "gave_up")
            return self._ended(question, why)
        return Settled(question=question, record=self._untold(question, why), next_at=until, reason=why)

    def _ended(self, question: Question, why: str) -> Settled:
        """A question that nobody asks any more; if nothing was told of it yet, that is."""
        return Settled(question=question, record=self._untold(question, why))

    def _answered(self, link: EnricherLink, question: Question, customer: Customer, facts: bytes) -> Settled:
        link.count("answered")
        event = EnrichmentReceived(
            id=f"{question.request}/ok",
            at=self._instant(question),
            ref=question.strand.ref,
            enricher=question.enricher,
            status="ok",
            facts=msgspec.json.decode(facts),
            customer=customer,
        )
        return Settled(question=question, record=record_of([event], self.world.clock.now()))

    def _untold(self, question: Question, why: str) -> Record | None:
        """That there is no answer, where it wasn't told before."""
        if question.told:
            return None
        self._count(question, "unavailable")
        event = EnrichmentReceived(
            id=f"{question.request}/unavailable",
            at=self._instant(question),
            ref=question.strand.ref,
            enricher=question.enricher,
            status="unavailable",
            reason=why,
        )
        return record_of([event], self.world.clock.now())

    def _instant(self, question: Question) -> Instant:
        """When it is told: never before it was asked, whatever has happened to the clock."""
        return Instant(max(self.world.clock.now(), question.asked_at))

    def _count(self, question: Question, what: str) -> None:
        if (link := self.links.get(question.enricher)) is not None:
            link.count(what)

    async def _settle(self, name: str, settled: Sequence[Settled]) -> None:
        if not settled:
            return
        for question in await self.world.store.settle_questions(settled):
            self._count(question, "overtaken")
            self.world.log.info("answer_overtaken", enricher=name)
