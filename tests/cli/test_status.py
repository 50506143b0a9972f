"""`gateway status`: how a gateway stands, beside it and without it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway.cli import reloading
from gateway.config import Config
from gateway.daemon.reload import NOTE, Reloaded, last_reload
from gateway.daemon.setup import Setup
from gateway.engine.checkup import NOTED, NOTED_OF_ENRICHER
from gateway.engine.pull import wish
from gateway.kernel.store import Store
from gateway.model.instant import DAY_MS, format_instant
from gateway.plugin import Finding
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up

FIRST = "version: 1\nname: first\nsla:\n  - {id: quick, metric: first_reply, within: 1h}\n"
SECOND = "version: 1\nname: second\nsla:\n  - {id: quick, metric: first_reply, within: 2h}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Two open contacts and one that has ended, judged by the first policy."""
    desk = set_up(tmp_path, monkeypatch)
    desk.follow(FIRST)
    desk.receive(desk.opened("1", 10), desk.opened("2", 5), desk.opened("3", 5, status="solved"))
    desk.judge()
    capsys.readouterr()
    return desk


def status(desk: Desk, capsys: pytest.CaptureFixture[str]) -> Any:
    """The status as JSON."""
    return json.loads(gateway(capsys, "status", "--json", "-c", desk.config).out)


def read(desk: Desk, told: Reloaded) -> None:
    """Note what became of a policy that was read."""

    async def put(setup: Setup, store: Store) -> None:
        await store.note(NOTE, msgspec.json.encode(told))

    desk.on_store(put)


def test_people_see_how_it_stands(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a gateway that runs: the policy, what waits, nothing of a reading that went well."""
    ended = gateway(capsys, "status", "-c", desk.config)

    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert lines[0] == "gateway    not running"
    assert lines[1].startswith("policy     first (")
    assert lines[2:] == [
        "contacts   3, of them 2 open",
        "inbox      0 waiting, 0 parked",
        "deliveries 0 waiting, 0 given up",
    ]


def test_open_contacts_that_wait_for_the_new_policy_are_counted(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that have ended keep their judgement; when all are through, nothing is said of them any more."""
    desk.follow(SECOND)
    waits, words = status(desk, capsys), gateway(capsys, "status", "-c", desk.config).out
    desk.judge()
    after = status(desk, capsys)

    assert (waits["left"], waits["in_force"]["name"], waits["pid"]) == (2, "second", None)
    assert "2 of 2 open contacts are still to be judged by it, once the gateway runs" in words
    assert (after["left"], after["running"]) == (0, False)


def test_a_refused_policy_is_told_with_its_problems(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Until the next one is read; the file itself may be as wrong as it likes."""
    read(desk, Reloaded(at=desk.now, began=desk.now, outcome="refused", problems=("policy.yaml:1:1: wrong\x1b",)))
    (desk.folder / "policy.yaml").write_text("version: 2\n")
    refused, data = gateway(capsys, "status", "-c", desk.config), status(desk, capsys)
    (desk.folder / "policy.yaml").write_text(FIRST)
    read(desk, Reloaded(at=desk.now, began=desk.now, outcome="unchanged"))

    assert refused.code == 0
    assert "the policy's file was refused" in refused.out
    assert refused.out.splitlines()[-1] == "  policy.yaml:1:1: wrong·"
    assert data["last_reading"]["problems"] == ["policy.yaml:1:1: wrong\x1b"]
    assert "refused" not in gateway(capsys, "status", "-c", desk.config).out


def test_what_another_version_noted_is_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A note that can't be read keeps nobody from the rest."""

    async def damage(setup: Setup, store: Store) -> Reloaded | None:
        await store.note(NOTE, b'{"at": "soon"}')
        return await last_reload(store)

    assert desk.on_store(damage) is None
    assert status(desk, capsys)["last_reading"] is None


def test_without_a_database_there_is_no_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """69, and none is made."""
    ended = gateway(capsys, "status", "-c", set_up(tmp_path, monkeypatch).config)

    assert (ended.code, ended.out) == (69, "")
    assert not (tmp_path / "gateway.db").exists()


def test_watching_ends_where_nobody_judges(desk: Desk) -> None:
    """Progress is told; without a gateway that runs there is none to wait for."""
    desk.follow(SECOND)
    told: list[int] = []

    async def config(setup: Setup, store: Store) -> Config:
        return setup.config

    left = asyncio.run(reloading.follow(desk.on_store(config), 60, told.append))

    assert (left, told) == (2, [2])


def test_a_past_that_is_read_and_what_is_wrong_with_an_account(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """How far a backfill has come and what it waits for; what the connector's own check found last."""
    half = desk.now - DAY_MS // 2
    run = wish("events", "tickets", desk.now, since=desk.now - DAY_MS)
    wrong = [Finding(False, "its token is dead", "make another one")]

    async def put(setup: Setup, store: Store) -> None:
        asked = await store.ask_sync(run)
        await store.note_sync(replace(asked, reached=half, accepted=1_234, failure="503"))
        await store.note(f"{NOTED}events", msgspec.json.encode(wrong))

    desk.on_store(put)
    lines = gateway(capsys, "status", "-c", desk.config).out.splitlines()
    told = status(desk, capsys)

    assert lines[-2] == f"past       events/tickets: 50% to {format_instant(half)[:10]}, 1,234 new, 503"
    assert lines[-1] == "connector  events: its token is dead; make another one"
    assert told["past"][0]["reached"] == format_instant(half)
    assert told["findings"] == [{"connector": "events", "what": "its token is dead", "hint": "make another one"}]


def test_what_is_wrong_with_an_enricher(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """As a gateway's own check found it last; whether it can be asked now only a running one knows."""
    wrong = [Finding(False, "its key may not read disputes", "give it the right\x1b[31m")]

    async def put(setup: Setup, store: Store) -> None:
        await store.note(f"{NOTED_OF_ENRICHER}payments", msgspec.json.encode(wrong))

    desk.on_store(put)
    text = desk.config.read_text()
    desk.config.write_text(f"{text}enrichers:\n  payments: {{plugin: purse}}\n")
    lines = gateway(capsys, "status", "-c", desk.config).out.splitlines()
    (told,) = status(desk, capsys)["enrichers"]

    assert lines[-1] == "enricher   payments: its key may not read disputes; give it the right·[31m"
    assert (told["name"], told["plugin"], told["state"], told["counts"]) == ("payments", "purse", "warned", None)
