"""`gateway init` writes what `gateway check` accepts; `gateway check` says everything that is wrong."""

import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.policy.presets import PRESETS
from tests.cli.commands import gateway
from tests.cli.desk import set_up, unguessable

WRITTEN = {
    "gateway.yaml",
    "policy.yaml",
    ".env.example",
    "gateway.schema.json",
    "policy.schema.json",
    "policy.tests.yaml",
    "policy-tests.schema.json",
    "gateway.key",
    ".gitignore",
}


@pytest.mark.parametrize("preset", PRESETS)
def test_what_init_writes_is_right(
    preset: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the values of .env.example set, the check of a new folder passes, for every preset."""
    folder = tmp_path / "new" / "desk"

    made = gateway(capsys, "init", "--preset", preset, "--dir", folder)
    for name, secret in re.findall(r"^([A-Z_]+)=(\S+)$", (folder / ".env.example").read_text(), flags=re.MULTILINE):
        monkeypatch.setenv(name, secret)
    checked = gateway(capsys, "check", "--config", folder / "gateway.yaml")

    assert (made.code, made.out) == (0, "")
    assert {path.name for path in folder.iterdir()} == WRITTEN
    assert "gateway check" in made.err
    assert (checked.code, checked.out) == (0, "")
    assert f"policy {preset} " in checked.err


def test_secrets_are_made_new_and_kept_from_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every secret is another one, only their owner can read them, and they stand in no other file and no output."""
    first = set_up(tmp_path / "one", monkeypatch)
    second = set_up(tmp_path / "two", monkeypatch)
    told = capsys.readouterr()

    secrets = [*unguessable(first.environ), *unguessable(second.environ)]
    assert len(set(secrets)) == 4
    assert stat.S_IMODE((tmp_path / "one" / ".env.example").stat().st_mode) == 0o600
    elsewhere = told.out + told.err + (tmp_path / "one" / "gateway.yaml").read_text()
    assert [secret for secret in secrets if secret in elsewhere] == []


def test_init_writes_over_nothing_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file that is there stops all of it; `--force` writes over, and a link is not followed to its target."""
    mine, elsewhere = tmp_path / "policy.yaml", tmp_path / "elsewhere"
    mine.write_text("mine")
    elsewhere.write_text("precious")
    (tmp_path / ".env.example").symlink_to(elsewhere)

    refused = gateway(capsys, "init", "--dir", tmp_path)
    untouched = mine.read_text()
    forced = gateway(capsys, "init", "--dir", tmp_path, "--force")

    assert (refused.code, untouched, (tmp_path / "gateway.yaml").exists()) == (1, "mine", True)
    assert "policy.yaml, .env.example" in refused.err
    assert forced.code == 0
    assert mine.read_text() != "mine"
    assert elsewhere.read_text() == "precious"


def test_init_says_what_it_can_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown preset is a wrong command with a hint; a folder that can't be made is told in words."""
    (tmp_path / "file").write_text("")

    preset = gateway(capsys, "init", "--preset", "orion-star", "--dir", tmp_path / "new")
    folder = gateway(capsys, "init", "--dir", tmp_path / "file" / "below")

    assert (preset.code, (tmp_path / "new").exists()) == (2, False)
    assert "did you mean 'orion-stars'?" in preset.err
    assert folder.code == 69
    assert "Not a directory" in folder.err


def test_check_shows_every_mistake_of_every_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration and policy together, each mistake with its place, as text and as JSON; exit 78."""
    desk = set_up(tmp_path, monkeypatch)
    config, policy = desk.config.read_text(), (tmp_path / "policy.yaml").read_text()
    desk.config.write_text(config.replace("plugin: events ", "plugin: event ").replace("{env: EVENTS", "{env: NO"))
    (tmp_path / "policy.yaml").write_text(policy.replace("within: 20s", "within: soon", 1))
    desk.config.write_text(config.replace("plugin: events ", "plugin: event "))

    told = gateway(capsys, "check", "--config", desk.config)
    as_json = gateway(capsys, "check", "--config", desk.config, "--json")

    assert (told.code, told.out, as_json.code, as_json.err) == (78, "", 78, "")
    rows = [json.loads(line) for line in as_json.out.splitlines()]
    assert [row["file"].rpartition("/")[2] for row in rows] == ["gateway.yaml", "policy.yaml"]
    lines = [
        f"{row['file']}:{row['line']}:{row['column']}: {row['id']}: {row['message']} [{row['name']}]" for row in rows
    ]
    expected = [line for row, line in zip(rows, lines, strict=True) for line in (line, *numbered(row))]
    assert told.err.splitlines() == [*expected, "2 errors", "What each number means: docs/reference/problems"]
    assert [row["excerpt"] for row in rows] == [
        "    plugin: event\n            ^^^^^",
        "    within: soon\n            ^^^^",
    ]


def numbered(row: dict[str, Any]) -> list[str]:
    """An excerpt as people see it: the line's number before it."""
    text, carets = row["excerpt"].splitlines()
    return [f"{row['line']:>4} | {text}", f"     | {carets}"]


def test_check_shows_the_place_inside_a_condition(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line, its number, and carets under the word that is wrong."""
    desk = set_up(tmp_path, monkeypatch)
    (tmp_path / "policy.yaml").write_text('severity:\n  - id: a\n    when: contact.chanel == "chat"\n    severity: 1\n')

    told = gateway(capsys, "check", "--config", desk.config)

    assert told.err.splitlines() == [
        f"{tmp_path}/policy.yaml:3:18: GW114: contact has no field 'chanel'; did you mean 'channel'? [bad-expression]",
        '   3 |     when: contact.chanel == "chat"',
        "     |                   ^^^^^^",
        "1 error",
        "What each number means: docs/reference/problems",
    ]


def test_check_masks_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that somebody has typed into the file is not shown with its line, neither as text nor as JSON."""
    desk = set_up(tmp_path, monkeypatch)
    text = desk.config.read_text()
    desk.config.write_text(text.replace("{env: HELPDESK_SECRET}  ", "hunter22 # hunter22") + "admin_tokn: hunter22\n")

    told = gateway(capsys, "check", "--config", desk.config)
    as_json = gateway(capsys, "check", "--config", desk.config, "--json")

    assert (told.code, as_json.code) == (78, 78)
    assert "hunter22" not in told.err + as_json.out
    assert "    secret: ***" in told.err
    assert "did you mean 'admin_token'?" in told.err
    assert "admin_tokn:" in told.err


def test_control_codes_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from a file's text nor from its name."""
    desk = set_up(tmp_path, monkeypatch)
    (tmp_path / "policy.yaml").write_text('"n\\e[31m": "\\u202e"\n? "\u202ex"\n: 1\n')

    told = gateway(capsys, "check", "--config", desk.config)

    assert told.code == 78
    assert told.err.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"a: [" * 5_000, b"[1, 2]", b"", b"\x00\x01"],
    ids=["bytes", "deep", "list", "empty", "null"],
)
@pytest.mark.parametrize("command", ["check", "run", "contacts list", "sync x --once", "explain x"])
def test_a_hostile_configuration_is_refused(
    command: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever bytes stand in the file: exit 78 with a place, and no fault."""
    path = tmp_path / "gateway.yaml"
    path.write_bytes(content)

    ended = gateway(capsys, *command.split(), "--config", path)

    assert (ended.code, ended.out) == (78, "")
    assert f"{path}:1:" in ended.err


def test_no_secret_is_in_what_check_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that is wrong, or written as text, is named by its place only."""
    desk = set_up(tmp_path, monkeypatch)
    monkeypatch.setenv("EVENTS_SECRET", "whsec_" + "tooshortbutsecret")
    desk.config.write_text(desk.config.read_text().replace("{env: HELPDESK_SECRET}", "whsec_plaintextsecret"))

    ended = gateway(capsys, "check", "--config", desk.config)

    assert ended.code == 78
    assert "tooshortbutsecret" not in ended.err
    assert "plaintextsecret" not in ended.err


def test_a_wrong_configuration_still_has_its_connectors_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys, plugins, settings and the policy, all at once; a secret that isn't there is told once, as such."""
    desk = set_up(tmp_path, monkeypatch)
    lines = "  shop: {plugin: evnts}\n  desk: {plugin: events, secrt: 1}\n"
    lines += "  open: {plugin: events, secret: {env: NOT_SET}}\n"
    text = (
        desk.config.read_text()
        .replace("connectors:", "nmae: x\nconnectors:")
        .replace("  events:\n", f"{lines}  events:\n")
    )
    desk.config.write_text(text)
    (tmp_path / "policy.yaml").write_text("nmae: x\n")

    rows = [json.loads(line) for line in gateway(capsys, "check", "--config", desk.config, "--json").out.splitlines()]

    assert sorted(row["message"].split(";")[0] for row in rows) == [
        "no plugin 'evnts' is installed",
        "the environment variable NOT_SET is not set",
        "the key 'secret' is missing",
        "unknown key 'nmae'",
        "unknown key 'nmae'",
        "unknown key 'secrt'",
    ]


def test_too_many_connectors_are_a_mistake_like_any_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told in words."""
    desk = set_up(tmp_path, monkeypatch)
    many = "".join(f"  c{number}: {{plugin: events, secret: {{env: EVENTS_SECRET}}}}\n" for number in range(501))
    desk.config.write_text(desk.config.read_text().replace("  events:\n", f"{many}  events:\n"))

    told = gateway(capsys, "check", "--config", desk.config)

    assert (told.code, told.err.count("bad-value")) == (78, 1)
    assert "must have at most 500 items" in told.err
