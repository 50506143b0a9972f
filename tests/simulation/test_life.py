"""A universe is its seed and nothing else; what it finds comes with the command that shows it again."""

from dataclasses import replace

import pytest

from tests.simulation import batch, steps
from tests.simulation.laws.scene import Violation
from tests.simulation.life import live
from tests.simulation.world.universe import Death

HOUR = 1 / 24


def test_a_seed_is_the_same_in_every_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Two processes with different hash seeds make the same traces, and different universes different ones."""
    code = batch.compare([11, 17], batch.Chosen(days=2 * HOUR))

    digests = capsys.readouterr().out.strip().rpartition(": ")[2].split(", ")
    assert code == 0
    assert len(set(digests)) == 2


def test_a_trace_tells_what_happens() -> None:
    """From the first start to the healing, line by line; that somebody reads it changes nothing."""
    told: list[str] = []

    read = live(11, days=2 * HOUR, tell=told.append)
    unread = live(11, days=2 * HOUR)

    assert read == unread
    assert told[0].split()[1:] == ["boot", "0"]
    assert any(line.split()[1] == "heard" for line in told)
    assert any(line.split()[1] == "healed" for line in told)


@pytest.mark.parametrize("power_fails", [False, True])
@pytest.mark.parametrize("step", [0, 3, 40, 200, 700, 1_200])
def test_a_gateway_dies_at_a_step(step: int, power_fails: bool) -> None:
    """With or without the machine: the next one goes on, and nothing is missing."""
    outcome = steps.die(Death(step, power_fails))

    assert outcome.violations == ()
    assert outcome.figures["lives"] == 2


def test_what_is_broken_comes_with_its_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The law in words, and what to type to see it again."""
    sound = steps.short()
    monkeypatch.setattr(
        batch, "live", lambda *_, **__: replace(sound, violations=(Violation("I1", "event x is lost"),))
    )

    code = batch.live_one(7, batch.Chosen(bug="no_order", without=("crashes", "jumps")), trace=False)

    said = capsys.readouterr().err
    assert code == 1
    assert "seed 7 breaks a law:\n  I1: event x is lost\n" in said
    assert "again: python -m tests.simulation --seed 7 --bug no_order --without crashes,jumps --trace\n" in said
