"""A profile is told by stage: what each thread has spent is shared out by its samples, and nothing is lost."""

import pytest

from bench.stages import COMMIT, shared_out

LOOP = "thread (1): MainThread;_run (asyncio/events.py:80)"
WRITER = "thread (2): store-write;_run (gateway/kernel/spawn.py:62)"


def test_the_innermost_frame_names_the_stage() -> None:
    """What a stage calls, and has no stage of its own, belongs to it; a thread that waits counts for nothing."""
    samples = "\n".join(
        [
            f"{LOOP};receive (gateway/engine/receive.py:31);verify (gateway/kernel/signing.py:9);digest (hmac.py:8) 30",
            f"{LOOP};receive (gateway/engine/receive.py:31) 10",
            f"{LOOP};select (selectors.py:468) 960",
        ]
    )

    assert shared_out(samples, {1: 200.0}, tick_us=1.0) == {
        "proof of the sender": 150.0,
        "from the request to the inbox": 50.0,
    }


def test_a_commit_gets_what_the_rows_leave() -> None:
    """Its samples say how long it took, most of which is the disk's: its cost is the rest of the thread's."""
    commit = "_transaction (gateway/store/writer.py:112)"
    samples = f"{WRITER};{commit} 900\n{WRITER};{commit};add (gateway/store/inbox.py:9) 40"

    assert shared_out(samples, {2: 100.0}, tick_us=1.0) == {COMMIT: 60.0, "disk: the inbox's rows": 40.0}


def test_nothing_is_lost() -> None:
    """Threads of other names and threads without a sample are told as well."""
    found = shared_out("thread (3): policies;_load (gateway/policy/load.py:1) 5", {3: 10.0, 4: 7.0}, tick_us=1.0)

    assert found == {"all other threads": 10.0, "anything else": 7.0}


@pytest.mark.parametrize("samples", ["", "garbage", "thread (x): y;z 1"])
def test_samples_that_say_nothing_are_left_out(samples: str) -> None:
    """The time is there all the same."""
    assert shared_out(samples, {1: 5.0}, tick_us=1.0) == {"anything else": 5.0}
