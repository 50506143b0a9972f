"""`gateway demo`, as a stranger sees it: the story to its end, and nothing left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.demo.story import CRM, DESK, THREE_BREACH_AT_S
from gateway.policy.presets import PRESETS
from tests.support.source import ROOT

SECONDS = THREE_BREACH_AT_S + 5
"""Long enough for the last breach, its escalation and the delivery of that."""


@pytest.mark.timeout(150)
def test_the_demo_tells_its_story_under_either_preset(tmp_path: Path) -> None:
    """Every line is a JSON object, the last one sums up, the one before explains the escalation that was delivered
    and verified; no file remains."""
    demos = [_begun(preset, tmp_path) for preset in PRESETS]
    for demo in demos:
        out, err = demo.communicate(timeout=120)
        _has_told(demo.returncode, out, err)
    assert list(tmp_path.iterdir()) == []


def _begun(preset: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "demo", "--preset", preset, "--for", f"{SECONDS}s", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _has_told(code: int, out: str, err: str) -> None:
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert {type(line) for line in lines} == {dict}
    assert ["summary" in line for line in lines] == [False] * (len(lines) - 1) + [True]
    summary = lines[-1]["summary"]
    assert summary.keys() == {"contacts", "breaches", "escalations_delivered", "deliveries_verified"}
    assert {type(count) for count in summary.values()} == {int}
    assert min(summary.values()) >= 1
    assert all(line["verified"] for line in lines if "notice" in line)
    explanation = lines[-2]["explanation"]
    assert explanation["id"] in _told(lines, "sla.breached") & _told(lines, "escalation.raised")
    assert explanation["history"]["told"]
    assert all(clock["counted_s"] == clock["elapsed_s"] for clock in explanation["clocks"])
    assert _told(lines, "sla.breached") <= _told(lines, "escalation.raised") != set()
    _tells_of_the_dispute(lines)
    _tells_of_three(lines)


def _tells_of_the_dispute(lines: list[dict[str, Any]]) -> None:
    """A disputed charge has its severity and its hard deadline; the same customer's late chat says what was paid."""
    opened = [line for line in lines if line.get("notice") == "contact.opened" and line["severity"] == 2]
    deadlines = [clock for line in opened for clock in line["clocks"] if clock["metric"] == "deadline"]
    assert [clock["state"] for clock in deadlines] == ["running"]
    assert deadlines[0]["due_at"].endswith("T23:59:59Z")
    called = [
        line for line in lines if line.get("notice") == "escalation.raised" and line["rule"] == "late-first-reply"
    ]
    known = [facts["known"] for line in called if (facts := line["facts"]["payments"])["status"] == "ok"]
    (vera,) = [one for one in known if one["open_disputes"]]
    assert (vera["payments"], vera["paid"], vera["disputed"], vera["currency"]) == (2, 378.0, 129.0, "EUR")
    assert vera["dispute_due_at"] == deadlines[0]["due_at"]


def _tells_of_three(lines: list[dict[str, Any]]) -> None:
    """One customer's case and ticket of two vendors are due at one instant, that of a third's ticket: one breaks it."""
    ends = {line["ref"]["connector"]: line for line in lines if line.get("notice") in ("sla.met", "sla.breached")}
    kept, broken = ends[CRM], ends[DESK]
    assert (kept["notice"], broken["notice"]) == ("sla.met", "sla.breached")
    same = [line for line in lines if line.get("notice") == "sla.met" and _due(line) == _due(broken)]
    assert {line["ref"]["connector"] for line in same} == {"acme", CRM}
    late = [line["contact"] for line in lines if line.get("rule") == "late-first-reply"]
    assert broken["contact"] in late
    assert not {line["contact"] for line in same} & set(late)


def _due(line: dict[str, Any]) -> str | None:
    """When the first reply is due to the contact of a notice; None where none is promised."""
    return next((clock["due_at"] for clock in line["clocks"] if clock["metric"] == "first_reply"), None)


def _told(lines: list[dict[str, Any]], type: str) -> set[object]:
    """The contacts that notices of a type were about."""
    return {line["contact"] for line in lines if line.get("notice") == type}
