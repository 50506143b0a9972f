"""`gateway kpi` on a database that an engine has filled: objectives, and the figures of calls."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.store import library
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up

POLICY = """
version: 1
name: answers
sla:
  - {id: answer, when: contact.kind == "call", metric: speed_of_answer, within: 60s, operator: lt, objective: 80%}
  - {id: reply, when: contact.kind != "call", metric: first_reply, within: 15m, objective: 50%}
  - {id: due, when: contact.kind != "call", metric: deadline, objective: 50%}
queues:
  general: {team: t1, tier: 1}
routing:
  - {id: default, queue: general}
"""
SECOND = 1 / 60


def call(desk: Desk, ref: str, ago_min: float, *later: tuple[str, float], **fields: Any) -> list[dict[str, Any]]:
    """A call, what happened so many seconds after it, and what was said of it at the end."""
    opened = desk.opened(ref, ago_min, kind="call", channel="phone")
    moved = [desk.event(ref, type, ago_min - after * SECOND) for type, after in later]
    return [opened, *moved, *([desk.event(ref, "contact.observed", 1, **fields)] if fields else [])]


def damage(desk: Desk, statement: str) -> None:
    """Write into the database behind everybody's back."""
    connection = library.driver().connect(desk.folder / "gateway.db", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(statement)
    connection.close()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Calls of the last day and of before, and two tickets."""
    monkeypatch.setenv("COLUMNS", "200")  # a narrow terminal cuts the last column
    desk = set_up(tmp_path, monkeypatch)
    (desk.folder / "policy.yaml").write_text(POLICY)
    facts = {"outcome": "answered", "wait_s": 20.5, "talk_s": 60, "hold_s": 9.5, "measured_by": "packets"}
    short = {"tags": ["abandoned", "short_abandoned"], "fields": {"outcome": "abandoned", "measured_by": "packets"}}
    desk.receive(
        *call(desk, "in-time", 100, ("call.answered", 20), fields=facts),
        *call(desk, "late", 90, ("call.answered", 60)),
        *call(desk, "given-up", 80, ("call.abandoned", 30)),
        *call(desk, "at-once", 70, ("call.abandoned", 2), **short),
        *call(desk, "of-old", 3 * 1440, ("call.answered", 5)),
        desk.opened("replied", 60),
        desk.event("replied", "message.added", 50, author={"kind": "agent"}),
        desk.opened("fresh", 1, deadline="2026-01-01T00:00:00Z"),
    )
    desk.judge()
    capsys.readouterr()
    return desk


def test_the_figures_in_json(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the last day unless told otherwise; a missed objective ends it with 1."""
    ended = gateway(capsys, "kpi", "--json", "--config", desk.config)
    found = json.loads(ended.out)
    calls = found["calls"]

    assert (ended.code, ended.err, found["contacts"], found["behind"], found["left_out"]) == (1, "", 6, 0, 0)
    assert [(one["rule"], one["met"], one["missed"], one["running"], one["held"]) for one in found["objectives"]] == [
        ("answer", 1, 1, 0, False),
        ("due", 0, 1, 0, False),
        ("reply", 1, 0, 1, True),
    ]
    assert [calls[name] for name in ("offered", "answered", "abandoned", "short_abandoned", "counted")] == [
        4,
        2,
        1,
        1,
        3,
    ]
    assert calls["abandonment_rate"] == pytest.approx(1 / 3, abs=1e-6)
    [level] = calls["service_level"]["rules"]
    assert (level["rule"], level["target_s"], level["within"], level["counted"]) == ("answer", 60, 1, 3)
    assert (level["share"], level["held"]) == (calls["service_level"]["share"], False)
    assert calls["speed_of_answer"] == {
        "mean_s": 40.25,
        "counted": 2,
        "unknown": 0,
        "measured_by": {"events": 1, "packets": 1},
    }
    assert (calls["handle_time"]["mean_s"], calls["handle_time"]["unknown"]) == (69.5, 1)


def test_the_figures_for_people(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Two tables; each figure says of how many it is made."""
    ended = gateway(capsys, "kpi", "--config", desk.config)
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]

    assert lines[0].endswith(": 6")
    assert "answer 50 % 80 % no 2 1 2 0 speed of answer < 1 min, always" in lines
    assert "reply 100 % 50 % yes 1 0 0 1 first reply <= 15 min, always" in lines
    assert "due 0 % 50 % no 1 1 0 0 deadline <= its own time, always" in lines
    assert "offered 4 2 answered, 1 given up; left out below: 1 given up at once" in lines
    assert "service level, answer 33.3 % 1 of 3, asked 80 %: not held (speed of answer < 1 min, always)" in lines
    assert "abandonment rate 33.3 % 1 of 3" in lines
    assert "speed of answer, mean 40.2 s 2 answered; measured by events 1, packets 1" in lines
    assert "handle time, mean 1 min 9 s 1 answered, 1 more unknown; measured by packets 1" in lines


def test_a_span_of_time(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Contacts count by when they opened, from its beginning on and not at its end."""
    ended = gateway(capsys, "kpi", "--since", "4d", "--until", "2d", "--json", "--config", desk.config)
    found = json.loads(ended.out)
    assert (ended.code, found["contacts"], found["calls"]["answered"]) == (0, 1, 1)
    assert found["objectives"][0]["held"] is True

    empty = gateway(capsys, "kpi", "--since", "2000-01-01", "--until", "2000-01-02", "--config", desk.config)
    assert empty.code == 0
    assert "no objective of the policy concerns any of them, and none is a customer's call" in empty.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "yesterday"], "a time is like"),
        (["--since", "1h", "--until", "2h"], "nothing lies between"),
        (["--until", "2026-02-30"], "a time is like"),
    ],
)
def test_times_that_are_none(desk: Desk, capsys: pytest.CaptureFixture[str], options: list[str], words: str) -> None:
    """Named with the option, exit 2."""
    ended = gateway(capsys, "kpi", *options, "--config", desk.config)
    assert (ended.code, ended.out) == (2, "")
    assert words in " ".join(ended.err.split())


def test_what_cannot_be_counted_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A contact whose bytes are damaged is left out and named; one that waits to be judged counts as it stands."""
    damage(desk, "UPDATE contacts SET state = x'c1', id = 'con_\x1b[31m' WHERE rowid = 1")
    damage(desk, "UPDATE contacts SET next_due = 1 WHERE rowid = 2")
    ended = gateway(capsys, "kpi", "--json", "--config", desk.config)
    found = json.loads(ended.out)

    assert (ended.code, found["contacts"], found["left_out"], found["behind"]) == (1, 5, 1, 1)
    assert "gateway: contact con_·[31m is left out: the database is damaged" in ended.err
    assert "1 contact waits to be judged" in ended.err
    assert "\x1b" not in ended.err
