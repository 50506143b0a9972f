"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

`CONVERGES_EXAMPLES=5000 python -m pytest plugins/salesforce/tests/test_salesforce_converges.py --timeout=0` looks for
longer, by chance; what fails comes with the smallest story.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final
from unittest.mock import patch

import pytest
from gateway_salesforce import Salesforce, pull
from gateway_salesforce.simulator import SalesforceSimulator
from gateway_salesforce.simulator.push import Push, Pusher
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.plugin import DAY_MS, Event, Request, VendorError, encode_event
from gateway.testing.stage import NAME, Reader, Stage, reader, stage
from gateway.testing.transport import cut_off
from gateway.testing.truth import differing, unsaid

EXAMPLES: Final = int(os.environ.get("CONVERGES_EXAMPLES", "0"))
STEPS_MAX: Final = 40 if EXAMPLES else 24

Step = tuple[str, Any]

# As it should be; with its webhook lost; and lost and committed late too.
ways = st.sampled_from(["act", "act", "lost", "unseen"])
acts = st.tuples(ways, st.sampled_from(sorted(SalesforceSimulator.acts)))
openings = st.tuples(ways, st.sampled_from(["open", "open", "open_session", "ring"]))
passing = st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 59, 61, 125, 700, 4_000]))
places = st.integers(0, 7)
weather = st.one_of(
    st.tuples(st.just("deliver"), places),
    st.tuples(st.just("double"), places),
    st.tuples(st.just("lose"), places),
    st.tuples(st.just("pull"), st.integers(0, 6)),
    st.tuples(st.just("short"), st.booleans()),
    st.tuples(
        st.sampled_from(["settle", "sync", "sync", "past", "restart", "fail", "revoke", "restore", "system"]), st.none()
    ),
)
stories = st.lists(st.one_of(openings, acts, acts, acts, passing, weather, weather), min_size=1, max_size=STEPS_MAX)


class Weather:
    """A story: the org, those who read it, and the webhooks that are under way."""

    def __init__(self, on: Stage, ours: Reader) -> None:
        self.on, self.ours = on, ours
        self.simulator: Any = on.simulator
        self.held: list[Push] = []
        self.restored: set[str] = set()

    def caught(self, ids: Sequence[str]) -> None:
        """A webhook goes out."""
        self.held.append(self.simulator.pusher.made(ids))

    async def take(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case ("act", name):
                self.simulator.act(name)
            case ("lost" | "unseen" as how, name):
                before = len(self.held)
                self.simulator.fault("late_commit", on=how == "unseen")
                self.simulator.act(name)
                self.simulator.fault("late_commit", on=False)
                del self.held[before:]
            case ("restore", _):
                self.restore()
            case ("system", _):
                for row in [row for row in self.simulator.org.rows("Case") if not row.values["IsDeleted"]][-1:]:
                    self.simulator.system_change(row.id)
            case ("short", on):
                self.simulator.fault("short_pages", on=on)
            case ("revoke", _):
                self.simulator.fault("revoked")
            case ("pass", seconds):
                self.on.clock.pass_(seconds)
            case _:
                await self.read(step)

    async def read(self, step: Step) -> None:
        """Let one thing happen to what is read."""
        match step:
            case ("deliver", place) if self.held:
                await self.deliver(self.held.pop(place % len(self.held)))
            case ("double", place) if self.held:
                self.held.append(self.held[place % len(self.held)])
            case ("lose", place) if self.held:
                self.held.pop(place % len(self.held))
            case ("pull", number):
                await self.ours.pull(self.ours.streams[number])
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

    def restore(self) -> None:
        """The case that was deleted last comes back from the recycle bin."""
        gone = [row for row in self.simulator.org.rows("Case") if row.values["IsDeleted"]]
        for row in [row for row in gone if row.values["MasterRecordId"] is None][-1:]:
            self.restored.add(row.id)
            self.simulator.undelete(row.id)

    async def deliver(self, push: Push) -> None:
        """A webhook arrives, signed as it is sent."""
        headers = {name.lower(): value for name, value in self.simulator.pusher.signed(push).items()}
        await self.ours.deliver([Request("POST", headers, {}, push.body, self.on.clock.now())])

    async def end(self) -> None:
        """The weather clears: all that is late is shown, and what is under way arrives."""
        self.on.clock.pass_(200)
        await self.ours.sync()
        for push in self.held:
            await self.deliver(push)
        await self.ours.settle()
        self.on.clock.pass_(62)
        await self.ours.sync()


@asynccontextmanager
async def org() -> AsyncIterator[tuple[Stage, dict[str, Any]]]:
    """An org, and the settings that read all of it without a limit."""
    kind: Any = partial(SalesforceSimulator, grant="client_credentials", nested_size=2)
    with patch.object(Salesforce, "simulator", staticmethod(lambda settings, seed: kind(settings, seed))):
        async with stage(Salesforce, objects=3, page_size=3) as on:
            yield on, {**on.values, "requests_per_minute": 100_000}


async def told(story: Sequence[Step]) -> None:
    """Tell a story, and compare with a clean reading."""
    async with org() as (on, values):
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, values, since=since) as ours:
            weather = Weather(on, ours)
            with patch.object(Pusher, "send", lambda _, ids: weather.caught(ids)):
                for step in story:
                    await weather.take(step)
                on.simulator.fault("short_pages", on=False)
                await weather.end()
            found, journal = await known(ours, weather.restored), await ours.events()
        async with reader(on, values, since=since) as clean:
            await clean.sync()
            due, expected = await known(clean, weather.restored), await clean.events()
        truth = on.simulator.truth()
        assert unsaid(truth, expected) == "", "a clean reading says less than the truth"
        assert unsaid(truth, journal) == "", "less was said than the truth"
        for id, event in expected.items():
            assert id in journal, f"{id} was never said"
            assert content(journal[id]) == content(event), f"{id} was said otherwise"
        assert differing(found, due, ended=False) == ""  # of what is gone Salesforce shows nothing more


async def known(ours: Reader, restored: set[str]) -> dict[str, Any]:
    """What is known of every contact. How often one was opened again that was deleted meanwhile, only who saw it
    deleted can know."""
    found: dict[str, Any] = dict(await ours.contacts())
    for id, contact in found.items():
        if contact is not None and contact.strands[0].ref.id in restored:
            found[id] = replace(contact, reopened=0)
    return found


def content(event: Event) -> bytes:
    """What an event says, whoever told it and when."""
    return encode_event(replace(event, rev=0, sequence=0, historical=False))


@settings(
    max_examples=EXAMPLES or 15,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
@given(stories)
def test_any_story_ends_in_the_same(story: list[Step]) -> None:
    """As a clean reading has it, to the byte."""
    asyncio.run(told(story))


LATE: Final[list[Step]] = [
    ("sync", None),
    ("unseen", "open"),
    ("pass", 3),
    ("act", "open"),
    ("pass", 30),
    ("sync", None),
]
"""A case is committed late, its webhook is lost, and the next one is read before it."""


def test_it_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the overlap a case that is committed late stays unknown."""
    asyncio.run(told(LATE))
    monkeypatch.setattr(pull, "OVERLAP_MS", 0)
    with pytest.raises(AssertionError):
        asyncio.run(told(LATE))
