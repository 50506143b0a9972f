"""What the pages show of a contact, as plain values made from what is stored. Pure; the templates add the looks."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.kernel.outbox import WAITING_COUNT_MAX
from gateway.kernel.store import ContactRow, EndpointRow
from gateway.kernel.values import judge_of
from gateway.model.contact import Contact
from gateway.model.judgement import Clock, Escalation, State
from gateway.model.words import Metric
from gateway.rules import clocks
from gateway.rules.breaker import Health, Standing
from gateway.rules.card import CardCall, CardDue, card_of
from gateway.rules.escalation import step_due
from gateway.rules.policy import Policy
from gateway.rules.timeline import Timeline
from gateway.rules.view import clocks_in_order
from gateway.web.pages.bars import Bar, bar_of

UNTITLED = "(no subject)"
STANDINGS: tuple[Standing | Literal["unknown"], ...] = ("disabled", "open", "paused", "failing", "unknown", "ok")
"""States of endpoints, the gravest first."""


@dataclass(frozen=True, slots=True)
class Line:
    """A contact in the list. `due` is its first deadline; `then` the next one, where the first is breached."""

    id: str
    subject: str
    refs: str
    kind: str
    channel: str
    severity: int
    queue: str
    status: str
    due: CardDue | None
    then: CardDue | None
    paused: bool
    calls: tuple[CardCall, ...]


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """An endpoint. `state` is `unknown` for one that the configuration doesn't have any more; `sent` is the number of
    its last notice."""

    name: str
    state: Standing | Literal["unknown"]
    health: Health
    sent: int
    waiting: str
    oldest: int | None
    last_error: str


@dataclass(frozen=True, slots=True)
class ShownClock:
    """A clock with its drawing. All instants are milliseconds since the epoch, lengths milliseconds."""

    clock: Clock
    rule: str
    due: int | None
    target: int
    elapsed: int
    calendar: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of a chain: whom it calls, and what has become of it; `at` where it is still to come."""

    number: int
    after: int
    notify: tuple[str, ...]
    state: Literal["fired", "next", "to come", "stopped"]
    at: int | None


@dataclass(frozen=True, slots=True)
class ShownEscalation:
    """An escalation with every step of its chain."""

    escalation: Escalation
    steps: tuple[ShownStep, ...]


def endpoints(rows: Sequence[EndpointRow], configured: Collection[str], now: int) -> list[ShownEndpoint]:
    """Every endpoint: what needs a person first, then by name."""
    made = [
        ShownEndpoint(
            row.name,
            row.health.standing(now) if row.name in configured else "unknown",
            row.health,
            row.sequence,
            f"{row.waiting}+" if row.waiting >= WAITING_COUNT_MAX else str(row.waiting),
            row.oldest_waiting_at,
            row.last_error or "",
        )
        for row in rows
    ]
    return sorted(made, key=lambda endpoint: (STANDINGS.index(endpoint.state), endpoint.name))


def lines(rows: Sequence[ContactRow], policies: Timeline) -> list[Line]:
    """The contacts by what breaches next: what is breached already first, the longest ago before all."""
    shown = [_line(row, row.state, judge_of(row, policies)) for row in rows if row.state is not None]
    return sorted(shown, key=lambda line: (line.due is None, line.due.at if line.due else 0, line.severity, line.id))


def shown_clocks(state: State, policy: Policy, now: int) -> list[ShownClock]:
    """Every clock that a rule has counted, in the policy's order of rules."""
    return [_shown_clock(clock, policy, now) for clock in clocks_in_order(state, policy)]


def earlier_clocks(state: State) -> dict[Metric, int]:
    """How many finished clocks of each metric the state no longer carries."""
    carried = Counter(clock.metric for clock in state.clocks if clock.instance)
    return {metric: count - carried[metric] for metric, count in state.instances.items() if count > carried[metric]}


def shown_escalations(state: State, policy: Policy) -> list[ShownEscalation]:
    """Every escalation, the latest first."""
    latest = sorted(state.escalations, key=lambda escalation: -escalation.raised_at)
    return [ShownEscalation(escalation, _steps(escalation, policy)) for escalation in latest]


def ref_words(contact: Contact) -> str:
    """The vendors' objects behind a contact, as commands take them."""
    return ", ".join(f"{strand.connector}:{strand.ref.kind}:{strand.ref.id}" for strand in contact.strands)


def _line(row: ContactRow, state: State, policy: Policy) -> Line:
    card = card_of(state, policy)
    return Line(
        id=row.id,
        subject=card.subject or UNTITLED,
        refs=ref_words(state.contact),
        kind=card.kind,
        channel=card.channel,
        severity=card.severity,
        queue=card.queue,
        status=card.status,
        due=card.due,
        then=card.then,
        paused=card.paused,
        calls=card.calls,
    )


def _shown_clock(clock: Clock, policy: Policy, now: int) -> ShownClock:
    counting, shown = policy.sla_by_id.get(clock.rule), policy.sla_by_id.get(clock.last_rule)
    due = clocks.due_to_show(clock, counting)
    return ShownClock(
        clock=clock,
        rule=clock.last_rule,
        due=due,
        target=clock.target_ms,
        elapsed=clocks.counted(clock, counting, now),
        calendar=clock.calendar,
        bar=bar_of(clock, shown, due, now),
    )


def _steps(escalation: Escalation, policy: Policy) -> tuple[ShownStep, ...]:
    chain = policy.chains.get(escalation.chain)
    if chain is None:
        return ()
    steps: list[ShownStep] = []
    for number, step in enumerate(chain.steps, 1):
        state: Literal["fired", "next", "to come", "stopped"]
        at = None
        if number <= escalation.steps_fired:
            state = "fired"
        elif escalation.state == "active":
            state = "next" if number == escalation.steps_fired + 1 else "to come"
            at = step_due(chain, escalation, number)
        else:
            state = "stopped"
        steps.append(ShownStep(number, step.after_ms, step.notify, state, at))
    return tuple(steps)
