"""What becomes of requests on their way, by seed; and that each fault is alone."""

import itertools
from typing import Any

import pytest

from tests.simulation.world.around import T0, Around, run
from tests.simulation.world.net import Link, Lost


async def served() -> str:
    """The other side of a way."""
    return "served"


async def carried(around: Around, every_s: float = 0.0) -> list[str]:
    """What the sender of each of many requests sees, one after the other."""
    link, seen = Link(around, "a"), []
    for number in range(300):
        await around.sleep(every_s)
        try:
            seen.append(await link.carry(served, 10.0, str(number)))
        except Lost as lost:
            seen.append("timed out" if lost.timed_out else lost.reason)
    return seen


def test_without_faults_everything_arrives() -> None:
    """At once, or nearly."""

    async def story(around: Around) -> None:
        assert set(await carried(around)) == {"served"}
        assert 3 < around.loop.time() < 60

    run(story)


@pytest.mark.parametrize(
    "faults",
    [{"net_slow": 0.3}, {"net_lost": 0.1}, {"net_reply_lost": 0.1}, {"net_doubled": 0.1}, {"net_outages": 100.0}],
    ids=lambda faults: next(iter(faults)),
)
def test_a_seed_repeats_and_another_differs(faults: dict[str, float]) -> None:
    """The same fates at the same instants."""
    seen: list[list[str]] = []

    async def story(around: Around) -> None:
        seen.append(await carried(around, 60.0))

    first, again, other = run(story, **faults), run(story, **faults), run(story, seed=2, **faults)

    assert first.traced == again.traced
    assert first.loop.digest == again.loop.digest != other.loop.digest
    assert seen[0] == seen[1]
    if "net_doubled" in faults:
        assert 10 < len(first.witness.faults) < 60
    elif "net_lost" in faults:
        assert {"served", "timed out", "the connection was refused"} < set(seen[0])
    else:
        assert {"served", "timed out"} <= set(seen[0])


def test_one_fault_shifts_no_other() -> None:
    """Each request draws as many chances as any other: what is lost is lost with or without doubles."""

    def fates(**faults: float) -> list[Any]:
        found: list[Any] = []

        async def story(around: Around) -> None:
            link = Link(around, "a")
            found.extend(link.fate() for _ in range(500))

        run(story, **faults)
        return found

    both, lost = fates(net_lost=0.1, net_doubled=0.2, net_slow=0.1), fates(net_lost=0.1)
    assert [fate.request for fate in both] == [fate.request for fate in lost]
    assert any(fate.again_s for fate in both)
    slow = sorted(fate.there_s for fate in both)
    assert slow[-1] > 5.0
    assert slow[250] < 0.1


def test_what_was_sent_goes_on_without_its_sender() -> None:
    """A deadline that is over calls nothing back: the other side takes it."""
    taken: list[int] = []

    async def story(around: Around) -> None:
        async def take() -> str:
            await around.sleep(3.0)
            taken.append(around.now())
            return "late"

        with pytest.raises(Lost) as lost:
            await Link(around, "a").carry(take, 1.0)
        assert lost.value.timed_out
        assert around.now() == T0 + 1_000

    run(story)
    assert len(taken) == 1


def test_a_way_is_down_for_a_while() -> None:
    """In one direction or in both; until it recovers for good."""

    async def story(around: Around) -> None:
        link, outages = Link(around, "a"), []
        for _ in range(2_000):
            if (outage := link.outage()) is not None and outage not in outages:
                assert outage.start <= around.now() < outage.end
                outages.append(outage)
            await around.sleep(60)
        assert {(outage.there, outage.back) for outage in outages} == {(True, True), (True, False), (False, True)}
        assert all(before.end <= after.start for before, after in itertools.pairwise(outages))
        link.recover()
        for _ in range(2_000):
            assert link.outage() is None
            await around.sleep(60)

    run(story, net_outages=24.0)
