"""`gateway policy eval`: what goes in, what comes out, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.model.instant import format_instant, parse_instant
from tests.cli.commands import Ended, gateway
from tests.language.test_escalation import GRAVE, acknowledged, chain
from tests.language.words import OFFICE, event, judged, life, only, short, sla

REPLY = sla("metric: first_reply, within: 1h")
OPENED = event("09:00 opened")
OFFICES = """\
calendars:
  office: {timezone: America/Los_Angeles, hours: {mon-fri: ["08:00-12:00", "13:00-17:00"]}}
queues: {general: {team: t1, tier: 1}}
routing: [{id: default, queue: general}]
sla:
  - id: email-first-reply
    when: contact.channel == "email"
    metric: first_reply
    within: 4h
    calendar: office
    warn: [50%]
"""


def asked(
    tmp: Path, capsys: pytest.CaptureFixture[str], policy: str, events: Any, at: str = "2026-03-02T10:00:00Z"
) -> Ended:
    """What the command says of a policy and events; events that are text are the file's own."""
    (tmp / "p.yaml").write_text(policy, encoding="utf-8")
    (tmp / "e.json").write_text(events if isinstance(events, str) else json.dumps(events), encoding="utf-8")
    return gateway(capsys, "policy", "eval", "--policy", tmp / "p.yaml", "--events", tmp / "e.json", "--at", at)


def test_the_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer is JSON on standard output: contact, clocks, route, escalations, effects and what is due next."""
    ended = asked(tmp_path, capsys, OFFICES, [OPENED | {"status": "open"}])
    answer = json.loads(ended.out)

    assert (ended.code, ended.err) == (0, "")
    assert list(answer) == ["contact", "clocks", "route", "escalations", "effects", "next_due"]
    assert answer["clocks"] == [
        {
            "rule": "email-first-reply",
            "metric": "first_reply",
            "instance": 1,
            "state": "running",
            "started_at": "2026-03-02T09:00:00Z",
            "due_at": "2026-03-02T20:00:00Z",
            "met_at": None,
            "breached_at": None,
            "cancelled_at": None,
            "target_s": 14400,
            "elapsed_s": 0,
            "calendar": "office",
        }
    ]
    assert answer["contact"].items() >= {"kind": "ticket", "channel": "email", "status": "open", "severity": 3}.items()
    assert answer["route"].items() >= {"rule": "default", "queue": "general", "skills": [], "priority": 0}.items()
    assert (answer["escalations"], answer["next_due"]) == ([], "2026-03-02T18:00:00Z")


def test_an_escalation_in_the_answer() -> None:
    """An escalation tells its rule, chain and state, when it was raised, how many steps have fired, and the next."""
    (first,) = judged(chain() + GRAVE, "09:00 opened tags=grave", "09:40")["escalations"]

    assert (
        first.items()
        >= {
            "rule": "e",
            "chain": "c",
            "state": "active",
            "raised_at": "2026-03-02T09:00:00Z",
            "steps_fired": 2,
            "next_step_at": "2026-03-02T11:00:00Z",
        }.items()
    )


def test_effects_in_the_answer() -> None:
    """An effect has an id of its own, a type, an instant, a rule, and data."""
    effects = judged(REPLY, "09:00 opened", "10:00")["effects"]

    assert [set(effect) for effect in effects] == [{"id", "type", "at", "rule", "data"}] * 2
    assert len({effect["id"] for effect in effects}) == 2
    assert [effect["at"] for effect in effects] == ["2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"]


@pytest.mark.parametrize(
    ("at", "elapsed"),
    [
        pytest.param("2026-03-02T09:30:00Z", "1800", id="whole"),
        pytest.param("2026-03-02T09:00:00.500Z", "0.5", id="half"),
        pytest.param("2026-03-02T09:00:01.001Z", "1.001", id="a-millisecond"),
        pytest.param("2026-03-02T01:30:00-08:00", "1800", id="another-zone"),
    ],
)
def test_durations_are_seconds(at: str, elapsed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Durations are seconds, with a fraction only where it is needed."""
    ended = asked(tmp_path, capsys, REPLY, [OPENED], at)

    assert f'"elapsed_s": {elapsed},' in ended.out
    assert '"target_s": 3600,' in ended.out


@pytest.mark.parametrize(
    ("at", "told"),
    [
        pytest.param("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z", id="whole"),
        pytest.param("2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00Z", id="zeros"),
        pytest.param("2026-03-02T09:00:00.5Z", "2026-03-02T09:00:00.500Z", id="half"),
        pytest.param("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z", id="another-zone"),
    ],
)
def test_times_are_utc(at: str, told: str) -> None:
    """Times are UTC with `Z`, with milliseconds only where they are not zero."""
    assert only(REPLY, [OPENED | {"at": at}], "11:00")["started_at"] == told


def test_events_without_id_and_ref() -> None:
    """Neither id nor ref is needed: an id is a hash of the content, and all events are of one contact."""
    named = [{**one, "id": f"e{number}"} for number, one in enumerate(life("09:00 opened; 09:20 agent"))]
    referred = [{**one, "ref": {"kind": "ticket", "id": "1"}} for one in life("09:00 opened; 09:20 agent")]

    answers = [
        judged(REPLY, events, "09:30")["clocks"] for events in (life("09:00 opened; 09:20 agent"), named, referred)
    ]
    assert answers[0] == answers[1] == answers[2] != []


def test_events_after_the_instant_are_not_applied() -> None:
    """Events after the instant asked for change nothing, not what is due next either."""
    later = "09:00 opened; 09:20 agent; Fri 09:00 solved"

    assert judged(REPLY, later, "09:19:59.999") == judged(REPLY, "09:00 opened", "09:19:59.999")
    assert only(REPLY, later, "09:20")["state"] == "met"


def test_events_after_the_instant_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events after the instant asked for are checked all the same."""
    ended = asked(tmp_path, capsys, REPLY, [OPENED, event("Fri 09:00 solved") | {"to": "done"}])

    assert (ended.code, ended.out) == (1, "")
    assert "event 1" in ended.err


@pytest.mark.parametrize(
    ("events", "named"),
    [
        pytest.param([{"type": "contact.opened"}], "event 0", id="the-first"),
        pytest.param([OPENED, OPENED, {"type": "x", "at": "2026-03-02T09:00:00Z"}], "event 2", id="the-third"),
        pytest.param(
            [
                OPENED | {"ref": {"kind": "ticket", "id": "1"}},
                event("09:10 agent ") | {"ref": {"kind": "ticket", "id": "2"}},
            ],
            "event 1",
            id="several-refs",
        ),
        pytest.param([OPENED | {"id": "a"}, event("09:10 agent") | {"id": "a"}], "event 1", id="one-id-two-facts"),
        pytest.param(
            [OPENED | {"id": "a"}, OPENED | {"id": "a", "priority": "low", "rev": 1}],
            "event 1",
            id="whatever-the-revision",
        ),
        pytest.param({"events": []}, "list", id="no-list"),
        pytest.param("[", "JSON", id="no-json"),
    ],
)
def test_wrong_events(events: Any, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong events end with 1: which one, counted from 0, and why; nothing is said on standard output."""
    ended = asked(tmp_path, capsys, REPLY, events)

    assert (ended.code, ended.out) == (1, "")
    assert named in ended.err


def test_a_wrong_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong policy ends with 78, and every mistake in it is told as `file:line:column: id: message`."""
    text = (
        "version: 1\n"
        "severity:\n"
        "  - {id: a, when: contact.colour == 1, severity: 1}\n"
        "sla:\n"
        "  - {id: b, metric: first_reply, within: 1h, calendar: nine}\n"
        "  - {id: c, metric: first_reply, within: never}\n"
    )
    ended = asked(tmp_path, capsys, text, [OPENED])
    told = [line.split("p.yaml:")[1] for line in ended.err.splitlines() if "p.yaml:" in line]

    assert (ended.code, ended.out) == (78, "")
    assert [line.split(": ")[0] for line in told] == ["3:26", "5:56", "6:42"]
    assert all(len(line.split(": ", 2)) == 3 for line in told)


REMINDED = chain("{after: 0m, notify: [first], reminder: 20m}, {after: 30m, notify: [second]}") + GRAVE


@pytest.mark.parametrize(
    ("policy", "told", "at", "expected"),
    [
        pytest.param(REPLY, "09:00 opened", "09:30", "10:00", id="a-deadline"),
        pytest.param(REPLY, "09:00 opened", "10:00", "never", id="breached-already"),
        pytest.param(REPLY, "09:00 opened; 09:10 agent", "09:30", "never", id="met"),
        pytest.param(REPLY, "09:00 opened; 09:10 solved", "09:30", "never", id="cancelled"),
        pytest.param(
            sla("metric: agent_work, within: 1h"), "09:00 opened; 09:10 pending", "09:30", "never", id="paused"
        ),
        pytest.param(
            sla("metric: first_reply, within: 1h, warn: [50%]"), "09:00 opened", "09:10", "09:30", id="a-mark"
        ),
        pytest.param(
            sla("metric: first_reply, within: 1h, warn: [50%]"), "09:00 opened", "09:30", "10:00", id="after-it"
        ),
        pytest.param(
            OFFICE + sla("metric: first_reply, within: 1h, calendar: office"),
            "16:30 opened",
            "20:00",
            "Tue 09:30",
            id="hours",
        ),
        pytest.param(chain() + GRAVE, "09:00 opened tags=grave", "09:10", "09:30", id="a-step"),
        pytest.param(chain() + GRAVE, "09:00 opened tags=grave", "11:00", "never", id="no-step-left"),
        pytest.param(chain() + GRAVE, "09:00 opened tags=grave; 09:10 solved", "09:20", "never", id="resolved"),
        pytest.param(REMINDED, "09:00 opened tags=grave", "09:10", "09:20", id="a-reminder"),
        pytest.param(REMINDED, "09:00 opened tags=grave", "09:20", "09:30", id="a-step-before-the-next-reminder"),
        pytest.param("version: 1", "09:00 opened", "09:10", "never", id="no-rules"),
    ],
)
def test_what_is_due_next(policy: str, told: str, at: str, expected: str) -> None:
    """`next_due` is the next instant at which something would change if nothing happens; null if nothing would."""
    assert short(judged(policy, told, at)["next_due"]) == expected


@pytest.mark.parametrize(
    ("told", "times", "expected"),
    [
        pytest.param("", ["09:10"], "10:10", id="it-would-run-out"),
        pytest.param("; 09:20 customer", ["09:10"], "never", id="something-has-happened"),
        pytest.param("; 09:20 customer", ["09:10", "09:30"], "never", id="another-acknowledgement-is-something"),
    ],
)
def test_what_is_due_of_an_acknowledged_chain(told: str, times: list[str], expected: str) -> None:
    """An acknowledgement that can run out is due then; one that something followed never is."""
    policy = chain(more=", unack_after: 1h") + GRAVE
    events = acknowledged(policy, f"09:00 opened tags=grave{told}", *times)

    assert short(judged(policy, events, "09:40")["next_due"]) == expected


BUSY = (
    OFFICE
    + sla(
        "id: reply, metric: first_reply, within: 1h, calendar: office, warn: [50%, 5m before]",
        "id: work, metric: agent_work, within: 2h, calendar: office, warn: [1h30m]",
        "id: update, metric: periodic_update, within: 3h, operator: lt",
        "id: heal, metric: csat_recovery, within: 5h, below: 60%, warn: [10%]",
    )
    + chain("{after: 0m, notify: [first], reminder: 4h}, {after: 1h, notify: [second]}", ", calendar: office")
    + "escalation: [{id: w, on: sla.warned, chain: c}, {id: b, on: sla.breached, chain: c, metric: agent_work}]\n"
)


@pytest.mark.parametrize(
    "told",
    [
        "16:00 opened",
        "16:00 opened; 16:40 agent; 16:45 csat 2",
        "16:00 opened; 16:20 pending; 18:00 csat 2; 19:00 open",
    ],
)
def test_nothing_changes_before_what_is_due_next(told: str) -> None:
    """Until `next_due` nothing changes but the elapsed time, and at it something does."""
    at, changes = "19:00", 0
    while changes < 5 and (answer := judged(BUSY, told, at))["next_due"]:
        due = answer["next_due"]
        just_before = format_instant(parse_instant(due) - 1)
        assert _lasting(judged(BUSY, told, just_before)) == _lasting(answer)
        assert _lasting(judged(BUSY, told, due)) != _lasting(answer)
        at, changes = due, changes + 1

    assert changes == 5


def _lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without what runs by itself: elapsed time, and what is due."""
    clocks = [{name: value for name, value in clock.items() if name != "elapsed_s"} for clock in answer["clocks"]]
    return {**answer, "clocks": clocks, "next_due": None}
