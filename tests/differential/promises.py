"""The metrics as the slow judge understands them: what starts a promise, in which status it runs, what ends it.

A promise exists whether a rule matches it or not; it counts once a rule has.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.differential.words import duration, mark

NOT_ENDED = ("new", "open", "pending", "on_hold")
RUNS_IN: dict[str, tuple[str, ...]] = {
    "first_reply": NOT_ENDED,
    "next_reply": NOT_ENDED,
    "periodic_update": NOT_ENDED,
    "pausable_update": ("new", "open", "on_hold"),
    "requester_wait": ("new", "open", "on_hold"),
    "agent_work": ("new", "open"),
    "resolution": NOT_ENDED,
    "first_resolution": NOT_ENDED,
    "speed_of_answer": NOT_ENDED,
    "acknowledgement": NOT_ENDED,
    "csat_recovery": (*NOT_ENDED, "ended"),
    "handover_reply": NOT_ENDED,
    "deadline": NOT_ENDED,
}
"""The statuses in which a promise's time counts; `ended` stands for every end."""

METRICS = tuple(RUNS_IN)
ENDED_BY_THE_END = (
    "first_reply", "next_reply", "periodic_update", "pausable_update", "speed_of_answer", "acknowledgement",
    "handover_reply",
)  # fmt: skip
UNTIL_THE_END = ("requester_wait", "agent_work", "resolution", "first_resolution")
MET_BY_THE_END = (*UNTIL_THE_END, "deadline")
ONCE_A_LIFE = ("first_reply", "acknowledgement", "speed_of_answer")
AT_THE_OPENING = (*ONCE_A_LIFE, *UNTIL_THE_END)
GO_ON = ("requester_wait", "agent_work", "resolution")
"""What goes on after a reopen."""

ENDED_BY_A_REPLY = (
    "first_reply", "next_reply", "periodic_update", "pausable_update", "acknowledgement", "csat_recovery",
    "handover_reply",
)  # fmt: skip


FAR = "far"
"""A deadline that lies behind the days that the slow judge knows: the real one must say a later instant, or none."""


@dataclass(eq=False)
class Promise:
    """One obligation of a contact, and what has become of it. Times in milliseconds."""

    metric: str
    start: int
    rule: dict[str, Any] | None = None
    last_rule: dict[str, Any] | None = None
    elapsed: int = 0
    unruled: dict[str, int] = field(default_factory=dict)
    """The open time of each calendar since no rule matches: what would have elapsed by it."""

    warned: set[tuple[str, str]] = field(default_factory=set)
    met: int | None = None
    breached: int | None = None
    cancelled: int | None = None
    due: int | str | None = None
    """The deadline that stood when it was met or breached."""

    over: bool = False
    """Whether it has ended, for good or until a reopen."""

    final: bool = False
    """Whether no reopen lets it go on."""

    target: int = 0
    calendar: str = "always"
    strict: bool = False
    """Whether the deadline itself is late already. These three are those of the rule that it goes or last went by."""

    marks: list[tuple[str, int]] = field(default_factory=list)
    """The warnings of that rule with their elapsed time."""

    until: int | None = None
    """The instant that the vendor demands, of a promise that has one instead of a target."""

    @property
    def limits(self) -> list[int]:
        """Every elapsed time at which something is due."""
        return [self.target, *(elapsed for _, elapsed in self.marks)]

    def runs(self, status: str) -> bool:
        """Whether time counts for it in a status."""
        return not self.over and status in RUNS_IN[self.metric]

    def pass_time(self, length: int, opened: dict[str, bool]) -> None:
        """Let a stretch pass in which every calendar was either open or closed."""
        if self.rule is not None:
            self.elapsed += length * opened[self.calendar]
        else:
            for name, is_open in opened.items():
                self.unruled[name] = self.unruled.get(name, 0) + length * is_open

    def goes_by(self, rule: dict[str, Any] | None, now: int) -> None:
        """Take another rule, or none."""
        if rule is self.rule:
            return
        if rule is None and self.rule is not None:
            self.cancelled = now
            self.unruled = {}
        if rule is not None:
            if self.rule is None:
                self.elapsed += self.unruled.get(rule.get("calendar", "always"), 0)
                self.cancelled = None
            self.last_rule = rule
            self._aim(rule)
            self.calendar = rule.get("calendar", "always")
            self.strict = rule.get("operator") == "lt"
        self.rule = rule

    def demand(self, until: int) -> None:
        """The vendor demands it by another instant than before: of that nobody has been warned."""
        if until != self.until:
            self.until = until
            self.warned.clear()
            if self.rule is not None:
                self._aim(self.rule)

    def _aim(self, rule: dict[str, Any]) -> None:
        self.target = duration(rule["within"]) if self.until is None else max(0, self.until - self.start)
        marks = [(text, mark(text, self.target)) for text in rule.get("warn", [])]
        self.marks = [(text, elapsed) for text, elapsed in marks if elapsed <= self.target]
