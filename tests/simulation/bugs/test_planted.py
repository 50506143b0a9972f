"""The planted bugs: each says what it is and where it is found; some of them are, in a moment."""

import pytest

from tests.simulation import batch
from tests.simulation.bugs.planted import bugs, planted
from tests.simulation.life import live

BUGS = bugs()
QUICK = ("any_answer_is_delivered", "body_made_anew", "new_id_for_each_try")
"""Found in nearly every universe: here in a short one."""

NEEDED = (
    "ack_before_commit",
    "breach_before_the_inbox",
    "cursor_saved_first",
    "dedupe_for_ten_minutes",
    "dropped_when_many_wait",
    "escalation_not_unique",
    "id_above_last",
    "lease_without_fence",
    "lost_task",
    "naive_local_time",
    "outbox_in_a_second_transaction",
    "retries_while_open",
    "synchronous_normal",
)


def test_the_bugs_that_gateways_are_known_for_are_there() -> None:
    assert set(NEEDED) <= BUGS.keys()
    assert len(BUGS) >= 20


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_bug_says_what_it_is_and_who_finds_it(name: str) -> None:
    bug = BUGS[name]
    assert bug.words.endswith(".") and "\n" not in bug.words
    assert bug.seed >= 0
    assert bug.broken_by and all(law.startswith("I") for law in bug.broken_by)


@pytest.mark.parametrize("name", sorted(BUGS))
def test_a_bug_is_taken_back(name: str) -> None:
    with planted(name):
        pass
    with pytest.MonkeyPatch.context() as patch:
        BUGS[name].plant(patch)
        assert patch._setattr, "nothing is patched"


@pytest.mark.parametrize("name", QUICK)
def test_a_bug_is_found_in_a_short_story(name: str) -> None:
    bug = BUGS[name]
    broken = {violation.id for violation in live(bug.seed, bug=name, days=0.1).violations}
    assert set(bug.broken_by) <= broken


def test_the_same_story_without_them_is_sound() -> None:
    for seed in sorted({BUGS[name].seed for name in QUICK}):
        assert not live(seed, days=0.1).violations


def test_what_repeats_it_is_told() -> None:
    chosen = batch.Chosen(bug="no_order", without=("crashes", "pauses"), days=0.25)
    assert chosen.command(7) == (
        "python -m tests.simulation --seed 7 --bug no_order --without crashes,pauses --days 0.25 --trace"
    )
