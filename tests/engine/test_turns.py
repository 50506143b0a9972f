"""Judging takes turns with the doors, keeps up with them, and shares what a transaction costs."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from gateway.engine import gateway as gateway_module
from gateway.engine.gateway import GATHER_S
from gateway.engine.supervise import POLL_S
from gateway.engine.turns import (
    BATCH_MAX,
    BATCH_MIN,
    BATCH_OF_PAST,
    BEHIND_MS,
    BURST_MS,
    CROWD,
    EACH,
    LAG_MS,
    LONG,
    REST_MAX,
    REST_STEP_S,
    SHORT,
    Courtesy,
    Turns,
)
from gateway.kernel.store import AskedPast, Batch, Past
from tests.engine.rig import MINUTE, SECOND, T0, Rig, ToldClock, event, opening, reply, run, states

FULL = CROWD + REST_MAX * EACH
"""A crowd for which judging rests as long as it ever does."""


@dataclass
class NotingClock(ToldClock):
    """A clock that keeps how long was slept."""

    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Note it, and go on."""
        self.slept.append(seconds)
        await asyncio.sleep(0)


@pytest.mark.parametrize(("most", "pauses"), [(1, 7), (3, 2), (7, 1), (8, 0)])
def test_after_each_turn_others_go_on(most: int, pauses: int) -> None:
    """Everything comes through in order, with a pause after every full turn."""

    async def check() -> None:
        clock = NotingClock()
        assert [thing async for thing in Turns(clock, most).of(range(7))] == list(range(7))
        assert clock.slept == [0] * pauses

    asyncio.run(check())


def test_who_lags_takes_longer_turns() -> None:
    """A turn is short while judging keeps up, and long once the oldest record has waited for longer than the bound."""
    clock = ToldClock()
    assert [Turns.for_lag(clock, waited).most for waited in (0, LAG_MS, LAG_MS + 1)] == [SHORT, SHORT, LONG]


def test_who_falls_behind_takes_larger_batches() -> None:
    """Small ones while judging keeps up, and where it only lags because it rests for a crowd."""

    async def check() -> None:
        clock = RunningClock()
        courtesy = Courtesy(clock, range(CROWD + EACH))
        oldest = clock.now()
        clock.at += BEHIND_MS
        assert courtesy.turns(oldest) == courtesy.turns(None) == Turns(clock, SHORT, BATCH_MIN)
        clock.at += 1
        assert courtesy.turns(oldest) == Turns(clock, SHORT, BATCH_MAX)
        clock.at = oldest + LAG_MS + 1
        assert courtesy.turns(oldest) == Turns(clock, LONG, BATCH_MAX)
        await courtesy.rest(0.1, oldest)
        assert courtesy.turns(oldest) == Turns(clock, SHORT, BATCH_MIN)
        courtesy.under_way = ()
        await courtesy.rest(0.1, oldest)
        assert courtesy.turns(oldest) == Turns(clock, LONG, BATCH_MAX)

    asyncio.run(check())


def test_what_nobody_waits_for_is_judged_in_the_largest_batches() -> None:
    """Records of the past, as long as nobody is at the door."""
    clock = ToldClock()

    assert Courtesy(clock, ()).turns(None) == Turns(clock, LONG, BATCH_OF_PAST)
    assert Courtesy(clock, (1,)).turns(None) == Turns(clock, SHORT, BATCH_MIN)


def test_the_doors_have_turns_while_a_batch_is_judged() -> None:
    """A full batch pauses often enough; one that has waited for long pauses less."""

    async def story(rig: Rig) -> None:
        clock = rig.clock
        assert isinstance(clock, NotingClock)
        for ticket in range(120):
            await rig.told(opening(ticket=str(ticket)))
        clock.at += BEHIND_MS + 1
        await rig.gateway.judge_once()
        short = len(clock.slept)
        assert short >= 3 * (120 // SHORT)
        clock.slept.clear()
        for ticket in range(200, 320):
            await rig.told(opening(ticket=str(ticket)))
        clock.at += LAG_MS + 1
        await rig.gateway.judge_once()
        assert len(clock.slept) < short

    run(story, clock=NotingClock())


@dataclass
class RunningClock(NotingClock):
    """A clock on which a sleep takes as long as it says."""

    async def sleep(self, seconds: float) -> None:
        """Time goes on, and others with it."""
        self.at += round(seconds * 1000)
        await super().sleep(seconds)


@pytest.mark.parametrize(
    ("crowd", "waited_ms", "rested_s"),
    [
        (FULL, 0, 0.1 * REST_MAX),
        (10 * FULL, BURST_MS, 0.1 * REST_MAX),
        (FULL, BURST_MS + 1, 0),
        (CROWD + 3 * EACH, 0, 0.1 * 3),
        (CROWD + EACH - 1, 0, 0),
    ],
)
def test_judging_rests_for_a_crowd_but_not_for_ever(crowd: int, waited_ms: int, rested_s: float) -> None:
    """The longer the more senders wait, up to a bound; no more when it has lagged for long."""

    async def check() -> None:
        clock = RunningClock()
        courtesy = Courtesy(clock, range(crowd))
        for _ in range(2):
            clock.slept.clear()
            resting = asyncio.ensure_future(courtesy.rest(0.1, clock.now() - waited_ms))
            while not resting.done():
                courtesy.entered()
                await asyncio.sleep(0)
            assert sum(clock.slept) == pytest.approx(rested_s, abs=1.01 * REST_STEP_S)

    asyncio.run(check())


def test_judging_goes_on_when_the_crowd_has_gone() -> None:
    """It looks again after each short while; a wave between two looks counts, a lull of a whole one ends the rest."""

    async def check() -> None:
        clock, under_way = RunningClock(), dict.fromkeys(range(FULL), 0)
        courtesy = Courtesy(clock, under_way)
        resting = asyncio.ensure_future(courtesy.rest(10.0, clock.now()))
        await asyncio.sleep(0)
        courtesy.entered()
        under_way.clear()
        await resting
        assert clock.slept == [REST_STEP_S, REST_STEP_S]
        await courtesy.rest(10.0, None)
        assert len(clock.slept) == 2

    asyncio.run(check())


def test_judging_owes_until_it_has_caught_up() -> None:
    """Who has let a crowd go first says so as long as records wait for it."""

    async def check() -> None:
        clock = RunningClock()
        courtesy = Courtesy(clock, range(FULL))
        oldest = clock.now()
        assert not courtesy.owes(oldest)
        await courtesy.rest(0.1, oldest)
        clock.at += LAG_MS
        assert [courtesy.owes(oldest), courtesy.owes(clock.now()), courtesy.owes(oldest)] == [True, False, False]
        await courtesy.rest(0.1, oldest)
        assert [courtesy.owes(oldest), courtesy.owes(None), courtesy.owes(oldest)] == [True, False, False]

    asyncio.run(check())


def test_after_a_batch_that_was_not_full_records_gather() -> None:
    """What comes in meanwhile shares the next transaction; a full batch, and what is due, wait for nobody."""

    async def story(rig: Rig) -> None:
        clock = rig.clock
        assert isinstance(clock, NotingClock)
        gateway = rig.gateway
        assert await gateway._judge() == POLL_S
        await rig.told(opening())
        assert await gateway._judge() == 0
        assert clock.slept == [GATHER_S]
        clock.at = T0 + 7 * MINUTE + 30 * SECOND - 9
        await rig.told(event("contact.observed", 0, subject="Soon"))
        assert await gateway._judge() == 0
        assert clock.slept == [GATHER_S, 0.01]
        for ticket in range(BATCH_MIN):
            await rig.told(opening(ticket=f"{ticket}"))
        clock.slept.clear()
        assert await gateway._judge() == 0
        assert not [pause for pause in clock.slept if pause]

    assert gateway_module.GATHER_S < POLL_S
    run(story, clock=NotingClock())


def test_a_batch_reads_as_often_as_one_record() -> None:
    """However many contacts it has: what is known, pasts and what was said are one read each, and one write."""

    async def story(rig: Rig) -> None:
        calls: list[str] = []
        for name in ("known", "pasts", "said", "commit"):
            _noted(rig, name, calls)
        for start in (0, 30 * SECOND):
            rig.clock.at = T0 + start
            for ticket in range(40):
                await rig.told(reply(start, ticket=str(ticket)) if start else opening(ticket=str(ticket)))
            await rig.gateway.judge_once()
        assert calls == ["known", "commit", "known", "said", "commit"]
        calls.clear()
        for ticket in range(40):
            await rig.told(event("contact.observed", 1, ticket=str(ticket), subject="Late"))
        await rig.gateway.judge_once()
        assert calls == ["known", "pasts", "said", "commit"]
        assert set(await states(rig)) == {"done"}

    run(story)


def _noted(rig: Rig, name: str, calls: list[str]) -> None:
    called = getattr(rig.store, name)

    async def noting(*asked: Sequence[AskedPast] | Batch) -> list[Past] | None:
        calls.append(name)
        result: list[Past] | None = await called(*asked)
        return result

    setattr(rig.store, name, noting)
