"""The tutorial of the first connector, done as it stands: its commands are run, its code is written and changed, and
what it says that one sees is what one sees."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.plugin.new import written
from tests.docs.reader import Reader, missing, told
from tests.support.source import ROOT

PAGE = "tutorial/your-first-connector.md"
NAME = "pigeon"
LINES_MAX = 100
SHORTER = {"10m": "1s"}
"""What the page lets last, and how long it lasts here."""

QUICK = "tomorrow or webhooks or samples or settings or readme"
"""The whole kit is run once, at the end, by `plugin check`: the first run of the tests has these."""


class Integrator(Reader):
    """Who writes a plugin: runs its tests too, and has each command see what was changed."""

    def runs(self, words: list[str]) -> tuple[int, str]:
        """Run a program: its exit code, and what it shows."""
        if words[0] == "python":
            environ = {
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTEST_ADDOPTS": f"-p no:cacheprovider -k '{QUICK}'",
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            }
            run = subprocess.run(
                [sys.executable, *words[1:]], cwd=self.folder, env=environ, capture_output=True, text=True, check=False
            )
            return run.returncode, run.stdout + run.stderr
        forget()
        return super().runs([SHORTER.get(word, word) for word in words])


def forget() -> None:
    """Leave what was imported of the plugin, as a process of its own would begin without it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == f"gateway_{NAME}"]:
        del sys.modules[name]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Integrator]:
    """A reader in a folder of their own; what is imported from there is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Integrator(tmp_path, monkeypatch, capsys)
    forget()


@pytest.mark.timeout(240)
def test_the_tutorial_can_be_followed(reader: Integrator) -> None:
    """From the first command to the last: each shows what the page says, and ends as it should."""
    reader.follows(PAGE)

    assert [command for command, code in reader.ended if code] == ["gateway plugin check . --only truth-pulled"]
    assert len(reader.ended) == 6


def test_the_page_shows_the_whole_connector() -> None:
    """The pieces of it, in order, are the file that `plugin new` writes; it is as short as is said."""
    pieces = [code for language, code in told(PAGE) if language == "python"]
    lines = [line for piece in pieces for line in piece.splitlines() if line.strip()]
    file = written(NAME)[Path(f"gateway_{NAME}/__init__.py")]

    assert lines == [line for line in file.splitlines() if line.strip()]
    assert len(lines) < LINES_MAX


def test_a_line_that_nobody_sees_is_found() -> None:
    """`…` stands for anything within a line, and for nothing else."""
    assert missing(["wrote …/a", "wrote b"], "wrote x/a\nwrote bb\n") == ["wrote b"]
