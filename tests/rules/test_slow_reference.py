"""A second, deliberately naive judge of clocks, which looks at every minute, compared with the real one.

It knows four metrics, one rule each, and nothing of time but minutes: it walks from the opening to the end, applies
what happened in a minute, and adds one to whatever runs in an open hour. It shares no code with the rules.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.event import Event
from gateway.rules.calendar import ALWAYS, Calendar, weekly
from gateway.rules.policy import SlaRule
from tests.rules.worlds import M, event, lines, opening, policy

MINUTES = 600
ENDED = ("solved", "closed")
HALF_HOURS = weekly("half hours", ZoneInfo("UTC"), [[(60 * hour, 60 * hour + 30) for hour in range(24)]] * 7)
METRICS = ("first_reply", "next_reply", "resolution", "agent_work")


@dataclass
class Naive:
    """One clock of the naive judge, in minutes from the opening."""

    metric: str
    instance: int
    start: int
    used: int = 0
    met: int | None = None
    breached: int | None = None
    cancelled: int | None = None

    @property
    def over(self) -> bool:
        """Whether it neither runs nor is paused."""
        return self.met is not None or self.cancelled is not None


@dataclass(frozen=True)
class Rule:
    """A target in minutes, whether only the first half of each hour counts, and whether the deadline itself is late."""

    target: int
    half_hours: bool
    strict: bool


class NaiveJudge:
    """Walks through a contact minute by minute."""

    def __init__(self, rules: dict[str, Rule]) -> None:
        self.rules = rules
        self.clocks: list[Naive] = []
        self.status = "new"
        self.replied = False
        self.asked_in_end = False
        self.asked = False

    def start(self, metric: str, minute: int) -> None:
        """Begin the next instance of a metric that has a rule."""
        if metric in self.rules:
            count = sum(clock.metric == metric for clock in self.clocks)
            self.clocks.append(Naive(metric, count + 1, minute))

    def live(self, metric: str) -> Naive | None:
        """The clock of a metric that is not over."""
        return next((clock for clock in self.clocks if clock.metric == metric and not clock.over), None)

    def reply(self, minute: int) -> None:
        """An agent writes to the customer."""
        for metric in ("first_reply", "next_reply"):
            if clock := self.live(metric):
                clock.met = minute
        self.replied = True
        self.asked = self.asked_in_end = False

    def ask(self, minute: int) -> None:
        """The customer writes."""
        if self.status in ENDED:
            self.asked_in_end = True
        elif self.replied and not self.asked:
            self.start("next_reply", minute)
        self.asked = True

    def change(self, minute: int, status: str) -> None:
        """The status changes."""
        before, self.status = self.status, status
        if status in ENDED and before not in ENDED:
            self.asked = self.asked_in_end = False
            for clock in self.clocks:
                if not clock.over and clock.metric in ("first_reply", "next_reply"):
                    clock.cancelled = minute
                elif not clock.over:
                    clock.met = minute
        elif before in ENDED and status not in ENDED:
            for clock in self.clocks:
                if clock.metric in ("resolution", "agent_work"):
                    clock.met = None
            if not self.replied:
                self.start("first_reply", minute)
            elif self.asked_in_end:
                self.start("next_reply", minute)
            self.asked_in_end = False

    def late(self, minute: int, strict: bool) -> None:
        """Whatever has used its target up is breached."""
        for clock in self.clocks:
            rule = self.rules[clock.metric]
            if not clock.over and clock.breached is None and rule.strict is strict and clock.used >= rule.target:
                clock.breached = minute

    def tick(self, minute: int) -> None:
        """A minute passes."""
        for clock in self.clocks:
            paused = clock.metric == "agent_work" and self.status in ("pending", "on_hold")
            closed = self.rules[clock.metric].half_hours and minute % 60 >= 30
            if not clock.over and not paused and not closed:
                clock.used += 1

    def judge(self, happened: list[tuple[int, str]], until: int) -> set[str]:
        """Every clock as a line, as far as minutes tell."""
        for metric in ("first_reply", "resolution", "agent_work"):
            self.start(metric, 0)
        for minute in range(until + 1):
            for at, what in happened:
                if at == minute:
                    self.late(minute, strict=True)
                    if what == "reply":
                        self.reply(minute)
                    elif what == "ask":
                        self.ask(minute)
                    else:
                        self.change(minute, what)
            self.late(minute, strict=True)
            self.late(minute, strict=False)
            if minute < until:
                self.tick(minute)
        return {self.line(clock) for clock in self.clocks}

    def line(self, clock: Naive) -> str:
        """The clock in the words of the tests' listing, without its deadline."""
        paused = clock.metric == "agent_work" and self.status in ("pending", "on_hold")
        state = "paused" if paused else "running"
        for word, at in (("met", clock.met), ("cancelled", clock.cancelled), ("breached", clock.breached)):
            state = word if at is not None else state
        words = [f"{clock.metric}#{clock.instance}", state, f"from {clock.start}"]
        for word, at in (("met", clock.met), ("breached", clock.breached), ("cancelled", clock.cancelled)):
            words += [f"{word} {at}"] if at is not None else []
        return " ".join([*words, f"used {clock.used}/{self.rules[clock.metric].target}"])


def without_deadline(line: str) -> str:
    """A line of the listing without its deadline."""
    words = line.split()
    if "due" in words:
        place = words.index("due")
        del words[place : place + 2]
    return " ".join(words)


def as_event(number: int, minute: int, what: str) -> Event:
    """What happened, as an event; the source's sequence keeps the order in a minute."""
    if what in ("reply", "ask"):
        author = {"kind": "agent" if what == "reply" else "customer"}
        return event("message.added", minute * M, id=f"e{number}", sequence=number, author=author)
    return event("status.changed", minute * M, id=f"e{number}", sequence=number, to=what)


rules = st.builds(Rule, st.integers(1, 90), st.booleans(), st.booleans())
words = st.sampled_from(["reply", "ask", "new", "open", "pending", "on_hold", "solved", "closed"])
minutes = st.integers(0, MINUTES) | st.integers(0, 40).map(lambda n: n * 15)


@settings(max_examples=settings().max_examples * 3)
@given(
    st.dictionaries(st.sampled_from(METRICS), rules, min_size=1),
    st.lists(st.tuples(minutes, words), max_size=12).map(lambda happened: sorted(happened, key=lambda item: item[0])),
    minutes,
)
def test_looking_at_every_minute_gives_the_same_clocks(
    chosen: dict[str, Rule], happened: list[tuple[int, str]], until: int
) -> None:
    """Starts, pauses, ends, breaches and elapsed time of all clocks agree with the walk through the minutes."""

    def calendar(rule: Rule) -> Calendar:
        return HALF_HOURS if rule.half_hours else ALWAYS

    real = policy(
        *(
            SlaRule(metric, metric, rule.target * M, calendar(rule), "lt" if rule.strict else "le")  # type: ignore[arg-type]
            for metric, rule in chosen.items()
        )
    )
    events = [as_event(number, minute, what) for number, (minute, what) in enumerate(happened)]
    told = {without_deadline(line) for line in lines(real, until * M, opening(), *events)}
    assert told == NaiveJudge(chosen).judge(happened, until)
