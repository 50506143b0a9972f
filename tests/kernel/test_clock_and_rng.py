"""Time and chance."""

import asyncio

from gateway.kernel.clock import SystemClock
from gateway.kernel.rng import SeededRng, SystemRng


def test_the_clock_counts_milliseconds_and_never_runs_backward() -> None:
    """`now` is after the year 2025 in milliseconds; the steady time only grows; a sleep of nothing ends."""

    async def run() -> None:
        clock = SystemClock()
        before = clock.monotonic()
        await clock.sleep(0)
        assert clock.monotonic() >= before
        assert 1_735_689_600_000 < clock.now() < 10_000_000_000_000

    asyncio.run(run())


def test_a_seed_repeats_and_the_system_does_not() -> None:
    """Equal seeds give equal draws; numbers stay in their range; tokens have their size."""
    one, two, other = SeededRng(7), SeededRng(7), SeededRng(8)
    assert [one.uniform(2, 3), one.token(16)] == [two.uniform(2, 3), two.token(16)]
    assert other.token(16) != SeededRng(7).token(16)
    chance = SystemRng()
    assert all(2 <= chance.uniform(2, 3) <= 3 for _ in range(100))
    assert len(chance.token(32)) == 32
    assert chance.token(32) != chance.token(32)
