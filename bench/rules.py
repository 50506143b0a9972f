"""How fast a policy judges, beside a hand-written Python function of the same conditions, and how fast it loads.

Everything runs in one process on one core, in rounds that take turns; `policy eval` is a process of its own. Rates are
per second of processor time, so that a busy machine disturbs them little. `python -m bench.rules --help`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.long_policy import long_policy
from bench.rule_samples import T0, conditions, conversation, history, message, opening, retagged, sla_policy
from gateway.kernel.yaml_nodes import read_nodes
from gateway.model.contact import Contact, Facts
from gateway.model.event import encode_event
from gateway.model.instant import DAY_MS, HOUR_MS
from gateway.model.judgement import State
from gateway.policy.load import load_policy
from gateway.rules.advance import Sourced, advance
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline

RULES = (20, 100)
PARTS = ("events", "replay", "long", "load", "process")
PIECE = 500
"""Messages of the long contact that are judged in one call while it is built."""


@dataclass(frozen=True)
class Row:
    """One thing measured: `unit` of its values, one a round; what it stands beside, and what it must reach."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)
    beside: str = ""
    target: float | None = None

    @property
    def median(self) -> float:
        """Of all rounds."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached: a rate is at least it, a duration below it. None without a target."""
        if self.target is None:
            return None
        return self.median >= self.target if self.unit == "/s" else self.median < self.target


@dataclass(frozen=True)
class Task:
    """A row of the table and the work that fills it, once a round."""

    row: Row
    measure: Callable[[], float]


def judge(state: State | None, events: Sequence[Sourced], policies: Timeline) -> State:
    """Carry a contact on by events: the one place that knows how the rules are called."""
    reached = advance(state, events, policies).state
    assert reached is not None
    return reached


def judge_all(events: Sequence[Sourced], policies: Timeline) -> None:
    """Judge a whole history from nothing, and a day more: the other place that knows how the rules are called."""
    replay(events, policies, int(events[-1].event.at) + DAY_MS)


def per_second(work: Callable[[], object], seconds: float) -> float:
    """How often `work` is done in a second of this process's time."""
    done, batch = 0, 1
    started = time.process_time()
    while True:
        for _ in range(batch):
            work()
        done += batch
        spent = time.process_time() - started
        if spent >= seconds:
            return done / spent
        batch = max(1, min(done, int(done / max(spent, 1e-6) * (seconds - spent) / 4)))


def rate(row: Row, work: Callable[[], object], seconds: float) -> Task:
    """The task that measures how often `work` is done in a second."""
    return Task(row, lambda: per_second(work, seconds))


def in_turn(state: State, events: Sequence[Sourced], policies: Timeline) -> Callable[[], object]:
    """Work that judges one of the events on the same state, the next one each time."""
    turn = 0

    def work() -> object:
        nonlocal turn
        turn = (turn + 1) % len(events)
        return judge(state, (events[turn],), policies)

    return work


def by_hand(count: int) -> Callable[[Contact], list[bool]]:
    """The function that somebody would have written: every condition of the policy, in Python."""
    functions = [holds for _, holds in conditions(count)]
    return lambda contact: [holds(contact) for holds in functions]


def agree(policy: Policy, state: State, rules: int) -> None:
    """Stop the bench if the policy and the function don't say the same: then it would compare two different things."""
    facts = Facts(contact=state.contact, severity=state.severity)
    matched = policy.matcher.verdict("sla", facts).matched[:rules]
    if list(matched) != by_hand(rules)(state.contact):
        raise SystemExit("the policy and the hand-written function disagree")


def event_tasks(rules: int, seconds: float) -> list[Task]:
    """One event on a contact: one that no condition reads, one that most read, and the function alone."""
    policy = load_policy(sla_policy(rules), "bench.yaml").policy
    policies = Timeline.only(policy)
    state = judge(None, (opening(), message(HOUR_MS, "agent")), policies)
    agree(policy, state, rules)
    agree(policy, judge(state, (retagged(2 * HOUR_MS, 1),), policies), rules)
    messages = [message(2 * HOUR_MS + n, "customer") for n in range(100)]
    changes = [retagged(2 * HOUR_MS + n, n) for n in range(100)]
    hand = by_hand(rules)
    name = f"{rules} rules: the conditions by hand"
    unread = Row(f"{rules} rules: an event that no condition reads", "/s", beside=name, target=5_000)
    read = Row(f"{rules} rules: an event that changes tags and priority", "/s", beside=name, target=5_000)
    return [
        rate(Row(name, "/s"), lambda: hand(state.contact), seconds),
        rate(unread, in_turn(state, messages, policies), seconds),
        rate(read, in_turn(state, changes, policies), seconds),
    ]


def replay_tasks(rules: int, seconds: float) -> list[Task]:
    """A contact of twenty events, judged from nothing."""
    policies = Timeline.only(load_policy(sla_policy(rules), "bench.yaml").policy)
    events = history()
    contact, hand = judge(None, events, policies).contact, by_hand(rules)
    name = f"{rules} rules: the conditions by hand, {len(events)} times"
    row = Row(f"{rules} rules: {len(events)} events from scratch", "/s", beside=name, target=700)
    return [
        rate(Row(name, "/s"), lambda: [hand(contact) for _ in events], seconds),
        rate(row, lambda: judge_all(events, policies), seconds),
    ]


def long_contact_tasks(messages: int, seconds: float) -> list[Task]:
    """The next event on a short contact and on a long one."""
    policies = Timeline.only(load_policy(sla_policy(RULES[0]), "bench.yaml").policy)
    tasks: list[Task] = []
    first = ""
    for count in (10, messages):
        state = _after(conversation(count), policies)
        end = state.position[0]
        nexts = [message(end - T0 + 1 + n, "customer") for n in range(100)]
        row = Row(f"the next event after {count:,} messages", "/s", beside=first)
        first = first or row.name
        tasks.append(rate(row, in_turn(state, nexts, policies), seconds))
    return tasks


def _after(events: Sequence[Sourced], policies: Timeline) -> State:
    state = judge(None, events[:1], policies)
    for start in range(1, len(events), PIECE):
        state = judge(state, events[start : start + PIECE], policies)
    return state


def load_tasks(lines: int) -> list[Task]:
    """Reading, checking and compiling a long policy, beside reading its YAML alone."""
    text = long_policy(lines)
    named = f"{text.count(chr(10)):,} lines"
    alone = Row(f"{named}: read as YAML alone", "s")
    whole = Row(f"{named}: loaded and checked", "s", beside=alone.name, target=1.0)
    return [
        Task(alone, lambda: _spent(lambda: read_nodes(text, "long.yaml"))),
        Task(whole, lambda: _spent(lambda: load_policy(text, "long.yaml"))),
    ]


def _spent(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def process_tasks(folder: Path) -> list[Task]:
    """`policy eval` as people run it, beside an interpreter that does nothing."""
    policy, events = folder / "policy.yaml", folder / "events.json"
    policy.write_text(sla_policy(RULES[0]))
    events.write_bytes(b"[" + b",".join(encode_event(sourced.event) for sourced in history()) + b"]")
    words = ["policy", "eval", "--policy", str(policy), "--events", str(events), "--at", "2026-03-03T09:00:00Z"]
    command = [sys.executable, "-m", "gateway", *words]
    bare = Row("an interpreter that does nothing, wall", "s")
    name = f"policy eval of {RULES[0]} rules and 20 events"
    return [
        Task(bare, lambda: _ran([sys.executable, "-c", "pass"])),
        Task(Row(f"{name}, wall", "s", beside=bare.name, target=0.6), lambda: _ran(command)),
        Task(Row(f"{name}, processor", "s"), lambda: _burnt(command)),
    ]


def _ran(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _burnt(command: Sequence[str]) -> float:
    before = os.times()
    _ran(command)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def table(rows: Sequence[Row]) -> str:
    """The rows with their medians, spreads, ratios and targets, in words."""
    medians = {row.name: row.median for row in rows}
    lines = [f"{'':<52} {'median':>12} {'spread':>21} {'beside':>8}  target"]
    for row in rows:
        spread = f"{_number(min(row.values))} to {_number(max(row.values))}"
        ratio = f"{row.median / medians[row.beside]:.3f}" if row.beside else ""
        line = f"{row.name:<52} {_number(row.median) + row.unit:>12} {spread:>21} {ratio:>8}  {_target(row)}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.3f}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    wanted = f">= {row.target:,.0f}/s" if row.unit == "/s" else f"< {row.target:g}s"
    return f"{wanted} {'met' if row.met else 'MISSED'}"


def as_json(rows: Sequence[Row]) -> str:
    """The rows for a program."""
    medians = {row.name: row.median for row in rows}
    return json.dumps(
        [
            {
                "name": row.name,
                "unit": row.unit,
                "median": row.median,
                "values": row.values,
                "beside": row.beside or None,
                "ratio": row.median / medians[row.beside] if row.beside else None,
                "target": row.target,
                "met": row.met,
            }
            for row in rows
        ],
        indent=2,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.3, help="processor time of each measurement in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=100_000, help="messages of the long contact")
    parser.add_argument("--lines", type=int, default=3_000, help="lines of the long policy")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="the parts to measure")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    options = parser.parse_args()
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        parts: dict[str, Callable[[], list[Task]]] = {
            "events": lambda: [task for rules in RULES for task in event_tasks(rules, options.seconds)],
            "replay": lambda: [task for rules in RULES for task in replay_tasks(rules, options.seconds)],
            "long": lambda: long_contact_tasks(options.messages, options.seconds),
            "load": lambda: load_tasks(options.lines),
            "process": lambda: process_tasks(Path(folder)),
        }
        tasks = [task for part in options.only for task in parts[part]()]
        for number in range(options.rounds):
            for task in tasks:
                task.row.values.append(task.measure())
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    rows = [task.row for task in tasks]
    print(as_json(rows) if options.json else table(rows))


if __name__ == "__main__":
    main()
