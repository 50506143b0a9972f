"""The smallest story that still tells two judges apart: whatever can go without ending the disagreement goes."""

from collections.abc import Iterator
from dataclasses import replace

from gateway.kernel.document import Problems
from gateway.policy.evaluate import BadEvents
from tests.differential.compare import Scenario, answers, disagreement, load, told, written
from tests.differential.judge import OffGrid
from tests.differential.scenarios import Content, policy_text

LISTS = ("sla", "escalation", "routing", "severity")
OPTIONAL = ("when", "warn", "operator", "bots_count", "calendar", "metric", "reminder", "unack_after", "holidays")


def smallest(scenario: Scenario) -> Scenario:
    """The scenario with everything left out that the disagreement doesn't need."""
    while True:
        smaller = next((one for one in _smaller(scenario) if _disagrees(one)), None)
        if smaller is None:
            return scenario
        scenario = smaller


def story(scenario: Scenario) -> str:
    """A disagreement as text: what differs, the policy, the events, and both answers."""
    policy = load(scenario.world.policy)
    real, slow = answers(scenario, policy)
    change = scenario.world.change
    return "\n".join(
        [
            f"scenario {scenario.number}: {change.zone} changes at {told(change.at)}, asked at {told(scenario.at)}",
            *disagreement(scenario, policy),
            "",
            policy_text(scenario.world.policy),
            written(sorted(scenario.events, key=lambda event: event["at"])).decode().replace("}, {", "},\n {"),
            *(
                f"{name}:\n  real {told(real[name])}\n  slow {told(slow[name])}"
                for name in real
                if real[name] != slow[name]
            ),
        ]
    )


def _disagrees(scenario: Scenario) -> bool:
    try:
        return bool(disagreement(scenario, load(scenario.world.policy)))
    except (OffGrid, Problems, BadEvents, KeyError):
        return False


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    for number, event in enumerate(scenario.events):
        if number:
            yield replace(scenario, events=scenario.events[:number] + scenario.events[number + 1 :])
        for name in ("tags", "priority", "status", "direction", "sequence", "visibility", "auto", "deadline"):
            if name in event:
                less = {key: value for key, value in event.items() if key != name}
                yield replace(scenario, events=[*scenario.events[:number], less, *scenario.events[number + 1 :]])
    for policy in _smaller_policies(scenario.world.policy):
        yield replace(scenario, world=replace(scenario.world, policy=policy))


def _smaller_policies(policy: Content) -> Iterator[Content]:
    for name in LISTS:
        for number, rule in enumerate(policy[name]):
            before, after = policy[name][:number], policy[name][number + 1 :]
            yield {**policy, name: [*before, *after]}
            for word in OPTIONAL:
                if word in rule:
                    less = {key: value for key, value in rule.items() if key != word}
                    yield {**policy, name: [*before, less, *after]}
    for section in ("calendars", "chains"):
        for name, shape in policy[section].items():
            yield {**policy, section: {key: value for key, value in policy[section].items() if key != name}}
            for word in (*OPTIONAL, "exceptions"):
                if word in shape:
                    less = {key: value for key, value in shape.items() if key != word}
                    yield {**policy, section: {**policy[section], name: less}}
