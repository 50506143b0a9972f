"""Which promises to the customer an event starts, meets, pauses or ends: policy-free but for whose bots count.

Laws. An obligation follows from events alone; a rule may count it from the start, later, or never. None starts while
the contact is ended: what would have, starts at the reopen. An end settles what was waiting before it.
"""

from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.model.event import (
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallQueued,
    CallRinging,
    ContactAcknowledged,
    ContactDeleted,
    ContactMerged,
    Event,
    MessageAdded,
)
from gateway.model.judgement import Clock, Span
from gateway.model.words import ENDED, FINAL, Life, Metric
from gateway.rules import clocks
from gateway.rules.draft import Draft
from gateway.rules.metrics import BEGUN_AGAIN, METRICS, ON_ANY_REPLY, ON_OPENING, ON_REPLY


def on_opening(draft: Draft, event: Event) -> None:
    """Start what an opening starts."""
    for metric in ON_OPENING:
        if metric == "first_reply" and draft.contact.direction == "outbound":
            continue
        _start(draft, metric, int(event.at), event.id)
    _keep_deadline(draft, event, None)


def on_csat(draft: Draft, event: Event) -> None:
    """Start the recovery that a bad answer asks for, under the rule now in force; called after the verdicts."""
    rule = draft.rule_in_force("csat_recovery")
    ratio = draft.contact.csat.ratio
    if rule is None or rule.below is None or ratio >= rule.below:
        return
    if draft.live("csat_recovery") is None:
        reason = f"the answer reached {ratio:.0%} of its scale, below {rule.below:.0%}"
        draft.say("csat.recovery_required", int(event.at), event.id, rule=rule.id, reason=reason)
    _start(draft, "csat_recovery", int(event.at), event.id)


def on_handover(draft: Draft, at: int, cause: str) -> None:
    """The contact has been routed to a higher tier: the people there owe it a reply."""
    _start(draft, "handover_reply", at, cause)


def on_event(draft: Draft, event: Event, contact_before: Contact) -> None:
    """Do what a later event does; `contact_before` is the contact before it."""
    at = int(event.at)
    before, after = contact_before.status, draft.contact.status
    was_ended, is_ended = before in ENDED, after in ENDED
    if is_ended and (not was_ended or isinstance(event, ContactMerged | ContactDeleted)):
        _end(draft, at, after)
    elif was_ended and not is_ended:
        _reopen(draft, event)
    if before != after:
        _let_run(draft, at, after)
    _keep_deadline(draft, event, contact_before.deadline)
    match event:
        case MessageAdded(visibility="public"):
            _on_message(draft, event)
        case CallAnswered():
            _meet(draft, "speed_of_answer", at)
            _on_reply(draft, event, "agent")
        case CallQueued() | CallRinging():
            _begin_waiting(draft, event)
        case CallAbandoned() | CallEnded():
            _cancel(draft, "speed_of_answer", at)
        case ContactAcknowledged():
            draft.acknowledged = True
            for metric, rules in METRICS.items():
                if rules.met_by_ack:
                    _meet(draft, metric, at)


def _on_message(draft: Draft, event: MessageAdded) -> None:
    if event.author.kind == "customer":
        _on_customer_message(draft, event)
    elif event.author.kind in ("agent", "bot") and not event.auto:
        _on_reply(draft, event, event.author.kind)


def _on_customer_message(draft: Draft, event: MessageAdded) -> None:
    at = int(event.at)
    if draft.first_message_at is None:
        draft.first_message_at = at
        if draft.contact.direction == "outbound" and not draft.replied:
            _start(draft, "first_reply", at, event.id)
    if draft.waiting is None:
        draft.waiting = (at, event.id)
        _start_next_reply(draft, at)


def _start_next_reply(draft: Draft, at: int) -> None:
    if draft.waiting is not None and draft.replied:
        since, cause = draft.waiting
        _start(draft, "next_reply", since, cause, now=at)


def _on_reply(draft: Draft, event: Event, author: str) -> None:
    at = int(event.at)
    asked = draft.contact.direction == "inbound" or draft.first_message_at is not None
    if asked and _counts(draft, "first_reply", author):
        draft.replied = True
        _meet(draft, "first_reply", at)
    if _counts(draft, "acknowledgement", author):
        draft.acknowledged = True
        _meet(draft, "acknowledgement", at)
    if _counts(draft, "next_reply", author):
        draft.waiting = None
        _meet(draft, "next_reply", at)
    for metric in ON_ANY_REPLY:
        if _counts(draft, metric, author):
            _meet(draft, metric, at)
    for metric in ON_REPLY:
        if _counts(draft, metric, author):
            _meet(draft, metric, at)
            _start(draft, metric, at, event.id)
    _start_next_reply(draft, at)


def _counts(draft: Draft, metric: Metric, author: str) -> bool:
    """Whether this author's reply counts for the metric: a bot's only where the rule in force says so."""
    if author == "agent":
        return True
    rule = draft.rule_in_force(metric)
    return rule is not None and rule.bots_count


def _keep_deadline(draft: Draft, event: Event, before: int | None) -> None:
    """Let the clock follow the vendor's deadline. One that has passed starts a clock only where it becomes known: at a
    reopen it is nothing that anybody could still keep."""
    due, at = draft.contact.deadline, int(event.at)
    if draft.contact.ended:
        return
    index = draft.live("deadline")
    if due is None:
        _meet(draft, "deadline", at)
    elif index is None:
        if due > at or due != before:
            _start(draft, "deadline", at, event.id)
            draft.clocks[-1] = replace(draft.clocks[-1], until=due)
    elif due != draft.clocks[index].until:
        clock = draft.clocks[index]
        draft.clocks[index] = clocks.move(clock, draft.rule_of(clock), due, at, event.id)


def _begin_waiting(draft: Draft, event: CallQueued | CallRinging) -> None:
    """A call waits from its queue on, or from its ringing where there is no queue: what came before was no wait."""
    index = draft.live("speed_of_answer")
    if index is None or draft.clocks[index].breached_at is not None:
        return
    clock = draft.clocks[index]
    weight = 2 if isinstance(event, CallQueued) else 1
    if draft.wait_weight >= weight:
        return
    draft.wait_weight = weight
    at = int(event.at)
    draft.clocks[index] = replace(clock, started_by=event.id, started_at=at, since=at, elapsed_ms=0, uncounted=())
    # It is the same instance still: what it has raised stays its own.
    before, now = (clock.metric, clock.started_by), (clock.metric, event.id)
    draft.escalations = [
        replace(escalation, clock=now) if escalation.clock == before else escalation for escalation in draft.escalations
    ]


def _start(draft: Draft, metric: Metric, started_at: int, cause: str, now: int | None = None) -> None:
    """Start an obligation, or keep it for the reopen. `now` is later than the start where it was found out late."""
    if METRICS[metric].calls_only and draft.contact.kind != "call":
        return
    if draft.contact.ended and METRICS[metric].end != "leaves":
        draft.pending[metric] = cause
        return
    if draft.live(metric) is not None and not METRICS[metric].each:
        return
    at = started_at if now is None else now
    late = (Span(started_at, at),) if at > started_at else ()
    draft.clocks.append(
        Clock(
            metric=metric,
            started_by=cause,
            started_at=started_at,
            since=at,
            runs=draft.contact.status in METRICS[metric].runs_in,
            uncounted=late,
        )
    )


def _taken(draft: Draft, metric: Metric) -> list[int]:
    """Where the metric's clocks are, to be met or cancelled; what no rule has ever counted leaves without a trace."""
    draft.pending.pop(metric, None)
    if draft.live(metric) is None:
        return []
    taken = [index for index, clock in enumerate(draft.clocks) if clock.metric == metric and not clock.over]
    counted = [index for index in taken if draft.clocks[index].instance]
    if len(counted) == len(taken):
        return taken
    draft.clocks = [clock for clock in draft.clocks if clock.metric != metric or clock.over or clock.instance]
    return _taken(draft, metric)


def _meet(draft: Draft, metric: Metric, at: int) -> None:
    for index in _taken(draft, metric):
        clock = draft.clocks[index]
        met = clocks.meet(clock, draft.rule_of(clock), at)
        draft.clocks[index] = met
        if met.met_at is not None and met.breached_at is None:
            draft.say(
                "sla.met",
                at,
                metric,
                clock.started_by,
                draft.opened_by,
                rule=met.rule,
                reason="the deadline was kept" if metric == "deadline" else f"{metric.replace('_', ' ')} in time",
                metric=metric,
                instance=met.instance,
            )


def _cancel(draft: Draft, metric: Metric, at: int) -> None:
    for index in _taken(draft, metric):
        clock = draft.clocks[index]
        draft.clocks[index] = clocks.cancel(clock, draft.rule_of(clock), at)


def _end(draft: Draft, at: int, life: Life) -> None:
    """Settle what was waiting. Merged or deleted, also after it was solved, nothing that was cancelled goes on."""
    draft.waiting = None
    draft.pending.clear()
    for metric, rules in METRICS.items():
        if life in FINAL or rules.end == "cancels":
            _cancel(draft, metric, at)
        elif rules.end == "meets for good" or (rules.end == "meets" and _attached(draft, metric)):
            _meet(draft, metric, at)
    if life in FINAL:
        draft.frozen = True


def _attached(draft: Draft, metric: Metric) -> bool:
    """Whether a rule counts the metric's clock now; one that none counts only stops, since it may go on later."""
    index = draft.live(metric)
    return index is not None and bool(draft.clocks[index].rule)


def _reopen(draft: Draft, event: Event) -> None:
    at = int(event.at)
    draft.opened_by = event.id
    if not draft.frozen:
        for index, clock in enumerate(draft.clocks):
            if METRICS[clock.metric].end == "meets" and clock.met_at is not None:
                draft.clocks[index] = clocks.go_on(clock, at)
    pending, draft.pending = draft.pending, {}
    for metric in BEGUN_AGAIN:
        given = draft.replied if metric == "first_reply" else draft.acknowledged
        starts = draft.contact.direction == "inbound" or draft.first_message_at is not None
        if not given and (starts or metric != "first_reply"):
            _start(draft, metric, at, event.id)
    for metric, cause in pending.items():
        _start(draft, metric, at, cause)
    if draft.waiting is not None:
        draft.waiting = (at, draft.waiting[1])


def _let_run(draft: Draft, at: int, status: Life) -> None:
    for index, clock in enumerate(draft.clocks):
        if not clock.over:
            runs = status in METRICS[clock.metric].runs_in
            draft.clocks[index] = clocks.set_running(clock, draft.rule_of(clock), runs, at)
