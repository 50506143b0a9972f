"""Warnings: when each kind of mark is reached, once."""

import pytest

from tests.language.words import OFFICE, announced, judged, sla


def warned(policy: str, told: str, at: str) -> list[str]:
    """When it was warned, and of which mark."""
    effects = judged(policy, told, at)["effects"]
    times = [line.split(" sla.")[0] for line in announced(policy, told, at, "sla.warned")]
    return [
        f"{time} {effect['data']['mark']}"
        for time, effect in zip(times, (e for e in effects if e["type"] == "sla.warned"), strict=True)
    ]


def marked(marks: str, more: str = "metric: first_reply, within: 1h") -> str:
    """A policy of one promise with these marks."""
    return OFFICE + sla(f"{more}, warn: [{marks}]")


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        pytest.param("50%", ["09:30 50%"], id="share-of-the-target"),
        pytest.param("5m before", ["09:55 5m before"], id="time-before-it"),
        pytest.param("10m", ["09:10 10m"], id="elapsed"),
        pytest.param("75%, 5s before, 10m", ["09:10 10m", "09:45 75%", "09:59:55 5s before"], id="all-three"),
    ],
)
def test_the_three_kinds_of_mark(marks: str, expected: list[str]) -> None:
    """A warning comes when the elapsed time reaches its mark: a share of the target, so much before it, or elapsed."""
    assert warned(marked(marks), "09:00 opened", "11:00") == expected


def test_at_the_mark_and_not_before() -> None:
    """A warning comes at the instant of its mark, to the millisecond."""
    assert warned(marked("50%"), "09:00 opened", "09:29:59.999") == []
    assert warned(marked("50%"), "09:00 opened", "09:30") == ["09:30 50%"]


@pytest.mark.parametrize(
    ("marks", "within", "told", "expected"),
    [
        pytest.param("45m before", "1h", "16:30 opened", "16:45 45m before", id="before-crosses-the-night"),
        pytest.param("50%", "1h", "16:45 opened", "Tue 09:15 50%", id="share-crosses-the-night"),
        pytest.param("45m", "1h", "16:30 opened", "Tue 09:15 45m", id="elapsed-crosses-the-night"),
        pytest.param("50%", "1h", "16:30 opened", "17:00 50%", id="at-closing-time"),
        pytest.param("1h before", "4h", "16:00 opened", "Tue 11:00 1h before", id="an-hour-before"),
    ],
)
def test_marks_are_calendar_time(marks: str, within: str, told: str, expected: str) -> None:
    """Marks count the calendar's open time, those before the target too."""
    policy = marked(marks, f"metric: first_reply, within: {within}, calendar: office")

    assert warned(policy, told, "Wed 09:00") == [expected]


def test_once_though_it_pauses_at_the_mark() -> None:
    """A mark that is reached just as the clock pauses fires then, and not again when it goes on."""
    policy = marked("50%", "metric: agent_work, within: 1h")

    assert warned(policy, "09:00 opened; 09:30 pending; 09:40 open", "11:00") == ["09:30 50%"]


def test_a_pause_moves_the_mark() -> None:
    """A pause moves the marks that are to come, and a paused clock warns of nothing."""
    policy = marked("50%", "metric: agent_work, within: 1h")

    assert warned(policy, "09:00 opened; 09:20 pending", "11:00") == []
    assert warned(policy, "09:00 opened; 09:20 pending; 10:00 open", "11:00") == ["10:10 50%"]


@pytest.mark.parametrize("over", ["09:20 agent", "09:20 solved", "09:20 merged"])
def test_no_warning_of_what_is_over(over: str) -> None:
    """A clock that is met or cancelled warns no more."""
    assert warned(marked("50%"), f"09:00 opened; {over}", "11:00") == []


def test_each_instance_warns() -> None:
    """Each repeat has its own warnings."""
    policy = marked("50%", "metric: next_reply, within: 1h")
    told = "08:00 opened; 08:10 agent; 09:00 customer; 10:00 agent; 11:00 customer"

    assert warned(policy, told, "12:00") == ["09:30 50%", "11:30 50%"]


def test_once_though_the_call_starts_anew() -> None:
    """When a call that rang is queued its wait starts anew, but a warning that has come doesn't come again."""
    policy = marked("10m", "metric: speed_of_answer, within: 1h")
    told = "09:00 opened kind=call; 09:20 queued"

    assert warned(policy, told, "11:00") == ["09:10 10m"]
    assert warned(policy, "09:00 opened kind=call; 09:05 queued", "11:00") == ["09:15 10m"]


def test_two_rules_with_the_same_moment() -> None:
    """Warnings of one instant come in the policy's order."""
    policy = sla(
        "id: b, metric: acknowledgement, within: 1h, warn: [30m before]",
        "id: a, metric: first_reply, within: 1h, warn: [50%]",
    )

    assert announced(policy, "09:00 opened", "11:00", "sla.warned") == ["09:30 sla.warned b", "09:30 sla.warned a"]


CHANGED = sla(
    'id: urgent, when: contact.priority == "urgent", metric: first_reply, within: 30m, warn: [50%]',
    "id: normal, metric: first_reply, within: 2h",
)


@pytest.mark.parametrize(
    ("policy", "told", "expected"),
    [
        pytest.param(
            CHANGED,
            "09:20 observed priority=urgent",
            ["09:20 sla.warned urgent", "09:30 sla.breached urgent"],
            id="past",
        ),
        pytest.param(
            CHANGED,
            "09:45 observed priority=urgent",
            ["09:45 sla.warned urgent", "09:45 sla.breached urgent"],
            id="past-and-too-late",
        ),
        pytest.param(marked("50%"), "09:30 agent", ["09:30 sla.met r"], id="met-at-the-mark"),
        pytest.param(
            marked("100%"), "12:00 tags", ["10:00 sla.warned r", "10:00 sla.breached r"], id="at-the-deadline"
        ),
        pytest.param(marked("0%"), "09:10 agent", ["09:00 sla.warned r", "09:10 sla.met r"], id="at-the-start"),
    ],
)
def test_warnings_at_the_instant_of_something_else(policy: str, told: str, expected: list[str]) -> None:
    """At one instant events come first, then warnings, then breaches: what is met at its mark isn't warned of, and a
    mark that is past when a rule starts to apply comes before the breach that comes of it."""
    assert announced(policy, f"09:00 opened; {told}", "12:00", "sla.") == expected
