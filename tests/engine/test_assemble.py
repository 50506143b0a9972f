"""Objects in pieces: the same pieces, in any order and any batches, are the same contacts; what isn't told any more has
not happened; what can't be used is parked, and keeps nobody else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import gateway.engine.assemble as assemble_module
from gateway.engine.turns import Courtesy, Turns
from gateway.model.event import Event
from gateway.model.instant import DAY_MS
from tests.engine.calls import LOST_MS, POLICY, Calls, Mark, Marks, Renewed, call, differences, heard, journal, piece
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, curse, run, states
from tests.engine.test_properties import is_right

END = 3 * HOUR
BEGUN = piece(["a"], ("begin", 0))
ANSWERED = piece(["a"], ("answer", 20 * SECOND))
ENDED = piece(["a"], ("end", 10 * MINUTE))
VIP = piece(["a"], ("vip", 0))

ONE_CALL = [
    BEGUN,
    ANSWERED,
    ENDED,
    VIP,
    piece(["b"], ("begin", 5 * SECOND), leg="b"),
    piece(["b", "link"], ("end", 9 * MINUTE), leg="b"),
    piece(["a", "link"], ("mark", 30 * SECOND)),
    piece(["c", "b"], ("begin", -5 * SECOND), leg="c"),
]
"""A call of three legs that are told apart at first; the last of them began first."""

Story = Callable[[Rig], Any]


def tell(story: Story, tmp_path: Path | None = None, kind: type[Calls] = Calls, **options: Any) -> None:
    """Tell a story to a gateway whose one connector assembles; on a file, what it ends in is verified."""

    async def told(rig: Rig) -> None:
        await story(rig)
        if tmp_path is not None:
            assert await differences(rig) == []

    path = ":memory:" if tmp_path is None else tmp_path / "gateway.db"
    run(told, path, **{"policy": POLICY, "connectors": {"calls": kind()}, **options})


async def settled(rig: Rig, at: int, *pieces: dict[str, Any], **more: Any) -> None:
    """A record comes in at an instant after T0, and is judged."""
    rig.clock.at = max(rig.clock.at, T0 + at)
    await heard(rig, *pieces, **more)
    await rig.at(rig.clock.at - T0)


def plain(events: dict[str, Event]) -> dict[str, Event]:
    """Events without what depends on the way by which they came."""
    return {id: replace(event, rev=0, historical=False) for id, event in events.items()}


# ── Any order ────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def ways(draw: st.DrawFn) -> tuple[list[list[dict[str, Any]]], int, list[int]]:
    """Records of one or two of the pieces each, in any order, some of them twice; how many records are a batch, and
    after which of them everything is judged."""
    told = draw(st.permutations(ONE_CALL + draw(st.lists(st.sampled_from(ONE_CALL), max_size=3))))
    records = []
    while told:
        size = draw(st.integers(1, 2))
        records.append(told[:size])
        told = told[size:]
    return records, draw(st.integers(1, 4)), draw(st.lists(st.integers(0, len(records)), max_size=4))


@given(ways())
@settings(max_examples=40)
@example(([ONE_CALL], 1, []))
def test_any_order_any_batches_and_doubles_end_in_the_same_call(
    way: tuple[list[list[dict[str, Any]]], int, list[int]],
) -> None:
    """The events of the call are those that its facts tell; a leg that was taken for a call of its own is merged."""
    records, batch, judged = way

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + 11 * MINUTE
        for number, pieces in enumerate(records):
            await heard(rig, *pieces)
            if number in judged:
                await rig.settle()
                await rig.restart()
        await rig.settle()
        for listed in await rig.store.inbox(limit=2):
            await rig.store.replay_record(listed.id, rig.clock.now(), "me")
        await rig.at(END)
        events = await journal(rig, "c")
        assert plain(events) == {event.id: event for event in Calls().tell(_facts())}
        assert await rig.parked() == []
        contacts = await rig.store.contacts(limit=9)
        became = {row.strands[0].id: row.state and row.state.contact.status for row in contacts}
        assert became == {**dict.fromkeys(became, "merged"), "c": "solved"}
        for row in contacts:
            await is_right(rig, row)
        (kept,) = await rig.store.assemblies([("calls", "a"), ("calls", "link"), ("calls", "c")])
        assert kept.names == ("a", "b", "c", "link")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Courtesy, "turns", lambda courtesy, oldest: Turns(courtesy.clock, batch=batch))
        tell(story)


def _facts() -> Marks:
    """All that is known of the one call."""
    return Marks(frozenset(Mark(*mark) for one in ONE_CALL for mark in one["marks"]))


# ── What takes the place of what was told ────────────────────────────────────────────────────────────────────────


def test_an_event_told_otherwise_takes_its_place(tmp_path: Path) -> None:
    """The answer turns out to have been in time: the breach is corrected once, and the escalation cancelled."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        await settled(rig, 2 * MINUTE, piece(["a"], ("answer", 90 * SECOND)))
        assert rig.types().count("sla.breached") == 1
        await settled(rig, 3 * MINUTE, ANSWERED)
        await settled(rig, 3 * MINUTE, ANSWERED)
        answered = (await journal(rig))["a:answered"]
        assert (answered.at, answered.rev) == (T0 + 20 * SECOND, 1)
        assert [rig.types().count(type) for type in ("sla.corrected", "escalation.cancelled")] == [2, 1]
        await is_right(rig, await call(rig))

    tell(story, tmp_path)


def test_what_is_not_told_any_more_has_not_happened(tmp_path: Path) -> None:
    """A tag that made the call urgent goes with the event that set it; told anew, it is there again."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN, VIP)
        row = await call(rig)
        assert row.state is not None and row.state.route is not None
        assert (row.state.route.queue, "a:vip" in await journal(rig)) == ("urgent", True)
        await settled(rig, 30 * SECOND, ANSWERED)
        row = await call(rig)
        assert row.state is not None and row.state.route is not None
        assert (row.state.route.queue, row.state.contact.tags) == ("general", ())
        assert "a:vip" not in await journal(rig)
        await is_right(rig, row)

    tell(story, tmp_path)


def test_nothing_new_but_what_has_not_happened(tmp_path: Path) -> None:
    """A piece that only takes an event back is news of the call: it is judged again from there."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN, VIP)
        await settled(rig, MINUTE // 2, piece(["a"], ("no vip", 0)))
        row = await call(rig)
        assert row.state is not None and row.state.route is not None
        assert (row.state.route.queue, row.state.contact.tags) == ("general", ())
        assert [body["data"]["contact"]["route"]["queue"] for body in rig.bodies("contact.routed")] == [
            "urgent",
            "general",
        ]
        await is_right(rig, row)

    tell(story, tmp_path)


def test_a_late_end_takes_a_breach_back_once(tmp_path: Path) -> None:
    """A call that was thought to wait had been hung up: what had been announced is corrected, each once."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        await rig.at(7 * MINUTE)
        assert rig.types().count("escalation.stepped") == 1
        for _ in range(2):
            await settled(rig, 8 * MINUTE, piece(["a"], ("end", 10 * SECOND)))
        assert rig.types().count("escalation.cancelled") == 1
        assert rig.types().count("sla.corrected") == 2
        await is_right(rig, await call(rig))

    tell(story, tmp_path)


def test_what_time_would_bring_waits_and_is_replaced_before_it_comes(tmp_path: Path) -> None:
    """The end of a lost call is told ahead: it moves with each sign of life, and fires where none comes."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN, ANSWERED)
        assert (await journal(rig))["a:end"].at == T0 + 20 * SECOND + LOST_MS
        await settled(rig, 40 * MINUTE, piece(["a"], ("mark", 40 * MINUTE)))
        assert (await call(rig)).next_due == T0 + 40 * MINUTE + LOST_MS
        await rig.at(40 * MINUTE + LOST_MS - 1)
        assert "contact.solved" not in rig.types()
        await rig.at(40 * MINUTE + LOST_MS)
        assert rig.types().count("contact.solved") == 1
        (solved,) = rig.bodies("contact.solved")
        assert solved["timestamp"].startswith("2026-03-02T10:40:00")

    tell(story, tmp_path)


def test_an_end_that_was_told_ahead_and_came_is_taken_back(tmp_path: Path) -> None:
    """The call was not lost, only nobody told: it goes on, as if it never had ended."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN, ANSWERED)
        await rig.at(2 * HOUR)
        ended = await call(rig)
        assert ended.state is not None and ended.state.contact.status == "solved"
        await settled(rig, 2 * HOUR, piece(["a"], ("mark", 2 * HOUR)))
        row = await call(rig)
        assert row.state is not None and row.state.contact.status == "new"
        await is_right(rig, row)

    tell(story, tmp_path)


# ── Two that are one ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_calls_that_turn_out_to_be_one(tmp_path: Path, first: str) -> None:
    """The one that began first goes on; the other is merged into it, and what was said of it is corrected."""
    legs = {"a": BEGUN, "b": piece(["b"], ("begin", 5 * SECOND), leg="b")}

    async def story(rig: Rig) -> None:
        await settled(rig, 6 * SECOND, legs.pop(first))
        await settled(rig, 6 * SECOND, *legs.values())
        await rig.at(2 * MINUTE)
        assert rig.types().count("sla.breached") == 2
        await settled(rig, 3 * MINUTE, piece(["a", "b"], ("mark", 3 * MINUTE)))
        one, other = await call(rig, "a"), await call(rig, "b")
        assert one.state is not None and other.state is not None
        assert (one.state.contact.status, other.state.contact.status) == ("new", "merged")
        assert rig.types().count("escalation.cancelled") == 1
        assert len(await journal(rig, "b")) == 2
        await settled(rig, 4 * MINUTE, piece(["b"], ("answer", 4 * MINUTE), leg="b"))
        assert "a:answered" in await journal(rig, "a")
        assert len(await journal(rig, "b")) == 2
        for row in (await call(rig, "a"), await call(rig, "b")):
            await is_right(rig, row)

    tell(story, tmp_path)


def test_one_that_was_merged_goes_where_the_other_goes(tmp_path: Path) -> None:
    """b was merged into a, and a turns out to be c's: both say so."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + MINUTE
        for pieces in (
            [BEGUN],
            [piece(["b"], ("begin", 5 * SECOND), leg="b")],
            [piece(["a", "b"], ("mark", 6 * SECOND))],
            [piece(["c"], ("begin", -5 * SECOND), leg="c")],
            [piece(["c", "b"], ("mark", 7 * SECOND))],
        ):
            await settled(rig, MINUTE, *pieces)
        intos = [
            event.into.id  # type: ignore[union-attr]
            for leg in ("a", "b")
            for event in (await journal(rig, leg)).values()
            if event.__struct_config__.tag == "contact.merged"
        ]
        assert intos == ["c", "c"]

    tell(story, tmp_path)


# ── What can't be used ───────────────────────────────────────────────────────────────────────────────────────────

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "join raises": (piece(["a"], ("join raises", 1)), "raised ZeroDivisionError: joined"),
    "joined to another": (piece(["a"], ("joined to another", 1)), "raised TypeError: `join` gives a Marks"),
    "tell raises": (piece(["a"], ("tell raises", 1)), "raised ZeroDivisionError: told"),
    "an id twice": (piece(["a"], ("twice", 1)), "two events of an object have the same id"),
    "of two refs": (piece(["a"], ("elsewhere", 1)), "the events of an object are of one ref"),
    "taken back": (piece(["a"], ("nothing", 1)), "can't be taken back whole"),
    "not opened after all": (piece(["a"], ("unopened", 1)), "what was opened stays so"),
    "an id that moves": (piece(["a"], ("begin", -1), leg="0"), "its id stays with it"),
    "far ahead": (piece(["a"], ("far ahead", 1)), "more than 24 h ahead of its receipt"),
    "an id too long": (piece(["a"], ("unreadable", 1)), "can't be kept as it is: Expected `str` of length <= 200"),
    "others' facts": (piece(["a"], ("others", 1)), "the facts of a piece are a Marks"),
    "a list of names": (piece(["a"], ("mark", 1), listed=True), "a tuple of 1 to 64 names"),
    "no name": (piece([]), "a tuple of 1 to 64 names"),
    "too many names": (piece(map(str, range(65))), "a tuple of 1 to 64 names"),
    "a long name": (piece(["x" * 301]), "a name has 1 to 300 characters"),
    "half a surrogate": (piece(["\ud800"]), "no half of a surrogate pair"),
    "a name that is none": (piece([7]), "a name has 1 to 300 characters"),  # type: ignore[list-item]
    "known by too many names": (
        piece(["a", *map(str, range(4))]),
        "more than 4 names; what many share is no name: a",
    ),
    "too much": (piece(["a"], *((f"mark {number}", 1) for number in range(200))), "more than 4000 bytes"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("together", [False, True], ids=["alone", "in one record"])
def test_what_cannot_be_used_is_parked_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, together: bool
) -> None:
    """Nothing of the record counts, its reason says why, another call in the same batch is judged, and this one goes
    on with its next piece."""
    wrong, why = WRONG[case]
    monkeypatch.setattr(assemble_module, "NAMES_MAX", 4)
    monkeypatch.setattr(assemble_module, "FACTS_MAX", 4_000)

    async def story(rig: Rig) -> None:
        await settled(rig, SECOND, BEGUN, piece(["a"], ("shared", 0)))
        before = await journal(rig)
        other = piece(["z"], ("begin", 0), leg="z")
        await heard(rig, *([other, wrong] if together else [wrong]))
        await heard(rig, piece(["y"], ("begin", 0), leg="y"))
        await rig.settle()
        (parked,) = await rig.parked()
        assert why in (parked.reason or "")
        assert await journal(rig) == before
        assert (await call(rig, "y")).state is not None
        assert await rig.store.assemblies([("calls", "z")]) == []
        await settled(rig, 30 * SECOND, ANSWERED)
        assert (len(await rig.parked()), "shared" in await journal(rig)) == (1, True)

    tell(story, tmp_path)


@pytest.mark.parametrize("case", ["tell raises", "join raises", "too much", "known by too many names", "far ahead"])
def test_who_comes_with_what_cannot_be_used_is_not_parked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Records of one call in one batch: the one that can't be used is parked, those before and behind it count."""
    wrong, why = WRONG[case]
    monkeypatch.setattr(assemble_module, "NAMES_MAX", 4)
    monkeypatch.setattr(assemble_module, "FACTS_MAX", 4_000)

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + MINUTE
        await heard(rig, BEGUN)
        await heard(rig, piece(["z"], ("begin", 0), leg="z"), wrong)
        await heard(rig, ANSWERED)
        await heard(rig, piece(["z"], ("begin", SECOND), leg="z"))
        await rig.settle()
        (parked,) = await rig.parked()
        assert why in (parked.reason or "")
        assert rig.link("calls").faults_in_a_row <= 1
        events = await journal(rig)
        assert ("a:answered" in events, "mark 1" in str(events)) == (True, False)
        assert (await journal(rig, "z"))["z:opened"].at == T0 + SECOND
        await is_right(rig, await call(rig))

    tell(story, tmp_path)


def test_a_batch_that_is_overtaken_is_put_together_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has become of the call meanwhile counts: nothing is lost, nothing told twice."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        commit, overtaken = rig.store.commit, [True]

        async def later(batch: Any) -> None:
            if overtaken and batch.assemblies:
                overtaken.clear()
                await commit(replace(batch, done=(), parked=()))
            await commit(batch)

        monkeypatch.setattr(rig.store, "commit", later)
        await settled(rig, 30 * SECOND, ANSWERED, piece(["b"], ("begin", -SECOND), leg="b"))
        await settled(rig, 40 * SECOND, piece(["a", "b"], ("mark", SECOND)))
        await rig.at(2 * MINUTE)
        assert (overtaken, await rig.parked(), await states(rig)) == ([], [], ["done"] * 3)
        assert (await call(rig, "b")).state is not None
        for leg in ("a", "b"):
            await is_right(rig, await call(rig, leg))

    tell(story, tmp_path)


def test_a_fault_is_counted_and_a_bound_is_none() -> None:
    """What a connector raises counts as its fault; a record that is too much of something is the sender's."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        await settled(rig, 0, piece(["a"], ("far ahead", 1)))
        assert rig.link("calls").faults_in_a_row == 0
        await settled(rig, 0, piece(["a"], ("tell raises", 1)), piece(["b"], ("begin", 0), leg="b"))
        assert rig.link("calls").faults_in_a_row == 1
        assert rig.link("calls").last_fault == "ZeroDivisionError: told"

    tell(story)


def test_only_who_assembles_gives_pieces() -> None:
    """A connector without `join` and `tell` is told so."""

    class Half(Calls):
        facts_type: Any = None
        tell: Any = None

        def __getattribute__(self, name: str) -> Any:
            if name in ("facts_type", "tell"):
                raise AttributeError(name)
            return super().__getattribute__(name)

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        (parked,) = await rig.parked()
        assert "no `facts_type`, `join` and `tell`" in (parked.reason or "")

    tell(story, kind=Half)


def test_facts_that_can_not_be_read_any_more_park_what_comes(tmp_path: Path) -> None:
    """After a downgrade, say: what is stored stays as it is, and a replay under the right version goes on."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        rig.connectors = {"calls": Renewed()}
        await rig.restart()
        await settled(rig, 20 * SECOND, ANSWERED)
        (parked,) = await rig.parked()
        rig.connectors = {"calls": Calls()}
        await rig.restart()
        await rig.store.replay_record(parked.id, rig.clock.now(), "me")
        await rig.settle()
        assert (await rig.parked(), "a:answered" in await journal(rig)) == ([], True)

    tell(story, tmp_path)


def test_a_record_replayed_much_later_counts() -> None:
    """By then more is known of the call, dated more than a day after the record came: it is no news from the future."""

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        await settled(rig, 1, piece(["a"], ("mark", 1)))
        for day in (1, 2):
            await settled(rig, day * DAY_MS, piece(["a"], ("mark", day * DAY_MS)))
        first = (await rig.store.inbox(limit=9))[-1]
        await rig.store.replay_record(first.id, rig.clock.now(), "me")
        await rig.settle()
        assert (await rig.parked(), await states(rig)) == ([], ["done"] * 4)

    tell(story)


def test_what_a_person_replays_is_told_anew() -> None:
    """A later version of the connector tells more of the same facts: a record that was done is enough to have it."""

    class More(Calls):
        def tell(self, facts: Any) -> Any:
            for event in super().tell(facts):
                yield replace(event, tags=("vip",)) if event.id == "a:opened" else event

    async def story(rig: Rig) -> None:
        await settled(rig, 0, BEGUN)
        rig.connectors = {"calls": More()}
        await rig.restart()
        (first,) = await rig.store.inbox(limit=9)
        await rig.store.replay_record(first.id, rig.clock.now(), "me")
        await rig.settle()
        row = await call(rig)
        assert row.state is not None and row.state.contact.tags == ("vip",)

    tell(story)


# ── Hindsight, and failures of others ────────────────────────────────────────────────────────────────────────────


def test_what_a_backfill_tells_is_told_quietly(tmp_path: Path) -> None:
    """Of a call that is only known in hindsight nothing is announced that lies before; a live piece is news."""

    async def story(rig: Rig) -> None:
        await settled(rig, 2 * HOUR, BEGUN, ENDED, historical=True)
        assert rig.types() == []
        assert all(event.historical for event in (await journal(rig)).values())
        await settled(rig, 2 * HOUR, piece(["b"], ("begin", 2 * HOUR), leg="b"))
        assert rig.types() == ["contact.opened", "contact.routed"]

    tell(story, tmp_path)


def test_a_call_that_cannot_be_judged_parks_its_own_records(tmp_path: Path) -> None:
    """Its facts are not kept either: replayed, the records say what they said."""

    async def story(rig: Rig) -> None:
        curse(rig)
        await heard(rig, BEGUN, piece(["a"], ("cursed", 0)))
        await heard(rig, piece(["y"], ("begin", 0), leg="y"))
        await rig.settle()
        (parked,) = await rig.parked()
        assert "ZeroDivisionError" in (parked.reason or "")
        assert await rig.store.assemblies([("calls", "a")]) == []
        assert (await call(rig, "y")).state is not None
        await rig.restart()
        await rig.store.replay_record(parked.id, rig.clock.now(), "me")
        await rig.settle()
        assert (await rig.parked(), (await call(rig)).state is not None) == ([], True)

    class Tagging(Calls):
        def tell(self, facts: Any) -> Any:
            cursed = any(mark.what == "cursed" for mark in facts.marks)
            for event in super().tell(facts):
                yield replace(event, tags=("cursed",)) if cursed and event.id == "a:opened" else event

    tell(story, tmp_path, Tagging)
