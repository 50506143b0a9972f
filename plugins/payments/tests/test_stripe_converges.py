"""Whatever becomes of webhooks, and whenever is pulled or restarted: in the end every contact is as a clean and full
reading has it, and the journal says the same. Without the pull, what counts is the same still: a re-read shows it.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/payments/tests/test_stripe_converges.py --timeout=0` looks for longer,
by chance; what fails comes with the smallest story.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import msgspec
import pytest
from gateway_payments.stripe import pull
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.signature import HEADER, header
from gateway_payments.stripe.simulator import StripeSimulator
from gateway_payments.stripe.simulator.account import Happening
from hypothesis import example, given
from msgspec.structs import replace

from gateway.plugin import DAY_MS, Event, Request
from gateway.testing.stage import Reader, Stage, reader, stage
from tests.support.weather import SYNC, Step, Weather, bare, drawn, happening, listed, passing, pushes, stories, told

DISPUTED: Final = ("dispute", "dispute_fraud", "inquiry", "inquiry_escalated", "inquiry_closed", "evidence",
                   "dispute_won", "dispute_lost", "warn", "warned_refunded", "review", "review_approved")  # fmt: skip


class Stripes(Weather):
    """An account, and its webhooks, which say the whole of what they are about."""

    exact = True

    def __init__(self, on: Stage, ours: Reader) -> None:
        super().__init__(on, ours)
        self.first: dict[str, bytes] = {}
        """The first webhook about each object."""

    @staticmethod
    @asynccontextmanager
    async def account() -> AsyncIterator[tuple[Stage, Mapping[str, Any]]]:
        """An account, whose pages are short."""
        with patch.object(pull, "PER_PAGE", 3):
            async with stage(Stripe, objects=3) as on:
                yield on, on.values

    def hearing(self) -> AbstractContextManager[Any]:
        """Bodies are held; what happens is told to nobody but us."""
        return patch.object(self.simulator.account, "hear", self.caught)

    def caught(self, happening: Happening) -> None:
        """A webhook goes out."""
        body = msgspec.json.encode(happening.body())
        self.held.append(body)
        self.first.setdefault(msgspec.json.decode(happening.row)["id"], body)

    async def deliver(self, body: bytes) -> None:
        """A webhook arrives, signed as it is sent."""
        at = self.on.clock.now()
        signed = header(str(self.on.values["webhook_secret"]), at // 1000, body)
        await self.ours.deliver([Request("POST", {HEADER: signed}, {}, body, at)])

    def content(self, event: Event) -> Event:
        """The order within an instant is told by the vendor."""
        return replace(event, rev=0, historical=False)

    async def end(self) -> None:
        """All that is late is shown, and what is under way arrives before the last reading."""
        self.on.clock.pass_(100)
        for body in self.held:
            await self.deliver(body)
        await self.ours.settle()
        await self.ours.sync()


class Unpulled(Stripes):
    """A gateway that doesn't pull; of every object its first webhook comes through, if no other."""

    async def end(self) -> None:
        """What is under way arrives."""
        self.on.clock.pass_(100)
        for body in [*self.held, *self.first.values()]:
            await self.deliver(body)
        await self.ours.settle()


async def told_by_webhooks(story: Sequence[Step]) -> None:
    """Tell a story to a gateway that doesn't pull, and compare what counts with a clean reading."""
    async with Unpulled.account() as (on, _):
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, since=since) as ours, reader(on, since=since) as clean:
            await Unpulled(on, ours).whole(story)
            await clean.sync()
            found, due = await ours.contacts(), await clean.contacts()
        for id, contact in found.items():
            assert contact is not None
            other = due[id]
            assert other is not None
            assert counts(contact) == counts(other)


def counts(contact: Any) -> tuple[Any, ...]:
    """What counts of a contact: whether it is open, how urgent it is, until when, and whose it is."""
    return contact.status, contact.priority, contact.deadline, contact.tags, contact.customer, contact.fields


@drawn
@given(stories(StripeSimulator, openings=DISPUTED, streams=1))
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(Stripes, story))


ABOUT_DISPUTES: Final = happening(DISPUTED, ways=("act", "act", "lost"))


@drawn
@given(listed(ABOUT_DISPUTES, ABOUT_DISPUTES, passing, pushes, bare("settle")))
@example([("act", "dispute"), ("settle", None), ("lost", "evidence")])
@example([("act", "inquiry"), ("lost", "inquiry_escalated"), ("pass", 61), ("lost", "dispute_lost")])
def test_without_the_pull_what_counts_is_the_same(story: list[Step]) -> None:
    """Webhooks that are lost, doubled and late, and re-reads: the same status, priority, deadline and customer."""
    asyncio.run(told_by_webhooks(story))


LATE: Final[list[Step]] = [SYNC, ("unseen", "dispute"), ("pass", 3), ("act", "dispute"), SYNC]
"""A dispute is shown late, and its webhook is lost; the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a dispute that is shown late stays unknown."""
    asyncio.run(told(Stripes, LATE))
    monkeypatch.setattr(pull, "OVERLAP_S", -1)
    with pytest.raises(AssertionError, match="less was said than the truth"):
        asyncio.run(told(Stripes, LATE))
