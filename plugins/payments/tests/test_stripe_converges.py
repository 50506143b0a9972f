"""Whatever becomes of webhooks, and whenever is pulled or restarted: in the end every contact is as a clean and full
reading has it, and the journal says the same. Without the pull, what counts is the same still: a re-read shows it.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/payments/tests/test_stripe_converges.py --timeout=0` looks for longer,
by chance; what fails comes with the smallest story.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from unittest.mock import patch

import msgspec
import pytest
from gateway_payments.stripe import pull
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.signature import HEADER, header
from gateway_payments.stripe.simulator import StripeSimulator
from gateway_payments.stripe.simulator.account import Happening
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.plugin import DAY_MS, Event, Request, VendorError, encode_event
from gateway.testing.stage import NAME, Reader, Stage, reader, stage
from gateway.testing.transport import cut_off
from gateway.testing.truth import differing, unsaid

EXAMPLES: Final = int(os.environ.get("CONVERGES_EXAMPLES", "0"))
STEPS_MAX: Final = 40 if EXAMPLES else 24

DISPUTED: Final = ("dispute", "dispute_fraud", "inquiry", "inquiry_escalated", "inquiry_closed", "evidence",
                   "dispute_won", "dispute_lost", "warn", "warned_refunded", "review", "review_approved")  # fmt: skip

Step = tuple[str, Any]

acts = st.tuples(st.sampled_from(["act", "act", "lost", "unseen"]), st.sampled_from(sorted(StripeSimulator.acts)))
about_disputes = st.tuples(st.sampled_from(["act", "act", "lost"]), st.sampled_from(DISPUTED))
passing = st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 59, 61, 125, 400, 4_000]))
places = st.integers(0, 7)
pushes = st.tuples(st.sampled_from(["deliver", "deliver", "double", "lose"]), places)
others = st.tuples(st.sampled_from(["settle", "sync", "pull", "past", "restart", "fail"]), st.none())
disputes = st.one_of(about_disputes, about_disputes, passing, pushes)
stories = st.lists(st.one_of(acts, disputes, others), min_size=1, max_size=STEPS_MAX)
unpulled = st.lists(st.one_of(disputes, st.just(("settle", None))), min_size=1, max_size=STEPS_MAX)


class Weather:
    """A story: the account, those who read it, and the webhooks that are under way."""

    def __init__(self, on: Stage, ours: Reader) -> None:
        self.on, self.ours = on, ours
        self.secret = str(on.values["webhook_secret"])
        self.held: list[bytes] = []
        self.first: dict[str, bytes] = {}
        """The first webhook about each object."""

    def caught(self, happening: Happening) -> None:
        """A webhook goes out."""
        body = msgspec.json.encode(happening.body())
        self.held.append(body)
        self.first.setdefault(msgspec.json.decode(happening.row)["id"], body)

    async def whole(self, story: Sequence[Step], *, pulled: bool) -> None:
        """The story from its beginning to its end; what happens is told to nobody but us."""
        simulator: Any = self.on.simulator
        with patch.object(simulator.account, "hear", self.caught):
            for step in story:
                await self.take(step)
        await self.end(pulled=pulled)

    async def take(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case ("act", name):
                self.on.simulator.act(name)
            case ("lost" | "unseen" as how, name):
                before = len(self.held)
                self.on.simulator.fault("late_commit", on=how == "unseen")
                self.on.simulator.act(name)
                self.on.simulator.fault("late_commit", on=False)
                del self.held[before:]
            case ("pass", seconds):
                self.on.clock.pass_(seconds)
            case ("deliver", place) if self.held:
                await self.deliver(self.held.pop(place % len(self.held)))
            case ("double", place) if self.held:
                self.held.append(self.held[place % len(self.held)])
            case ("lose", place) if self.held:
                self.held.pop(place % len(self.held))
            case ("pull", _):
                await self.ours.pull(self.ours.streams[0])
            case ("settle", _):
                await self.ours.settle()
            case ("sync", _):
                await self.ours.sync()
            case ("past", _):
                for run in (await self.ours.store.syncs(connector=NAME))[:1]:
                    await self.ours.past_page(run)
            case ("restart", _):
                self.ours.restart()
            case ("fail", _):
                self.ours.transport.fault = cut_off()
                with suppress(VendorError):
                    await self.ours.pull(self.ours.streams[0])
                self.ours.transport.fault = None

    async def deliver(self, body: bytes) -> None:
        """A webhook arrives, signed as it is sent."""
        at = self.on.clock.now()
        await self.ours.deliver([Request("POST", {HEADER: header(self.secret, at // 1000, body)}, {}, body, at)])

    async def end(self, *, pulled: bool) -> None:
        """The weather clears: all that is late is shown, and what is under way arrives. None was refused."""
        self.on.clock.pass_(100)
        for body in self.held if pulled else [*self.held, *self.first.values()]:
            await self.deliver(body)
        await self.ours.settle()
        if pulled:
            await self.ours.sync()
        assert {status for status, _ in self.ours.answers} <= {202}
        assert not await self.ours.inbox("parked")


@asynccontextmanager
async def account() -> AsyncIterator[Stage]:
    """An account, whose pages are short."""
    with patch.object(pull, "PER_PAGE", 3):
        async with stage(Stripe, objects=3) as on:
            yield on


async def told(story: Sequence[Step]) -> None:
    """Tell a story, and compare with a clean reading, to the byte."""
    async with account() as on:
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, since=since) as ours:
            weather = Weather(on, ours)
            await weather.whole(story, pulled=True)
            found, journal = await ours.contacts(), await ours.events()
        async with reader(on, since=since) as clean:
            await clean.sync()
            due, expected = await clean.contacts(), await clean.events()
        truth = on.simulator.truth()
        assert unsaid(truth, expected) == "", "a clean reading says less than the truth"
        assert {id: content(event) for id, event in journal.items()} == {
            id: content(event) for id, event in expected.items()
        }
        assert differing(found, due) == ""


async def told_by_webhooks(story: Sequence[Step]) -> None:
    """Tell a story to a gateway that doesn't pull; of every object its first webhook comes through, if no other."""
    async with account() as on:
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, since=since) as ours:
            weather = Weather(on, ours)
            await weather.whole(story, pulled=False)
            found = await ours.contacts()
        async with reader(on, since=since) as clean:
            await clean.sync()
            due = await clean.contacts()
        for id, contact in found.items():
            assert contact is not None
            other = due[id]
            assert other is not None
            assert counts(contact) == counts(other)


def counts(contact: Any) -> tuple[Any, ...]:
    """What counts of a contact: whether it is open, how urgent it is, until when, and whose it is."""
    return contact.status, contact.priority, contact.deadline, contact.tags, contact.customer, contact.fields


def content(event: Event) -> bytes:
    """What an event says, whoever told it and when."""
    return encode_event(replace(event, rev=0, historical=False))


def held_to(examples: int) -> Any:
    """So many stories; others each time only where more are asked for."""
    return settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )


@held_to(20)
@given(stories)
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(story))


@held_to(15)
@given(unpulled)
@example([("act", "dispute"), ("settle", None), ("lost", "evidence")])
@example([("act", "inquiry"), ("lost", "inquiry_escalated"), ("pass", 61), ("lost", "dispute_lost")])
def test_without_the_pull_what_counts_is_the_same(story: list[Step]) -> None:
    """Webhooks that are lost, doubled and late, and re-reads: the same status, priority, deadline and customer."""
    asyncio.run(told_by_webhooks(story))


LATE: Final[list[Step]] = [("sync", None), ("unseen", "dispute"), ("pass", 3), ("act", "dispute"), ("sync", None)]
"""A dispute is shown late, and its webhook is lost; the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a dispute that is shown late stays unknown."""
    asyncio.run(told(LATE))
    monkeypatch.setattr(pull, "OVERLAP_S", -1)
    with pytest.raises(AssertionError):
        asyncio.run(told(LATE))
