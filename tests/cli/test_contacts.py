"""`gateway contacts list|show|ack` on a database that an engine has filled."""

import json
from pathlib import Path

import pytest

from gateway.daemon.setup import Setup
from gateway.kernel.store import Store
from gateway.model.instant import format_instant
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up

NAMED = [
    "id",
    "kind",
    "channel",
    "direction",
    "status",
    "severity",
    "subject",
    "refs",
    "customer",
    "queue",
    "clocks",
    "escalations",
    "opened_at",
    "updated_at",
]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Three contacts: one of severity 1 that is long overdue, one that is fresh, one whose opening is missing."""
    desk = set_up(tmp_path, monkeypatch)
    desk.receive(
        desk.opened("1", 180, priority="urgent", subject="all is down\x1b[31m\u202e", customer={"name": "Ada"}),
        desk.opened("2", 1, priority="low", subject="how do I"),
        desk.event("3", "message.added", 5, author={"kind": "customer"}),
    )
    desk.judge()
    capsys.readouterr()
    return desk


def test_a_contact_in_json_has_its_parts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object a line, each with every documented key; what isn't known is null."""
    ended = gateway(capsys, "contacts", "list", "--json", "--config", desk.config)

    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert (ended.code, ended.err) == (0, "")
    assert all(set(NAMED) <= row.keys() for row in rows)
    assert len({frozenset(row) for row in rows}) == 1
    overdue, fresh, unopened = rows
    assert (overdue["severity"], overdue["status"], overdue["customer"]) == (1, "new", {"name": "Ada"})
    assert overdue["refs"] == [{"connector": "events", "kind": "ticket", "id": "1"}]
    assert overdue["escalations"][0]["state"] == "active"
    assert (fresh["severity"], fresh["next_due"] > fresh["opened_at"]) == (3, True)
    assert (unopened["status"], unopened["severity"], unopened["opened_at"], unopened["clocks"]) == (
        "unopened",
        None,
        None,
        [],
    )


def test_lists_are_by_what_breaches_next_and_end_where_asked(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The most overdue comes first; `--limit` and `--status` narrow the list; both spellings of the family work."""
    table = gateway(capsys, "contacts", "list", "-c", desk.config).out.splitlines()
    first = gateway(capsys, "contact", "list", "--limit", "1", "--json", "-c", desk.config).out.splitlines()
    waiting = gateway(capsys, "contacts", "list", "--status", "unopened", "--json", "-c", desk.config).out.splitlines()
    none = gateway(capsys, "contacts", "list", "--status", "closed", "-c", desk.config)

    assert table[0].split() == ["DEADLINE", "CLOCK", "SEV", "STATUS", "CHANNEL", "QUEUE", "CONTACT", "SUBJECT"]
    assert ["breached" in line for line in table[1:]] == [True, False, False]
    assert [json.loads(line)["status"] for line in waiting] == ["unopened"]
    assert len(first) == 1
    assert (none.code, none.out, none.err) == (0, "", "no contacts with the status closed\n")


def test_a_table_fits_the_terminal_and_cannot_steer_it(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is longer than the terminal is wide, and a customer's control codes don't reach it."""
    monkeypatch.setenv("COLUMNS", "130")

    out = gateway(capsys, "contacts", "list", "-c", desk.config).out
    shown = gateway(capsys, "contacts", "show", "events:ticket:1", "-c", desk.config).out

    assert max(len(line) for line in out.splitlines()) <= 130
    assert "all is down·[31m·" in shown
    assert not {"\x1b", "\u202e"} & set(out + shown)


@pytest.mark.parametrize("limit", ["0", "-1", "100001", "x"])
def test_a_limit_that_is_none_is_a_wrong_command(limit: str, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits are from 1 to 100,000."""
    assert gateway(capsys, "contacts", "list", "--limit", limit, "-c", desk.config).code == 2


def test_a_contact_is_shown_by_any_of_its_names(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, the beginning of it, `connector:kind:id`, or the vendor's id; one that isn't there ends with 1."""
    id = json.loads(gateway(capsys, "contacts", "show", "1", "--json", "-c", desk.config).out)["id"]

    shown = [
        json.loads(gateway(capsys, "contacts", "show", name, "--json", "-c", desk.config).out)["id"]
        for name in (id, id[:12], "events:ticket:1")
    ]
    unopened = gateway(capsys, "contacts", "show", "3", "-c", desk.config)
    missing = gateway(capsys, "contacts", "show", "con_nowhere\x1b", "-c", desk.config)

    assert shown == [id] * 3
    assert "not opened yet" in unopened.out
    assert (missing.code, missing.out) == (1, "")
    assert "contacts list" in missing.err
    assert "\x1b" not in missing.err


def test_what_the_vendor_demands_is_shown(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By when, also where no rule counts it; and not by which way it came where that says nothing."""
    desk.receive(desk.opened("9", 1, channel="other", deadline=format_instant(desk.now + 86_400_000)))
    desk.judge()
    without, shown = (gateway(capsys, "contacts", "show", ref, "-c", desk.config).out for ref in ("2", "9"))

    assert "vendor's deadline" not in without
    assert f"vendor's deadline  {format_instant(desk.now + 86_400_000)} (in " in shown
    assert "ticket, inbound\n" in shown


def test_acknowledging_stops_the_chain(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The contact and its active escalations are acknowledged by events that go the way of every datum."""
    told = gateway(capsys, "contact", "ack", "events:ticket:1", "--by", "Grace", "--json", "-c", desk.config)
    before = json.loads(gateway(capsys, "contacts", "show", "1", "--json", "-c", desk.config).out)
    desk.judge()
    after = json.loads(gateway(capsys, "contacts", "show", "1", "--json", "-c", desk.config).out)

    done = json.loads(told.out)
    assert told.code == 0
    assert "running gateway" in told.err
    assert {call["state"] for call in before["escalations"]} == {"active"}
    assert [call["id"] for call in before["escalations"]] == done["escalations"]
    assert len(done["events"]) == len(done["escalations"]) + 1
    assert {call["acknowledged_by"] for call in after["escalations"]} == {"Grace"}
    assert {call["state"] for call in after["escalations"]} <= {"acknowledged", "resolved"}


def test_one_escalation_is_taken_or_ended_by_its_id(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By a name with which nothing can steer a terminal; what has ended can't be ended again: exit 1."""
    shown = json.loads(gateway(capsys, "contacts", "show", "1", "--json", "-c", desk.config).out)
    first, *_ = [call["id"] for call in shown["escalations"]]
    taken = gateway(capsys, "contacts", "ack", first, "--by", "Grace\x1b[31m", "-c", desk.config)
    ended = gateway(capsys, "contacts", "resolve", first, "--by", "Ida", "--reason", "a test", "-c", desk.config)
    desk.judge()
    again = gateway(capsys, "contacts", "resolve", first, "-c", desk.config)
    told = json.loads(gateway(capsys, "contacts", "show", "1", "--json", "-c", desk.config).out)
    why = gateway(capsys, "explain", "1", "-c", desk.config).out

    assert (taken.code, taken.err.splitlines()[0]) == (0, f"acknowledged escalation {first} by Grace [31m")
    assert (ended.code, ended.err.splitlines()[0]) == (0, f"resolved escalation {first} by Ida")
    assert (again.code, again.err) == (1, f"gateway: escalation {first} is resolved already\n")
    found = {call["id"]: call["resolved_by"] for call in told["escalations"]}
    assert found == {call["id"]: "Ida" if call["id"] == first else None for call in shown["escalations"]}
    assert "by Ida" in why
    assert "resolved: resolved by Ida: a test" in why


def test_what_cannot_be_acknowledged_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A contact that isn't there, isn't opened or has ended: exit 1, and nothing is written."""
    desk.receive(desk.event("2", "status.changed", 0, to="solved"))
    desk.judge()

    ended = [gateway(capsys, "contact", "ack", name, "-c", desk.config) for name in ("nowhere", "3", "2")]

    async def waiting(setup: Setup, store: Store) -> int:
        return (await store.counts())["inbox_ready"]

    assert [one.code for one in ended] == [1, 1, 1]
    assert ["no contact is named" in ended[0].err, "isn't opened" in ended[1].err, "is solved" in ended[2].err] == [
        True
    ] * 3
    assert desk.on_store(waiting) == 0


def test_without_a_database_there_is_nothing_to_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A listing makes no database: it says that there is none (69)."""
    fresh = set_up(tmp_path, monkeypatch)

    ended = gateway(capsys, "contacts", "list", "-c", fresh.config)

    assert (ended.code, ended.out) == (69, "")
    assert not (tmp_path / "gateway.db").exists()


def test_a_file_that_is_no_database_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Something else under the database's name: exit 69 in words."""
    fresh = set_up(tmp_path, monkeypatch)
    (tmp_path / "gateway.db").write_bytes(b"this is a letter, not a database" * 100)

    ended = gateway(capsys, "inbox", "list", "-c", fresh.config)

    assert ended.code == 69
    assert "can't be used as a database" in ended.err
