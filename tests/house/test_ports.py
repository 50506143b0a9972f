"""Time, chance, threads, sockets and SQLite stand behind the five ports; a simulation can then run the real engine."""

import ast
from pathlib import Path

from tests.support.source import modules, references, relative, tree_of

NOWHERE = ("asyncio.wait_for",)
"""It can swallow a cancellation; `asyncio.timeout` is what we use."""

BEHIND = (
    (
        ("gateway/kernel/clock.py",),
        ("time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "asyncio.sleep"),
    ),
    (("gateway/kernel/rng.py",), ("random", "secrets", "uuid", "os.urandom")),
    (("gateway/kernel/net.py", "gateway/kernel/names.py", "gateway/kernel/sockets.py"), ("socket",)),
    (("gateway/kernel/spawn.py", "gateway/kernel/names.py", "gateway/kernel/crew.py"), ("threading",)),
    (("gateway/kernel/crew.py",), ("multiprocessing",)),
    (
        ("gateway/kernel/spawn.py",),
        (
            "concurrent.futures",
            "asyncio.create_task",
            "asyncio.ensure_future",
            "asyncio.to_thread",
            "asyncio.TaskGroup",
        ),
    ),
    (("gateway/store",), ("sqlite3", "pysqlite3", "sqlalchemy")),
)
"""Where each part of the world is let in (files or folders), and its names; nobody else may use them."""

STAND_INS = "simulator"
"""A plugin's simulator plays the outside, so it may use the loop and sockets of its own."""


def strays(name: str, tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of everything that the module `name` (a path from the root) may not name."""
    if Path(name).stem == STAND_INS or f"/{STAND_INS}/" in name:
        return []
    closed = (words for places, words in BEHIND if not any(_inside(name, place) for place in places))
    banned = (*NOWHERE, *(word for words in closed for word in words))
    found = {
        (line, used)
        for line, used in references(tree)
        if any(used == word or used.startswith(f"{word}.") for word in banned)
    }
    return sorted(found)


def _inside(name: str, place: str) -> bool:
    return name == place or name.startswith(f"{place}/")


def test_the_world_comes_in_through_the_ports() -> None:
    """No module outside a port's implementation names a clock, chance, a thread, a socket or SQLite."""
    found = [
        f"{relative(path)}:{line}: {used}" for path in modules() for line, used in strays(relative(path), tree_of(path))
    ]

    assert found == []


def test_a_stray_is_found_and_its_own_place_is_not() -> None:
    """The same line is wrong in the engine and right in the clock's implementation."""
    tree = ast.parse("import asyncio\nfrom time import monotonic as steady\nasyncio.sleep(1)\n")

    assert strays("gateway/engine/tick.py", tree) == [(2, "time.monotonic"), (3, "asyncio.sleep")]
    assert strays("gateway/kernel/clock.py", tree) == []


def test_wait_for_is_found_everywhere() -> None:
    """No place is excused for `asyncio.wait_for`."""
    tree = ast.parse("import asyncio\nasyncio.wait_for(work, 1)\n")

    assert strays("gateway/kernel/spawn.py", tree) == [(2, "asyncio.wait_for")]
