"""What is told ahead: the end of a call that only silence brings moves, comes and is taken back, under any policies and
restarts, and is right wherever a person or a program reads it."""

from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.engine.explaining import Explaining
from gateway.engine.kpi import figures_of
from gateway.model.instant import format_instant
from gateway.store.history import SqliteHistory
from tests.engine.calls import LOST_MS, POLICY, Calls, call, differences, heard, journal, piece
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, run
from tests.engine.test_properties import is_right
from tests.support.policies import loaded

MILD = POLICY.replace("within: 1m", "within: 10m").replace("after: 5m", "after: 45m")
BEGUN = piece(["a"], ("begin", 0))
ANSWERED = piece(["a"], ("answer", 20 * SECOND))

MINUTES = st.integers(0, 200)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["mark", "answer", "end", "vip", "begin"]), MINUTES, MINUTES, st.sampled_from("ab")),
    st.tuples(st.sampled_from(["join", "pass", "pass", "policy", "restart", "dead"]), MINUTES),
)
"""A record: what was seen, when, how much later it comes, on which leg; or what else happens, after so many minutes."""


def tell(story: Any, tmp_path: Path | None = None, **options: Any) -> None:
    """Tell a story to a gateway whose one connector assembles."""
    path = ":memory:" if tmp_path is None else tmp_path / "gateway.db"
    run(story, path, **{"policy": POLICY, "connectors": {"calls": Calls()}, **options})


async def settled(rig: Rig, at: int, *pieces: dict[str, Any], **more: Any) -> None:
    """A record comes in at an instant after T0, and is judged."""
    rig.clock.at = max(rig.clock.at, T0 + at)
    await heard(rig, *pieces, **more)
    await rig.at(rig.clock.at - T0)


@given(st.lists(STEPS, min_size=3, max_size=12))
@settings(max_examples=30)
@example([("begin", 0, 0, "a"), ("answer", 1, 0, "a"), ("mark", 30, 0, "a"), ("policy", 0), ("mark", 50, 0, "a")])
@example([("begin", 0, 0, "a"), ("pass", 70), ("mark", 65, 9, "a"), ("begin", 3, 0, "b"), ("join", 0), ("pass", 120)])
def test_whatever_moves_all_is_what_a_replay_says(steps: list[tuple[Any, ...]]) -> None:
    """After each step: the state, and what has been said less what was taken back, of every call."""

    async def story(rig: Rig) -> None:
        policies, has_changed = [MILD, POLICY], False
        for step in steps:
            minutes = (rig.clock.at - T0) // MINUTE
            match step:
                case (what, at, later, leg):
                    rig.clock.at = max(rig.clock.at, T0 + (at + later) * MINUTE)
                    await heard(rig, piece([leg], (what, at * MINUTE), leg=leg))
                case ("join", _):
                    await heard(rig, piece(["a", "b"], ("mark", minutes * MINUTE)))
                case ("policy", _):
                    await rig.gateway.follow(loaded(policies[0]))
                    policies.reverse()
                    has_changed = True
                case ("restart", after):
                    await rig.restart(rig.clock.at + after * MINUTE)
                case ("dead", _):
                    rig.clock.at += MINUTE
                    continue
                case (_, after):
                    rig.clock.at += after * MINUTE
            await rig.at(rig.clock.at - T0)
            for row in await rig.store.contacts(limit=9):
                if row.state is not None and not has_changed:
                    await is_right(rig, row)
                elif row.state is not None and not row.state.contact.ended:
                    # One that has ended keeps its policy, and what only a policy brings is said to nobody.
                    judged, said = await rig.replayed(row), await rig.store.ledger(row.id)
                    assert row.state == judged.state
                    assert {id for id, entry in said.items() if entry.stands} == {one.id for one in judged.implied}
        assert await rig.parked() == []

    tell(story)


def test_what_is_told_ahead_is_right_wherever_it_is_read(tmp_path: Path) -> None:
    """Nothing of it has happened: not on the card, not in the figures; what happens next says when it will."""

    async def story(rig: Rig) -> None:
        await settled(rig, MINUTE, BEGUN, ANSWERED)
        row = await call(rig)
        assert row.state is not None
        assert (row.updated_at, row.state.contact.status) == (T0 + 20 * SECOND, "new")
        assert row.state.future == (T0 + 20 * SECOND + LOST_MS,)
        explaining = Explaining(rig.store, rig.spawn)
        told = await explaining.explained(row, rig.clock.now())
        events = [one for one in told["next"] if one["kind"] == "event"]
        assert [one["at"] for one in events] == [format_instant(T0 + 20 * SECOND + LOST_MS)]
        assert await differences(rig) == []
        history = await SqliteHistory.open(rig.path, rig.spawn)
        try:
            found = await figures_of(history, T0, T0 + HOUR, rig.clock.now())
        finally:
            await history.close()
        assert (found.behind, found.skipped) == (0, 0)
        # A sign of life before the last one, and one behind it: only the latest counts.
        for at in (40 * MINUTE, 30 * MINUTE):
            await settled(rig, 41 * MINUTE, piece(["a"], ("mark", at)))
            assert (await call(rig)).next_due is not None
        assert (await journal(rig))["a:end"].at == T0 + 40 * MINUTE + LOST_MS
        assert (await call(rig)).updated_at == T0 + 20 * SECOND
        assert await differences(rig) == []

    tell(story, tmp_path)


def test_a_policy_that_comes_before_it_judges_it(tmp_path: Path) -> None:
    """The end is judged by what is in force by then; moved to before the policy, it is what it would have been."""

    async def story(rig: Rig) -> None:
        await settled(rig, MINUTE, BEGUN)
        rig.clock.at = T0 + 30 * MINUTE
        await rig.gateway.follow(loaded(MILD))
        await rig.at(LOST_MS + MINUTE)
        row = await call(rig)
        assert row.state is not None
        assert (row.state.contact.status, row.state.policy) == ("solved", loaded(MILD).policy.hash)
        await settled(rig, 2 * HOUR, piece(["a"], ("end", 20 * MINUTE)))
        row = await call(rig)
        assert row.state is not None
        assert (row.state.contact.status, row.state.contact.updated_at) == ("solved", T0 + 20 * MINUTE)
        assert await differences(rig) == []

    tell(story, tmp_path)


def test_a_dry_run_says_nothing_of_it(tmp_path: Path) -> None:
    """Everything is judged as ever; that it moved, came and was taken back is said to nobody."""

    async def story(rig: Rig) -> None:
        await settled(rig, MINUTE, BEGUN)
        await rig.at(LOST_MS)
        await settled(rig, 2 * HOUR, ANSWERED)
        await settled(rig, 2 * HOUR, piece(["a"], ("mark", 2 * HOUR)))
        assert (rig.types(), await differences(rig)) == ([], [])

    tell(story, tmp_path, dry=True)


def test_an_opening_that_turns_out_to_be_earlier_is_announced_once(tmp_path: Path) -> None:
    """The INVITE was lost, and comes by another way: the same breach stands, dated as it should have been."""

    async def story(rig: Rig) -> None:
        await settled(rig, 2 * MINUTE, piece(["a"], ("begin", 90 * SECOND)))
        await rig.at(3 * MINUTE)
        assert rig.types().count("sla.breached") == 1
        await settled(rig, 4 * MINUTE, BEGUN)
        await rig.at(4 * MINUTE)
        assert [rig.types().count(type) for type in ("contact.opened", "sla.breached", "sla.corrected")] == [1, 1, 0]
        row = await call(rig)
        (breached,) = [one for one in (await rig.store.ledger(row.id)).values() if one.type == "sla.breached"]
        assert breached.at == T0 + MINUTE
        await is_right(rig, row)
        assert await differences(rig) == []

    tell(story, tmp_path)
