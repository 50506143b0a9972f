"""`gateway policy whatif` as people and reviews see it: text, JSON, files of events, and all that may be wrong."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gateway.store import library
from tests.cli.commands import Ended, gateway
from tests.cli.desk import Desk, set_up

FIRST = """
version: 1
name: first
queues: {general: {team: t1}}
sla: [{id: reply, metric: first_reply, within: 30m, warn: [50%]}]
routing: [{id: default, queue: general}]
roles: {lead: {endpoints: [helpdesk]}}
chains: {late: {steps: [{after: 0m, notify: [lead]}, {after: 10m, notify: [lead], reminder: 10m}]}}
escalation: [{id: late, on: sla.breached, chain: late}]
"""
STRICTER = FIRST.replace("name: first", "name: stricter").replace("30m", "10m") + (
    "severity: [{id: never, when: 'contact.channel == \"chat\"', severity: 1}]\n"
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with two contacts: one answered after a quarter of an hour, one never."""
    desk = set_up(tmp_path, monkeypatch)
    desk.follow(FIRST)
    answer = desk.event("1", "message.added", 105, author={"kind": "agent"})
    desk.receive(desk.opened("1", 120), answer, desk.opened("2", 120))
    desk.judge()
    (tmp_path / "new.yaml").write_text(STRICTER)
    return desk


def whatif(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ended:
    """The command on the desk."""
    return gateway(capsys, "policy", "whatif", *arguments, "-c", desk.config)


def found(desk: Desk, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    """What it found, as JSON: one line, and nothing beside it."""
    ended = whatif(desk, capsys, *arguments, "--json")
    assert (ended.code, ended.err, ended.out.count("\n")) == (0, "", 1)
    return json.loads(ended.out)


def test_the_same_policy_differs_in_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """In words and in JSON; a comment and the name are no difference."""
    new = desk.folder / "same.yaml"
    new.write_text("# a comment\n" + FIRST.replace("name: first", "name: second"))
    data, people = found(desk, capsys, new), whatif(desk, capsys, new)

    assert data["contacts"] == {"judged": 2, "outside": 0, "differ": 0, "left_out": 0, "stored_otherwise": 0}
    assert data["contacts_that_differ"] == []
    assert all(queue["load"]["before"] == queue["load"]["after"] for queue in data["queues"])
    assert all(rule["contacts"]["before"] == rule["contacts"]["after"] for rule in data["rules"])
    assert (people.code, people.err) == (0, "")
    assert "nothing differs" in people.out


def test_another_policy_is_told_side_by_side(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Sums, rules, queues by hour, rules that never took effect, and each contact's both outcomes."""
    data = found(desk, capsys, desk.folder / "new.yaml")
    first = data["contacts_that_differ"][0]

    assert (data["version"], data["before"][0]["name"], data["after"]["name"]) == (1, "first", "stricter")
    assert data["breaches"] == {"before": 1, "after": 2, "contacts": {"before": 1, "after": 2}}
    assert data["escalations"]["raised"] == {"before": 1, "after": 2}
    assert data["escalations"]["chains"][0]["steps"][1]["before"] == 1
    assert {rule["name"]: rule["breaches"] for rule in data["rules"] if rule["section"] == "sla"} == {
        "reply": {"before": 1, "after": 2}
    }
    assert [item["name"] for item in data["never_hit"]] == ["never"]
    assert data["never_hit"][0]["line"] == STRICTER.splitlines().index(STRICTER.splitlines()[-1]) + 1
    queue = data["queues"][0]
    assert (queue["queue"], queue["arrivals"]["before"]["count"]) == ("general", 2)
    assert len(queue["load"]["after"]["by_hour"]) == data["hours"]["loads"] == 720
    assert len(queue["arrivals"]["after"]["by_hour"]) == data["hours"]["arrivals"] in (720, 721)
    assert first["differs_in"][0] == "breaches"
    assert (first["before"]["clocks"][0]["state"], first["after"]["clocks"][0]["state"]) in (
        ("met", "breached"),
        ("breached", "breached"),
    )
    assert "subject" not in first


def test_people_see_what_differs(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Before, after and the change; what is the same isn't listed; a limited listing says so."""
    ended = whatif(desk, capsys, desk.folder / "new.yaml", "--contacts", "1")
    lines = [line.split() for line in ended.out.splitlines()]

    assert (ended.code, ended.err) == (0, "")
    assert "2 contacts, 2 differ in breaches 2, escalations 2" in ended.out
    assert ["breaches", "1", "2", "+1"] in lines
    assert ["sla", "reply", "1", "2", "+1"] in lines
    assert "contacts that differ (the first 1 of 2):" in ended.out
    assert "severity never" in ended.out
    assert "contact.opened" not in ended.out
    assert max(map(len, ended.out.replace(f"{desk.folder}/", "").splitlines())) <= 120


def test_a_contact_is_explained_on_both_sides(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Only if asked for: which deadline counted, stretch by stretch, and what its segments add up to."""
    new = desk.folder / "new.yaml"
    plain, people = found(desk, capsys, new), whatif(desk, capsys, new, "--explain", "--contacts", "1")
    data = found(desk, capsys, new, "--explain")

    assert "explanation" not in plain["contacts_that_differ"][0]["before"]
    for contact in data["contacts_that_differ"]:
        for side in ("before", "after"):
            clocks = contact[side]["explanation"]["clocks"]
            assert [clock["counted_s"] for clock in clocks] == [clock["elapsed_s"] for clock in clocks] != []
            assert clocks[0]["target_s"] == (1800 if side == "before" else 600)
    assert (people.code, people.err) == (0, "")
    assert people.out.index("explained, before:") < people.out.index("explained, after:")
    assert people.out.count("Severity 3") == 2


def test_the_window_is_chosen(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """`--last`, or `--since` and `--until`: what lies outside doesn't count."""
    new = desk.folder / "new.yaml"

    assert found(desk, capsys, new, "--last", "100m")["breaches"]["after"] == 0
    assert found(desk, capsys, new, "--since", "3h", "--until", "100m")["breaches"]["before"] == 0
    assert found(desk, capsys, new, "--since", "3h", "--until", "100m")["breaches"]["after"] == 2
    assert found(desk, capsys, new, "--since", "60d", "--until", "50d")["contacts"]["judged"] == 0


WRONG = (
    (("--last", "5 apples"), "--last"),
    (("--last", "1h", "--since", "2h"), "--last or --since"),
    (("--since", "1h", "--until", "2h"), "nothing lies between"),
    (("--since", "401d"), "at most 400 days"),
    (("--since", "yesterday"), "a time is like"),
    (("--contacts", "-1"), "--contacts"),
    (("--processes", "65"), "--processes"),
    (("--events", "missing.json"), "the events can't be read"),
)


def test_wrong_options_are_refused(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, with words that say what to write."""
    for arguments, told in WRONG:
        ended = whatif(desk, capsys, desk.folder / "new.yaml", *arguments)

        assert (ended.code, ended.out) == (2, "")
        assert told in " ".join(ended.err.replace("│", " ").split())


def test_a_wrong_policy_or_no_database_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 78 with the place; 69 where nothing is stored yet."""
    wrong = desk.folder / "wrong.yaml"
    wrong.write_text("version: 1\nname: wrong\nsla: [{id: a}]\n")
    ended = whatif(desk, capsys, wrong)
    assert (ended.code, ended.out) == (78, "")
    assert "wrong.yaml:3:" in ended.err
    (desk.folder / "gateway.db").unlink()
    assert whatif(desk, capsys, desk.folder / "new.yaml").code == 69


def test_events_of_a_file_are_judged_without_a_database(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The configured policy, or another one, against the new one; the window is that of the events unless chosen."""
    (desk.folder / "gateway.db").unlink()
    told = [
        desk.opened("1", 120),
        desk.opened("2", 100),
        desk.event("1", "message.added", 60, author={"kind": "agent"}),
    ]
    whole, by_line = desk.folder / "events.json", desk.folder / "events.jsonl"
    whole.write_text(json.dumps(told))
    by_line.write_text("\n".join(map(json.dumps, told)))
    new, same = desk.folder / "new.yaml", desk.folder / "policy.yaml"

    data = found(desk, capsys, new, "--events", whole)
    assert data == found(desk, capsys, new, "--events", by_line)
    assert (data["breaches"]["before"], data["breaches"]["after"]) == (2, 2)
    assert data["contacts"]["differ"] == 2
    assert found(desk, capsys, new, "--events", whole, "--against", new)["contacts"]["differ"] == 0
    assert found(desk, capsys, same, "--events", whole)["contacts"]["differ"] == 0
    short = found(desk, capsys, new, "--events", whole, "--since", "121m", "--until", "105m")
    assert (short["breaches"]["before"], short["breaches"]["after"]) == (0, 1)
    assert not (desk.folder / "gateway.db").exists()


def test_hostile_events_are_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, the file and the place, never a traceback."""
    events = desk.folder / "events.json"
    for body in (b"[", b"[]", b"[1]", b"{}", b"\xff", b"[" * 99_999, b'{"type": "contact.opened"}\n'):
        events.write_bytes(body)
        ended = whatif(desk, capsys, desk.folder / "new.yaml", "--events", events)

        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith(f"gateway: {events}: ")


def test_nothing_is_written_and_damage_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows stay as they are. A damaged contact is left out and exit is 1; so it is where a judgement is another."""
    new, database = desk.folder / "new.yaml", desk.folder / "gateway.db"
    before = _rows(database)
    whatif(desk, capsys, new)
    assert _rows(database) == before
    _damage(database, "UPDATE journal SET body = x'7b' WHERE ref = '1'")
    ended = whatif(desk, capsys, new, "--json")
    assert (ended.code, json.loads(ended.out)["contacts"]["left_out"]) == (1, 1)
    assert "is left out: the database is damaged: an event of contact con_" in ended.err
    _damage(database, "DELETE FROM journal WHERE ref = '1'")
    ended = whatif(desk, capsys, new, "--json")
    assert (ended.code, json.loads(ended.out)["contacts"]["stored_otherwise"]) == (1, 1)
    assert "see `gateway db verify`" in ended.err


def _rows(database: Path) -> list[Any]:
    connection = library.driver().connect(database)
    try:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
        return [(name, connection.execute(f"SELECT * FROM {name}").fetchall()) for name in names]
    finally:
        connection.close()


def _damage(database: Path, statement: str) -> None:
    connection: sqlite3.Connection = library.driver().connect(database, isolation_level=None)
    connection.execute(statement)
    connection.close()
