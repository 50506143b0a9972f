"""What the Store port promises of objects in pieces: found by any name, written with the batch that judges them, fenced
by their versions."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.kernel.assemblies import Assembly, Told
from gateway.kernel.failpoint import listen
from gateway.kernel.store import Batch, Conflict, JournalEntry
from gateway.model.event import ContactOpened
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.store import SqliteStore
from tests.store.samples import T0, in_memory, on_file, row, strand, with_store
from tests.support.points import STEPS

REF = Ref("call", "a")


def assembly(id: str = "a", *names: str, connector: str = "phones", version: int = 0, facts: bytes = b"{}") -> Assembly:
    """An object that has told two events."""
    return Assembly(
        connector=connector,
        id=id,
        version=version,
        names=(id, *names),
        facts=facts,
        told=(Told(REF, "a:opened", True), Told(REF, "a:end")),
        received_at=T0,
    )


def batch(*kept: Assembly, joined: tuple[Assembly, ...] = ()) -> Batch:
    """A batch that writes nothing else."""
    return Batch(assemblies=kept, joined=joined, now=T0)


def written(one: Assembly) -> Assembly:
    """The object as it is read after it was written."""
    return replace(one, version=one.version + 1)


def test_an_object_is_found_by_each_of_its_names() -> None:
    """Once, whole, byte for byte; within its connector, and by no other name."""

    async def check(store: SqliteStore) -> None:
        one = assembly("a", "link", "session:ü🦉", facts=b'{"marks": [1, 2], "text": "\xc3\xbc"}')
        other = assembly("a", "link", connector="others")
        await store.commit(batch(one, other, assembly("b")))
        for name in one.names:
            assert await store.assemblies([("phones", name)]) == [written(one)]
        assert await store.assemblies([("phones", name) for name in one.names]) == [written(one)]
        assert await store.assemblies([("others", "link"), ("phones", "link")]) == [written(other), written(one)]
        assert await store.assemblies([("phones", "A"), ("phones", ""), ("events", "a")]) == []
        assert await store.assemblies([]) == []

    with_store(check)


def test_what_is_known_later_takes_the_place_of_what_was() -> None:
    """Names, facts, what was told and when it came; a new name finds it from then on."""

    async def check(store: SqliteStore) -> None:
        await store.commit(batch(assembly("a", "link")))
        (loaded,) = await store.assemblies([("phones", "a")])
        now = replace(
            loaded, names=("a", "link", "new"), facts=b'{"more": 1}', told=(Told(REF, "x"),), received_at=T0 + 1
        )
        await store.commit(batch(now))
        assert await store.assemblies([("phones", "new")]) == [written(now)]
        assert await store.assemblies([("phones", "a")]) == [written(now)]

    with_store(check)


def test_objects_that_are_one_are_kept_as_one() -> None:
    """The names of the others lead to it, and nothing is left of them."""

    async def check(store: SqliteStore) -> None:
        await store.commit(batch(assembly("a"), assembly("b", "link"), assembly("c")))
        one, other, third = await store.assemblies([("phones", name) for name in "abc"])
        await store.commit(batch(replace(one, names=("a", "b", "c", "link")), joined=(other, third)))
        for name in ("a", "b", "c", "link"):
            (found,) = await store.assemblies([("phones", name)])
            assert (found.id, found.version) == ("a", 2)
        await store.commit(batch(assembly("d")))

    with_store(check)


STALE: dict[str, Callable[[Assembly, Assembly], Batch]] = {
    "changed": lambda one, other: batch(one),
    "added twice": lambda one, other: batch(assembly("a")),
    "joined": lambda one, other: batch(replace(other, names=("b", "a")), joined=(one,)),
    "gone": lambda one, other: batch(assembly("c", version=1)),
}


@pytest.mark.parametrize("case", STALE)
def test_who_was_overtaken_is_refused_whole(case: str) -> None:
    """By version: nothing of the batch is written, its contact and the objects that nobody touched neither."""

    async def check(store: SqliteStore) -> None:
        await store.commit(batch(assembly("a"), assembly("b")))
        one, other = await store.assemblies([("phones", "a"), ("phones", "b")])
        await store.commit(batch(replace(one, facts=b'{"first": 1}')))
        stale = STALE[case](one, other)
        late = assembly("z", "link")
        with pytest.raises(Conflict, match="an object of this batch has been changed"):
            await store.commit(replace(stale, assemblies=(*stale.assemblies, late), contacts=(row("1"),)))
        (kept,) = await store.assemblies([("phones", "a")])
        assert (kept.version, kept.facts) == (2, b'{"first": 1}')
        assert await store.assemblies([("phones", "b")]) == [other]
        assert await store.assemblies([("phones", "link"), ("phones", "z")]) == []
        assert await store.contacts(limit=9) == []

    with_store(check)


def test_what_has_not_happened_leaves_the_journal() -> None:
    """And what takes its place in the same batch stays; another connector's event of that id is another's."""

    def opened(connector: str, text: str = "first") -> JournalEntry:
        event = ContactOpened(
            id="x", at=Instant(T0), ref=Ref("ticket", "1"), kind="call", channel="phone", subject=text
        )
        return JournalEntry(strand=strand("1", connector), event=event, received_at=T0)

    async def check(store: SqliteStore) -> None:
        ids = [("phones", "x"), ("others", "x")]
        rows = (row("1", connector="phones"), row("1", connector="others"))
        await store.commit(Batch(journal=(opened("phones"), opened("others")), contacts=rows, now=T0))
        await store.commit(Batch(withdrawn=(("phones", "x"), ("phones", "unknown")), now=T0))
        assert (await store.known([], ids)).events.keys() == {("others", "x")}
        moved = Batch(withdrawn=(("others", "x"),), journal=(opened("others", "second"),), now=T0)
        await store.commit(moved)
        assert (await store.known([], ids)).events == {("others", "x"): moved.journal[0].event}

    with_store(check)


@pytest.mark.parametrize("point", [f"commit.{step}" for step in STEPS])
def test_a_crash_leaves_all_of_an_object_or_nothing(tmp_path: Path, point: str) -> None:
    """Its row, its names, and what it was joined of."""

    class Crash(BaseException):
        """The end of the process."""

    def crash(passed: str) -> None:
        if passed == point:
            raise Crash(passed)

    async def work() -> list[tuple[str, ...]]:
        async with on_file(tmp_path / "gateway.db") as store:
            await store.commit(batch(assembly("a"), assembly("b", "link")))
            one, other = await store.assemblies([("phones", "a"), ("phones", "b")])
            listen(crash)
            try:
                with pytest.raises(asyncio.CancelledError):
                    await store.commit(batch(replace(one, names=("a", "b", "link")), joined=(other,)))
            finally:
                listen(None)
            return [found.names for found in await store.assemblies([("phones", "a"), ("phones", "link")])]

    apart, together = [("a",), ("b", "link")], [("a", "b", "link")]
    assert asyncio.run(work()) == (together if point == "commit.committed" else apart)


@given(st.lists(st.text(min_size=1, max_size=300).filter(lambda text: text.isprintable()), unique=True, max_size=64))
@settings(max_examples=30)
def test_any_text_is_a_name(names: list[str]) -> None:
    """However long, in any script: it is found by it, and by no other."""

    async def check() -> None:
        async with in_memory() as store:
            one = assembly("a", *(f"x{name}" for name in names))
            await store.commit(batch(one))
            assert await store.assemblies([("phones", one.names[-1])]) == [written(one)]
            assert await store.assemblies([("phones", "y"), ("phones", one.names[-1] + "y")]) == []

    asyncio.run(check())
