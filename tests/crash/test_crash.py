"""The harness works: it kills at every kind of place and finds nothing, and finds a bug that is there."""

from pathlib import Path

from tests.crash import flow
from tests.crash.forked import Kennel
from tests.crash.plan import AT_START, NOT_HERE, PER_SITE, Kill, plan, reachable, unreached
from tests.crash.scene import Scene, Told, play
from tests.support.points import points, transactions

KILLS = (
    Kill("schema.before_commit"),
    Kill("add_records.committed"),
    Kill("commit.before_commit", 2),
    Kill(acknowledgements=2, delay_s=0.01),
    Kill("delivery.answered", 3),
)


def played(folder: Path, kills: tuple[Kill, ...], bug: str = "") -> Told:
    """A site of its own, with a kennel of its own."""
    packages = folder / "packages"
    flow.install(packages)
    kennel = Kennel(packages, bug)
    try:
        return play(Scene(folder / "site", packages, kennel, "test"), kills)
    finally:
        kennel.close()


def test_some_kills_lose_nothing(tmp_path: Path) -> None:
    """Where they were to happen they happened, and in the end everything is there."""
    told = played(tmp_path, KILLS)

    assert told.wrong == []
    assert told.kills.total() == len(KILLS)
    assert told.kills["schema.before_commit"] == told.kills["add_records.committed"] == 1
    assert told.passes["add_page.committed"] > 0


def test_a_planted_bug_is_found(tmp_path: Path) -> None:
    """What follows from a batch, written behind it, is lost by a kill in between; and that is what is said."""
    told = played(tmp_path, (Kill("commit.committed"), Kill("commit.committed", 2)), "outbox_apart")

    assert [line for line in told.wrong if "follows" in line or "escalated 0 times" in line]


def test_a_plan_follows_from_its_numbers() -> None:
    """The same kills for the same seed; over some sites every point has its turn."""
    sites = [plan(7, site, PER_SITE) for site in range(12)]

    assert sites == [plan(7, site, PER_SITE) for site in range(12)]
    assert sites != [plan(8, site, PER_SITE) for site in range(12)]
    assert {kill.point for kills in sites for kill in kills if kill.point} == set(reachable())
    assert sum(kill.cold for kills in sites[:4] for kill in kills) == 10


def test_what_is_left_out_is_known() -> None:
    """Every transaction is killed, or stands on the list of those that aren't; nothing unknown is on a list."""
    assert NOT_HERE.keys() <= set(transactions())
    assert {point.rpartition(".")[0] for point in points()} >= set(AT_START)
    assert unreached(dict.fromkeys(reachable(), 1)) == []
    assert unreached({}) == [*reachable()]
