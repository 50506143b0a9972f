"""`gateway demo`, as a stranger sees it: the story to its end, and nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.demo.story import BREACH_AT_S
from tests.support.source import ROOT

SECONDS = BREACH_AT_S + 8
"""Long enough for the breach, its escalation and the delivery of that."""


@pytest.mark.timeout(150)
def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    """Every line is a JSON object, the last one sums up; an escalation was delivered and verified, no file remains."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "demo", "--for", f"{SECONDS}s", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert {type(line) for line in lines} == {dict}
    assert ["summary" in line for line in lines] == [False] * (len(lines) - 1) + [True]
    summary = lines[-1]["summary"]
    assert summary.keys() == {"contacts", "breaches", "escalations_delivered", "deliveries_verified"}
    assert {type(count) for count in summary.values()} == {int}
    assert min(summary.values()) >= 1
    assert all(line["verified"] for line in lines if "notice" in line)
    assert _told(lines, "sla.breached") <= _told(lines, "escalation.raised") != set()
    assert list(tmp_path.iterdir()) == []


def _told(lines: list[dict[str, object]], type: str) -> set[object]:
    """The contacts that notices of a type were about."""
    return {line["contact"] for line in lines if line.get("notice") == type}
