"""The tutorial of the first connector, done as it stands: its commands are run, its code is written and changed, and
what it says that one sees is what one sees."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.cli.plugin.new import written
from tests.cli.commands import gateway
from tests.support.pages import page
from tests.support.source import ROOT

PAGE = "tutorial/your-first-connector.md"
NAME = "pigeon"
LINES_MAX = 100
SHORTER = {"10m": "1s"}
"""What the page lets last, and how long it lasts here."""

QUICK = "tomorrow or webhooks or samples or settings or readme"
"""The whole kit is run once, at the end, by `plugin check`: the first run of the tests has these."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def told() -> list[tuple[str, str]]:
    """The page's blocks, in order, each with its language."""
    return [(language, code) for language, code in _BLOCK.findall(page(PAGE))]


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console, each with the lines that it shows."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, [line for line in shown if line.strip() not in ("", "…")]


def missing(shown: list[str], seen: str) -> list[str]:
    """The lines that the page shows and nobody sees; `…` stands for anything."""
    patterns = {line: ".*".join(re.escape(part) for part in line.strip().split("…")) for line in shown}
    lines = [line.strip() for line in seen.splitlines()]
    return [line for line, pattern in patterns.items() if not any(re.fullmatch(pattern, one) for one in lines)]


@dataclass
class Reader:
    """Somebody who does what the page says."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    ended: dict[str, int] = field(default_factory=dict)

    def does(self, command: str) -> str:
        """Run a command; what it shows on a wide terminal."""
        words = shlex.split(command)
        self.monkeypatch.setenv("COLUMNS", "120")
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            self.monkeypatch.chdir(self.folder)
            return ""
        if words[0] == "export":
            for word in words[1:]:
                self.monkeypatch.setenv(*word.split("=", 1))
            return ""
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
            self.ended[command] = run.returncode
            return run.stdout + run.stderr
        assert words[0] == "gateway", command
        for name in [name for name in sys.modules if name.partition(".")[0] == f"gateway_{NAME}"]:
            del sys.modules[name]  # as a process of its own, which reads what was changed
        ended = gateway(self.capsys, *(SHORTER.get(word, word) for word in words[1:]))
        self.ended[command] = ended.code
        return ended.out + ended.err

    def changes(self, diff: str) -> None:
        """Change a file as a block says: what is kept and taken out stands there once, and nowhere else."""
        first, *lines = diff.splitlines()
        path = self.folder / first.removeprefix("--- ")
        old = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, diff
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Reader]:
    """A reader in a folder of their own; what is imported from there is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield Reader(tmp_path, monkeypatch, capsys)
    for name in [name for name in sys.modules if name.partition(".")[0] == f"gateway_{NAME}"]:
        del sys.modules[name]


@pytest.mark.timeout(240)
def test_the_tutorial_can_be_followed(reader: Reader) -> None:
    """From the first command to the last: each shows what the page says, and ends as it should."""
    for language, code in told():
        if language == "console":
            for command, shown in commands(code):
                seen = reader.does(command)
                assert missing(shown, seen) == [], f"{command}\n{seen}"
        elif language == "diff":
            reader.changes(code)
        elif language == "yaml":
            (reader.folder / "gateway.yaml").write_text(code, encoding="utf-8")
    failed = [command for command, code in reader.ended.items() if code]

    assert failed == ["gateway plugin check . --only truth-pulled"]
    assert len(reader.ended) == 6


def test_the_page_shows_the_whole_connector() -> None:
    """The pieces of it, in order, are the file that `plugin new` writes; it is as short as is said."""
    pieces = [code for language, code in told() if language == "python"]
    lines = [line for piece in pieces for line in piece.splitlines() if line.strip()]
    file = written(NAME)[Path(f"gateway_{NAME}/__init__.py")]

    assert lines == [line for line in file.splitlines() if line.strip()]
    assert len(lines) < LINES_MAX


def test_a_line_that_nobody_sees_is_found() -> None:
    """`…` stands for anything within a line, and for nothing else."""
    assert missing(["wrote …/a", "wrote b"], "wrote x/a\nwrote bb\n") == ["wrote b"]
