"""Calls for more people: when one is raised, when its steps are due, and what ends it.

Laws. Once for a rule and a clock's instance, or once in a life of the contact where the rule itself matches. A step is
due when its chain's calendar has been open for `after` since the raising. Acknowledging stops what is not yet due, for
good or until it runs out (`unack_after`) with no event of the contact since; the contact's end, the met or cancelled
clock, or a condition that no longer holds resolves it. While the contact is ended nothing is raised by matching alone;
a clock that runs then may still raise.
"""

from msgspec.structs import replace

from gateway.model.event import EscalationAcknowledged
from gateway.model.identity import derived_id
from gateway.model.judgement import Clock, Escalation
from gateway.rules.draft import Draft
from gateway.rules.policy import Chain, EscalationRule

REMINDERS_MAX = 1_000
"""A step reminds so often and then falls silent: nobody is helped by more, and a short reminder on a contact of years
ago would never be judged to its end."""


def on_end(draft: Draft, at: int, *, reopened: bool = False) -> None:
    """The contact has ended: every escalation is resolved. A reopen begins a life in which rules may match anew."""
    if reopened:
        draft.raised_in_life = ()
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


def settle(draft: Draft, at: int) -> bool:
    """At the end of an instant: resolve, raise, and fire the steps that are due. Whether anything happened."""
    before = list(draft.escalations)
    for index, escalation in enumerate(draft.escalations):
        if escalation.resolved_at is None and (why := _resolved_by(draft, escalation)):
            _resolve(draft, index, at, why)
    for rule in draft.policy.escalation:
        if rule.id in draft.matching:
            _raise(draft, rule, at)
    for index in range(len(draft.escalations)):
        _fire_due_steps(draft, index, at)
    return draft.escalations != before


def _resolved_by(draft: Draft, escalation: Escalation) -> str:
    if escalation.clock is None:
        return "" if escalation.rule in draft.matching else "the condition no longer holds"
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


def _raise(draft: Draft, rule: EscalationRule, at: int) -> None:
    if rule.on == "matched":
        if rule.id not in draft.raised_in_life and not draft.contact.ended:
            draft.raised_in_life = (*draft.raised_in_life, rule.id)
            _begin(draft, rule, at, None, f"rule {rule.id} matched")
        return
    place = {sla.id: index for index, sla in enumerate(draft.policy.sla)}
    raised = {(escalation.rule, escalation.clock) for escalation in draft.escalations}
    for clock in sorted(draft.clocks, key=lambda clock: (place.get(clock.rule, -1), clock.instance)):
        key = (clock.metric, clock.started_by)
        if _triggers(rule, clock) and (rule.id, key) not in raised:
            word = "breached" if rule.on == "sla.breached" else "close to its deadline"
            _begin(draft, rule, at, key, f"{clock.metric.replace('_', ' ')} {word} under rule {clock.rule}")


def _triggers(rule: EscalationRule, clock: Clock) -> bool:
    if clock.met_at is not None or clock.cancelled_at is not None:
        return False
    if rule.metric is not None and rule.metric != clock.metric:
        return False
    return clock.breached_at is not None if rule.on == "sla.breached" else bool(clock.warned)


def _begin(draft: Draft, rule: EscalationRule, at: int, clock: tuple[str, str] | None, reason: str) -> None:
    chain = draft.policy.chains[rule.chain]
    cause = clock if clock is not None else ("matched", draft.opened_by)
    id = derived_id("msg", "escalation.raised", draft.owner, rule.id, *cause)
    at_once = bool(chain.steps) and chain.steps[0].after_ms == 0
    escalation = Escalation(
        id=id,
        rule=rule.id,
        chain=chain.id,
        raised_at=at,
        clock=clock,
        steps_fired=int(at_once),
        last_fired_at=at if at_once else None,
    )
    draft.escalations.append(_scheduled(draft, escalation))
    draft.say(
        "escalation.raised",
        at,
        *cause,
        rule=rule.id,
        reason=reason,
        roles=chain.steps[0].notify if at_once else (),
        escalation=id,
        chain=chain.id,
        step=int(at_once),
    )


def _fire_due_steps(draft: Draft, index: int, at: int) -> None:
    """Fire what is due by `at`, one after the other: each firing says when the next one is due."""
    while (escalation := draft.escalations[index]).next_at is not None and escalation.next_at <= at:
        if escalation.acknowledged_at is not None:
            draft.escalations[index] = _run_out(draft, escalation, escalation.acknowledged_at, escalation.next_at)
            continue
        chain = draft.policy.chains[escalation.chain]
        due = escalation.next_at
        if due == step_due(chain, escalation, escalation.steps_fired + 1):
            number, again = escalation.steps_fired + 1, 0
        else:
            number, again = escalation.steps_fired, escalation.reminders + 1
        fired = replace(escalation, steps_fired=number, last_fired_at=due, reminders=again)
        draft.escalations[index] = _scheduled(draft, fired)
        draft.say(
            "escalation.stepped",
            due,
            escalation.id,
            number,
            again,
            rule=escalation.rule,
            reason=f"step {number} of chain {chain.id}" + (f", reminder {again}" if again else ""),
            roles=chain.steps[number - 1].notify,
            escalation=escalation.id,
            chain=chain.id,
            step=number,
            reminder=again,
        )


def _run_out(draft: Draft, escalation: Escalation, acknowledged_at: int, at: int) -> Escalation:
    """The acknowledgement's time is over: go on with the next step, unless something has happened since."""
    if draft.contact.updated_at > acknowledged_at:
        return replace(escalation, next_at=None)
    return _scheduled(draft, replace(escalation, acknowledged_at=None, acknowledged_by="", resumed_at=at))


def _scheduled(draft: Draft, escalation: Escalation) -> Escalation:
    """The escalation with the instant at which time alone takes it further."""
    chain = draft.policy.chains[escalation.chain]
    if escalation.acknowledged_at is not None and chain.unack_after_ms is not None:
        return replace(escalation, next_at=chain.calendar.due(escalation.acknowledged_at, chain.unack_after_ms))
    if escalation.state != "active":
        return replace(escalation, next_at=None)
    instants = [step_due(chain, escalation, escalation.steps_fired + 1), _reminder_due(chain, escalation)]
    return replace(escalation, next_at=min((at for at in instants if at is not None), default=None))


def step_due(chain: Chain, escalation: Escalation, number: int) -> int | None:
    """When a step of the chain, from 1, is due if nothing stops it; None for one that doesn't exist, or never comes."""
    if number > len(chain.steps):
        return None
    due = chain.calendar.due(escalation.raised_at, chain.steps[number - 1].after_ms)
    return due if due is None or escalation.resumed_at is None else max(due, escalation.resumed_at)


def _reminder_due(chain: Chain, escalation: Escalation) -> int | None:
    if escalation.steps_fired == 0 or escalation.last_fired_at is None or escalation.reminders >= REMINDERS_MAX:
        return None
    wait = chain.steps[escalation.steps_fired - 1].reminder_ms
    since = max(escalation.last_fired_at, escalation.resumed_at or 0)
    return None if wait is None else chain.calendar.due(since, wait)
