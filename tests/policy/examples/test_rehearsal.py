"""Tests of a policy in virtual time: they see what `policy eval` sees, at every instant, and cover what took effect."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.instant import format_instant, parse_instant
from gateway.policy.evaluate import evaluate
from gateway.policy.examples.moment import Moment, format_length, format_moment, read_moment
from gateway.policy.rehearsal import run
from gateway.policy.rehearsal.files import read_tests
from tests.policy.examples.play import CHAT, FILE, FRAUD, POLICY, file_of, loaded, missed, report

START = int(parse_instant("2026-03-06T23:30:00Z"))
"""A Friday afternoon in Los Angeles, before the change to summer time."""


def at(minutes: int) -> str:
    """An instant of the story."""
    return format_instant(START + minutes * 60_000)


OPENING = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["ticket", "chat"]),
        "channel": st.sampled_from(["email", "chat", "web"]),
        "tags": st.lists(st.sampled_from(["fraud", "spam", "vip"]), max_size=2),
        "at": st.just(at(0)),
    },
    optional={"priority": st.sampled_from(["urgent", "low"]), "customer": st.just({"email": "a@b.example"})},
)
TIMES = ("started_at", "due_at", "met_at", "breached_at", "cancelled_at")
EVENT = st.one_of(
    st.builds(lambda who: {"type": "message.added", "author": {"kind": who}}, st.sampled_from(["agent", "customer"])),
    st.builds(lambda to: {"type": "status.changed", "to": to}, st.sampled_from(["open", "pending", "solved"])),
    st.builds(lambda tags: {"type": "contact.observed", "tags": tags}, st.sampled_from([[], ["fraud"], ["spam"]])),
)
STORIES = st.lists(
    st.tuples(st.integers(1, 90), st.lists(st.tuples(st.integers(0, 200), EVENT), max_size=2)), min_size=1, max_size=4
)


def told(opening: dict[str, Any], story: list[tuple[int, Any]]) -> dict[str, Any]:
    """The story as a test without expectations: after each wait a look, with what happens in between."""
    looks, now = [], 0
    for wait, events in story:
        start, now = now, now + 3 * wait
        happening = [{**event, "after": f"{start + 1 + place % (now - start)}m"} for place, event in events]
        looks.append({"after": f"{now}m", "given": happening or [{"type": "call.held"}], "expect": {}})
    return {"name": "t", "given": opening, "expect": {}, "then": looks}


def seen(test: dict[str, Any]) -> list[dict[str, Any]]:
    """What `policy eval` says at each look, judged from the beginning each time, as expectations."""
    (example,) = read_tests(loaded(), json.dumps({"tests": [test]}), FILE)
    expectations, effects = [], 0
    events: list[Any] = []
    for look in example.looks:
        events += look.events
        view = evaluate(events, loaded().policy, look.at).view
        expectations.append(_expected(view, view["effects"][effects:]))
        effects = len(view["effects"])
    return expectations


def _expected(view: dict[str, Any], effects: list[dict[str, Any]]) -> dict[str, Any]:
    route = view["route"] or {"rule": None, "queue": None, "team": None, "tier": None, "skills": [], "priority": None}
    latest = {clock["rule"]: clock for clock in view["clocks"]}
    raised = [call for call in view["escalations"] if call["state"] != "resolved"]
    steps = {call["rule"]: call["steps_fired"] for call in view["escalations"]}
    return {
        "status": view["contact"]["status"],
        "severity": view["contact"]["severity"],
        "route": route["rule"],
        **{key: route[key] for key in ("queue", "team", "tier", "skills", "priority")},
        "clocks": {
            rule: {
                "instance": clock["instance"],
                "target": f"{clock['target_s']}s",
                "elapsed": f"{clock['elapsed_s']}s",
                **{key: clock[key] for key in ("state", "calendar", *TIMES)},
            }
            for rule, clock in latest.items()
        },
        "escalations": [call["rule"] for call in raised],
        **({"steps": steps} if steps else {}),
        "notices": [
            {"type": effect["type"], "rule": effect["rule"], "at": effect["at"], "roles": effect["data"]["roles"]}
            for effect in effects
            if effect["type"].startswith(("sla.", "escalation."))
        ],
        "asked": [effect["rule"] for effect in effects if effect["type"] == "enrichment.requested"],
        "actions": [effect["rule"] for effect in effects if effect["type"] == "action.requested"],
    }


def _with(test: dict[str, Any], expectations: list[dict[str, Any]]) -> dict[str, Any]:
    made = deepcopy(test)
    made["expect"] = expectations[0]
    for look, expected in zip(made["then"], expectations[1:], strict=True):
        look["expect"] = expected
    return made


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every single value and every list in an expectation, but for which instance is meant."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "instance":
                yield from _paths(inner, (*path, key))
        return
    if path[-1] != "name":
        yield path
    if isinstance(value, list):
        for index, inner in enumerate(value):
            if isinstance(inner, dict):
                yield from _paths(inner, (*path, index))


OTHERS: dict[Any, tuple[Any, ...]] = {
    "status": ("open", "new"),
    "state": ("met", "running"),
    "calendar": ("office", "always"),
    "queue": ("fraud", None),
    "route": ("spam", None),
    "team": ("t2", None),
    "tier": (3,),
    "priority": (3,),
    "fraud-up": (0, 1),
    "late-up": (0, 1),
    "type": ("sla.met", "escalation.raised"),
    "rule": ("fraud-up", "late-up"),
}
MORE = {"skills": "law", "escalations": "late-up", "asked": "paid", "actions": "tell", "roles": "boss"}


def _other(key: Any, value: Any) -> Any:
    """A value that is off by a little, and could be."""
    if isinstance(value, list):
        return [*value, MORE.get(key, "sla.met")]
    if key in OTHERS:
        return next(other for other in OTHERS[key] if other != value)
    if isinstance(value, int):
        return value + 1
    if value is None:
        return at(12_345)
    if "T" in value:
        return format_instant(int(parse_instant(value)) + 1)
    return f"{int(float(value[:-1])) + 1}s"


@settings(max_examples=15, deadline=None)
@given(OPENING, STORIES, st.data())
def test_what_there_is_can_be_expected_and_nothing_else(
    opening: dict[str, Any], story: list[tuple[int, Any]], data: st.DataObject
) -> None:
    """A test made of what `policy eval` says holds, step by step; with any value off by a little it doesn't."""
    test = told(opening, story)
    expectations = seen(test)
    whole = _with(test, expectations)
    tests = [whole]
    places = [(index, *path) for index, expected in enumerate(expectations) for path in _paths(expected)]
    for place in data.draw(st.lists(st.sampled_from(places), min_size=8, max_size=8)):
        changed = deepcopy(expectations)
        inner: Any = changed
        for part in place[:-1]:
            inner = inner[part]
        inner[place[-1]] = _other(place[-1], inner[place[-1]])
        if place[-1] in ("type", "rule"):
            # Alone: what is expected of a notice must be able to stand together.
            inner.pop("rule" if place[-1] == "type" else "type")
        tests.append({**_with(test, changed), "name": f"{len(tests)} {place}"})

    outcomes = run(loaded(), read_tests(loaded(), json.dumps({"tests": tests}), FILE)).outcomes

    assert outcomes[0].missed == ()
    assert [outcome.example.name for outcome in outcomes[1:] if outcome.passed] == []


def test_virtual_time_over_summer_time() -> None:
    """Friday's mail waits over the night in which an hour is missing, and over the one that comes twice."""
    spring = "{kind: ticket, channel: email, at: 2026-03-06T16:00:00-08:00}"
    autumn = "{kind: ticket, channel: email, at: 2026-10-30T16:00:00-07:00}"

    assert missed(spring, "{clocks: {reply: {due_at: 2026-03-09T11:00:00-07:00}}}") == []
    assert missed(autumn, "{clocks: {reply: {due_at: 2026-11-02T11:00:00-08:00}}}") == []
    # Lengths are of the clock on the wall of nobody: 67 h after Friday 16:00 is Monday 12:00 in summer time.
    assert (
        missed(
            spring,
            "{}" and "{queue: general}",
            "{after: 66h, expect: {clocks: {reply: {state: breached, elapsed: 4h}}}}",
        )
        == []
    )
    assert (
        missed(
            spring,
            "{queue: general}",
            "{at: 2026-03-09T10:59:59-07:00, expect: {clocks: {reply: {state: running, elapsed: 3h}}}}",
        )
        != []
    )
    assert (
        missed(
            spring,
            "{queue: general}",
            "{at: 2026-03-09T10:00:00-07:00, expect: {clocks: {reply: {state: running, elapsed: 3h}}}}",
        )
        == []
    )


@pytest.mark.parametrize(("operator", "state"), [("lt", "breached"), ("le", "met")])
def test_the_deadline_itself(operator: str, state: str) -> None:
    """A reply at the deadline is in time or not, as the operator says."""
    policy = POLICY.replace("operator: lt", f"operator: {operator}")
    reply = "given: {type: message.added, author: {kind: agent}}"
    look = f"{{after: 30m, {reply}, expect: {{clocks: {{fraud-reply: {{state: {state}}}}}}}}}"

    assert missed(FRAUD, "{severity: 1}", look, policy=policy) == []


def test_an_acknowledgement_names_the_rule() -> None:
    """It stops the steps of the escalation that the rule has raised, and of no other."""
    event = "{type: escalation.acknowledged, escalation: fraud-up, by: Kim}"
    taken = f"{{after: 10m, given: {event}, expect: {{notices: [escalation.acknowledged]}}}}"

    assert missed(FRAUD, "{severity: 1}", taken, "{after: 2h, expect: {steps: {fraud-up: 1, late-up: 2}}}") == []
    assert missed(FRAUD, "{severity: 1}", "{after: 2h, expect: {steps: {fraud-up: 2}}}") == []
    assert missed(CHAT, "{severity: 3}", taken) != []


def test_who_resolves_names_the_rule_too() -> None:
    """Also after an acknowledgement; of what was said to be over nothing is left."""
    taken, over = (
        f"{{after: {after}, given: {{type: escalation.{word}, escalation: fraud-up, by: Kim}}, "
        f"expect: {{notices: [escalation.{word}]}}}}"
        for after, word in (("10m", "acknowledged"), ("12m", "resolved"))
    )
    left = "{after: 2h, expect: {steps: {fraud-up: 1, late-up: 2}, escalations: [late-up]}}"

    assert missed(FRAUD, "{severity: 1}", taken, over, left) == []
    assert missed(FRAUD, "{severity: 1}", over, left) == []
    assert missed(FRAUD, "{severity: 1}", taken, left) != []


def test_coverage_is_of_every_instant() -> None:
    """What took effect between two looks counts; what only could have doesn't."""
    covered = report(file_of(FRAUD, "{severity: 1}", "{after: 3h, expect: {severity: 1}}")).coverage

    assert {str(item) for item in covered.missed} == {
        "severity mail",
        "sla reply",
        "sla answer",
        "routing spam",
        "routing by-mail",
    }
    assert (len(covered.items), len(covered.hit)) == (14, 9)
    assert round(covered.percent, 1) == 64.3


def test_coverage_has_places() -> None:
    """Each item with the line and column of its id, or of its step."""
    items = report(file_of(CHAT, "{severity: 3}")).coverage.items
    lines = POLICY.splitlines()

    assert [item.line for item in items] == sorted(item.line for item in items)
    for item in items:
        at_place = lines[item.line - 1][item.column - 1 :]
        assert at_place.startswith("{after:" if item.step else f"id: {item.name}")


def test_a_policy_without_rules_is_covered() -> None:
    """There is nothing to hit."""
    made = report(file_of(CHAT, "{}"), "version: 1\n")

    assert (made.coverage.items, made.coverage.percent, made.passed) == ((), 100.0, 1)


def test_it_never_stops_at_the_first() -> None:
    """Every test is run, and every look of one that fails."""
    looks = (
        "{after: 15m, expect: {notices: []}}",
        "{after: 16m, expect: {notices: []}}",
        "{after: 30m, expect: {queue: ~}}",
    )
    text = file_of(FRAUD, "{severity: 2}", *looks) + f"  - {{name: u, given: {CHAT}, expect: {{severity: 4}}}}\n"
    made = report(text)

    assert [[look.words for look in outcome.missed] for outcome in made.outcomes] == [
        ["at the opening", "after 15m", "after 30m"],
        ["at the opening"],
    ]
    assert (made.passed, made.failed) == (0, 2)


def test_a_policy_with_a_date_judges_from_it() -> None:
    """Before its `from` nothing is promised; with it comes what it finds to be late."""
    policy = POLICY.replace("name: play", "name: play\nfrom: 2026-03-03")
    late = "{clocks: {reply: {breached_at: 2026-03-03T00:00:00-08:00}}, notices: [sla.breached, escalation.raised]}"

    assert missed(CHAT, "{}", f"{{at: 2026-03-03T00:00:00-08:00, expect: {late}}}", policy=policy) == []
    assert missed(CHAT, "{}", "{after: 14h59m59s, expect: {}}", policy=policy) == []


def test_another_policy_can_be_run() -> None:
    """Tests are read once, and run on a policy that has lost what they speak of."""
    tests = read_tests(loaded(), file_of(FRAUD, "{clocks: {fraud-reply: {}}, calendars: {office: open}}"), FILE)
    (outcome,) = run(loaded("version: 1\n"), tests).outcomes

    assert [one.path for one in outcome.missed[0].differences] == ["clocks.fraud-reply", "calendars.office"]


@pytest.mark.parametrize(
    ("text", "offset", "shown"),
    [
        ("2026-03-06T16:00:00-08:00", timedelta(hours=-8), "2026-03-06T16:00:00-08:00"),
        ("2026-03-06t16:00:00z", timedelta(), "2026-03-06T16:00:00Z"),
        ("2026-03-06 16:00:00.5+05:45", timedelta(hours=5, minutes=45), "2026-03-06T16:00:00.500+05:45"),
        ("0001-01-01T00:00:00Z", timedelta(hours=-8), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_told_as_they_are_written(text: str, offset: timedelta, shown: str) -> None:
    """In their own offset; where that leads out of the calendar, in UTC."""
    moment = read_moment(text)

    assert isinstance(moment, Moment)
    assert moment == parse_instant(text)
    assert format_moment(moment, offset).replace("+00:00", "Z") == shown


@pytest.mark.parametrize(
    ("length_ms", "told"),
    [(0, "0s"), (1_799_000, "29m59s"), (90_061_000, "1d1h1m1s"), (500, "500ms"), (-60_000, "-1m")],
)
def test_lengths(length_ms: int, told: str) -> None:
    """As a policy writes them."""
    assert format_length(length_ms) == told
