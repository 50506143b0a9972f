"""The presets load clean, and do what their own tests say."""

import pytest

from gateway.model.event import convert_event, identified
from gateway.model.instant import format_instant
from gateway.policy.examples import ExpectedClock, PolicyTest
from gateway.policy.load import load_policy
from gateway.policy.presets import PRESETS, preset_text
from gateway.rules.advance import Sourced
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline

CASES = [
    (name, test.name) for name in PRESETS for test in load_policy(preset_text(name), f"{name}.yaml").document.tests
]


@pytest.mark.parametrize("name", PRESETS)
def test_clean(name: str) -> None:
    """A preset has its own name, needs no endpoint but `helpdesk`, and has tests of its own."""
    loaded = load_policy(preset_text(name), f"{name}.yaml")

    assert loaded.policy.name == name
    assert {endpoint for endpoints in loaded.policy.roles.values() for endpoint in endpoints} == {"helpdesk"}
    assert loaded.document.tests


def test_unknown() -> None:
    """A name that is no preset opens no file."""
    with pytest.raises(KeyError):
        preset_text("../../../etc/passwd")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_presets_do_what_they_say(name: str, case: str) -> None:
    """Each test in a preset holds."""
    loaded = load_policy(preset_text(name), f"{name}.yaml")
    test = next(test for test in loaded.document.tests if test.name == case)
    state = replay([opening(test)], Timeline.only(loaded.policy), test.given.at).state

    assert state is not None
    expect = test.expect
    route = state.route
    assert route is not None
    assert expect.severity in (None, state.severity)
    assert expect.queue in (None, route.queue)
    assert expect.skills is None or tuple(expect.skills) == route.skills
    assert expect.escalations is None or expect.escalations == [e.rule for e in state.escalations]
    clocks = {clock.rule: clock for clock in state.clocks}
    rules = {rule.id: rule for rule in loaded.policy.sla}
    for rule, expected in expect.clocks.items():
        assert isinstance(expected, ExpectedClock)
        due = rules[rule].calendar.due(clocks[rule].started_at, rules[rule].target_ms)
        assert due == expected.due_at, (rule, format_instant(due or 0))


def opening(test: PolicyTest) -> Sourced:
    given = test.given.model_dump(exclude_none=True, exclude={"at"})
    event = {
        "type": "contact.opened",
        "at": format_instant(test.given.at),
        "ref": {"kind": "ticket", "id": "1"},
        **given,
    }
    return Sourced("desk", identified(convert_event(event)))
