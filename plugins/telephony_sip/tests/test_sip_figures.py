"""Service level, abandonment, speed of answer and handle time of generated calls are what arithmetic by hand says.

`make nightly` has 10,000 calls; FIGURES_CALLS=10000 and FIGURES_SEED=7 let this file have others.
"""

import os
from ipaddress import ip_network
from random import Random

import pytest
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import tell

from gateway.model.event import Event
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from gateway.rules.advance import Sourced
from gateway.rules.replay import replay
from gateway.rules.service_level import ServiceLevel
from gateway.rules.timeline import Timeline
from plugins.telephony_sip.tests.planned import (
    EDGES,
    NUMBERS,
    UNTIL,
    Expected,
    Plan,
    Promise,
    facts,
    nights,
    plans,
    weekends,
)

CALLS = int(os.environ.get("FIGURES_CALLS", "400"))
SEED = int(os.environ.get("FIGURES_SEED", "1"))
RULES = Rules(
    networks=(ip_network("10.0.0.0/8"),), tags=tuple((number, (tag,)) for tag, number in NUMBERS.items() if tag)
)
STARS = {
    "short_hours": Promise("voice-answer-short-hours", 60_000, True, nights()),
    "": Promise("voice-answer", 60_000, True),
}
ORION = {"p1": Promise("p1-voice-answer", 90_000, False), "": Promise("voice-answer", 90_000, False, weekends())}
"""What the presets promise, by the tag of a call."""


def judged(preset: str, calls: list[tuple[Plan, list[Event]]]) -> ServiceLevel:
    """The figures of the calls under a preset."""
    policy = load_policy(preset_text(preset), "policy.yaml").policy
    figures = ServiceLevel()
    for plan, told in calls:
        state = replay([Sourced("phones", event) for event in told], Timeline.only(policy), UNTIL).state
        assert state is not None, plan
        figures.add(state, policy)
    return figures


@pytest.fixture(scope="module")
def calls() -> list[tuple[Plan, list[Event]]]:
    """The calls with what is told of each: packets in any order, some of them twice."""
    chance = Random(SEED)
    return [(plan, list(tell(facts(plan, RULES, chance), RULES))) for plan in plans(SEED, CALLS)]


@pytest.mark.parametrize(("preset", "promises"), [("orion", ORION), ("orion-stars", STARS)])
def test_the_figures_are_what_arithmetic_says(
    preset: str, promises: dict[str, Promise], calls: list[tuple[Plan, list[Event]]]
) -> None:
    """To the call and to the millisecond."""
    expected = Expected()
    for plan, _ in calls:
        expected.add(plan, promises.get(plan.tag, promises[""]))
    found = judged(preset, calls)

    kept = {promise.rule: [one.met, one.missed, one.excluded, one.running] for promise, one in found.promises.items()}
    assert kept == expected.kept
    levels = {
        promise.rule: [one.offered, one.short_abandoned, one.waiting, one.within]
        for promise, one in found.calls.levels.items()
    }
    assert levels == expected.levels
    told, became = found.calls, expected.became
    assert (told.answered, told.abandoned, told.short_abandoned) == (
        became["answered"],
        became["abandoned"],
        became["short"],
    )
    assert (told.other, told.waiting, told.outbound) == (became["other"], became["waiting"], became["outbound"])
    assert told.offered == became.total() - became["outbound"]
    assert (told.speed.total_ms, told.speed.count, told.speed.unknown) == (sum(expected.waits), len(expected.waits), 0)
    assert (told.handle.total_ms, told.handle.count) == (sum(expected.handled), len(expected.handled))
    assert told.handle.unknown == expected.unknown
    assert told.measured_by == expected.measured_by


def test_the_calls_are_of_every_kind() -> None:
    """What the comparison is worth: each fate is among them, each edge of a wait, and waits that meet closed hours."""
    expected, meet_closed = Expected(), [0, 0]
    for plan in (planned := plans(SEED, CALLS)):
        expected.add(plan, STARS.get(plan.tag, STARS[""]))
        for number, promise in enumerate((STARS["short_hours"], ORION[""])):
            meet_closed[number] += promise.due(plan.starts) - plan.starts != promise.within

    assert all(expected.became[word] for word in ("answered", "abandoned", "short", "other", "waiting", "outbound"))
    assert all(count for counts in expected.kept.values() for count in counts)
    assert {plan.moment - plan.starts for plan in planned} >= {0, *EDGES}
    assert min(meet_closed) > CALLS / 10
