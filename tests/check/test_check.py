"""What `gateway check` is asked and how it ends: levels and exit codes, formats, a policy alone."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.kernel.kinds import CODES
from tests.check.test_corpus import ENVIRON
from tests.cli.commands import Ended, gateway
from tests.support.checking import CONFIGURATION, write
from tests.support.source import ROOT

SCHEMA = json.loads((ROOT / "tests" / "vendor" / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
TIDY = """\
queues: {general: {team: t1}}
routing: [{id: default, queue: general}]
"""
IDLE = """\
queues:
  general: {team: t1}
  fraud: {team: t2}
routing: [{id: default, queue: general}]
"""
WRONG = """\
queues: {general: {team: t1}}
routing: [{id: default, queue: generel}]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the secrets of its configuration in the environment."""
    monkeypatch.chdir(tmp_path)
    for name, secret in ENVIRON.items():
        monkeypatch.setenv(name, secret)
    return tmp_path


def sarif(told: Ended) -> dict[str, Any]:
    """The run of a log that the official schema takes."""
    log = json.loads(told.out)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    return dict(run)


@pytest.mark.parametrize(("text", "code"), [(TIDY, 0), (IDLE, 1), (WRONG, 78)])
@pytest.mark.parametrize("arguments", [[], ["--json"], ["--format", "sarif"], ["--policy", "policy.yaml"]])
def test_the_exit_code_is_that_of_the_gravest(
    text: str, code: int, arguments: list[str], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same in every format; data on standard output, words on standard error."""
    write(text, here)

    ended = gateway(capsys, "check", *arguments)

    assert ended.code == code
    assert bool(ended.err) == ("--json" not in arguments and "sarif" not in arguments)
    assert bool(ended.err) != bool(ended.out) or (ended.code == 0 and "--json" in arguments)


def test_people_read_level_place_and_sum(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, column, number, level unless it is an error, and at the end the sum and where to read on."""
    write(IDLE.replace("general}]", "generel}]"), here)
    wrong = gateway(capsys, "check").err
    write(IDLE, here)
    idle = gateway(capsys, "check").err

    assert wrong.splitlines()[0].startswith("policy.yaml:4:32: GW131: there is no queue 'generel'")
    assert wrong.splitlines()[-2:] == ["1 error", "What each number means: docs/reference/problems"]
    assert idle.splitlines()[0].startswith("policy.yaml:3:3: GW161: warning: nothing is routed to the queue 'fraud'")
    assert idle.splitlines()[1:3] == ["   3 |   fraud: {team: t2}", "     |   ^^^^^"]
    assert idle.splitlines()[-2] == "1 warning"
    assert "# gateway: allow GW161" in idle.splitlines()[-1]


def test_a_broken_configuration_hides_nothing_of_the_policy(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors of the one, errors and findings of the other, in one go."""
    write(IDLE, here)
    (here / "gateway.yaml").write_text(CONFIGURATION.replace("version: 1", "version: 2"))

    ended = gateway(capsys, "check")

    assert ended.code == 78
    assert [line.split(" ")[1] for line in ended.err.splitlines() if ".yaml:" in line] == ["GW112:", "GW161:"]
    assert "1 error, 1 warning" in ended.err


def test_a_policy_is_checked_alone(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without gateway.yaml and its secrets, whatever is wrong with them; presets by their name."""
    path = here / "rules.yaml"
    path.write_text(IDLE)

    alone = gateway(capsys, "check", "--policy", "rules.yaml", "--json")
    preset = gateway(capsys, "check", "--policy", "preset:orion")
    unknown = gateway(capsys, "check", "--policy", "preset:orian")
    missing = gateway(capsys, "check", "--policy", "none.yaml")
    both = gateway(capsys, "check", "--policy", "rules.yaml", "--config", "other.yaml")

    (row,) = [json.loads(line) for line in alone.out.splitlines()]
    assert (alone.code, row["file"], row["id"]) == (1, "rules.yaml", "GW161")
    assert preset.code == 0, preset.err
    assert (unknown.code, missing.code, both.code) == (78, 78, 2)
    assert "did you mean 'orion'?" in unknown.err
    assert "none.yaml:1:1: GW101: " in missing.err


def test_tests_beside_a_policy_are_checked_with_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong in them is told at its place there."""
    (here / "policy.yaml").write_text(TIDY)
    (here / "policy.tests.yaml").write_text("version: 1\ntests:\n  - {name: a, given: {}, expects: {}}\n")

    ended = gateway(capsys, "check", "--policy", "policy.yaml")

    assert ended.code == 78
    assert "policy.tests.yaml:3:26: GW110: unknown key 'expects'; did you mean 'expect'?" in ended.err


def test_json_has_what_people_see(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the column behind the last sign that is meant, and the page."""
    write(WRONG, here)

    told = gateway(capsys, "check", "--format", "json")
    (row,) = [json.loads(line) for line in told.out.splitlines()]

    assert row == {
        "file": "policy.yaml",
        "line": 2,
        "column": 32,
        "end_column": 39,
        "id": "GW131",
        "name": "unknown-queue",
        "level": "error",
        "message": "there is no queue 'generel'; did you mean 'general'?",
        "page": "docs/reference/problems/GW131.md",
        "excerpt": "routing: [{id: default, queue: generel}]\n                               ^^^^^^^",
    }
    assert gateway(capsys, "check", "--json").out == told.out


def test_formats_that_contradict_each_other_are_a_wrong_command(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither is chosen silently; an unknown one is named."""
    assert gateway(capsys, "check", "--json", "--format", "sarif").code == 2
    assert gateway(capsys, "check", "--format", "xml").code == 2
    assert gateway(capsys, "check", "--json", "--format", "json").code == 78


def test_sarif_is_what_code_hosts_read(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run with every kind as a rule; files below the folder are named from there, others by their whole path."""
    write(IDLE, here)
    (here / "below").mkdir()
    write(IDLE, here / "below")

    run = sarif(gateway(capsys, "check", "--format", "sarif"))
    below = sarif(gateway(capsys, "check", "--format", "sarif", "--policy", here / "below" / "policy.yaml"))

    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["name"]) for rule in rules] == [(kind.code, kind.name) for kind in CODES.values()]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"], rules[result["ruleIndex"]]["id"]) == ("GW161", "warning", "GW161")
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "policy.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 3, "endLine": 3, "endColumn": 8},
            }
        }
    ]
    assert below["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "below/policy.yaml"


def test_sarif_of_what_is_well_is_an_empty_run(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code host takes that for: what was found before is mended."""
    write(TIDY, here)
    elsewhere = here / "else where"
    elsewhere.mkdir()
    (elsewhere / "ü.yaml").write_text(IDLE)
    well = sarif(gateway(capsys, "check", "--format", "sarif"))
    (here / "work").mkdir()
    monkeypatch.chdir(here / "work")
    other = sarif(gateway(capsys, "check", "--format", "sarif", "--policy", elsewhere / "ü.yaml"))

    assert well["results"] == []
    location = other["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": f"file://{here}/else%20where/%C3%BC.yaml"}


@pytest.mark.parametrize("format", ["text", "json", "sarif"])
def test_no_secret_is_told_in_any_format(format: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither one in a comment, nor one in a place where none belongs, nor how long it is."""
    token = "ghp_" + "0123456789abcdef" * 2
    write(f"{TIDY}# {token}\nsla: [{{id: a, metric: {token}, within: {token}, calendar: {token}}}]\n", here)
    text = CONFIGURATION.replace("secret: {env: HELPDESK_SECRET}", f"secret: {token}")
    (here / "gateway.yaml").write_text(f"{text}# {token}\nadmin_tokn: {token}\n")

    ended = gateway(capsys, "check", "--format", format)

    assert ended.code == 78
    assert token not in ended.out + ended.err
    assert "0123456789abcdef" not in ended.out + ended.err
    if format == "json":
        rows = [json.loads(line) for line in ended.out.splitlines()]
        ends = {(row["line"], row["id"]): row["end_column"] for row in rows if row["file"] == "gateway.yaml"}
        assert ends[6, "GW150"] is None
        assert ends[8, "GW181"] is None


def test_a_public_key_is_no_secret(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor is the name of a variable, a long word, or a hash tag of many letters."""
    write(TIDY, here)
    key = "whpk_" + "A1z2" * 11
    words = f"# {key}\n# {'unforgettable-' * 4}\n# {'A_VERY_LONG_NAME_OF_A_VARIABLE_1' * 2}\n"
    (here / "gateway.yaml").write_text(CONFIGURATION + words)

    ended = gateway(capsys, "check")

    assert (ended.code, ended.out) == (0, ""), ended.err


def test_one_line_is_shown_once_for_all_that_is_wrong_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three keys that are missing at one place: three lines of words, one of the file."""
    write("sla:\n  - when: true\n", here)

    told = gateway(capsys, "check", "--policy", "policy.yaml").err.splitlines()

    assert [line.partition(" [")[0] for line in told[:5]] == [
        "policy.yaml:2:5: GW111: the key 'id' is missing",
        "   2 |   - when: true",
        "     |     ^",
        "policy.yaml:2:5: GW111: the key 'metric' is missing",
        "policy.yaml:2:5: GW111: the key 'within' is missing",
    ]


def test_strict_counts_notes_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are shown in any case; with `--strict` they end with 1, and an allowed one with 0."""
    note = 'sla:\n  - {id: chat, when: contact.channel == "chat", metric: first_reply, within: 20s}\n'
    write(note, here)
    shown, strict = gateway(capsys, "check"), gateway(capsys, "check", "--strict")
    write(f"# gateway: allow GW174 only chats are ours\n{note}", here)
    allowed = gateway(capsys, "check", "--strict")

    assert (shown.code, strict.code, allowed.code) == (0, 1, 0)
    assert "policy.yaml:1:1: GW174: note: nothing is promised for email" in shown.err
    assert "1 note" in shown.err.splitlines()
    assert "all is well" in allowed.err
