"""Commands as tests give them: in this process through `main`, or as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.app import main
from tests.support.source import ROOT


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, its data, and its words."""

    code: int
    out: str
    err: str


def gateway(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ended:
    """Run one command in this process."""
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Ended(code, captured.out, captured.err)


def process(
    *arguments: str | Path, environ: Mapping[str, str] | None = None, stdout: int = subprocess.PIPE
) -> "subprocess.Popen[bytes]":
    """Start one command as a process, with pipes unless its output goes elsewhere."""
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )
