"""`gateway deliveries` and `gateway inbox`: list, show, replay."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A contact whose escalation has been raised, and a record that nobody understands."""
    desk = set_up(tmp_path, monkeypatch)
    desk.receive(desk.opened("1", 10, priority="urgent", subject="all is down"), key="first")
    desk.receive({"type": "message.added"}, key="odd\x1b[2J")
    desk.judge()
    capsys.readouterr()
    return desk


def test_deliveries_are_listed_and_shown(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A row a delivery, latest first; one of them with its tries and the very notice."""
    rows = [
        json.loads(line) for line in gateway(capsys, "deliveries", "list", "--json", "-c", desk.config).out.splitlines()
    ]
    raised = next(row for row in rows if row["type"] == "escalation.raised")
    shown = json.loads(gateway(capsys, "deliveries", "show", str(raised["id"]), "--json", "-c", desk.config).out)
    text = gateway(capsys, "delivery", "show", str(raised["id"]), "-c", desk.config).out

    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), reverse=True)
    assert (raised["endpoint"], raised["state"], raised["attempt"], raised["last_status"]) == (
        "helpdesk",
        "ready",
        0,
        None,
    )
    assert raised.items() <= shown.items()
    assert (shown["attempts"], shown["body"]["id"], shown["body"]["type"]) == ([], raised["webhook_id"], raised["type"])
    assert f"webhook-id {raised['webhook_id']}" in text


def test_deliveries_are_narrowed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """`--state`, `--contact` and `--limit` narrow the list; a state that is none is a wrong command."""
    one = gateway(capsys, "deliveries", "list", "--limit", "1", "--json", "-c", desk.config).out.splitlines()
    dead = gateway(capsys, "deliveries", "list", "--state", "dead", "-c", desk.config)
    about = gateway(capsys, "deliveries", "list", "--contact", "1", "-c", desk.config)
    missing = gateway(capsys, "deliveries", "list", "--contact", "nobody", "-c", desk.config)

    assert len(one) == 1
    assert (dead.code, dead.out, dead.err) == (0, "", "no deliveries\n")
    assert "escalation.raised" in about.out
    assert missing.code == 1
    assert gateway(capsys, "deliveries", "list", "--state", "lost", "-c", desk.config).code == 2


def test_a_delivery_is_sent_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Replaying makes it due now; one that isn't there ends with 1."""
    replayed = gateway(capsys, "deliveries", "replay", "1", "-c", desk.config)
    missing = [gateway(capsys, "deliveries", verb, "99999", "-c", desk.config) for verb in ("replay", "show")]

    assert (replayed.code, replayed.out) == (0, "")
    assert "its next try is due now" in replayed.err
    assert [ended.code for ended in missing] == [1, 1]


def test_records_are_listed_with_their_reason(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be understood is parked with its reason, and its body can be read as it came."""
    rows = [json.loads(line) for line in gateway(capsys, "inbox", "list", "--json", "-c", desk.config).out.splitlines()]
    parked = gateway(capsys, "inbox", "list", "--state", "parked", "-c", desk.config)
    shown = gateway(capsys, "inbox", "show", str(rows[0]["id"]), "-c", desk.config)
    whole = json.loads(gateway(capsys, "inbox", "show", str(rows[0]["id"]), "--json", "-c", desk.config).out)

    assert [(row["state"], row["key"]) for row in rows] == [("parked", "odd\x1b[2J"), ("done", "first")]
    assert rows[0]["reason"].startswith("not a list of events: ")
    assert "odd·[2J" in parked.out and "\x1b" not in parked.out
    assert json.loads(shown.out) == {"events": [{"type": "message.added"}]}
    assert whole == {**rows[0], "body": '{"events":[{"type":"message.added"}]}'}


def test_a_reason_does_not_steer_the_terminal(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """It may quote what a stranger has written."""
    desk.receive({**desk.opened("2", 10), "id": "odd\x1b[2J", "at": "1999-01-01T00:00:00Z"}, key="old")
    desk.judge()
    parked = gateway(capsys, "inbox", "list", "--state", "parked", "--json", "-c", desk.config).out.splitlines()
    shown = gateway(capsys, "inbox", "show", str(json.loads(parked[0])["id"]), "-c", desk.config)

    assert "event odd·[2J is dated" in shown.err and "\x1b" not in shown.err


def test_a_record_is_taken_up_again(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A parked record becomes ready; one that isn't there ends with 1."""
    parked = json.loads(gateway(capsys, "inbox", "list", "--state", "parked", "--json", "-c", desk.config).out)

    replayed = gateway(capsys, "inbox", "replay", str(parked["id"]), "-c", desk.config)
    ready = json.loads(gateway(capsys, "inbox", "list", "--state", "ready", "--json", "-c", desk.config).out)
    missing = [gateway(capsys, "inbox", verb, "99999", "-c", desk.config) for verb in ("replay", "show")]

    assert replayed.code == 0
    assert (ready["id"], ready["reason"]) == (parked["id"], None)
    assert [ended.code for ended in missing] == [1, 1]


@pytest.mark.parametrize("id", ["x", "-1", "1.5", str(2**63), ""])
@pytest.mark.parametrize("family", ["deliveries", "inbox"])
def test_a_number_that_is_none_is_a_wrong_command(
    family: str, id: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids are whole numbers that a database can hold."""
    assert gateway(capsys, family, "show", "-c", desk.config, "--", id).code == 2
