"""Whatever becomes of webhooks, and whenever is polled, restarted or committed late: in the end every contact is as a
clean and full reading has it, and the journal has all that such a reading says.

What is the same for every vendor: the steps of a story, how stories are drawn, and what is compared. A vendor's own
`Weather` says how its account is made, how a webhook is caught and delivered, and what nobody can know later.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, suppress
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.plugin import DAY_MS, Event, VendorError, encode_event
from gateway.testing.stage import NAME, Reader, Stage, reader
from gateway.testing.transport import cut_off
from gateway.testing.truth import differing, unsaid

EXAMPLES: Final = int(os.environ.get("CONVERGES_EXAMPLES", "0"))
STEPS_MAX: Final = 40 if EXAMPLES else 24

WAYS: Final = ("act", "act", "lost", "unseen")
"""How something happens: as it should; with its webhook lost; and lost and committed late too."""

Step = tuple[str, Any]
Account = AbstractAsyncContextManager[tuple[Stage, Mapping[str, Any]]]

SYNC: Final[Step] = ("sync", None)

drawn: Final = settings(
    max_examples=EXAMPLES or 18,
    deadline=None,
    derandomize=not EXAMPLES,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)
"""So many stories; others each time only where more are asked for."""

passing: Final = st.tuples(st.just("pass"), st.sampled_from([0, 1, 3, 59, 61, 125, 400, 700, 4_000]))
pushes: Final = st.tuples(st.sampled_from(["deliver", "double", "lose"]), st.integers(0, 7))


def bare(*names: str) -> SearchStrategy[Step]:
    """One of these steps, of which nothing more is to be said."""
    return st.tuples(st.sampled_from(names), st.none())


def happening(names: Iterable[str], ways: Sequence[str] = WAYS) -> SearchStrategy[Step]:
    """One of these acts, in one of these ways."""
    return st.tuples(st.sampled_from(ways), st.sampled_from(sorted(names)))


def listed(*steps: SearchStrategy[Step]) -> SearchStrategy[list[Step]]:
    """Stories of such steps. Of two parts: long ones come seldom by chance, and a short one still shows what fails."""
    part = st.lists(st.one_of(*steps), max_size=STEPS_MAX // 2)
    return st.tuples(part, part).map(lambda parts: parts[0] + parts[1])


def stories(
    simulator: Any, *own: SearchStrategy[Step], openings: Sequence[str], streams: int, ways: Sequence[str] = WAYS
) -> SearchStrategy[list[Step]]:
    """Stories of a simulator's acts, of which `openings` are what most needs to happen, of webhooks, of readings of
    the first so many streams, and of the vendor's own steps."""
    acts = happening(simulator.acts, ways)
    pulling = st.tuples(st.just("pull"), st.integers(0, streams - 1))
    ours = bare("settle", "sync", "sync", "past", "restart", "fail")
    most = (acts, acts, acts, pushes, pushes, pushes, ours, ours)
    return listed(happening(openings, ways), passing, pulling, *most, *own)


class Weather:
    """A story: the account, those who read it, and the webhooks that are under way."""

    exact = False
    """Whether a clean reading says all that can ever be said, and knows all of what is gone."""

    def __init__(self, on: Stage, ours: Reader) -> None:
        self.on, self.ours = on, ours
        self.simulator: Any = on.simulator
        self.held: list[Any] = []

    @staticmethod
    def account() -> Account:
        """An account without limits, and the settings that read all of it."""
        raise NotImplementedError

    def hearing(self) -> AbstractContextManager[Any]:
        """As long as this lasts, webhooks go to `held`."""
        raise NotImplementedError

    async def deliver(self, push: Any) -> None:
        """A webhook that was held arrives, signed as it is sent."""
        raise NotImplementedError

    async def own(self, step: Step) -> None:
        """Let one of the vendor's own things happen."""
        raise NotImplementedError(step)

    def knowable(self, contact: Contact) -> Contact:
        """What can be known of a contact later."""
        return contact

    def content(self, event: Event) -> Event:
        """What an event says, whoever told it and when."""
        return replace(event, rev=0, sequence=0, historical=False)

    async def end(self) -> None:
        """The weather clears: all that is late is shown, and what is under way arrives."""
        self.on.clock.pass_(200)
        await self.ours.sync()
        for push in self.held:
            await self.deliver(push)
        await self.ours.settle()
        self.on.clock.pass_(62)
        await self.ours.sync()

    async def whole(self, story: Sequence[Step]) -> None:
        """The story from its beginning to its end. Nothing in it was refused."""
        with self.hearing():
            for step in story:
                await self.take(step)
            await self.end()
        refused = [answer for answer in self.ours.answers if answer[0] != 202]
        assert not refused, f"webhooks were refused: {refused}"
        parked = await self.ours.inbox("parked")
        assert not parked, f"records were parked: {parked}"

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
            case ("pass", seconds):
                self.on.clock.pass_(seconds)
            case ("deliver" | "double" | "lose" as what, place):
                await self.push(what, place)
            case _:
                await self.read(step)

    async def push(self, what: str, place: int) -> None:
        """Let something become of a webhook, if one is under way."""
        if self.held:
            place %= len(self.held)
            if what == "double":
                self.held.append(self.held[place])
            else:
                push = self.held.pop(place)
                if what == "deliver":
                    await self.deliver(push)

    async def read(self, step: Step) -> None:
        """Let our side do one thing."""
        match step:
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
            case _:
                await self.own(step)

    async def compared(self, clean: Reader) -> None:
        """What we say and know is what a clean reading says and knows, and no less than the truth."""
        truth = self.simulator.truth()
        unread, missing = unsaid(truth, await clean.events()), unsaid(truth, await self.ours.events())
        assert not unread, f"a clean reading says less than the truth: {unread}"
        assert not missing, f"less was said than the truth: {missing}"
        journal, expected = await self.said(self.ours), await self.said(clean)
        for id, event in expected.items():
            assert id in journal, f"{id} was never said"
            assert journal[id] == event, f"{id} was said otherwise: {journal[id]!r} instead of {event!r}"
        more = journal.keys() - expected.keys()
        assert not (self.exact and more), f"more was said than there is to say: {sorted(more)}"
        # Of what is gone most vendors show nothing more.
        apart = differing(await self.known(self.ours), await self.known(clean), ended=self.exact)
        assert not apart, apart

    async def known(self, ours: Reader) -> dict[str, Contact | None]:
        """What is known of every contact, and can be known later."""
        found = await ours.contacts()
        return {id: contact and self.knowable(contact) for id, contact in found.items()}

    async def said(self, ours: Reader) -> dict[str, bytes]:
        """What the journal's events say."""
        return {id: encode_event(self.content(event)) for id, event in (await ours.events()).items()}


async def told(kind: type[Weather], story: Sequence[Step]) -> None:
    """Tell a story, and compare with a clean reading, to the byte."""
    async with kind.account() as (on, values):
        since = on.clock.now() - 30 * DAY_MS
        async with reader(on, values, since=since) as ours:
            weather = kind(on, ours)
            await weather.whole(story)
            async with reader(on, values, since=since) as clean:
                await clean.sync()
                await weather.compared(clean)
