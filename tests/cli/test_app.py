"""The command as a whole: what it offers, how it ends, and what it never shows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import version
from gateway.cli.app import main
from tests.cli.commands import gateway, process
from tests.support.installed import install
from tests.support.source import ROOT

FAMILIES = [
    "run",
    "check",
    "init",
    "explain",
    "reload",
    "status",
    "sync",
    "listen",
    "version",
    "contacts",
    "deliveries",
    "inbox",
    "plugin",
    "policy",
]
HEAVY = [
    "aiohttp",
    "pydantic",
    "msgspec",
    "sqlalchemy",
    "structlog",
    "ruamel",
    "httpx2",
    "cel_expr_python",
    "rich",
    "pluggy",
]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` is data, and has a line for each command and each family."""
    ended = gateway(capsys, "--help")

    named = {line.split()[0] for line in ended.out.splitlines() if line.startswith("  ") and line.strip()}
    assert (ended.code, ended.err) == (0, "")
    assert set(FAMILIES) <= named


def test_help_imports_nothing_heavy() -> None:
    """What a command needs is imported inside it: asking for help loads none of the big libraries."""
    code = "import sys; from gateway.cli.app import main; main(['--help']); print(*sys.modules, file=sys.stderr)"

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(HEAVY) & set(ended.stderr.split()) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["run", "--nonsense"],
        ["contacts", "show"],
        ["policy", "eval"],
        ["policy"],
        [],
        ["--log-level", "x"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is said on standard error; nothing is on standard output."""
    ended = gateway(capsys, *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_the_version_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    """`gateway version` prints one line."""
    assert gateway(capsys, "version").out.startswith("orion-gateway ")


SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"


def failing(line: str) -> None:
    """Stands in for what a command calls; fails with a secret in its message."""
    raise RuntimeError(f"no luck with {SECRET}\nand more")


def test_a_fault_is_one_line_without_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw ends with 70, in one line and a hint; with `--log-level debug` it says where it was."""
    monkeypatch.setattr(version.output, "line", failing)

    plain = gateway(capsys, "version")
    debug = gateway(capsys, "--log-level", "debug", "version")

    assert (plain.code, plain.out, len(plain.err.splitlines())) == (70, "", 2)
    assert "RuntimeError: no luck with whsec_***" in plain.err
    assert "--log-level debug" in plain.err
    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err
    assert "test_app.py" in debug.err
    assert SECRET not in plain.err + debug.err


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is no fault: no traceback, no words."""

    def interrupted(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(version.output, "line", interrupted)

    ended = gateway(capsys, "version")

    assert (ended.code, ended.out, ended.err) == (130, "", "")


@pytest.mark.parametrize("arguments", [["version"], ["plugin", "list", "--json"]], ids=" ".join)
def test_a_broken_pipe_is_quiet(arguments: list[str]) -> None:
    """Whoever has read enough may go: the command ends like one that got SIGPIPE, and says nothing."""
    child = process(*arguments)
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()

    words = child.stderr.read()
    child.stderr.close()

    assert (child.wait(), words) == (141, b"")


def test_a_terminal_without_unicode_gets_what_it_can_show() -> None:
    """Text becomes `?` where the encoding lacks it; JSON stays UTF-8."""
    child = process("version", environ={"PYTHONIOENCODING": "ascii"})

    out, err = child.communicate()

    assert (child.returncode, err) == (0, b"")
    assert out.isascii()


def test_the_module_is_the_command() -> None:
    """`python -m gateway` exits with the code that `main` returns."""
    child = process("policy", "eval", "--policy", "preset:none", "--events", "-", "--at", "2026-03-02T10:00:00Z")

    out, err = child.communicate()

    assert (child.returncode, out) == (78, b"")
    assert b"preset" in err


def test_plugins_are_listed_and_broken_ones_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin that raises at import is named with its reason, and the others are listed."""
    install(tmp_path, "rainy", "raises_at_import", "raise RuntimeError('it is raining\\x1b')\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    table = gateway(capsys, "plugin", "list")
    rows = [json.loads(line) for line in gateway(capsys, "plugin", "list", "--json").out.splitlines()]

    assert table.code == 0
    assert "events" in table.out
    assert "rainy: RuntimeError: it is raining·" in table.err
    by_name = {row["connector"]: row for row in rows if row["connector"]}
    assert by_name["events"]["abilities"] == ["receives"]
    assert (by_name["rainy"]["broken"], "raining" in by_name["rainy"]["reason"]) == (True, True)


def test_enrichers_are_listed_with_what_they_tell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the connectors; as JSON with the types, as conditions have them."""
    install(tmp_path, "purse", "tests.support.purse_plugin")
    monkeypatch.syspath_prepend(str(tmp_path))

    table = gateway(capsys, "plugin", "list")
    rows = [json.loads(line) for line in gateway(capsys, "plugin", "list", "--json").out.splitlines()]

    assert [line.split() for line in table.out.splitlines() if line.startswith("purse")] == [
        ["purse", "tests.support.purse", "paid,", "currency,", "disputes"]
    ]
    (row,) = [row for row in rows if row["enricher"] == "purse"]
    assert (row["connector"], row["broken"]) == (None, False)
    assert row["facts"] == {"paid": "whole", "currency": "text", "disputes": [{"reason": "text", "cents": "whole"}]}


def test_main_gives_codes_to_its_caller() -> None:
    """`main` returns; it never exits the process on its own."""
    assert main(["version"]) == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_lead_nowhere(closed: str, tmp_path: Path) -> None:
    """A command that was started without one of the standard streams works, and no file takes its number."""
    probe = (
        "import os; from gateway.cli.app import main; code = main(['version']); "
        "print(code, os.open('new', os.O_CREAT | os.O_WRONLY), file=open('out', 'w'))"
    )
    shell = f'"{sys.executable}" -c "{probe}" {closed}'

    subprocess.run(["/bin/sh", "-c", shell], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True)

    code, number = (tmp_path / "out").read_text().split()
    assert code == "0"
    assert int(number) > 2


def test_an_output_that_is_full_is_told() -> None:
    """Standard output on a full disk ends with 75 and words."""
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", "version"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert (ended.returncode, ended.stderr) == (75, "gateway: the disk is full; not all could be written\n")
