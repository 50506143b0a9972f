"""The page on reviewing a policy in CI: each of its commands is one, and tells what the page says."""

import re
import shlex
from pathlib import Path

import pytest

from gateway.policy.presets import preset_tests, preset_text
from tests.cli.commands import Ended, gateway
from tests.support.pages import page

PAGE = "how-to/review-a-policy-change-in-ci.md"
COMMAND = re.compile(r"gateway (?:check|policy test)(?:(?! 2>)[^`|&>\n])*")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and its tests, those of before the change, and none of the configuration's secrets."""
    (tmp_path / "policy.yaml").write_text(preset_text("orion"), encoding="utf-8")
    for name in ("policy.tests.yaml", "before.tests.yaml"):
        (tmp_path / name).write_text(preset_tests("orion"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def all_of_them(capsys: pytest.CaptureFixture[str]) -> dict[str, Ended]:
    """Every command of the page, each once, with how it ended."""
    told = dict.fromkeys(command.strip() for command in COMMAND.findall(page(PAGE)))
    return {command: gateway(capsys, *shlex.split(command)[1:]) for command in told}


def test_a_policy_that_is_well_passes_all_of_them(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """None of them needs more than the files of the repository."""
    ended = all_of_them(capsys)

    assert len(ended) == 5
    assert {command: told.code for command, told in ended.items()} == dict.fromkeys(ended, 0)
    assert (repository / "tests.xml").read_text(encoding="utf-8").startswith("<?xml")


def test_a_promise_that_changes_is_told(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the change says of it in its own tests: those of before show what it means."""
    for name in ("policy.yaml", "policy.tests.yaml"):
        text = (repository / name).read_text(encoding="utf-8")
        (repository / name).write_text(text.replace("24h\n", "25h\n").replace("target: 24h", "target: 25h"))

    told = all_of_them(capsys)["gateway policy test before.tests.yaml --policy policy.yaml"]

    assert told.code == 1
    assert "clocks.email-non-urgent.target" in told.out
