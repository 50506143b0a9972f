"""Somebody who does what a page says: runs its commands, writes its files, changes them, and looks at what is shown."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.commands import gateway
from tests.support.pages import page

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^# ([\w.-]+\.yaml)$", re.MULTILINE)


def told(name: str) -> list[tuple[str, str]]:
    """A page's blocks, in order, each with its language."""
    return [(language, code) for language, code in _BLOCK.findall(page(name))]


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
    """Who reads, in a folder of their own. `ended`: how each command ended, by its words, as often as it was run."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    ended: list[tuple[str, int]] = field(default_factory=list)

    def follows(self, name: str) -> None:
        """From a page's first block to its last: each command shows what the page says."""
        for language, code in told(name):
            if language == "console":
                for command, shown in commands(code):
                    seen = self.does(command)
                    assert missing(shown, seen) == [], f"{command}\n{seen}"
            elif language == "diff":
                self.changes(code)
            elif language == "yaml":
                self.writes(code)

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
        code, seen = self.runs(words)
        self.ended.append((command, code))
        return seen

    def runs(self, words: list[str]) -> tuple[int, str]:
        """Run a program: its exit code, and what it shows."""
        assert words[0] == "gateway", words
        ended = gateway(self.capsys, *words[1:])
        return ended.code, ended.out + ended.err

    def writes(self, text: str) -> None:
        """Write a file; a comment at its head has its name, else it is the configuration."""
        named = _FILE.search(text)
        (self.folder / (named[1] if named else "gateway.yaml")).write_text(text, encoding="utf-8")

    def changes(self, diff: str) -> None:
        """Change a file as a block says: what is kept and taken out stands there once, and nowhere else."""
        first, *lines = diff.splitlines()
        path = self.folder / first.removeprefix("--- ")
        old = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, diff
        path.write_text(text.replace(old, new), encoding="utf-8")
