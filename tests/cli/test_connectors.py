"""`gateway connectors list|pause|resume`, and who else heeds a pause, beside a running gateway or without one."""

import json
from pathlib import Path

import pytest

from gateway.daemon.setup import Setup
from gateway.engine.checkup import NOTED
from gateway.kernel.store import Store
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A record that waits."""
    desk = set_up(tmp_path, monkeypatch)
    desk.receive(desk.opened("1", 10))
    capsys.readouterr()
    return desk


def test_a_connector_is_paused_and_resumed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """By the system's user, noted in the audit; the list and the status tell it while it lasts."""
    paused = gateway(
        capsys, "connectors", "pause", "events", "--reason", "their \x1b[31mfreeze", "--json", "-c", desk.config
    )
    listed = gateway(capsys, "connectors", "list", "-c", desk.config).out
    status = gateway(capsys, "status", "-c", desk.config).out
    (told,) = [
        json.loads(line) for line in gateway(capsys, "connector", "list", "--json", "-c", desk.config).out.splitlines()
    ]
    again = gateway(capsys, "connectors", "pause", "events", "-c", desk.config)
    resumed = gateway(capsys, "connectors", "resume", "events", "-c", desk.config)
    after = gateway(capsys, "connectors", "list", "-c", desk.config).out
    audit = gateway(capsys, "audit", "-c", desk.config).out

    said = json.loads(paused.out)
    assert (paused.code, said["connector"], said["reason"]) == (0, "events", "their [31mfreeze")
    assert said["by"].endswith(" (gateway connectors pause)")
    assert "webhooks are still taken" in paused.err
    heads, row, why = listed.splitlines()
    assert heads.split()[:3] == ["CONNECTOR", "PLUGIN", "STATE"]
    assert row.split()[:5] == ["events", "events", "paused", "1", "0"]
    assert why.startswith(f"events: paused by {said['by']}: their [31mfreeze; webhooks are still taken; paused ")
    assert f"connector  {why}" in status.splitlines()
    assert (told["state"], told["paused"]["by"], told["records_waiting"]) == ("paused", said["by"], 1)
    assert (again.code, again.err) == (1, f"gateway: events is paused by {said['by']} already\n")
    assert (resumed.code, "works again" in resumed.err) == (0, True)
    assert after.splitlines()[1].split()[2] == "ok"
    assert ("connector.pause" in audit, "connector.resume" in audit) == (True, True)


def test_what_its_check_found_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""

    async def put(setup: Setup, store: Store) -> None:
        await store.note(f"{NOTED}events", b'[{"ok":false,"what":"it is gone","hint":"make it anew"}]')

    desk.on_store(put)
    lines = gateway(capsys, "connectors", "list", "-c", desk.config).out.splitlines()

    assert lines[1].split()[2] == "warned"
    assert lines[2] == "events: it is gone; make it anew"


@pytest.mark.parametrize(
    ("verb", "name", "told"), [("pause", "event", "did you mean 'events'"), ("resume", "x\x1b", "there are events")]
)
def test_a_connector_that_there_is_not(
    verb: str, name: str, told: str, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, with the name that was meant, and nothing that steers a terminal."""
    ended = gateway(capsys, "connectors", verb, name, "-c", desk.config)

    assert (ended.code, ended.out) == (1, "")
    assert told in ended.err
    assert "\x1b" not in ended.err
