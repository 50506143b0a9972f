"""What sets a rule off: the contact that matches it, or a clock that is warned or breached while it does.

Law. Once for a rule and a clock's instance, or once in a life of the contact where matching alone is the trigger. While
the contact is ended nothing is set off by matching alone; a clock that runs then may still do it.
"""

from msgspec.structs import replace

from gateway.model.judgement import Clock
from gateway.rules.draft import Draft
from gateway.rules.policy import ActionRule, EscalationRule, Section


def set_off(draft: Draft, section: Section, rule: EscalationRule | ActionRule) -> list[Clock | None]:
    """The clocks that set the rule off now and have not before, in the policy's order; None stands for the contact."""
    name = f"{section}/{rule.id}"
    if name not in draft.matching:
        return []
    if rule.on == "matched":
        if name in draft.triggered_in_life or draft.contact.ended:
            return []
        draft.triggered_in_life = (*draft.triggered_in_life, name)
        return [None]
    found = [
        index
        for index, clock in enumerate(draft.clocks)
        # The first of these says no of most clocks, at every instant anew: it must cost little.
        if (clock.breached_at is not None or clock.warned) and _triggers(rule, clock) and name not in clock.triggered
    ]
    if not found:
        return []
    places = draft.policy.sla_places
    found.sort(key=lambda index: (places.get(draft.clocks[index].rule, -1), draft.clocks[index].instance))
    for index in found:
        clock = draft.clocks[index]
        draft.clocks[index] = replace(clock, triggered=(*clock.triggered, name))
    return [draft.clocks[index] for index in found]


def brought_by_policy(draft: Draft, at: int, section: Section, rule: str, clock: Clock | None) -> bool:
    """Whether only a policy's coming into force set the rule off: no deadline came, nothing matched anew."""
    return draft.brought_by_policy(at, f"{section}/{rule}" if clock is None else (clock.metric, clock.started_by))


def _triggers(rule: EscalationRule | ActionRule, clock: Clock) -> bool:
    if clock.met_at is not None or clock.cancelled_at is not None:
        return False
    if rule.metric is not None and rule.metric != clock.metric:
        return False
    return clock.breached_at is not None if rule.on == "sla.breached" else bool(clock.warned)
