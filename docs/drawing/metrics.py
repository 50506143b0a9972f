"""The picture of the metrics: in which status each runs, and what starts, meets and cancels it.

Where a clock runs and what the end does to it is the table `METRICS`. What starts and meets it is found by trial: for
each metric a contact is judged just before and just after the event in question.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from docs.drawing.svg import MARGIN, WIDTH, Drawing, number, wrapped
from gateway.model.instant import MINUTE_MS, format_instant, parse_instant
from gateway.model.words import ENDED, METRICS, STATUSES, Metric
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import load_policy
from gateway.rules.metrics import METRICS as RULES
from gateway.rules.policy import Policy

Fact = dict[str, Any]

MORE: Final = {"csat_recovery": ", within: 30d, below: 50%", "deadline": ""}
POLICY: Final = """
version: 1
name: trial
queues: {first: {tier: 1}, second: {tier: 2}}
routing:
  - id: hard
    when: contact.tags.exists(t, t == "hard")
    queue: second
  - {id: default, queue: first}
sla:
""" + "\n".join(f"  - {{id: {metric}, metric: {metric}{MORE.get(metric, ', within: 30d')}}}" for metric in METRICS)

OPENED: Final = {"type": "contact.opened", "kind": "call", "channel": "phone", "status": "open"}
REPLY: Final = {"type": "message.added", "author": {"kind": "agent"}}
DEMANDED: Final = {"type": "contact.observed", "deadline": "2026-12-24T09:00:00Z"}
SOLVED: Final = {"type": "status.changed", "to": "solved"}

BEGINNINGS: Final[tuple[tuple[str, tuple[Fact, ...]], ...]] = (
    ("the contact opens", (OPENED,)),
    ("is reopened unanswered", (OPENED, SOLVED, {"type": "status.changed", "to": "open"})),
    ("rings", (OPENED, {"type": "call.ringing"})),
    ("is queued", (OPENED, {"type": "call.queued"})),
    ("each reply", (OPENED, REPLY)),
    ("the customer writes again", (OPENED, REPLY, {"type": "message.added", "author": {"kind": "customer"}})),
    ("a score is bad", (OPENED, {"type": "csat.received", "score": 1, "min": 1, "max": 5})),
    ("the vendor sets a deadline", (OPENED, DEMANDED)),
    ("a higher tier takes over", (OPENED, {"type": "contact.observed", "tags": ["hard"]})),
)
"""What may start a clock: words, and the events that lead there; the last one is it."""

ENDINGS: Final[tuple[tuple[str, Fact], ...]] = (
    ("a reply", REPLY),
    ("an answered call", {"type": "call.answered"}),
    ("an acknowledgement", {"type": "contact.acknowledged", "by": "Ana"}),
    ("the deadline's being taken back", {"type": "contact.observed", "deadline": None}),
)
"""What may meet a clock while its contact goes on."""

START: Final = parse_instant("2026-11-24T09:00:00Z")
NAME_WIDTH: Final = 158
CELL: Final = (WIDTH - 2 * MARGIN - NAME_WIDTH) / len(STATUSES)
TITLE: Final = "Thirteen clocks: where they run, and how they end"
SAID: Final = {
    "runs": "runs",
    "pauses": "pauses",
    "cancels": "cancelled, if not met",
    "meets": "met; goes on after a reopen",
    "meets for good": "met, for good",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A metric: what each status does to its clock, and what starts and meets it."""

    metric: Metric
    cells: dict[str, str]
    starts: tuple[str, ...]
    met_by: tuple[str, ...]

    @property
    def words(self) -> str:
        """The row's second line."""
        met = f"met by {' or '.join(self.met_by)}" if self.met_by else "met by the end"
        said = " or ".join(self.starts)
        return f"starts {'at' if said.startswith('each') else 'when'} {said}; {met}"


def rows() -> list[Row]:
    """Every metric, in the order of the table."""
    policy = load_policy(POLICY, "trial").policy
    return [_row(metric, policy) for metric in RULES]


def drawn() -> str:
    """The picture's file."""
    drawing = Drawing()
    y = drawing.lines(MARGIN, 28, wrapped(TITLE, WIDTH - 2 * MARGIN, 17), "title", 22) + 6
    for index, status in enumerate(STATUSES):
        drawing.text(_left(index) + CELL / 2, y + 16 * (index % 2), status, "small quiet", "middle")
    y += 28
    table = rows()
    for row in table:
        drawing.line(MARGIN, y, WIDTH - MARGIN, y, "rule")
        drawing.text(MARGIN, y + 21, row.metric, "head")
        for index, status in enumerate(STATUSES):
            sign(drawing, _left(index), y + 7, row.cells[status])
        y = drawing.lines(MARGIN, y + 41, wrapped(row.words, WIDTH - 2 * MARGIN, 13), "small quiet", 17) - 5
    drawing.line(MARGIN, y, WIDTH - MARGIN, y, "rule")
    y += 14
    for kind, words in SAID.items():
        sign(drawing, MARGIN, y, kind)
        drawing.text(MARGIN + CELL + 10, y + 14, words, "small")
        y += 24
    description = " ".join(f"{row.metric}: {cells_in_words(row)}; {row.words}." for row in table)
    return drawing.whole(TITLE, description, y + 6)


def cells_in_words(row: Row) -> str:
    """Where the clock runs, pauses and ends."""
    said = []
    for word in dict.fromkeys(row.cells.values()):
        statuses = ", ".join(status for status, cell in row.cells.items() if cell == word)
        said.append(f"{SAID[word].partition(';')[0]}: {statuses}")
    return "; ".join(said)


def sign(drawing: Drawing, x: float, y: float, kind: str) -> None:
    """The sign of one cell."""
    middle, low = x + CELL / 2, y + 9
    if kind == "runs":
        drawing.bar(x, y, CELL, 18, "used")
    elif kind == "pauses":
        for left in (middle - 4, middle + 4):
            drawing.path(f"M{number(left)} {number(low - 5)}v10", "stroke odd")
    elif kind == "cancels":
        drawing.path(
            f"M{number(middle - 5)} {number(low - 5)}l10 10M{number(middle + 5)} {number(low - 5)}l-10 10", "stroke bad"
        )
    else:
        for left in (middle - 10, middle) if kind == "meets for good" else (middle - 5,):
            drawing.path(f"M{number(left)} {number(low)}l4 4.5l6.5 -9", "stroke good")


def _row(metric: Metric, policy: Policy) -> Row:
    rules = RULES[metric]
    cells: dict[str, str] = {}
    for status in STATUSES:
        runs = status in rules.runs_in and (status not in ENDED or rules.end == "leaves")
        cells[status] = "runs" if runs else rules.end if status in ENDED else "pauses"
    begun = [(words, facts) for words, facts in BEGINNINGS if _starts(metric, facts, policy)]
    lead = begun[-1][1]
    met_by = [words for words, fact in ENDINGS if _meets(metric, (*lead, fact), policy)]
    if "a reply" in met_by and "an answered call" in met_by:
        # An answered call is a reply; the page says so once.
        met_by.remove("an answered call")
    return Row(metric, cells, tuple(words for words, _ in begun), tuple(met_by))


def _starts(metric: Metric, facts: Sequence[Fact], policy: Policy) -> bool:
    """Whether the last of the events starts a clock of the metric, or starts it anew."""
    last = format_instant(START + (len(facts) - 1) * MINUTE_MS)
    return any(clock["started_at"] == last for clock in _clocks(metric, facts, policy))


def _meets(metric: Metric, facts: Sequence[Fact], policy: Policy) -> bool:
    last = format_instant(START + (len(facts) - 1) * MINUTE_MS)
    return any(clock["met_at"] == last for clock in _clocks(metric, facts, policy))


def _clocks(metric: Metric, facts: Sequence[Fact], policy: Policy) -> list[Fact]:
    dated = [{**fact, "at": format_instant(START + place * MINUTE_MS)} for place, fact in enumerate(facts)]
    events = read_events(json.dumps(dated).encode())
    view = evaluate(events, policy, START + (len(facts) - 1) * MINUTE_MS).view
    return [clock for clock in view["clocks"] if clock["metric"] == metric]


def _left(index: int) -> float:
    return MARGIN + NAME_WIDTH + index * CELL
