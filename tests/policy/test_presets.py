"""The presets load clean, and do what their own tests say."""

import pytest

from gateway.policy.load import load_policy
from gateway.policy.presets import PRESETS, preset_tests, preset_text
from gateway.policy.rehearsal import run
from gateway.policy.rehearsal.files import tests_of as all_tests


@pytest.mark.parametrize("name", PRESETS)
def test_clean(name: str) -> None:
    """A preset has its own name, needs no endpoint but `helpdesk`, and has tests of its own."""
    loaded = load_policy(preset_text(name), f"preset:{name}")

    assert loaded.policy.name == name
    assert {endpoint for endpoints in loaded.policy.roles.values() for endpoint in endpoints} == {"helpdesk"}
    assert all_tests(loaded)


def test_unknown() -> None:
    """A name that is no preset opens no file."""
    for asked in (preset_text, preset_tests):
        with pytest.raises(KeyError):
            asked("../../../etc/passwd")


@pytest.mark.parametrize("name", PRESETS)
def test_presets_do_what_they_say(name: str) -> None:
    """Each test in a preset, and in the file that comes with it, holds."""
    loaded = load_policy(preset_text(name), f"preset:{name}")
    outcomes = run(loaded, all_tests(loaded)).outcomes

    assert {outcome.example.name: outcome.missed for outcome in outcomes if not outcome.passed} == {}
    assert outcomes
