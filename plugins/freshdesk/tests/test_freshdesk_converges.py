"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/freshdesk/tests/test_freshdesk_converges.py --timeout=0` looks for
longer, by chance; what fails comes with the smallest story.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from unittest.mock import patch

import pytest
from gateway_freshdesk import Freshdesk, windows
from gateway_freshdesk.simulator import FreshdeskSimulator
from gateway_freshdesk.simulator.acts import WORDS
from gateway_freshdesk.simulator.hooks import Hook
from gateway_freshdesk.simulator.push import TOKEN, Pusher
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.plugin import DAY_MS, Event, Request, VendorError, encode_event
from gateway.testing.stage import NAME, Reader, Stage, reader, stage
from gateway.testing.transport import cut_off
from gateway.testing.truth import differing, unsaid

EXAMPLES: Final = int(os.environ.get("CONVERGES_EXAMPLES", "0"))
STEPS_MAX: Final = 40 if EXAMPLES else 24

Step = tuple[str, Any]

# As it should be; with its webhook lost; lost and committed late too; and with a body that isn't JSON.
ways = st.sampled_from(["act", "act", "lost", "unseen", "own_body"])
acts = st.tuples(ways, st.sampled_from(sorted(FreshdeskSimulator.acts)))
openings = st.tuples(ways, st.sampled_from(["open", "open_web_chat", "open_quoted"]))
statuses = st.tuples(st.just("newest"), st.sampled_from(sorted(WORDS)))
passing = st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 59, 61, 125, 400]))
places = st.integers(0, 7)
weather = st.one_of(
    st.tuples(st.just("deliver"), places),
    st.tuples(st.just("double"), places),
    st.tuples(st.just("lose"), places),
    st.tuples(st.just("pull"), st.integers(0, 3)),
    st.tuples(st.sampled_from(["settle", "sync", "sync", "past", "restart", "fail", "drift"]), st.none()),
)
stories = st.lists(
    st.one_of(openings, acts, acts, acts, statuses, passing, weather, weather), min_size=1, max_size=STEPS_MAX
)


class Weather:
    """A story: the account, those who read it, and the webhooks that are under way."""

    def __init__(self, on: Stage, ours: Reader) -> None:
        self.on, self.ours = on, ours
        self.simulator: Any = on.simulator
        self.held: list[Hook] = []

    async def take(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case ("act", name):
                self.simulator.act(name)
            case ("newest", status) if here := [row.id for row in self.simulator.account.all() if not row.gone]:
                self.simulator.set_status(here[-1], status)
            case ("own_body", name):
                self.simulator.fault("own_body")
                self.simulator.act(name)
                self.simulator.fault("own_body", on=False)
            case ("lost" | "unseen" as how, name):
                before = len(self.held)
                self.simulator.fault("late_commit", on=how == "unseen")
                self.simulator.act(name)
                self.simulator.fault("late_commit", on=False)
                del self.held[before:]
            case ("pass", seconds):
                self.on.clock.pass_(seconds)
            case ("deliver", place) if self.held:
                await self.deliver(self.held.pop(place % len(self.held)))
            case ("double", place) if self.held:
                self.held.append(self.held[place % len(self.held)])
            case ("lose", place) if self.held:
                self.held.pop(place % len(self.held))
            case _:
                await self.read(step)

    async def read(self, step: Step) -> None:
        """Let our side do one thing."""
        match step:
            case ("pull", number):
                await self.ours.pull(self.ours.streams[number])
            case ("settle", _):
                await self.ours.settle()
            case ("sync", _):
                await self.ours.sync()
            case ("drift", _):
                self.simulator.fault("drift")
                await self.ours.pull(self.ours.streams[0])
                self.simulator.fault("drift", on=False)
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

    async def deliver(self, hook: Hook) -> None:
        """A webhook arrives, with its token."""
        headers = {TOKEN.lower(): str(self.on.values["webhook_token"]), "content-type": hook.type}
        await self.ours.deliver([Request("POST", headers, {}, hook.body, self.on.clock.now())])

    async def end(self) -> None:
        """The weather clears: all that is late is shown, and what is under way arrives."""
        self.on.clock.pass_(200)
        await self.ours.sync()
        for hook in self.held:
            await self.deliver(hook)
        await self.ours.settle()
        self.on.clock.pass_(62)
        await self.ours.sync()


@asynccontextmanager
async def account(page_size: int = 3) -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    """An account without limits, and the settings that read all of it."""
    async with stage(Freshdesk, objects=2, page_size=page_size) as on:
        simulator: Any = on.simulator
        for window in (simulator.api.limits.account, simulator.api.limits.lists):
            window.per_minute = None
        more = {"list_per_minute": 10_000, "requests_per_minute": 100_000, "backfill_conversations": "all"}
        yield on, {**on.values, **more}


async def told(story: Sequence[Step]) -> None:
    """Tell a story, and compare with a clean reading."""
    async with account() as (on, values):
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, values, since=since) as ours:
            weather = Weather(on, ours)
            with patch.object(Pusher, "send", lambda _, hook: weather.held.append(hook)):
                for step in story:
                    await weather.take(step)
                await weather.end()
            found, journal = await known(ours), await ours.events()
        async with reader(on, values, since=since) as clean:
            await clean.sync()
            due, expected = await known(clean), await clean.events()
        truth = on.simulator.truth()
        assert unsaid(truth, expected) == "", "a clean reading says less than the truth"
        assert unsaid(truth, journal) == "", "less was said than the truth"
        for id, event in expected.items():
            assert id in journal, f"{id} was never said"
            assert content(journal[id]) == content(event), f"{id} was said otherwise"
        assert differing(found, due, ended=False) == ""  # of what is gone only the end is compared


async def known(ours: Reader) -> dict[str, Any]:
    """What is known of every contact. Freshdesk keeps no history: how often a ticket was opened again, and what was in
    force between, knows only who watched."""
    found = await ours.contacts()
    return {id: contact and replace(contact, reopened=0) for id, contact in found.items()}


def content(event: Event) -> bytes:
    """What an event says, whoever told it and when."""
    return encode_event(replace(event, rev=0, sequence=0, historical=False))


SYNC: Final[Step] = ("sync", None)
EDITED: Final[list[Step]] = [("act", "open"), ("act", "agent_comment"), SYNC, ("pass", 61), ("act", "edit")]
AT_ONCE: Final[list[Step]] = [("newest", "pending"), SYNC, ("newest", "closed"), SYNC, ("newest", "open")]
AGAIN: Final[list[Step]] = [("lost", "open"), ("pull", 0), ("newest", "closed"), ("deliver", 0), SYNC]
"""A ticket changes again in the second in which it was read, and is then read as it stays."""

CROWDED: Final[list[Step]] = [
    SYNC,
    *[("lost", "open")] * 5,
    ("pass", 3),
    ("lost", "bulk"),
    ("pull", 0),
    ("settle", None),
    ("unseen", "subject"),
    ("pass", 5),
    SYNC,
]
"""More tickets than a page change in one second, are read within it, and one of them changes again."""

REMOVED: Final[list[Step]] = [("act", "delete"), SYNC, ("pass", 1), ("act", "restore"), SYNC, ("act", "spam")]


@settings(
    max_examples=EXAMPLES or 20,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
@example(EDITED)
@example(AT_ONCE)
@example(AGAIN)
@example(CROWDED)
@example(REMOVED)
@given(stories)
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(story))


LATE: Final[list[Step]] = [SYNC, ("unseen", "open"), ("pass", 3), ("act", "open"), ("pass", 30), SYNC]
"""A ticket is committed late, its webhook is lost, and the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a ticket that is committed late stays unknown."""
    asyncio.run(told(LATE))
    monkeypatch.setattr(windows, "OVERLAP_S", -1)
    with pytest.raises(AssertionError):
        asyncio.run(told(LATE))
