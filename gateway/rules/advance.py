"""Carry a contact through time: events in, and what they and the passing of time imply, out.

Laws. Events come in their own order (`position`), never in that of arrival. At one instant: the policy that comes
into force, events, the route, warnings, breaches, raisings, steps, actions, each in the policy's order; but a clock
with the operator `lt` is breached before the events of its deadline. Time is an event: nothing is due that neither
`next_due` names nor a policy brings. The result depends on the set of events, the policies in force and the instant
asked for, and on nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from msgspec.structs import replace

from gateway.model.event import (
    ContactOpened,
    CsatReceived,
    EscalationAcknowledged,
    EscalationResolved,
    Event,
    position,
)
from gateway.model.identity import StrandKey
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, Escalation, Implied, State
from gateway.model.words import ENDED, Life
from gateway.rules import clocks, escalation, fold, obligations, requests, retiring, succession, verdicts
from gateway.rules.draft import Draft, Witness, draft_of
from gateway.rules.policy import SlaRule
from gateway.rules.timeline import InForce, Timeline

CHECKPOINT_EVENTS = 64
"""After so many events a state is kept for those that come late to start from."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """An event and the connector that it came by."""

    connector: str
    event: Event


@dataclass(frozen=True, slots=True)
class Judged:
    """The state reached, None while no opening is known, and what followed on the way.

    `checkpoints` are states passed through, each to be started from by what happens after its `as_of`; `retired` the
    finished clocks and escalations that the state no longer carries.
    """

    state: State | None
    implied: tuple[Implied, ...]
    checkpoints: tuple[State, ...] = ()
    retired: tuple[Clock | Escalation, ...] = ()


_Due = tuple[int, SlaRule, clocks.Ring]


def in_order(events: Iterable[Sourced]) -> list[Sourced]:
    """Events as they happened: by time, opening first, the source's sequence, then id by code point.

    An id is unique within its connector only; where two connectors use the same one, their names decide.
    """
    return sorted(events, key=lambda sourced: (position(sourced.event), sourced.connector))


def continues(state: State, events: Sequence[Sourced], policies: Timeline) -> bool:
    """Whether the state can simply go on with `events`, in order: they sort behind what it has seen, and no policy has
    come into force in a time that it has been through.

    An event at or before an instant at which time alone did something could have changed that: then the history must
    be judged from an earlier state.
    """
    if events and not (position(events[0].event) > state.position and events[0].event.at > state.settled):
        return False
    change = policies.after(state.policy_since)
    return change is None or change.since > state.as_of


def next_due(state: State) -> int | None:
    """The next instant at which, with no further event and no other policy, anything changes; None if nothing will."""
    return min((at for at in (_next_by_time(state), *state.future) if at is not None), default=None)


def next_change(state: State, policies: Timeline) -> int | None:
    """The next instant at which, with no further event, anything may change: by time, or by another policy."""
    change = policies.after(state.policy_since)
    instants = (next_due(state), None if change is None else change.since)
    return min((at for at in instants if at is not None), default=None)


def advance(
    state: State | None,
    events: Sequence[Sourced],
    policies: Timeline,
    until: int | None = None,
    witness: Witness | None = None,
) -> Judged:
    """Judge `events`, which must be in order and continue `state`, and let time pass up to and including `until`.

    A `witness` is shown every step on the way.
    """
    draft = None if state is None else draft_of(state, policies.at(state.policy_since))
    if draft is not None:
        draft.witness = witness
    checkpoints: list[State] = []
    for at, group in groupby(events, key=lambda sourced: int(sourced.event.at)):
        same_instant = list(group)
        if draft is not None:
            # Never within an instant: what else happens in it could then be added to no checkpoint.
            if draft.events - draft.kept_at_event >= CHECKPOINT_EVENTS and at > draft.position[0]:
                draft.kept_at_event = draft.events
                checkpoints.append(draft.to_state())
            _pass_time(draft, policies, before=at, changes_by=at)
        for sourced in same_instant:
            draft = _apply(draft, sourced, policies.at(at))
            if draft is not None:
                draft.witness = witness
                draft.note(at, sourced.event, sourced.connector)
        if draft is not None:
            _settle(draft, at)
    if draft is None:
        return Judged(None, ())
    if until is not None:
        _pass_time(draft, policies, before=until + 1, changes_by=until)
    return Judged(draft.to_state(), tuple(draft.implied), tuple(checkpoints), tuple(draft.retired))


def _apply(draft: Draft | None, sourced: Sourced, judge: InForce) -> Draft | None:
    event, at = sourced.event, int(sourced.event.at)
    if draft is None:
        return _open(sourced.connector, event, judge) if isinstance(event, ContactOpened) else None
    draft.change = None
    _break_first(draft, at)
    before, clocks_before = draft.contact, list(draft.clocks)
    draft.contact = fold.fold(before, sourced.connector, event)
    draft.position = position(event)
    draft.events += 1
    obligations.on_event(draft, event, before)
    escalation.on_event(draft)
    _say_status(draft, at, event.id, before.status, draft.contact.status)
    if isinstance(event, EscalationAcknowledged):
        escalation.on_acknowledged(draft, event)
    elif isinstance(event, EscalationResolved):
        escalation.on_resolved(draft, event)
    if draft.contact is not before and verdicts.reads_change(draft.policy, before, draft.contact):
        verdicts.judge(draft, at, event.id)
    if isinstance(event, CsatReceived):
        obligations.on_csat(draft, event)
    verdicts.let_rules_count(draft, at)
    draft.schedule(clocks_before)
    if requests.is_other_customer(before, draft.contact):
        requests.ask_enrichers(draft, at, event.id)
    return draft


def _open(connector: str, event: ContactOpened, judge: InForce) -> Draft:
    at = int(event.at)
    draft = Draft(
        policy=judge.policy,
        policy_since=judge.since,
        contact=fold.opened(connector, event),
        opened_by=event.id,
        owner=str(StrandKey(connector, event.ref.kind, event.ref.id)),
        position=position(event),
        settled=at - 1,
    )
    obligations.on_opening(draft, event)
    draft.say("contact.opened", at, event.id, reason=f"{draft.contact.kind} by {draft.contact.channel}")
    verdicts.judge(draft, at, event.id)
    verdicts.let_rules_count(draft, at)
    draft.schedule()
    requests.ask_enrichers(draft, at, event.id)
    return draft


def _say_status(draft: Draft, at: int, cause: str, before: Life, after: Life) -> None:
    if before == after:
        return
    if before in ENDED and after not in ENDED:
        escalation.on_end(draft, at, reopened=True)
        draft.say("contact.reopened", at, cause, reason=f"{after} after {before}")
    elif after in ENDED and before not in ENDED:
        escalation.on_end(draft, at)
    if after in ("solved", "closed"):
        draft.say("contact.solved" if after == "solved" else "contact.closed", at, cause, reason=f"was {before}")


def _next_by_time(contact: State | Draft) -> int | None:
    instants = [clock.next_at for clock in contact.clocks] + [call.next_at for call in contact.escalations]
    return min((at for at in instants if at is not None), default=None)


def _pass_time(draft: Draft, policies: Timeline, *, before: int, changes_by: int) -> None:
    """Let everything happen that time alone brings at instants earlier than `before`, and every policy come into force
    by `changes_by`. At one instant the policy comes first."""
    while True:
        at = _next_by_time(draft)
        change = policies.after(draft.policy_since)
        if change is not None and change.since <= changes_by and (at is None or change.since <= at):
            succession.come_into_force(draft, change)
            draft.note(change.since, change)
            if change.since < before:
                _settle(draft, change.since)
        elif at is None or at >= before:
            return
        else:
            _settle(draft, at)


def _break_first(draft: Draft, at: int) -> None:
    """`lt` means met before the deadline: at the deadline itself the breach comes before the instant's events."""
    rings = [(index, rule, ring) for index, rule, ring in _rings(draft, at) if rule.operator == "lt" and ring.breaks]
    if rings:
        _ring_all(draft, rings)
        draft.settled = at
        draft.note(at, None)


def _settle(draft: Draft, at: int) -> None:
    """The end of an instant: the route, warnings, breaches, raisings, steps, actions."""
    routed = verdicts.say_route(draft, at)
    rings = _rings(draft, at)
    _ring_all(draft, rings)
    stepped = escalation.settle(draft, at)
    if requests.request_actions(draft, at) or stepped or rings or routed:
        draft.settled = at
    draft.note(at, None)
    retiring.retire(draft, at)


def _rings(draft: Draft, at: int) -> list[_Due]:
    """What time does to clocks by `at`, in the policy's order: place of the clock, its rule, and what happens."""
    due = [
        (index, rule, ring)
        for index, clock in enumerate(draft.clocks)
        if clock.next_at is not None
        and clock.next_at <= at
        and (rule := draft.rule_of(clock)) is not None
        and (ring := clocks.next_ring(clock, rule)) is not None
    ]
    if len(due) > 1:
        places = draft.policy.sla_places
        due.sort(key=lambda item: (places[item[1].id], draft.clocks[item[0]].instance))
    return due


def _ring_all(draft: Draft, due: list[_Due]) -> None:
    for index, rule, ring in due:
        _ring(draft, index, rule, ring, warn=True)
    for index, rule, ring in due:
        _ring(draft, index, rule, ring, warn=False)


def _ring(draft: Draft, index: int, rule: SlaRule, ring: clocks.Ring, *, warn: bool) -> None:
    clock = draft.clocks[index]
    by_policy = draft.brought_by_policy(ring.at, (clock.metric, clock.started_by))
    if warn:
        for mark in ring.marks:
            clock = replace(clock, warned=(*clock.warned, clocks.mark_key(rule, mark)))
            due = clocks.deadline(clock, rule)
            draft.say(
                "sla.warned",
                ring.at,
                clock.metric,
                clock.started_by,
                *((clock.moved_by,) if clock.moved_by else ()),
                mark.text,
                rule=rule.id,
                reason=f"{mark.text} of {rule.id} reached" + (f", due {format_instant(due)}" if due else ""),
                by_policy=by_policy,
                metric=clock.metric,
                instance=clock.instance,
                mark=mark.text,
            )
    elif ring.breaks:
        clock = clocks.breach(clock, rule, ring.at)
        draft.say(
            "sla.breached",
            ring.at,
            clock.metric,
            clock.started_by,
            rule=rule.id,
            reason=_broken(clock, ring.at),
            by_policy=by_policy,
            metric=clock.metric,
            instance=clock.instance,
        )
    following = clocks.next_ring(clock, rule)
    draft.clocks[index] = replace(clock, next_at=following.at if following else None)


def _broken(clock: Clock, at: int) -> str:
    if clock.metric == "deadline":
        return f"the deadline came, {format_instant(at)}, and nobody had met it"
    return f"no {clock.metric.replace('_', ' ')} by {format_instant(at)}"
