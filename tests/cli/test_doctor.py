"""`gateway doctor`: what is well, what isn't, and what to do about it."""

import json
import os
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.cli.doctor import database, files, outside
from gateway.cli.doctor.finding import Finding, bad, finding_lines, note, ok, worst_first
from gateway.daemon.setup import Setup
from gateway.kernel.store import Store
from gateway.model.instant import parse_instant
from gateway.plugin import Finding as Told
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up, unguessable

WEEK_ZERO = "version: 1\nname: first\nsla:\n  - {id: quick, metric: first_reply, within: 1h}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A configured gateway that has judged one contact."""
    desk = set_up(tmp_path, monkeypatch)
    desk.receive(desk.opened("1", 1))
    desk.judge()
    capsys.readouterr()
    return desk


class Doctored(NamedTuple):
    """What the doctor said."""

    code: int
    findings: list[dict[str, Any]]

    def of(self, area: str) -> list[tuple[str, str]]:
        """Level and words of what was found in one area."""
        return [(told["level"], told["what"]) for told in self.findings if told["area"] == area]


def doctor(desk: Desk, capsys: pytest.CaptureFixture[str], *options: str) -> Doctored:
    """The findings as data."""
    ended = gateway(capsys, "doctor", "--json", "-c", desk.config, *options)
    return Doctored(ended.code, [json.loads(line) for line in ended.out.splitlines()])


def test_all_is_well(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 0; a gateway that doesn't run is worth a note, and so is a policy that nobody has put in force."""
    told = doctor(desk, capsys, "--offline")
    words = gateway(capsys, "doctor", "--offline", "-c", desk.config)

    assert told.code == 0
    assert {finding["level"] for finding in told.findings} == {"ok", "note"}
    assert {"config", "policy", "sqlite", "database", "disk", "gateway", "inbox"} <= {
        finding["area"] for finding in told.findings
    }
    assert words.out.splitlines()[0].startswith("note  gateway")
    assert words.err.endswith("things were looked at\n")


def test_before_the_first_start_there_is_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, nothing is wrong with it, and none is made."""
    desk = set_up(tmp_path, monkeypatch)
    told = doctor(desk, capsys, "--offline")

    assert told.code == 0
    assert told.of("database")[0][0] == "note"
    assert not (tmp_path / "gateway.db").exists()


def test_every_mistake_of_the_configuration_is_a_finding(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 78; each with its place, those of the policy too."""
    desk.config.write_text(desk.config.read_text().replace("listen:", "lissten:"))
    (desk.folder / "policy.yaml").write_text("version: 2\n")
    told = doctor(desk, capsys, "--offline")

    assert told.code == 78
    assert any("lissten" in what for _, what in told.of("config"))
    assert any("policy.yaml:1" in what for _, what in told.of("config"))
    assert all(finding["hint"] for finding in told.findings if finding["level"] == "bad")


def test_files_that_others_may_open_are_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A secret's file, `.env`, and the database; the words hold the path, never the content."""
    secret = desk.folder / "desk.secret"
    secret.write_text(desk.environ["HELPDESK_SECRET"])
    for path, mode in ((secret, 0o640), (desk.folder / "gateway.db", 0o604), (desk.folder / ".env", 0o600)):
        path.touch()
        path.chmod(mode)
    text = desk.config.read_text().replace("secret: {env: HELPDESK_SECRET}", "secret: {file: desk.secret}")
    desk.config.write_text(text)
    told = doctor(desk, capsys, "--offline")
    secret.chmod(0o600)
    (desk.folder / "gateway.db").chmod(0o600)
    mended = doctor(desk, capsys, "--offline")

    assert told.code == 1
    assert [level for level, _ in told.of("secrets")] == ["bad"]
    assert "mode 640" in told.of("secrets")[0][1]
    assert "mode 604" in told.of("database")[0][1]
    assert not any(hidden in json.dumps(told.findings) for hidden in unguessable(desk.environ))
    assert (mended.code, mended.of("secrets")) == (0, [("ok", "2 files are their owner's alone")])


def test_a_database_that_is_damaged_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 69: without it nothing can be asked of it; the rest is looked at all the same."""
    file = desk.folder / "gateway.db"
    file.write_bytes(b"not a database at all" * 4096)
    told = doctor(desk, capsys, "--offline")

    assert told.code == 69
    assert [level for level, what in told.of("database") if "damaged" in what] == ["bad"]
    assert told.of("disk")[0][0] == "ok"


def test_a_broken_page_is_found(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that opens is read through, to a bound of time."""
    file = desk.folder / "gateway.db"
    pages = bytearray(file.read_bytes())
    for start in range(16_384, len(pages), 16_384):
        pages[start : start + 16] = b"\xff" * 16
    file.write_bytes(pages)
    told = doctor(desk, capsys, "--offline")

    assert told.code == 69
    assert any(level == "bad" for level, _ in told.of("database"))


def test_a_check_that_takes_too_long_is_ended(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that it was, and nothing is said to be wrong."""
    monkeypatch.setattr(database, "CHECK_S", -1.0)
    monkeypatch.setattr("gateway.store.examine.STEPS", 1)

    async def look(setup: Setup, store: Store) -> tuple[list[Finding], bool]:
        from gateway.kernel.clock import SystemClock

        return database.soundness(setup, SystemClock(), lambda text: None)

    found, usable = desk.on_store(look)

    assert usable
    assert [finding.level for finding in found if "ended" in finding.what] == ["note"]


def test_little_room_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is none."""
    usage = type(shutil.disk_usage("/"))(10**12, 10**12, files.FREE_BYTES_MIN - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)

    assert files.room(desk.folder / "gateway.db").level == "bad"


def test_another_policy_than_the_files_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a gateway that runs it comes at the next start; what a reload refused is told with its reason."""
    desk.follow(WEEK_ZERO)
    (desk.folder / "policy.yaml").write_text(WEEK_ZERO.replace("first\n", "second\n"))
    told = doctor(desk, capsys, "--offline")

    assert ("note", "policy") in {(finding["level"], finding["area"]) for finding in told.findings}
    assert any("the policy in force is first" in what for _, what in told.of("policy"))


def test_what_waits_and_what_is_parked_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a gateway that runs, waiting is nothing wrong; what couldn't be understood is."""
    desk.receive({"type": "contact.unheard-of"})
    waits = doctor(desk, capsys, "--offline")
    desk.judge()
    parked = doctor(desk, capsys, "--offline")

    assert waits.code == 0
    assert waits.of("inbox")[0][0] == "note"
    assert "1 of events wait" in waits.of("inbox")[0][1]
    assert parked.code == 1
    assert parked.of("inbox") == [("bad", "1 records are parked: they could not be understood")]


def test_who_can_not_be_reached_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Endpoints are connected to, and get no request; a private address that isn't allowed isn't tried."""
    text = desk.config.read_text()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    desk.config.write_text(text.replace("http://127.0.0.1:9000/", f"http://127.0.0.1:{port}/canary-path"))
    refused = doctor(desk, capsys)
    desk.config.write_text(
        text.replace("http://127.0.0.1:9000/", "https://localhost.invalid/x").replace("allow_private: true", "")
    )
    unknown = doctor(desk, capsys)

    assert refused.code == 1
    assert ("bad", "can't be reached: the connection was refused") in refused.of("endpoint helpdesk")
    assert refused.of("connector events") == [("ok", "1 secret(s) verify what is posted here")]
    assert ("bad", "can't be reached: its name can't be resolved") in unknown.of("endpoint helpdesk")
    assert "canary-path" not in json.dumps(refused.findings)


def test_a_connector_whose_check_fails_is_a_finding(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it raises or finds, the rest is looked at; no secret is repeated."""

    async def raises(self: object) -> Sequence[Told]:
        raise RuntimeError("Bearer abcdefgh is wrong")

    async def finds(self: object) -> Sequence[Told]:
        return [Told(False, "the scope tickets:read is missing", "add it"), Told(True, "signed")]

    monkeypatch.setattr("gateway.connectors.events.EventsConnector.check", raises)
    broken = doctor(desk, capsys)
    monkeypatch.setattr("gateway.connectors.events.EventsConnector.check", finds)
    found = doctor(desk, capsys)

    assert broken.of("connector events") == [("bad", "its check raised RuntimeError: Bearer *** is wrong")]
    assert found.of("connector events") == [("bad", "the scope tickets:read is missing"), ("ok", "signed")]
    assert broken.of("endpoint helpdesk")


@pytest.mark.parametrize(
    ("shown", "right"),
    [("1970-01-01T00:00:00Z", False), ("2025-12-31T23:59:59Z", False), ("2026-11-22T00:00:00Z", True),
     ("2099-01-01T00:00:00Z", False)],
)  # fmt: skip
def test_a_clock_that_can_not_be_right_is_told(shown: str, right: bool) -> None:
    """Whatever others say: no year before the program was written, and none in the far future."""
    found = outside.plausible(parse_instant(shown))

    assert (found is None) == right
    if found is not None:
        assert shown[:4] in found.what


def test_a_clock_is_held_against_the_vendors() -> None:
    """In both directions; within bounds it is well; nobody to ask is nothing to tell."""
    told = list(outside._clocks({"desk": 31.0, "phone": -400.0, "shop": 1.0}))

    assert [finding.level for finding in told] == ["bad", "bad"]
    assert "31 s ahead of that of desk" in told[0].what
    assert "400 s behind that of phone" in told[1].what
    assert [finding.level for finding in outside._clocks({"shop": -1.0})] == ["ok"]
    assert list(outside._clocks({})) == []


def test_the_worst_comes_first_and_steers_no_terminal() -> None:
    """Within a level in the order in which it was found; control codes become dots."""
    found = worst_first([ok("a", "well"), bad("b", "odd \x1b[2J", "do"), note("c", "say"), bad("d", "worse", "do")])

    assert [finding.area for finding in found] == ["b", "d", "c", "a"]
    assert "\x1b" not in "".join(finding_lines(found))


def test_nothing_is_changed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The doctor only looks: what was there is there, with the same content and mode."""

    def seen() -> dict[str, tuple[int, bytes]]:
        return {
            entry.name: (entry.stat().st_mode, Path(entry.path).read_bytes())
            for entry in os.scandir(desk.folder)
            if not entry.name.startswith("gateway.db-")
        }

    before = seen()
    doctor(desk, capsys, "--offline")

    assert seen() == before
