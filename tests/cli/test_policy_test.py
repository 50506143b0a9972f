"""`gateway policy test`: what people see of a policy's tests, and what servers read of them."""

import json
import os
import pty
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.commands import Ended, gateway, process
from tests.policy.examples.play import CHAT, FRAUD, POLICY, file_of
from tests.support.schemas import read, wrongs

RIGHT = file_of(CHAT, "{severity: 3}", name="a chat is a chat")
WRONG = file_of(FRAUD, "{severity: 1}", "{after: 30m, expect: {queue: general, notices: [sla.warned]}}", name="fraud")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which people stand, with a policy and its tests."""
    monkeypatch.chdir(tmp_path)
    put("policy.yaml", POLICY)
    put("policy.tests.yaml", RIGHT)
    return tmp_path


def put(name: str, text: str) -> None:
    """Write a file where people stand."""
    Path(name).write_text(text, encoding="utf-8")


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """Run the command."""
    return gateway(capsys, "policy", "test", *arguments)


def test_all_is_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sum and what nothing covered, exit 0; with -v the names too."""
    ended = asked(capsys)
    verbose = asked(capsys, "-v")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:4] == [
        "1 passed, 0 failed in 1 file; 7 % of the rules covered (1 of 14)",
        "never hit:",
        "  severity fraud (policy.yaml:6:6)",
        "  severity mail (policy.yaml:7:6)",
    ]
    assert verbose.out.splitlines()[0] == "ok    a chat is a chat   policy.tests.yaml:3"


def test_what_differs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The test and its place, the instant in its words and as a time, and of each value what it is and should be."""
    put("policy.more.tests.yaml", WRONG)
    ended = asked(capsys)

    assert (ended.code, ended.err) == (1, "")
    assert ended.out.splitlines()[:14] == [
        "FAIL  fraud   policy.more.tests.yaml:3",
        "      after 30m, 2026-03-02T09:30:00-08:00",
        "      queue     expected general",
        "                got      fraud",
        "                routing rule to-fraud matched",
        "      notices   1 expected, 4 went out",
        "                    sla.warned {after: 15m, rule: fraud-reply, mark: 50%}",
        "        unexpected  sla.warned {after: 25m, rule: fraud-reply, mark: 5m before}",
        "        unexpected  sla.breached {after: 30m, rule: fraud-reply}",
        "        unexpected  escalation.raised {after: 30m, rule: late-up, step: 1, roles: [lead]}",
        "1 passed, 1 failed in 2 files; 64 % of the rules covered (9 of 14)",
        "never hit:",
        "  severity mail (policy.yaml:7:6)",
        "  sla answer (policy.yaml:17:6)",
    ]


def test_colours_are_for_terminals(folder: Path) -> None:
    """Elsewhere, and where nobody wants them, there are none."""
    put("policy.tests.yaml", WRONG)

    assert b"\x1b[31mFAIL\x1b[0m" in _on_a_terminal(folder, {})
    assert b"\x1b" not in _on_a_terminal(folder, {"NO_COLOR": "1"})


def _on_a_terminal(folder: Path, environ: dict[str, str]) -> bytes:
    """What the command writes where its standard output is a terminal."""
    ours, theirs = pty.openpty()
    started = process("policy", "test", "--policy", folder / "policy.yaml", environ=environ, stdout=theirs)
    os.close(theirs)
    written = b""
    while chunk := _read(ours):
        written += chunk
    os.close(ours)
    started.communicate()
    assert started.returncode == 1
    return written


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says so when the other side has gone.
        return b""


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object for each test, then the sum; plain values."""
    put("policy.more.tests.yaml", WRONG)
    ended = asked(capsys, "--json")
    failed, passed, total = (json.loads(line) for line in ended.out.splitlines())

    assert ended.code == 1
    assert (passed["name"], passed["result"], passed["looks"]) == ("a chat is a chat", "passed", [])
    assert (failed["file"], failed["line"], failed["result"]) == ("policy.more.tests.yaml", 3, "failed")
    (look,) = failed["looks"]
    assert (look["at"], look["words"], look["line"]) == ("2026-03-02T09:30:00-08:00", "after 30m", 7)
    assert look["differences"][0] == {
        "path": "queue",
        "expected": "general",
        "got": "fraud",
        "notes": ["routing rule to-fraud matched"],
    }
    assert [notice["type"] for notice in look["differences"][1]["got"]][2:] == ["sla.breached", "escalation.raised"]
    assert (total["passed"], total["failed"]) == (1, 1)
    assert (total["coverage"]["hit"], total["coverage"]["rules"], total["coverage"]["percent"]) == (9, 14, 64.29)
    assert total["coverage"]["never_hit"][0] == {
        "section": "severity",
        "name": "mail",
        "step": None,
        "file": "policy.yaml",
        "line": 7,
        "column": 6,
    }


def test_junit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A suite for each file, a case for each test; whatever a name holds, it is XML."""
    name = '"<&]]>\\u0007\\uFFFE é \\"quoted\\" \\n two lines"'
    put("policy.more.tests.yaml", WRONG.replace("name: fraud", f"name: {name}"))
    ended = asked(capsys, "--junit", "out.xml")
    suites = ElementTree.parse("out.xml").getroot()

    assert ended.code == 1
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("policy.more.tests.yaml", "1", "1"),
        ("policy.tests.yaml", "1", "0"),
    ]
    (case,) = suites[0]
    assert case.get("name") == '<&]]>·· é "quoted" \n two lines'
    (failure,) = case
    assert failure.get("message") == "after 30m, 2026-03-02T09:30:00-08:00: queue, notices"
    assert "queue     expected general" in str(failure.text)
    assert list(suites[1][0]) == []


def test_junit_where_nothing_can_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a wrong command."""
    ended = asked(capsys, "--junit", str(folder / "none" / "out.xml"))

    assert ended.code == 2
    assert "No such file" in ended.err


def test_some_of_them(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """-k takes tests by a part of their name, --list tells which there are; named files only those in them."""
    put("policy.more.tests.yaml", WRONG)
    put("elsewhere.yaml", file_of(CHAT, "{severity: 3}", name="elsewhere"))

    assert asked(capsys, "-k", "Chat").out == "1 passed, 0 failed in 1 file\n"
    assert "of the rules covered" in asked(capsys, "-k", "Chat", "--cover", "1%").out
    assert asked(capsys, "-k", "chat", "-k", "fraud").out.count("FAIL") == 1
    assert asked(capsys, "policy.tests.yaml").out.startswith("1 passed, 0 failed in 1 file")
    assert asked(capsys, "elsewhere.yaml", "--list").out == "elsewhere.yaml:3  elsewhere\n"
    listed = asked(capsys, "--list", "--json")
    assert listed.code == 0
    assert [json.loads(line)["name"] for line in listed.out.splitlines()] == ["fraud", "a chat is a chat"]


def test_the_policys_own_tests_among_named_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the policy's name."""
    put("policy.yaml", POLICY + file_of(CHAT, "{}", name="own").removeprefix("version: 1\n"))

    assert asked(capsys, "policy.yaml", "--list").out.endswith("  own\n")
    assert asked(capsys, "policy.yaml", "--list").out.count("\n") == 1
    assert asked(capsys, "--list").out.count("\n") == 2


def test_no_test_at_all_is_no_success(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither where there is none, nor where none has that name."""
    none = asked(capsys, "-k", "nothing like that")
    Path("policy.tests.yaml").unlink()
    nowhere = asked(capsys)
    listed = asked(capsys, "--list")

    assert (none.code, nowhere.code, listed.code) == (1, 1, 1)
    assert "no test's name has 'nothing like that'" in none.err
    assert "there are no tests" in nowhere.err
    assert "policy.tests.yaml" in nowhere.err


@pytest.mark.parametrize(("least", "code"), [("7%", 0), ("7.2", 1), ("100%", 1), ("0", 0)])
def test_so_much_must_be_covered(least: str, code: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else exit 1, though every test passes."""
    ended = asked(capsys, "--cover", least)

    assert ended.code == code
    assert ("less than" in ended.err) == bool(code)


@pytest.mark.parametrize("least", ["101%", "much", "-1"])
def test_a_share_that_is_none(least: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command."""
    assert asked(capsys, f"--cover={least}").code == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("policy.yaml", POLICY.replace("queue: fraud", "queue: nowhere")),
        ("policy.tests.yaml", RIGHT.replace("severity", "severty")),
        ("policy.tests.yaml", "tests: ["),
    ],
)
def test_what_is_wrong_is_told(name: str, text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Policy or tests: exit 78, with the place."""
    put(name, text)
    ended = asked(capsys)

    assert (ended.code, ended.out) == (78, "")
    assert ended.err.startswith(f"{name}:")


def test_the_configured_policy_needs_no_secrets(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of gateway.yaml only the policy's path and the names of enrichers are read: where tests run, nobody has its
    secrets or plugins."""
    (folder / "conf").mkdir()
    put("conf/other.yaml", POLICY)
    put("conf/other.tests.yaml", file_of(CHAT, "{severity: 3}", name="other"))
    put(
        "conf/gateway.yaml",
        "policy: other.yaml\nconnectors: {desk: {plugin: nowhere, token: {env: NOBODY_HAS_THIS}}}\n"
        "enrichers: {payments: {plugin: nowhere, key: {env: NOBODY_HAS_THIS}}}\n",
    )
    put("preset.yaml", "policy: preset:orion\n")

    assert asked(capsys, "--config", "conf/gateway.yaml", "--list").out == "conf/other.tests.yaml:3  other\n"
    assert "preset:orion" in asked(capsys, "--config", "preset.yaml", "--list").out
    assert asked(capsys, "--config", "conf/gateway.yaml", "--policy", "policy.yaml", "--list").out.endswith("chat\n")
    put("conf/gateway.yaml", "policy: other.yaml\n")
    refused = asked(capsys, "--config", "conf/gateway.yaml", "--list")
    assert (refused.code, "GW135: there is no enricher 'payments'" in refused.err) == (78, True)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (None, 2, "there is neither nowhere/gateway.yaml nor nowhere/policy.yaml"),
        ("name: a\n", 78, "the key 'policy' is missing"),
        ("policy: 5\n", 78, "expected a path"),
        ("policy: preset:orio\n", 78, "did you mean 'orion'"),
        ("policy: none.yaml\n", 78, "can't be read"),
        ("policy: [\n", 78, "yaml-syntax"),
    ],
)
def test_a_configuration_that_names_no_policy(
    text: str | None, code: int, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said what is missing."""
    (folder / "nowhere").mkdir()
    if text is not None:
        put("nowhere/gateway.yaml", text)
    ended = asked(capsys, "--config", "nowhere/gateway.yaml")

    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err


def test_a_hostile_name_steers_no_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What isn't printable is told as `·`."""
    put("policy.tests.yaml", WRONG.replace("name: fraud", 'name: "a\\e[2J\\u202Eb"').replace("general", "general"))
    ended = asked(capsys)

    assert ended.out.startswith("FAIL  a·[2J·b   policy.tests.yaml:3\n")


def test_editors_know_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    """`gateway schema policy-tests` takes what the command takes, and underlines what it would refuse."""
    schema: dict[str, Any] = json.loads(gateway(capsys, "schema", "policy-tests").out)

    assert wrongs(schema, read(WRONG)) == []
    for wrong in ("severty: 1", "severity: high", "clocks: {reply: absent}", "notices: [5]"):
        assert wrongs(schema, read(WRONG.replace("severity: 1", wrong))) != []
    given = "{type: message.added, author: {kind: agent}, at: 2026-03-02T09:00:00Z}"
    assert wrongs(schema, read(file_of(given, "{}"))) == []
    assert wrongs(schema, read(file_of(given.replace("agent", "agnt"), "{}"))) != []
    assert wrongs(schema, read(file_of(given.replace("author", "autor"), "{}"))) != []
