"""A policy follows another one on a contact that is under way.

Laws. It is as if every rule changed at that instant: what has elapsed stays, each stretch counted by the calendar that
was in force in it, and the new targets apply to the sum. An escalation goes on by the chain as it now is; one whose
rule is gone is resolved. What had been due at this very instant in any case doesn't count as brought by the policy.
"""

from gateway.rules import clocks, escalation, verdicts
from gateway.rules.draft import Change, Draft
from gateway.rules.timeline import InForce


def come_into_force(draft: Draft, judge: InForce) -> None:
    """Let `judge` take over at its `since`; the end of the instant is still to be settled."""
    at = judge.since
    draft.change = Change(at, frozenset(_awaited(draft, at)))
    for index, clock in enumerate(draft.clocks):
        if clock.rule and not clock.over:
            draft.clocks[index] = clocks.count_until(clock, draft.rule_of(clock), at)
    draft.policy, draft.policy_since = judge.policy, judge.since
    draft.settled = max(draft.settled, at)
    verdicts.judge(draft, at, f"{judge.policy.hash}@{at}")
    verdicts.let_rules_count(draft, at)
    escalation.follow_policy(draft, at)
    draft.schedule()


def _awaited(draft: Draft, at: int) -> list[object]:
    rings: list[object] = [(clock.metric, clock.started_by) for clock in draft.clocks if clock.next_at == at]
    steps = [call.id for call in draft.escalations if call.next_at == at]
    return [*rings, *steps, *draft.matching]
