"""The budget of an account: every window is kept, live goes first, and a 429 is heeded by everybody."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.budget import PATIENCE_S, Budget
from gateway.kernel.lane import Lane, in_lane, lane
from gateway.kernel.vendor_errors import OverBudget
from gateway.kernel.vendor_limits import Limit

EXPORT = Limit("export", 10, 60.0, ("/incremental/*",))
ALL = Limit("account", 200, 60.0)


class Leaping:
    """A clock on which sleeping takes no time: it leaps."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> int:
        return round(self.at * 1000)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


async def spent(budget: Budget, path: str, lane: Lane = "live") -> bool:
    """Whether a request may be sent, however long that takes within its patience."""
    try:
        await budget.spend(path, lane)
    except OverBudget:
        return False
    return True


def test_no_more_than_the_limit_at_once() -> None:
    """Ten requests go at once; the eleventh is a minute away, which is told."""
    clock = Leaping()
    budget = Budget([EXPORT], clock)

    assert all(asyncio.run(spent(budget, "/incremental/tickets")) for _ in range(10))
    with pytest.raises(OverBudget) as caught:
        asyncio.run(budget.spend("/incremental/tickets", "live"))
    assert caught.value.retry_after_s == 60.0
    assert asyncio.run(spent(budget, "/tickets/1")), "another path has no limit"


def test_a_short_wait_is_waited_for() -> None:
    """What will be allowed within the patience is waited for."""
    clock = Leaping()
    budget = Budget([Limit("few", 2, PATIENCE_S["live"])], clock)
    for _ in range(3):
        asyncio.run(budget.spend("/x", "live"))

    assert clock.at == PATIENCE_S["live"]


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=80), st.integers(1, 12))
def test_every_window_is_kept(steps: list[tuple[float, bool]], requests: int) -> None:
    """However requests come, no window of the limit's length holds more than it allows."""
    clock = Leaping()
    budget = Budget([Limit("it", requests, 60.0)], clock)
    sent = []
    for pause, live in steps:
        clock.at += pause
        if asyncio.run(spent(budget, "/x", "live" if live else "backfill")):
            sent.append(clock.at)

    assert all(sum(at < other <= at + 59.999 for other in sent) < requests for at in sent)


def test_a_backfill_leaves_a_share_to_what_is_live() -> None:
    """Seven of ten for the backfill; the rest is for what is live, which may have all."""
    clock = Leaping()
    budget = Budget([EXPORT], clock)
    backfill = sum(asyncio.run(spent(budget, "/incremental/tickets", "backfill")) for _ in range(10))
    live = sum(asyncio.run(spent(budget, "/incremental/tickets")) for _ in range(10))

    assert (backfill, live) == (7, 3)
    assert budget.left() == {"export": 0}


def test_a_limit_of_one_is_shared() -> None:
    """Where one request is all there is, a backfill may have it."""
    budget = Budget([Limit("one", 1, 60.0)], Leaping())

    assert asyncio.run(spent(budget, "/x", "backfill"))


def test_live_goes_first() -> None:
    """Both wait; the room that comes up first is taken by what is live."""

    async def both() -> list[str]:
        clock = Leaping()
        budget = Budget([Limit("two", 2, 0.4)], clock)
        await budget.spend("/x", "live")
        await budget.spend("/x", "live")
        order: list[str] = []

        async def ask(lane: Lane) -> None:
            await budget.spend("/x", lane)
            order.append(lane)

        await asyncio.gather(ask("backfill"), ask("live"))
        return order

    assert asyncio.run(both()) == ["live", "backfill"]


def test_a_429_closes_its_own_limit_for_everybody() -> None:
    """Nobody asks there until the time that the vendor named; the rest of the account is open."""
    clock = Leaping()
    budget = Budget([EXPORT, ALL], clock)
    budget.close("/incremental/tickets", 100.0)

    assert not asyncio.run(spent(budget, "/incremental/tickets"))
    assert asyncio.run(spent(budget, "/tickets/1"))
    clock.at += 100.0
    assert asyncio.run(spent(budget, "/incremental/tickets"))


def test_a_budget_that_runs_low_is_left_to_what_is_live() -> None:
    """Where only the past rests, what is live goes on; whichever end is later holds for the past."""
    clock = Leaping()
    budget = Budget([EXPORT, ALL], clock)
    budget.close("/tickets/1", 100.0, past_only=True)
    budget.close("/tickets/1", 50.0, past_only=True)

    assert asyncio.run(spent(budget, "/tickets/1"))
    assert not any(one.closed for one in budget.allowances())
    with pytest.raises(OverBudget) as caught:
        asyncio.run(budget.spend("/tickets/1", "backfill"))
    assert caught.value.retry_after_s == 100.0
    clock.at += 100.0
    assert asyncio.run(spent(budget, "/tickets/1", "backfill"))


def test_a_429_is_heeded_without_any_limit() -> None:
    """A connector that names no limits is covered by what the vendor says."""
    clock = Leaping()
    budget = Budget([], clock)
    budget.close("/x", 40.0)

    assert not asyncio.run(spent(budget, "/y"))
    clock.at += 40.0
    assert asyncio.run(spent(budget, "/y"))


def test_the_lane_belongs_to_the_task() -> None:
    """Work in a lane, and what it starts, is in it; others aren't."""

    async def inner() -> str:
        await asyncio.sleep(0)
        return lane()

    async def outer() -> tuple[str, str, str]:
        with in_lane("backfill"):
            first = asyncio.ensure_future(inner())
            within = await inner()
        return within, await first, lane()

    assert asyncio.run(outer()) == ("backfill", "backfill", "live")


def test_how_each_limit_stands_is_told() -> None:
    """What is left, when the next may go, when all may; a vendor that said to wait leaves nothing until then."""
    clock = Leaping()
    budget = Budget([EXPORT, ALL], clock)
    assert [(one.left, one.next_s, one.full_s) for one in budget.allowances()] == [(10, 0.0, 0.0), (200, 0.0, 0.0)]
    for _ in range(10):
        assert asyncio.run(spent(budget, "/incremental/tickets"))
        clock.at += 1.0
    export, account = budget.allowances()
    assert (export.name, export.left, export.next_s, export.full_s, export.closed) == ("export", 0, 50.0, 59.0, False)
    assert (account.left, account.next_s, account.full_s) == (190, 0.0, 59.0)

    budget.close("/incremental/tickets", 300.0)
    export, account = budget.allowances()
    assert (export.left, export.next_s, export.full_s, export.closed) == (0, 300.0, 300.0, True)
    assert not account.closed
    clock.at += 300.0
    assert [(one.left, one.next_s, one.full_s) for one in budget.allowances()] == [(10, 0.0, 0.0), (200, 0.0, 0.0)]
