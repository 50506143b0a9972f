"""The tutorial of the first policy, done as it stands: its files are written and changed, its commands are run, and
what it says that one sees is what one sees."""

from pathlib import Path

import pytest

from tests.docs.reader import Reader

PAGE = "tutorial/your-first-policy.md"


def test_the_tutorial_can_be_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first command to the last: two runs of the tests fail, as the page says; everything else is well."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path, monkeypatch, capsys)

    reader.follows(PAGE)

    tests = [code for command, code in reader.ended if command.startswith("gateway policy test")]
    assert tests == [1, 0, 0, 0, 1, 0]
    assert [command for command, code in reader.ended if code and "policy test" not in command] == []
