"""The presets load clean, and do what their own tests say."""

import re

import pytest

from gateway.policy.load import load_policy
from gateway.policy.presets import PRESETS, preset_tests, preset_text
from gateway.policy.rehearsal import run
from tests.policy.changed import changes, noticed_by, own_tests


@pytest.mark.parametrize("name", PRESETS)
def test_clean(name: str) -> None:
    """A preset has its own name, needs no endpoint but `helpdesk`, and has tests of its own."""
    loaded = load_policy(preset_text(name), f"preset:{name}")

    assert loaded.policy.name == name
    assert {endpoint for endpoints in loaded.policy.roles.values() for endpoint in endpoints} == {"helpdesk"}
    assert own_tests(name)


def test_unknown() -> None:
    """A name that is no preset opens no file."""
    for asked in (preset_text, preset_tests):
        with pytest.raises(KeyError):
            asked("../../../etc/passwd")


@pytest.mark.parametrize("name", PRESETS)
def test_every_number_has_a_test(name: str) -> None:
    """Whatever number of a preset is changed, a test of the preset fails."""
    tests = own_tests(name)
    made = list(changes(preset_text(name), by=1))

    assert [str(change) for change in made if noticed_by(change, name, tests) is None] == []
    assert len(made) > 60


@pytest.mark.parametrize("name", PRESETS)
def test_every_rule_is_covered(name: str) -> None:
    """A preset's own tests have every rule take effect, and every step of a chain."""
    report = run(load_policy(preset_text(name), f"preset:{name}"), own_tests(name))

    assert [str(item) for item in report.coverage.missed] == []


def test_every_conflict_is_settled() -> None:
    """The two files speak of every conflict of the playbooks, C1 to C14."""
    both = "".join(preset_text(preset) for preset in PRESETS)

    assert [number for number in range(1, 15) if not re.search(rf"# *C{number}\b|# .*\bC{number}:", both)] == []


@pytest.mark.parametrize("name", PRESETS)
def test_presets_do_what_they_say(name: str) -> None:
    """Each test in a preset, and in the file that comes with it, holds."""
    outcomes = run(load_policy(preset_text(name), f"preset:{name}"), own_tests(name)).outcomes

    assert {outcome.example.name: outcome.missed for outcome in outcomes if not outcome.passed} == {}
    assert outcomes
