"""One scenario judged twice: by the real rules and by the slow judge. What differs is told with the smallest story."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.kernel.problems import Problems
from gateway.model.instant import format_instant, parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import load_policy
from gateway.rules.policy import Policy
from tests.differential.answers import ORDERED, answer
from tests.differential.judge import Judge, OffGrid
from tests.differential.promises import FAR
from tests.differential.scenarios import TIMELINES, Content, Timelines, World, policy_text, world

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Scenario:
    """A policy, what happened, and the instant asked for."""

    number: int
    world: World
    events: list[Content]
    at: int


def scenarios(policy_number: int) -> Iterator[tuple[Scenario, Policy]]:
    """Every scenario of one policy."""
    surroundings = world(policy_number)
    try:
        policy = load(surroundings.policy)
    except Problems as refused:
        if {problem.id for problem in refused.problems} != {"never-opens"}:
            raise
        return  # two calendars without a common hour, once in some thousand policies
    for number in range(TIMELINES):
        yield _scenario(surroundings, policy, policy_number * TIMELINES + number), policy


def load(policy: Content) -> Policy:
    """The real policy."""
    return load_policy(policy_text(policy), "policy.yaml").policy


def _scenario(surroundings: World, policy: Policy, number: int) -> Scenario:
    timelines = Timelines(surroundings, number)
    events = timelines.events()
    view = evaluate(read_events(written(events)), policy, surroundings.ticks[-1]).view
    calls = [(call["id"], int(parse_instant(call["raised_at"]))) for call in view["escalations"]]
    instants = [parse_instant(said["at"]) for said in view["effects"]]
    events += timelines.more(instants, calls)
    return Scenario(number, surroundings, events, timelines.until(instants))


def written(events: Sequence[Content]) -> bytes:
    """Events as the JSON of an events file."""
    return json.dumps([{**event, **_instants(event)} for event in events]).encode()


def _instants(event: Content) -> Content:
    """The fields of an event that are instants, as text."""
    return {name: format_instant(event[name]) for name in ("at", "deadline") if event.get(name) is not None}


# ── Two answers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def slow_answer(scenario: Scenario, names: Mapping[str, tuple[str, int, int]]) -> Content:
    """What the slow judge says. Raises OffGrid where its ticks are too coarse."""
    events = sorted(
        scenario.events,
        key=lambda event: (event["at"], event["type"] != "contact.opened", event.get("sequence", 0), event["id"]),
    )
    judge = Judge(scenario.world.policy, scenario.world.opening, events)
    judge.calls.names = dict(names)
    judge.walk(scenario.world.ticks, scenario.at)
    told_then = answer(judge)
    beyond = scenario.world.beyond(scenario.at)
    try:
        told_then["next_due"] = judge.walk_on(beyond)
    except OffGrid:
        told_then["next_due"] = UNKNOWN
    return told_then


def real_view(scenario: Scenario, policy: Policy) -> Content:
    """What the real rules say."""
    return evaluate(read_events(written(scenario.events)), policy, scenario.at).view


def names_of(view: Content) -> dict[str, tuple[str, int, int]]:
    """What each id of an escalation means: its rule, the instant of its raising, and its number among those."""
    found: dict[str, tuple[str, int, int]] = {}
    for call in view["escalations"]:
        cause = (call["rule"], int(parse_instant(call["raised_at"])))
        found[call["id"]] = (*cause, sum(known[:2] == cause for known in found.values()))
    return found


def shown(view: Content) -> Content:
    """What the real rules say, as far as the slow judge says it too."""
    contact = view["contact"]
    if contact is None:
        return {"contact": None, "clocks": [], "escalations": [], "effects": [], "route": None}
    judged = {name: contact[name] for name in ("status", "severity", "priority", "tags", "reopened")}
    route = view["route"]
    return {
        "contact": {**judged, "tags": sorted(judged["tags"])},
        "clocks": [_real_clock(clock) for clock in view["clocks"]],
        "route": route and {name: route[name] for name in ("rule", "queue", "tier", "priority")},
        "escalations": sorted(map(_real_call, view["escalations"]), key=str),
        "effects": sorted([parse_instant(said["at"]), said["type"], said["rule"]] for said in view["effects"]),
        "order": [
            [parse_instant(said["at"]), said["type"], said["rule"]]
            for said in view["effects"]
            if said["type"] in ORDERED
        ],
        "next_due": _instant(view["next_due"]),
    }


def _real_clock(clock: Content) -> Content:
    times = ("started_at", "due_at", "met_at", "breached_at", "cancelled_at")
    return {
        **{name: clock[name] for name in ("rule", "metric", "instance", "state", "calendar")},
        **{name: _instant(clock[name]) for name in times},
        "target": round(clock["target_s"] * 1000),
        "elapsed": round(clock["elapsed_s"] * 1000),
    }


def _real_call(call: Content) -> Content:
    return {
        "rule": call["rule"],
        "state": call["state"],
        "raised_at": _instant(call["raised_at"]),
        "steps_fired": call["steps_fired"],
        "acknowledged_at": _instant(call["acknowledged_at"]),
        "resolved_at": _instant(call["resolved_at"]),
    }


def _instant(text: str | None) -> int | None:
    return None if text is None else int(parse_instant(text))


# ── What differs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def differences(real: Any, slow: Any, horizon: int, place: str = "") -> list[str]:
    """Every place at which two answers differ, in words."""
    if isinstance(real, dict) and isinstance(slow, dict):
        keys = sorted({*real, *slow})
        return [line for key in keys for line in differences(real.get(key), slow.get(key), horizon, f"{place}.{key}")]
    if place == ".next_due" and (slow == UNKNOWN or (slow is None and (real is None or real > horizon))):
        return []
    if place == ".effects":
        return _missing(real, slow)
    if place == ".clocks":
        ones, others = (
            {f"{clock['metric']}#{clock['instance']}": clock for clock in clocks} for clocks in (real, slow)
        )
        if list(ones) == list(others) or sorted(ones) != sorted(others):
            return differences(ones, others, horizon, ".clock")
        return [
            f"order of clocks: real {list(ones)}, slow {list(others)}",
            *differences(ones, others, horizon, ".clock"),
        ]
    if isinstance(real, list) and isinstance(slow, list) and len(real) == len(slow):
        return [
            line
            for number, (one, other) in enumerate(zip(real, slow, strict=True))
            for line in differences(one, other, horizon, f"{place}[{number}]")
        ]
    if slow == FAR and (real is None or real > horizon):
        return []
    return [] if real == slow else [f"{place}: real {told(real)}, slow {told(slow)}"]


def _missing(real: list[Any], slow: list[Any]) -> list[str]:
    only_slow = list(slow)
    only_real = [one for one in real if one not in only_slow or only_slow.remove(one)]  # type: ignore[func-returns-value]
    return [f"effect only of the real: {told(one)}" for one in only_real] + [
        f"effect only of the slow: {told(one)}" for one in only_slow
    ]


def told(value: Any) -> str:
    """A value with its instants as text."""
    if isinstance(value, list):
        return f"[{', '.join(map(told, value))}]"
    if isinstance(value, dict):
        return ", ".join(f"{name} {told(one)}" for name, one in value.items())
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**12:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
    return str(value)


def answers(scenario: Scenario, policy: Policy) -> tuple[Content, Content]:
    """What the real judge and the slow one say. Raises OffGrid where the slow one can't tell."""
    view = real_view(scenario, policy)
    return shown(view), slow_answer(scenario, names_of(view))


def disagreement(scenario: Scenario, policy: Policy) -> list[str]:
    """What the two judges say differently. Raises OffGrid where the slow one can't tell."""
    return differences(*answers(scenario, policy), scenario.world.beyond(scenario.at)[-1])
