"""Routing and escalation: what raises a chain, when its steps are due, and what stops them."""

from typing import Any

import pytest

from tests.language.words import OFFICE, announced, judged, life, only_tagged, short, sla

ROLES = "roles: {first: {endpoints: [desk]}, second: {endpoints: [desk]}, third: {endpoints: [desk]}}\n"
STEPS = "{after: 0m, notify: [first]}, {after: 30m, notify: [second]}, {after: 2h, notify: [third]}"
GRAVE = f"escalation: [{{id: e, on: matched, chain: c, {only_tagged('grave')}}}]\n"
ON_BREACH = "escalation: [{id: e, on: sla.breached, chain: c}]\n"
REPLY = sla("metric: first_reply, within: 1h, warn: [30m, 45m]")


def chain(steps: str = STEPS, more: str = "") -> str:
    """A chain `c` with these steps."""
    return f"{ROLES}chains: {{c: {{steps: [{steps}]{more}}}}}\n"


def steps(policy: str, told: str, at: str) -> list[str]:
    """When the steps of the escalations fired, and which: `09:30 2`."""
    kinds = ("escalation.raised", "escalation.stepped")
    effects = judged(policy, told, at)["effects"]
    return [f"{short(e['at'])} {e['data']['step']}" for e in effects if e["type"] in kinds]


def escalations(policy: str, told: str, at: str) -> list[str]:
    """The escalations, as `e active 09:00`: rule, state, when raised, and when resolved."""
    listed: list[dict[str, Any]] = judged(policy, told, at)["escalations"]
    return [
        f"{one['rule']} {one['state']} {short(one['raised_at'])}"
        + (f" resolved {short(one['resolved_at'])}" if one["resolved_at"] else "")
        for one in listed
    ]


def acknowledged(policy: str, told: str, *times: str) -> list[dict[str, Any]]:
    """The life, and at each of these times an acknowledgement of its first escalation."""
    (escalation, *_) = judged(policy, told, "Fri 12:00")["escalations"]
    given = [
        {
            "type": "escalation.acknowledged",
            "at": f"2026-03-02T{time}:00Z",
            "by": "Ann",
            "escalation": escalation["id"],
        }
        for time in times
    ]
    return [*life(told), *given]


@pytest.mark.parametrize(
    ("on", "told", "expected"),
    [
        pytest.param("matched", "opened", ["e active 09:00"], id="matched-at-the-opening"),
        pytest.param("sla.warned", "opened", ["e active 09:30"], id="with-the-warning"),
        pytest.param("sla.breached", "opened", ["e active 10:00"], id="with-the-breach"),
        pytest.param("sla.warned", "opened; 09:20 agent", [], id="never-warned"),
        pytest.param("sla.breached", "opened; 09:40 agent", [], id="never-breached"),
    ],
)
def test_what_raises(on: str, told: str, expected: list[str]) -> None:
    """An escalation is raised at the instant at which its condition holds, or with a warning or a breach; once for a
    clock, however many warnings it has."""
    policy = REPLY + chain() + f"escalation: [{{id: e, on: {on}, chain: c}}]\n"

    assert escalations(policy, f"09:00 {told}", "10:15") == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("opened; 09:20 tags grave", ["e active 09:20"], id="when-it-first-holds"),
        pytest.param("opened; 09:20 tags a", [], id="never"),
        pytest.param("opened tags=grave; 09:20 tags", ["e resolved 09:00 resolved 09:20"], id="holds-no-longer"),
        pytest.param(
            "opened tags=grave; 09:20 tags; 09:30 tags grave", ["e resolved 09:00 resolved 09:20"], id="once-in-a-life"
        ),
        pytest.param("opened tags=grave; 09:20 agent", ["e active 09:00"], id="a-reply-resolves-nothing"),
        pytest.param("opened tags=grave; 09:20 solved", ["e resolved 09:00 resolved 09:20"], id="ended"),
        pytest.param("opened tags=grave; 09:20 merged", ["e resolved 09:00 resolved 09:20"], id="merged"),
        pytest.param(
            "opened tags=grave; 09:20 solved; 09:30 open",
            ["e resolved 09:00 resolved 09:20", "e active 09:30"],
            id="again-in-another-life",
        ),
        pytest.param("opened tags=grave status=solved", [], id="not-in-the-end"),
        pytest.param("opened; 09:10 solved; 09:20 tags grave; 09:30 open", ["e active 09:30"], id="at-the-reopening"),
        pytest.param(
            "opened; 09:10 tags grave; 09:15 tags; 09:20 solved; 09:30 open; 09:40 tags grave",
            ["e resolved 09:10 resolved 09:15", "e active 09:40"],
            id="again-when-it-holds-in-another-life",
        ),
    ],
)
def test_an_escalation_by_its_condition(told: str, expected: list[str]) -> None:
    """`matched` raises once in each life, at the opening or reopening or when its condition first holds; it is resolved
    when the condition no longer holds, and when the contact ends."""
    assert escalations(chain() + GRAVE, f"09:00 {told}", "10:15") == expected


@pytest.mark.parametrize(
    ("metric", "told", "expected"),
    [
        pytest.param("next_reply", "10:30 agent", "e resolved 10:00 resolved 10:30", id="met"),
        pytest.param("next_reply", "10:30 solved", "e resolved 10:00 resolved 10:30", id="ended"),
        pytest.param("next_reply", "10:30 deleted", "e resolved 10:00 resolved 10:30", id="deleted"),
        pytest.param("next_reply", "10:30 tags b", "e resolved 10:00 resolved 10:30", id="no-rule-matches-any-more"),
        pytest.param("next_reply", "10:30 ack", "e active 10:00", id="acknowledged"),
        pytest.param("agent_work", "10:30 pending", "e active 10:00", id="a-pause-resolves-nothing"),
    ],
)
def test_an_escalation_by_a_clock(metric: str, told: str, expected: str) -> None:
    """What a clock raised is resolved when the clock is met or cancelled, and when the contact ends."""
    promised = f"when: '!(\"b\" in contact.tags)', metric: {metric}, within: 1h"
    start = "09:00 opened" if metric == "agent_work" else "08:50 opened; 08:55 agent; 09:00 customer"

    assert escalations(sla(promised) + chain() + ON_BREACH, f"{start}; {told}", "12:00") == [expected]


def test_once_for_each_instance() -> None:
    """Each instance of a clock raises an escalation of its own."""
    policy = sla("metric: next_reply, within: 1h") + chain() + ON_BREACH
    told = "08:00 opened; 08:10 agent; 09:00 customer; 11:00 agent; 12:00 customer"

    assert escalations(policy, told, "14:00") == ["e resolved 10:00 resolved 11:00", "e active 13:00"]


def test_once_for_each_rule() -> None:
    """Each escalation rule that matches raises, not the first alone."""
    policy = (
        REPLY + chain() + "escalation: [{id: b, on: sla.breached, chain: c}, {id: a, on: sla.breached, chain: c}]\n"
    )

    assert escalations(policy, "09:00 opened", "10:15") == ["b active 10:00", "a active 10:00"]


def test_only_one_metric() -> None:
    """With `metric`, an escalation follows the clocks of that metric alone."""
    policy = (
        sla("id: r1, metric: first_reply, within: 1h", "id: r2, metric: acknowledgement, within: 30m")
        + chain()
        + "escalation: [{id: e, on: sla.breached, metric: first_reply, chain: c}]\n"
    )

    assert escalations(policy, "09:00 opened", "10:15") == ["e active 10:00"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("opened tags=grave", ["e active 10:00"], id="holds"),
        pytest.param("opened; 09:10 tags grave", ["e active 10:00"], id="holds-by-then"),
        pytest.param("opened", [], id="does-not"),
        pytest.param("opened tags=grave; 09:10 tags", [], id="not-any-more"),
        pytest.param("opened; 10:05 tags grave", ["e active 10:05"], id="holds-later"),
        pytest.param("opened; 10:03 agent; 10:05 tags grave", [], id="holds-when-the-clock-is-met"),
        pytest.param("opened tags=grave; 10:05 tags", ["e active 10:00"], id="a-clocks-own-goes-on"),
    ],
)
def test_the_condition_beside_a_trigger(told: str, expected: list[str]) -> None:
    """A breach raises as soon as the rule's condition holds beside it; what a clock raised goes on when the condition
    no longer holds."""
    policy = REPLY + chain() + f"escalation: [{{id: e, {only_tagged('grave')}, on: sla.breached, chain: c}}]\n"

    assert escalations(policy, f"09:00 {told}", "10:15") == expected


def test_steps() -> None:
    """Each step is due so long after the raising; the first of 0 at once."""
    policy = chain() + GRAVE
    told = "09:00 opened tags=grave"

    assert steps(policy, told, "09:29:59.999") == ["09:00 1"]
    assert steps(policy, told, "12:00") == ["09:00 1", "09:30 2", "11:00 3"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        pytest.param("16:30", ["16:30 1", "17:00 2", "Tue 10:30 3"], id="before-closing"),
        pytest.param("20:00", ["20:00 1", "Tue 09:30 2", "Tue 11:00 3"], id="in-the-night"),
    ],
)
def test_steps_by_the_chains_calendar(raised: str, expected: list[str]) -> None:
    """Steps are due by the chain's own calendar; one of 0 is due at the raising, in closed hours too."""
    policy = OFFICE + chain(more=", calendar: office") + GRAVE

    assert steps(policy, f"{raised} opened tags=grave", "Wed 09:00") == expected


@pytest.mark.parametrize("over", ["10:00 solved", "10:00 tags", "10:00 merged"])
def test_no_step_of_what_is_resolved(over: str) -> None:
    """A resolved escalation steps no further."""
    assert steps(chain() + GRAVE, f"09:00 opened tags=grave; {over}", "14:00") == ["09:00 1", "09:30 2"]


@pytest.mark.parametrize("over", ["11:00 solved", "11:00 tags"])
def test_events_before_steps(over: str) -> None:
    """At one instant events come before steps: what resolves at the instant of a step stops it."""
    assert steps(chain() + GRAVE, f"09:00 opened tags=grave; {over}", "14:00") == ["09:00 1", "09:30 2"]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        pytest.param("09:10", ["09:00 1"], id="after-the-first"),
        pytest.param("09:40", ["09:00 1", "09:30 2"], id="after-the-second"),
        pytest.param("09:30", ["09:00 1"], id="at-the-very-instant"),
    ],
)
def test_an_acknowledgement_stops_the_steps(time: str, expected: list[str]) -> None:
    """Somebody who acknowledges the escalation stops the steps that aren't due yet."""
    policy = chain() + GRAVE
    events = acknowledged(policy, "09:00 opened tags=grave", time)
    answer = judged(policy, events, "14:00")

    assert [short(e["at"]) + f" {e['data']['step']}" for e in answer["effects"] if "step" in e["data"]] == expected
    assert answer["escalations"][0]["state"] == "acknowledged"
    assert announced(policy, events, "14:00", "escalation.ack") == [f"{time} escalation.acknowledged e"]


def test_a_contact_that_is_acknowledged() -> None:
    """Acknowledging the contact meets its clock, and stops no escalation."""
    policy = sla("metric: acknowledgement, within: 1h") + chain() + GRAVE
    told = "09:00 opened tags=grave; 09:10 ack"

    assert steps(policy, told, "12:00") == ["09:00 1", "09:30 2", "11:00 3"]
    assert judged(policy, told, "12:00")["clocks"][0]["met_at"] == "2026-03-02T09:10:00Z"


def test_an_acknowledged_escalation_is_resolved_by_the_end() -> None:
    """An acknowledged escalation is resolved as any other."""
    policy = chain() + GRAVE
    events = acknowledged(policy, "09:00 opened tags=grave; 10:00 solved", "09:10")

    assert judged(policy, events, "09:50")["escalations"][0]["state"] == "acknowledged"
    assert judged(policy, events, "11:00")["escalations"][0]["state"] == "resolved"


REMINDED = "{after: 0m, notify: [first], reminder: 15m}, {after: 40m, notify: [second]}"


def test_reminders() -> None:
    """A reminder repeats its own step, beside the steps that follow, until somebody acknowledges."""
    policy = chain(REMINDED) + GRAVE
    told = "09:00 opened tags=grave"

    assert steps(policy, told, "10:00") == ["09:00 1", "09:15 1", "09:30 1", "09:40 2", "09:45 1", "10:00 1"]


@pytest.mark.parametrize("over", ["ack", "solved", "tags"])
def test_the_end_of_reminders(over: str) -> None:
    """An acknowledgement ends the reminders, and so does what resolves the escalation; at their instant, too."""
    policy = chain(REMINDED) + GRAVE
    told = "09:00 opened tags=grave" + ("" if over == "ack" else f"; 09:30 {over}")
    events = acknowledged(policy, told, "09:30") if over == "ack" else life(told)
    effects = judged(policy, events, "12:00")["effects"]

    assert [short(e["at"]) for e in effects if "step" in e["data"]] == ["09:00", "09:15"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("", ["09:00", "10:10", "11:00"], id="nothing-happens"),
        pytest.param("; 10:09 customer", ["09:00"], id="a-message"),
        pytest.param("; 10:09 tags grave b", ["09:00"], id="a-change"),
        pytest.param("; 10:30 customer", ["09:00", "10:10", "11:00"], id="too-late"),
    ],
)
def test_an_acknowledgement_that_nothing_follows(told: str, expected: list[str]) -> None:
    """With `unack_after` a chain goes on with its next step when nothing has happened for so long since it was
    acknowledged; where something has, it stays acknowledged for good."""
    policy = chain(more=", unack_after: 1h") + GRAVE
    events = acknowledged(policy, f"09:00 opened tags=grave{told}", "09:10")
    effects = judged(policy, events, "14:00")["effects"]

    assert [short(e["at"]) for e in effects if "step" in e["data"]] == expected


def test_an_acknowledgement_stands_without_a_time() -> None:
    """Without `unack_after` an acknowledged chain never goes on."""
    policy = chain() + GRAVE
    answer = judged(policy, acknowledged(policy, "09:00 opened tags=grave", "09:10"), "Fri 12:00")

    assert [e["data"]["step"] for e in answer["effects"] if "step" in e["data"]] == [1]


def test_an_escalation_has_a_name_of_its_own() -> None:
    """Each escalation has an id, by which it is acknowledged: of two, one alone."""
    policy = chain() + "escalation: [{id: a, on: matched, chain: c}, {id: b, on: matched, chain: c}]\n"
    first, second = judged(policy, "09:00 opened", "09:05")["escalations"]
    answer = judged(policy, acknowledged(policy, "09:00 opened", "09:10"), "09:15")

    assert first["id"] != second["id"]
    assert [(one["id"], one["state"]) for one in answer["escalations"]] == [
        (first["id"], "acknowledged"),
        (second["id"], "active"),
    ]


def test_a_recovery_escalates_on_an_ended_contact() -> None:
    """What a recovery raises while the contact is ended is active: the end that was before it doesn't resolve it."""
    policy = sla("metric: csat_recovery, within: 1h, below: 60%") + chain() + ON_BREACH
    told = "09:00 opened; 09:10 solved; 09:20 csat 1"

    assert escalations(policy, told, "10:30") == ["e active 10:20"]
    assert escalations(policy, f"{told}; 10:25 agent", "10:30") == ["e resolved 10:20 resolved 10:25"]


def test_reminders_by_the_chains_calendar() -> None:
    """Reminders count by the chain's calendar, as its steps do."""
    policy = OFFICE + chain("{after: 0m, notify: [first], reminder: 15m}", ", calendar: office") + GRAVE

    assert steps(policy, "16:50 opened tags=grave", "Tue 09:30") == ["16:50 1", "Tue 09:05 1", "Tue 09:20 1"]


def test_an_acknowledgement_runs_out_by_the_chains_calendar() -> None:
    """How long an acknowledgement stands counts by the chain's calendar."""
    policy = OFFICE + chain(more=", calendar: office, unack_after: 1h") + GRAVE
    events = acknowledged(policy, "16:00 opened tags=grave", "16:20")
    effects = judged(policy, events, "Wed 09:00")["effects"]

    assert [short(e["at"]) for e in effects if "step" in e["data"]] == ["16:00", "Tue 09:20", "Tue 10:00"]


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        pytest.param(
            "{after: 0m, notify: [first]}, {after: 0m, notify: [second]}",
            ["09:00 escalation.raised e", "09:00 escalation.stepped e"],
            id="two-at-once",
        ),
        pytest.param(
            "{after: 10m, notify: [first]}, {after: 10m, notify: [second]}",
            ["09:00 escalation.raised e", "09:10 escalation.stepped e", "09:10 escalation.stepped e"],
            id="the-first-one-later",
        ),
    ],
)
def test_the_first_step(listed: str, expected: list[str]) -> None:
    """The raising goes out with the first step where that is due at once; a later one comes when it is due."""
    assert announced(chain(listed) + GRAVE, "09:00 opened tags=grave", "12:00", "escalation.") == expected
