"""A whole account read: whatever happens in it, and whatever becomes of its webhooks, the truth is what was said.

The core's part is played here: records by key once, look-ups by version, the higher revision of an event.
"""

import asyncio
from random import Random
from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from gateway_zendesk.simulator import ZendeskSimulator
from gateway_zendesk.simulator.push import Pusher
from gateway_zendesk.webhook import record_of
from msgspec.structs import replace

from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.model.event import position
from gateway.plugin import ContactOpened, Context, Event, Fetch, Record, Ref, Request, encode_event, parse_instant
from gateway.plugin.account import open_account
from gateway.rules.fold import fold, opened

START = parse_instant("2026-03-02T09:00:00Z")
DAY = 86_400_000


class StoryClock:
    """A clock that only a story moves."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.at / 1000

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Reader:
    """A connector, and what the core keeps of what it says."""

    def __init__(self, connector: Zendesk, clock: StoryClock) -> None:
        self.connector, self.clock = connector, clock
        self.keys: set[str] = set()
        self.versions: dict[Ref, int] = {}
        self.events: dict[str, Event] = {}
        self.cursors: dict[str, str | None] = {}

    async def take(self, records: Any, *, wanted: Ref | None = None) -> None:
        """Records: each by its key once, its events by id, its look-ups unless that version was read already."""
        for record in records:
            if wanted is not None and record.version is not None:
                self.versions[wanted] = max(record.version, self.versions.get(wanted, 0))
            if record.key is not None and record.key in self.keys:
                continue
            self.keys.add(record.key or "")
            for item in self.connector.normalize(record):
                if isinstance(item, Fetch):
                    await self._look_up(item)
                elif item.id not in self.events or _strength(self.events[item.id]) < _strength(item):
                    self.events[item.id] = item

    async def _look_up(self, fetch: Fetch) -> None:
        if fetch.version is not None and self.versions.get(fetch.ref, 0) >= fetch.version:
            return
        await self.take(await self.connector.fetch(fetch.ref, self.clock.now()), wanted=fetch.ref)

    async def pull(self) -> None:
        """Every stream to its end."""
        for stream in self.connector.streams:
            more = True
            while more:
                page = await self.connector.pull(stream, self.cursors.get(stream.name), self.clock.now())
                self.cursors[stream.name], more = page.cursor, page.more
                await self.take(page.records)

    def unsaid(self, truth: Any) -> list[Event]:
        """What is true and was not said, or not so."""
        return [event for event in truth if _content(self.events.get(event.id)) != _content(event)]

    def contacts(self) -> dict[Ref, Any]:
        """What each ticket has become, as far as the policy can see it."""
        found: dict[Ref, Any] = {}
        for event in sorted(self.events.values(), key=position):
            known = found.get(event.ref)
            if known is not None:
                found[event.ref] = fold(known, "zendesk", event)
            elif isinstance(event, ContactOpened):
                found[event.ref] = opened("zendesk", event)
        plain = {ref: replace(contact, updated_at=0, reopened=0) for ref, contact in found.items()}
        return dict(sorted(plain.items(), key=lambda item: item[0].id))


def _content(event: Event | None) -> bytes:
    return b"" if event is None else _strength(event)[1]


def _strength(event: Event) -> tuple[int, bytes]:
    return event.rev, encode_event(replace(event, rev=0))


class Story:
    """A simulated account whose webhooks are caught before they are sent."""

    def __init__(self, seed: int) -> None:
        self.clock = StoryClock()
        self.simulator = ZendeskSimulator(
            seed=seed, export_per_minute=None, plan_per_minute=None, page_size=50, audits_page_size=7
        )
        self.caught: list[Record] = []

    async def __aenter__(self) -> "Story":
        told = await self.simulator.start(self.clock.now, None)
        self.settings = ZendeskSettings(**told, backfill_days=400, export_per_minute=1_000, requests_per_minute=100_000)
        kind: Any = Zendesk
        self.http = open_account(kind, self.settings, reach=PRIVATE_TOO, clock=self.clock, rng=SeededRng(1))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self.simulator.stop()

    def reader(self) -> Reader:
        """Somebody who reads the account from its beginning."""
        return Reader(Zendesk("zendesk", self.settings, Context(http=self.http)), self.clock)


def test_a_history_is_read_whole() -> None:
    """Every fact of every kind of ticket, from the export and its look-ups alone."""

    async def main() -> None:
        async with Story(seed=7) as story:
            story.simulator.seed(60, since=START - 30 * DAY)
            story.clock.at += 600_000
            reader = story.reader()
            await reader.pull()
            truth = story.simulator.truth()
            assert len({type(event) for event in truth}) >= 9
            assert reader.unsaid(truth) == []
            before = dict(reader.events)
            await reader.pull()
            assert reader.events == before

    asyncio.run(main())


ACTS = sorted(ZendeskSimulator.acts - {"bulk", "scrub", "purge"})


@pytest.mark.parametrize("seed", range(5))
def test_any_weather_ends_in_the_truth(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks that are lost, doubled, late and swapped, with pulls between: what was said at the end is the truth, as
    somebody says it who only then reads the account for the first time."""

    def catch(_: Pusher, hooks: Any) -> None:
        story.caught += [record_of(Request("POST", {}, {}, hook.body, story.clock.now())) for hook in hooks]

    monkeypatch.setattr(Pusher, "send", catch)
    story = Story(seed)

    async def main() -> None:
        chance = Random(seed)
        async with story:
            reader = story.reader()
            await reader.pull()
            for _ in range(4):
                story.simulator.act("open_messaging" if chance.random() < 0.3 else "open")
            for _ in range(70):
                story.simulator.act(chance.choice(ACTS))
                story.clock.at += chance.choice((0, 0, 300, 1_000, 5_000, 70_000))
                if chance.random() < 0.3 and story.caught:
                    kept = [hook for hook in story.caught if chance.random() < 0.7]
                    doubled = chance.choices(kept, k=2 * len(kept)) if kept else []
                    story.caught = [hook for hook in story.caught if chance.random() < 0.2]
                    await reader.take(doubled)
                if chance.random() < 0.1:
                    await reader.pull()
            story.clock.at += 200_000
            await reader.pull()
            await reader.take(story.caught)
            late = story.reader()
            await late.pull()
            truth = story.simulator.truth()
            assert late.unsaid(truth) == []
            assert reader.unsaid(truth) == []
            now, then = late.contacts(), reader.contacts()
            assert [(ref, one.status) for ref, one in then.items()] == [(ref, one.status) for ref, one in now.items()]
            for ref, contact in now.items():
                # Of what is gone nobody learns more; and a change of a person reaches their open tickets only.
                if contact.status != "deleted":
                    known = then[ref] if not contact.ended else replace(then[ref], customer=contact.customer)
                    assert known == contact

    asyncio.run(main())
