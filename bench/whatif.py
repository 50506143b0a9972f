"""`gateway policy whatif` over a long history: how long it takes, and what memory all its processes have together.

A database of contacts of 20 events each, judged by the preset orion, is made from a seed. Then the command itself runs
on it: the other preset, and one policy of 100 rules against another one. `python -m bench.whatif --contacts 20000`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import machine, server
from bench.rule_samples import sla_policy
from bench.table import Figure, Measured
from bench.whatif_world import EVENTS, NOW, T0, kept, make
from gateway.model.instant import format_instant
from gateway.policy.presets import preset_text

MEANT: Final = 100_000
"""Contacts of the figure that is to be held."""

SECONDS_MAX, MEMORY_MAX = 180.0, 400.0
LOOK_S: Final = 0.2
RULES: Final = 100
CONFIG: Final = "version: 1\ndatabase: sqlite:///gateway.db\npolicy: preset:orion\nconnectors: {}\n"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: seconds of the clock and of processors, MB at most of all processes together and of each,
    the processors' share that others took, and what it found."""

    seconds: float
    cpu_s: float
    memory_mb: float
    each_mb: tuple[float, ...]
    others: float
    found: dict[str, Any]


def run(folder: Path, *arguments: str) -> Run:
    """Run the command once. Raises SystemExit where it fails."""
    window = ("--since", format_instant(T0), "--until", format_instant(NOW))
    command = [sys.executable, "-m", "gateway", "policy", "whatif", *arguments, *window, "--json", "--contacts", "20"]
    before, busy, used = time.monotonic(), _busy_s(), _children_s()
    with (folder / "found.json").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(server.HERE)}, stdout=out)
        most: dict[int, float] = {}
        together = 0.0
        while process.poll() is None:
            now = {pid: _resident_mb(pid) for pid in _tree(process.pid)}
            together = max(together, sum(now.values()))
            most = {pid: max(most.get(pid, 0.0), now.get(pid, 0.0)) for pid in {*most, *now}}
            time.sleep(LOOK_S)
    if process.returncode:
        raise SystemExit(f"the command ended with {process.returncode}")
    seconds, cpu_s = time.monotonic() - before, _children_s() - used
    others = max(0.0, (_busy_s() - busy - cpu_s) / seconds / len(server.CORES))
    each = tuple(sorted((mb for mb in most.values() if mb > 10), reverse=True))
    return Run(seconds, cpu_s, together, each, others, json.loads((folder / "found.json").read_bytes()))


def rows(folder: Path, contacts: int) -> list[Figure]:
    """The figures of both questions."""
    (folder / "gateway.yaml").write_text(CONFIG)
    many = [folder / f"rules{number}.yaml" for number in range(2)]
    text = sla_policy(RULES)
    many[0].write_text(text)
    many[1].write_text(text.replace("within: 8h", "within: 6h").replace("name: bench", "name: stricter"))
    asked = (
        (f"orion and orion-stars, {contacts:,} contacts", ("preset:orion-stars",)),
        (f"{RULES} rules and {RULES}, {contacts:,} contacts", (str(many[1]), "--against", str(many[0]))),
    )
    found = []
    for number, (what, arguments) in enumerate(asked):
        print(f"bench: {what}", file=sys.stderr)
        found += _figures(what, run(folder, *arguments), contacts, goal=number == 0)
    return found


def _figures(what: str, one: Run, contacts: int, *, goal: bool) -> list[Figure]:
    judged = one.found["contacts"]["judged"]
    if judged != contacts:
        raise SystemExit(f"{judged} of {contacts} contacts were judged")
    scaled = one.seconds * MEANT / contacts
    said = sum(notice["before"] + notice["after"] for notice in one.found["notices"]) / contacts
    per = one.cpu_s * 1e6 / (contacts * EVENTS * 2)
    note = (
        f"{one.cpu_s:,.0f} s of processors, {per:.0f} µs for an event under one policy; others took {one.others:.0%} "
        f"of the processors; {said:.0f} notices follow from a contact under both policies together; "
        f"{one.found['contacts']['differ']:,} contacts differ"
    )
    if contacts != MEANT:
        note += f". {MEANT:,} contacts would take {scaled:,.0f} s at this rate: computed, not measured"
    each = ", ".join(f"{mb:.0f}" for mb in one.each_mb)
    return [
        Figure(
            f"what-if: {what}",
            (one.seconds,),
            "s",
            SECONDS_MAX if goal and contacts == MEANT else None,
            "at most",
            1,
            note,
            noise=one.others,
        ),
        Figure(
            "its memory, all processes together",
            (one.memory_mb,),
            "MB",
            MEMORY_MAX if goal else None,
            "at most",
            0,
            f"resident; what processes share is counted in each. Each at most: {each}",
        ),
    ]


def _tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        try:
            tasks = list(Path(f"/proc/{one}/task").iterdir())
            for task in tasks:
                found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def _children_s() -> float:
    used = os.times()
    return used.children_user + used.children_system


def _busy_s() -> float:
    """Seconds that all processors have worked so far, whoever for."""
    ticks = [int(tick) for tick in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / server.HERTZ


def main() -> None:
    """Make the database, unless one is given; measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.whatif", description=__doc__)
    parser.add_argument("--contacts", type=int, default=MEANT)
    parser.add_argument("--folder", type=Path, help="keeps the database here, and uses the one that is there")
    parser.add_argument("--json", action="store_true", help="every value, instead of the table")
    given = parser.parse_args()
    facts = machine.facts(server.HERE)
    with tempfile.TemporaryDirectory(prefix="bench-whatif-") as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        if not (folder / "gateway.db").exists():
            started = time.monotonic()
            make(folder / "gateway.db", kept(preset_text("orion"), "preset:orion"), given.contacts)
            size = (folder / "gateway.db").stat().st_size >> 20
            print(
                f"bench: {given.contacts:,} contacts in {size:,} MiB, {time.monotonic() - started:.0f} s",
                file=sys.stderr,
            )
        measured = Measured(facts, rows(folder, given.contacts))
    print(json.dumps(measured.values(), indent=2) if given.json else measured.text(), end="")


if __name__ == "__main__":
    main()
