"""Random policies and histories for the properties of the rules: coarse in time, so that much falls on one instant."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st

from gateway.model.event import Event, convert_event
from gateway.model.instant import format_instant
from gateway.model.judgement import Escalation, LedgerEntry, State
from gateway.model.words import Metric
from gateway.rules.advance import Judged, advance, continues, in_order
from gateway.rules.announce import announce
from gateway.rules.calendar import ALWAYS, weekly
from gateway.rules.journal import additions
from gateway.rules.metrics import METRICS
from gateway.rules.policy import Chain, EscalationRule, Mark, Policy, Queue, RoutingRule, SeverityRule, SlaRule, Step
from gateway.rules.replay import replay
from gateway.rules.timeline import InForce, Timeline
from tests.rules.worlds import T0, Condition, H, M, policy, sourced, tagged

GRAIN = 15 * M
"""Everything happens on multiples of this."""

END = 16 * H
EVEN = weekly("even", ZoneInfo("UTC"), [[(60 * hour, 60 * hour + 60) for hour in range(1, 24, 2)]] * 7)
TAGS = ("a", "b")
grains = st.integers(0, 20).map(lambda n: n * GRAIN)
short = st.integers(0, 6).map(lambda n: n * GRAIN)
waits = st.integers(1, 6).map(lambda n: n * GRAIN)
deadlines = st.none() | grains.map(lambda at: format_instant(T0 + at))
tag_lists = st.lists(st.sampled_from(TAGS), max_size=2, unique=True)


# ── Policies ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def sla_rules(draw: st.DrawFn, id: str, metrics: tuple[Metric, ...] = tuple(METRICS)) -> SlaRule:
    """A rule for any metric that is judged."""
    metric: Metric = draw(st.sampled_from(metrics))
    own = metric == "deadline"
    target = draw(waits if own else short)
    marks = draw(st.lists(st.integers(0, target // GRAIN), max_size=2, unique=True))
    return SlaRule(
        id=id,
        metric=metric,
        target_ms=None if own else target,
        calendar=ALWAYS if own else draw(st.sampled_from([ALWAYS, EVEN])),
        operator=draw(st.sampled_from(["lt", "le"])),
        marks=tuple(
            Mark(f"{mark * 15}m before", -mark * GRAIN, Fraction(1)) if own else Mark(f"{mark * 15}m", mark * GRAIN)
            for mark in marks
        ),
        bots_count=draw(st.booleans()),
        below=0.5,
    )


@st.composite
def chains(draw: st.DrawFn, id: str) -> Chain:
    """Steps with and without reminders; an acknowledgement may run out."""
    afters = sorted(draw(st.lists(short, min_size=1, max_size=3)))
    steps = tuple(
        Step(after, (f"role-{n}",), draw(st.none() | st.sampled_from([2 * GRAIN, 5 * GRAIN])))
        for n, after in enumerate(afters)
    )
    return Chain(id, draw(st.sampled_from([ALWAYS, EVEN])), steps, draw(st.none() | waits))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Rules that tags and the severity switch on and off."""
    slas = tuple(draw(sla_rules(id=f"sla-{n}")) for n in range(draw(st.integers(1, 5))))
    escalations = tuple(
        EscalationRule(
            f"call-{n}",
            draw(st.sampled_from(["matched", "sla.warned", "sla.breached"])),
            draw(st.sampled_from(["c", "d"])),
        )
        for n in range(draw(st.integers(0, 3)))
    )
    when: dict[str, Condition] = {"urgent": tagged("a"), "desk": lambda facts: facts.severity == 1}
    for id in (*(rule.id for rule in slas), *(rule.id for rule in escalations)):
        condition = draw(st.none() | st.sampled_from([*map(tagged, TAGS), lambda facts: facts.severity != 1]))
        if condition is not None:
            when[id] = condition
    return policy(
        *slas,
        when=when,
        severity=(SeverityRule("urgent", 1),),
        queues=(Queue("general"), Queue("special", "t2", 2)),
        routing=(RoutingRule("desk", "special"), RoutingRule("default", "general")),
        chains=(draw(chains("c")), draw(chains("d"))),
        escalation=escalations,
    )


# ── Histories ────────────────────────────────────────────────────────────────────────────────────────────────────────

authors = st.sampled_from(["customer", "customer", "agent", "agent", "bot", "system"])
Content = dict[str, Any]
openings: st.SearchStrategy[Content] = st.fixed_dictionaries(
    {
        "type": st.just("contact.opened"),
        "kind": st.sampled_from(["ticket", "call"]),
        "channel": st.just("email"),
        "direction": st.sampled_from(["inbound", "inbound", "outbound"]),
    },
    optional={"status": st.sampled_from(["open", "solved"]), "tags": tag_lists, "deadline": deadlines},
)
happenings: st.SearchStrategy[Content] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("message.added"), "author": authors.map(lambda kind: {"kind": kind})},
        optional={"visibility": st.sampled_from(["public", "internal"]), "auto": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("status.changed"),
            "to": st.sampled_from(["new", "open", "pending", "on_hold", "solved", "closed"]),
        }
    ),
    st.fixed_dictionaries(
        {"type": st.just("contact.observed")},
        optional={
            "tags": tag_lists,
            "priority": st.sampled_from(["urgent", None]),
            "status": st.sampled_from(["open", "solved"]),
            "deadline": deadlines,
        },
    ),
    st.sampled_from(
        [
            {"type": "contact.acknowledged", "by": "ada"},
            {"type": "contact.merged", "into": {"kind": "ticket", "id": "2"}},
            {"type": "contact.deleted"},
            {"type": "call.queued"},
            {"type": "call.ringing"},
            {"type": "call.answered"},
            {"type": "call.abandoned"},
            {"type": "message.edited", "message": "m"},
            {"type": "csat.received", "score": 1, "min": 1, "max": 5},
            {"type": "csat.received", "score": 4, "min": 1, "max": 5},
        ]
    ),
)


def placed(content: Content, at: int, id: str, sequence: int = 0) -> Event:
    """An event of the one ticket at `at` milliseconds from T0."""
    return convert_event(
        {
            **content,
            "at": format_instant(T0 + at),
            "ref": {"kind": "ticket", "id": "1"},
            "id": id,
            "sequence": sequence,
        }
    )


@st.composite
def histories(draw: st.DrawFn, rules: Policy) -> list[Event]:
    """An opening and what follows, some before it, some with equal times; what is raised, people take or end."""
    events = [placed(draw(openings), draw(st.sampled_from([0, 0, GRAIN, 4 * GRAIN])), "opened")]
    if draw(st.integers(0, 5)) == 5:
        events.append(placed(draw(openings), draw(grains), "opened-again"))
    for n in range(draw(st.sampled_from(range(13)))):
        # Ids that don't sort as they were made; the source's sequence decides sometimes.
        id = f"{draw(st.sampled_from('xay'))}{n}"
        events.append(placed(draw(happenings), draw(grains), id, draw(st.sampled_from([0, 0, 0, 1]))))
    result = replay(sourced(*events), Timeline.only(rules), T0 + END)
    raised: tuple[Escalation, ...] = result.state.escalations if result.state else ()
    if draw(st.booleans()) and raised:
        chosen = draw(st.sampled_from(raised))
        later = min(chosen.raised_at - T0 + draw(short), END)
        deed = draw(st.sampled_from(["acknowledged", "resolved"]))
        content: Content = {"type": f"escalation.{deed}", "escalation": chosen.id, "by": "ada"}
        events.append(placed(content, later, "taken"))
    return events


@st.composite
def arrivals(draw: st.DrawFn, events: list[Event]) -> list[tuple[int, Event]]:
    """When each event arrives, in milliseconds from T0, in that order: most at once, some late, some much later."""
    late = st.sampled_from([0, 0, 0, GRAIN, 2 * GRAIN, 4 * GRAIN, 20 * GRAIN])
    told = [(int(event.at) - T0 + draw(late), n, event) for n, event in enumerate(draw(st.permutations(events)))]
    return [(at, event) for at, _, event in sorted(told)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Policy, list[Event]]:
    """A policy and a history."""
    rules = draw(policies())
    return rules, draw(histories(rules))


# ── A small engine ───────────────────────────────────────────────────────────────────────────────────────────────────


def stored(state: State | None) -> State | None:
    """The state as it comes back from a store."""
    return None if state is None else msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=State)


@dataclass
class Engine:
    """Takes events as they arrive: goes on where it can, starts again from a checkpoint where it must; keeps a ledger
    of what it said. Policies may come into force on the way."""

    rules: Policy
    live_from: int = 0

    def __post_init__(self) -> None:
        self.in_force = [InForce(0, self.rules)]
        self.journal: dict[str, Event] = {}
        self.state: State | None = None
        self.checkpoints: list[State] = []
        self.ledger: dict[str, LedgerEntry] = {}
        self.effects: list[tuple[str, str]] = []
        self.now = int(T0)
        self.went_on = 0
        self.started_from_checkpoint = 0

    @property
    def policies(self) -> Timeline:
        """What was in force when."""
        return Timeline(self.in_force)

    def follow(self, rules: Policy) -> None:
        """Another policy comes into force a millisecond from now."""
        self.now += 1
        self.in_force.append(InForce(self.now, rules))

    def arrive(self, *events: Event) -> None:
        """New events, or some that are known already."""
        kept, replacing = additions(self.journal, events)
        if not kept:
            return
        touched = min(int(event.at) for id in kept for event in (kept[id], self.journal.get(id)) if event is not None)
        self.journal.update(kept)
        self.now = max(self.now, *(int(event.at) for event in kept.values()))
        fresh = in_order(sourced(*kept.values()))
        if self.state is not None and not replacing and continues(self.state, fresh, self.policies):
            self.went_on += 1
            self._conclude(advance(self.state, fresh, self.policies))
        else:
            self._start_again(touched)

    def wait(self, until: int) -> None:
        """Time passes."""
        self.now = max(self.now, until)
        if self.state is not None:
            self._conclude(advance(self.state, (), self.policies, self.now))

    def _start_again(self, touched: int) -> None:
        happened = max(int(event.at) for event in self.journal.values())
        until = max(happened, self.state.as_of if self.state else 0)
        self.checkpoints = [state for state in self.checkpoints if state.as_of < touched]
        base = self.checkpoints[-1] if self.checkpoints else None
        after = base.as_of if base else 0
        self.started_from_checkpoint += base is not None
        later = sourced(*(event for event in self.journal.values() if event.at > after))
        self._conclude(replay(later, self.policies, until, base), said_after=after)

    def _conclude(self, judged: Judged, *, said_after: int | None = None) -> None:
        self.state = stored(judged.state)
        self.checkpoints += [state for passed in judged.checkpoints if (state := stored(passed))]
        follows = {item.id for item in judged.implied}
        after = END + T0 if said_after is None else said_after
        said = {id: entry for id, entry in self.ledger.items() if entry.at > after or id in follows}
        told = announce(judged.implied, said, self.now, live_from=self.live_from, whole=said_after is not None)
        self.ledger.update({entry.id: entry for entry in told.entries})
        self.effects += [(effect.type, effect.cause) for effect in told.effects]
