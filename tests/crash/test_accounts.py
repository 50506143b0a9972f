"""kill -9 of a process that reads a vendor's account: whoever reads it after that knows all of it, and nothing twice.

`ACCOUNT_KILLS=200 python -m pytest tests/crash/test_accounts.py --timeout=0` kills for longer, anywhere by chance.
"""

import os
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.acceptance.kept import kept
from tests.acceptance.process import DEADLINE_S
from tests.crash.accounts import KINDS, PATIENCE_S, Busy, Kind, Lives, wrong
from tests.crash.forked import Kennel
from tests.crash.plan import AT_FIRST, reachable

KILLS: Final = int(os.environ.get("ACCOUNT_KILLS", "0"))

Deadly = tuple[str, str, int]

SURE: Final[tuple[Deadly, ...]] = (
    ("sync", "backfill.pulled", 2),
    ("sync", "add_backfill_page.committed", 1),
    ("run", "fetch.answered", 1),
    ("run", "commit.committed", 1),
    ("run", "add_page.before_commit", 1),
)
"""Before and after what is durable, of reading a page and of looking something up."""

_READING: Final = ("page.", "add_page.", "backfill.", "add_backfill_page.", "note_sync.")
_JUDGING: Final = (*_READING, "fetch.", "claim_", "finish_", "postpone_", "commit.", "add_records.")


def deadly() -> list[Deadly]:
    """Which command is killed where."""
    if not KILLS:
        return [*SURE]
    chance = Random(KILLS)
    found: list[Deadly] = []
    for _ in range(KILLS):
        command, names = chance.choice((("sync", _READING), ("run", _JUDGING), ("run", _JUDGING)))
        at = [point for point in reachable() if point.startswith(names) and point.partition(".")[0] not in AT_FIRST]
        found.append((command, chance.choice(at), chance.choice((1, 1, 2, 3, 5, 8))))
    return found


@pytest.mark.timeout(0 if KILLS else 180)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.plugin)
def test_kills_lose_nothing_and_double_nothing(kind: Kind, kennel: Kennel, tmp_path: Path) -> None:
    """Commands that read the account are killed one after another, while things happen in it. In the end its contacts
    are what a reading makes of it that nobody has disturbed, and the journal has every event, once."""
    with Busy(kind, seed=KILLS) as account:
        lives = Lives(tmp_path / "killed", kennel, account)
        for command, point, nth in deadly():
            account.happen(2)
            if command == "sync":
                lives.synced(point, nth)
            else:
                lives.killed(point, nth, patience_s=PATIENCE_S if KILLS else DEADLINE_S)
        halfway = kept(lives.database)
        found = lives.settle()
        clean = Lives(tmp_path / "clean", kennel, account).settle()

        assert list(wrong(found, clean, account)) == []
        if not KILLS:
            assert list(wrong(halfway, clean, account)), "what the kills have left is not whole yet, and that is told"
            assert lives.kills == dict.fromkeys((point for _, point, _ in SURE), 1)
