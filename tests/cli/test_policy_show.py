"""`gateway policy show`: which policy judges, since when, and what the configured file would change."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.model.instant import DAY_MS, format_instant
from tests.cli.commands import gateway
from tests.cli.desk import Desk, set_up

FIRST = "version: 1\nname: first  # a word of our own\n"
SECOND = "version: 1\nname: second\nsla:\n  - {id: quick, metric: first_reply, within: 1h}\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A desk with a policy in force."""
    desk = set_up(tmp_path, monkeypatch)
    desk.follow(FIRST)
    capsys.readouterr()
    return desk


def shown(desk: Desk, capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    """What is shown, as JSON."""
    ended = gateway(capsys, "policy", "show", "--json", *options, "-c", desk.config)
    assert (ended.code, ended.out.count("\n")) == (0, 1)
    return json.loads(ended.out)


def test_what_is_in_force_is_told_with_its_kept_text(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Name, hash, since when; the text is the file as it was, alone on standard output."""
    people = gateway(capsys, "policy", "show", "-c", desk.config)
    text = gateway(capsys, "policy", "show", "--text", "-c", desk.config)
    data = shown(desk, capsys, "--text")

    assert (people.code, people.err) == (0, "")
    assert people.out.startswith(
        f"policy     first ({data['in_force']['hash']}), in force from the beginning; it came "
    )
    assert (text.code, text.out, text.err) == (0, FIRST, "")
    assert data["text"] == FIRST
    assert (data["in_force"]["since"], data["to_come"], data["configured"]["same"]) == (None, None, True)


def test_a_file_that_says_something_else_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Another content: `gateway reload` would put it in force. A wrong one changes nothing. Comments are no content."""
    file = desk.folder / "policy.yaml"
    file.write_text(FIRST + "# and another\n")
    same = gateway(capsys, "policy", "show", "-c", desk.config)
    file.write_text(SECOND)
    other, data = gateway(capsys, "policy", "show", "-c", desk.config), shown(desk, capsys)
    file.write_text("version: 2\n")
    wrong = gateway(capsys, "policy", "show", "-c", desk.config)

    assert (same.code, same.err) == (0, "")
    assert "says something else" in other.err and "`gateway reload`" in other.err
    assert (data["in_force"]["name"], data["configured"]["name"], data["configured"]["same"]) == (
        "first",
        "second",
        False,
    )
    assert (wrong.code, wrong.out) == (0, same.out)
    assert "`gateway check` shows them" in wrong.err


def test_the_history_is_kept(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """`--all` has every policy, `--at` the one of an instant with its text; nothing is said of the file then."""
    desk.follow(SECOND)
    since = shown(desk, capsys)["in_force"]["since"]

    table = gateway(capsys, "policy", "show", "--all", "-c", desk.config).out.splitlines()
    then = gateway(capsys, "policy", "show", "--at", "2026-01-01T00:00:00Z", "--text", "-c", desk.config)
    now = shown(desk, capsys, "--at", since, "--all")

    assert [line.split()[0] for line in table] == ["STATE", "in", "past"]
    assert [line.split()[-1] for line in table[1:]] == ["second", "first"]
    assert (then.out, then.err) == (FIRST, "")
    assert (now["in_force"]["name"], now["configured"]) == ("second", None)
    assert [policy["name"] for policy in now["policies"]] == ["first", "second"]
    assert gateway(capsys, "policy", "show", "--at", "soon", "-c", desk.config).code == 2


def test_what_comes_later_is_told(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A policy with a date of its own waits for it; the present one goes on, and the file is no other than that."""
    day = format_instant(desk.now + 3 * DAY_MS)[:10]
    desk.follow(SECOND + f"from: {day}\n")

    people, data = gateway(capsys, "policy", "show", "-c", desk.config), shown(desk, capsys)

    first, later = people.out.splitlines()
    assert first.startswith("policy     first (")
    assert later.startswith("to come    second (") and f"comes into force {day}" in later
    assert (data["in_force"]["name"], data["to_come"]["name"], data["configured"]["same"]) == ("first", "second", True)


def test_nothing_to_show_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No database yet: 69. A database that no policy has come to: 1. An instant before the first: none in force."""
    desk = set_up(tmp_path, monkeypatch)
    none = gateway(capsys, "policy", "show", "-c", desk.config)
    desk.receive(desk.opened("1", 1))
    empty = gateway(capsys, "policy", "show", "-c", desk.config)
    desk.follow(FIRST + "from: 2026-01-01\n")
    before = gateway(capsys, "policy", "show", "--at", "2025-06-01T00:00:00Z", "-c", desk.config)
    text = gateway(capsys, "policy", "show", "--at", "2025-06-01T00:00:00Z", "--text", "-c", desk.config)

    assert (none.code, none.out) == (69, "")
    assert "there is no database" in none.err
    assert (empty.code, empty.out) == (1, "")
    assert "no policy has come into force yet" in empty.err
    assert before.out.startswith("policy     none is in force yet\nthen       first (")
    assert (text.code, text.out) == (1, "")
