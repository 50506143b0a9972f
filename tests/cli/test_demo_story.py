"""The demo's story fits the policy under which it is played."""

import pytest

from gateway.cli.demo.story import BREACH_AT_S, story
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from tests.cli.commands import gateway


@pytest.mark.parametrize(("preset", "promised_s"), [("orion", 30 * 60), ("orion-stars", 15 * 60)])
def test_the_grave_ticket_falls_due_within_the_minute(preset: str, promised_s: int) -> None:
    """It was opened as long ago as the policy gives for the first reply."""
    grave = story(load_policy(preset_text(preset), preset).policy)[0]

    assert (grave.what, grave.priority, grave.at_s) == ("opens", "urgent", BREACH_AT_S - promised_s)


def test_a_policy_without_such_a_promise_can_not_tell_it() -> None:
    """It says so, instead of showing nothing for a minute."""
    with pytest.raises(ValueError, match="the policy empty promises no first reply to an urgent ticket"):
        story(load_policy("name: empty\n", "empty.yaml").policy)


def test_an_unknown_preset(capsys: pytest.CaptureFixture[str]) -> None:
    """It is a wrong command, which names those that there are."""
    told = gateway(capsys, "demo", "--preset", "orio", "--for", "1s")

    assert told.code == 2
    assert "did you mean 'orion'" in told.err
