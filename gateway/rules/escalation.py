"""Calls for more people: when one is raised, when its steps are due, and what ends it.

Laws. `triggers` says when one is raised. A step is due when its chain's calendar has been open for `after` since the
raising. Acknowledging stops what is not yet due, for good or until it runs out (`unack_after`) with no event of the
contact since; the contact's end, the met or cancelled clock, or a condition that no longer holds resolves it, and so
does a person: for good, while the clock that raised it goes on.
"""

from msgspec.structs import replace

from gateway.model.event import EscalationAcknowledged, EscalationResolved
from gateway.model.identity import derived_id
from gateway.model.judgement import Call, Clock, Escalation
from gateway.rules import triggers
from gateway.rules.draft import Draft
from gateway.rules.policy import Chain, EscalationRule

REMINDERS_MAX = 1_000
"""A step reminds so often and then falls silent: nobody is helped by more, and a short reminder on a contact of years
ago would never be judged to its end."""


def on_end(draft: Draft, at: int, *, reopened: bool = False) -> None:
    """The contact has ended: every escalation is resolved. A reopen begins a life in which rules may match anew."""
    if reopened:
        draft.triggered_in_life = ()
        return
    for index, escalation in enumerate(draft.escalations):
        if escalation.resolved_at is None:
            _resolve(draft, index, at, "the contact has ended")


def on_acknowledged(draft: Draft, event: EscalationAcknowledged) -> None:
    """Somebody has taken it: steps that are not yet due stay away."""
    for index, escalation in enumerate(draft.escalations):
        if escalation.id == event.escalation and escalation.state == "active":
            at = int(event.at)
            taken = replace(escalation, acknowledged_at=at, acknowledged_by=event.by)
            draft.escalations[index] = _scheduled(draft, taken)
            draft.say(
                "escalation.acknowledged",
                at,
                escalation.id,
                event.id,
                rule=escalation.rule,
                reason=f"acknowledged by {event.by}",
                escalation=escalation.id,
            )


def on_resolved(draft: Draft, event: EscalationResolved) -> None:
    """Somebody has said that it is over. It is raised once for its cause, so nothing brings it back."""
    for index, escalation in enumerate(draft.escalations):
        if escalation.id == event.escalation and escalation.resolved_at is None:
            draft.escalations[index] = replace(escalation, resolved_by=event.by)
            said = f": {event.reason}" if event.reason else ""
            _resolve(draft, index, int(event.at), f"resolved by {event.by}{said}")


def on_event(draft: Draft) -> None:
    """Something has happened: an acknowledgement of before no longer runs out."""
    for index, escalation in enumerate(draft.escalations):
        taken_at = escalation.acknowledged_at
        if taken_at is not None and escalation.next_at is not None and draft.contact.updated_at > taken_at:
            draft.escalations[index] = replace(escalation, next_at=None)


def settle(draft: Draft, at: int) -> bool:
    """At the end of an instant: resolve, raise, and fire the steps that are due. Whether anything happened."""
    before = list(draft.escalations)
    for index, escalation in enumerate(draft.escalations):
        if escalation.resolved_at is None and (why := _resolved_by(draft, escalation)):
            _resolve(draft, index, at, why)
    for rule in draft.policy.escalation:
        for clock in triggers.set_off(draft, "escalation", rule):
            _begin(draft, rule, at, clock)
    for index in range(len(draft.escalations)):
        _fire_due_steps(draft, index, at)
    return draft.escalations != before


def follow_policy(draft: Draft, at: int) -> None:
    """A policy has come into force at `at`: go on by the chains as they are now, without what they would have asked
    for before; what has lost its rule is resolved."""
    rules = {rule.id: rule for rule in draft.policy.escalation}
    for index, escalation in enumerate(draft.escalations):
        if escalation.resolved_at is not None:
            continue
        rule = rules.get(escalation.rule)
        if rule is None:
            _resolve(draft, index, at, "the policy in force no longer has its rule")
            continue
        # What a shorter chain no longer has stays called: a longer one that follows finds it so.
        taken = _scheduled(draft, replace(escalation, chain=rule.chain))
        if taken.next_at is not None and taken.next_at < at:
            taken = _scheduled(draft, replace(taken, resumed_at=at))
        draft.escalations[index] = taken


def _resolved_by(draft: Draft, escalation: Escalation) -> str:
    if escalation.clock is None:
        return "" if f"escalation/{escalation.rule}" in draft.matching else "the condition no longer holds"
    for clock in draft.clocks:
        if (clock.metric, clock.started_by) == escalation.clock:
            if clock.met_at is not None:
                return "the clock has been met"
            return "the clock has been cancelled" if clock.cancelled_at is not None else ""
    return ""


def _resolve(draft: Draft, index: int, at: int, why: str) -> None:
    escalation = replace(draft.escalations[index], resolved_at=at, next_at=None)
    draft.escalations[index] = escalation
    draft.say("escalation.resolved", at, escalation.id, rule=escalation.rule, reason=why, escalation=escalation.id)


def _begin(draft: Draft, rule: EscalationRule, at: int, clock: Clock | None) -> None:
    if clock is None:
        raised_by, reason = None, f"rule {rule.id} matched"
    else:
        raised_by = (clock.metric, clock.started_by)
        word = "breached" if rule.on == "sla.breached" else "close to its deadline"
        reason = f"{clock.metric.replace('_', ' ')} {word} under rule {clock.rule}"
    chain = draft.policy.chains[rule.chain]
    cause = raised_by or ("matched", draft.opened_by)
    id = derived_id("msg", "escalation.raised", draft.owner, rule.id, *cause)
    at_once = bool(chain.steps) and chain.steps[0].after_ms == 0
    escalation = Escalation(
        id=id,
        rule=rule.id,
        chain=chain.id,
        raised_at=at,
        clock=raised_by,
        calls=(Call(at),) if at_once else (),
    )
    draft.escalations.append(_scheduled(draft, escalation))
    draft.say(
        "escalation.raised",
        at,
        *cause,
        rule=rule.id,
        reason=reason,
        roles=chain.steps[0].notify if at_once else (),
        by_policy=triggers.brought_by_policy(draft, at, "escalation", rule.id, clock),
        escalation=id,
        chain=chain.id,
        step=int(at_once),
    )


def _fire_due_steps(draft: Draft, index: int, at: int) -> None:
    """Fire what is due by `at`, one after the other: each firing says when the next one is due."""
    while (escalation := draft.escalations[index]).next_at is not None and escalation.next_at <= at:
        if escalation.acknowledged_at is not None:
            due = escalation.next_at
            resumed = replace(escalation, acknowledged_at=None, acknowledged_by="", resumed_at=due)
            draft.escalations[index] = _scheduled(draft, resumed)
            continue
        chain = draft.policy.chains[escalation.chain]
        due = escalation.next_at
        number = step_at(chain, escalation, due)
        calls = list(escalation.calls)
        if number > len(calls):
            calls.append(Call(due))
        else:
            calls[number - 1] = Call(due, calls[number - 1].reminders + 1)
        again = calls[number - 1].reminders
        draft.escalations[index] = _scheduled(draft, replace(escalation, calls=tuple(calls)))
        draft.say(
            "escalation.stepped",
            due,
            escalation.id,
            number,
            again,
            rule=escalation.rule,
            reason=f"step {number} of chain {chain.id}" + (f", reminder {again}" if again else ""),
            roles=chain.steps[number - 1].notify,
            by_policy=draft.brought_by_policy(due, escalation.id),
            escalation=escalation.id,
            chain=chain.id,
            step=number,
            reminder=again,
        )


def _scheduled(draft: Draft, escalation: Escalation) -> Escalation:
    """The escalation with the instant at which time alone takes it further."""
    chain = draft.policy.chains[escalation.chain]
    taken_at = escalation.acknowledged_at
    if taken_at is not None and chain.unack_after_ms is not None and draft.contact.updated_at <= taken_at:
        return replace(escalation, next_at=chain.calendar.due(taken_at, chain.unack_after_ms))
    if escalation.state != "active":
        return replace(escalation, next_at=None)
    reminders = (_reminder_due(chain, escalation, number) for number in _called(chain, escalation))
    instants = [step_due(chain, escalation, escalation.steps_fired + 1), *reminders]
    return replace(escalation, next_at=min((at for at in instants if at is not None), default=None))


def step_due(chain: Chain, escalation: Escalation, number: int) -> int | None:
    """When a step of the chain, from 1, is due if nothing stops it; None for one that doesn't exist, or never comes."""
    if number > len(chain.steps):
        return None
    due = chain.calendar.due(escalation.raised_at, chain.steps[number - 1].after_ms)
    return due if due is None or escalation.resumed_at is None else max(due, escalation.resumed_at)


def _reminder_due(chain: Chain, escalation: Escalation, number: int) -> int | None:
    """When a step that has fired reminds again; None for one that doesn't, or has fallen silent."""
    call, wait = escalation.calls[number - 1], chain.steps[number - 1].reminder_ms
    if wait is None or call.reminders >= REMINDERS_MAX:
        return None
    return chain.calendar.due(max(call.at, escalation.resumed_at or 0), wait)


def step_at(chain: Chain, escalation: Escalation, at: int) -> int:
    """The first step of the chain that calls, or calls again, at an instant at which one does."""
    for number in _called(chain, escalation):
        if _reminder_due(chain, escalation, number) == at:
            return number
    return escalation.steps_fired + 1


def _called(chain: Chain, escalation: Escalation) -> range:
    """The chain's steps that have fired."""
    return range(1, min(escalation.steps_fired, len(chain.steps)) + 1)
