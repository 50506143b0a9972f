"""Judge the contact of a try-out as it opens, and let time pass as if nobody acted.

By the rules that the daemon judges by. Laws: the policy judges whether its `from` has come or not; reminders are left
out, for they repeat for ever and change nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from gateway.model.event import ContactOpened, EnrichmentReceived
from gateway.model.identity import Ref
from gateway.model.instant import Instant
from gateway.model.judgement import Implied, State
from gateway.policy.tryout.asked import Asked
from gateway.rules.advance import Sourced, advance, next_change
from gateway.rules.policy import Policy, Section
from gateway.rules.timeline import FROM_THE_BEGINNING, InForce, Timeline
from gateway.rules.trace.tried import Tried, tried

FOLLOWING_MAX: Final = 300
"""So much of what follows is told."""

INSTANTS_MAX: Final = 1_000
"""So many instants at which anything changes are gone through."""

TOLD: Final = ("sla.warned", "sla.breached", "escalation.raised", "escalation.stepped", "action.requested")
"""What of that which follows is told."""

_REF: Final = Ref("contact", "1")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy makes of a contact: `state` is that of its opening, `tried` has every rule with what became of it,
    `following` what would come if nobody acted, the soonest first; `more` where there is more of it than that."""

    asked: Asked
    policy: Policy
    state: State
    tried: Mapping[Section, tuple[Tried, ...]]
    following: tuple[Implied, ...]
    more: bool


def try_out(policy: Policy, asked: Asked) -> Outcome:
    """Try a policy out on a contact."""
    policies = Timeline([InForce(FROM_THE_BEGINNING, _without_reminders(policy))])
    judged = advance(None, _events(asked), policies, asked.at)
    state = judged.state
    assert state is not None  # noqa: S101  # There is an opening, and it is not later than the instant asked for.
    at_opening, found = state, list(judged.implied)
    for _ in range(INSTANTS_MAX):
        due = next_change(state, policies)
        if due is None or len(found) > FOLLOWING_MAX * 2:
            break
        judged = advance(state, [], policies, due)
        found += judged.implied
        state = judged.state or state
    following = [one for one in found if one.type in TOLD]
    more = next_change(state, policies) is not None or len(following) > FOLLOWING_MAX
    return Outcome(asked, policy, at_opening, tried(at_opening, policy), tuple(following[:FOLLOWING_MAX]), more)


def _events(asked: Asked) -> list[Sourced]:
    """The opening, and what each enricher has said by then."""
    at = Instant(asked.at)
    opening = ContactOpened(
        at=at,
        ref=_REF,
        id="opening",
        kind=asked.kind,
        channel=asked.channel,
        direction=asked.direction,
        status=asked.status,
        subject=asked.subject,
        customer=asked.customer,
        tags=asked.tags,
        priority=asked.priority,
        group=asked.group,
        assignee=asked.assignee,
        fields=asked.fields,
        language=asked.language,
        deadline=None if asked.deadline is None else Instant(asked.deadline),
    )
    answers = [
        EnrichmentReceived(at=at, ref=_REF, id=f"facts {place}", sequence=place, enricher=name, status="ok", facts=told)
        for place, (name, told) in enumerate(asked.facts.items(), 1)
    ]
    return [Sourced(asked.connector, opening), *(Sourced(asked.connector, answer) for answer in answers)]


def _without_reminders(policy: Policy) -> Policy:
    chains = {
        name: replace(chain, steps=tuple(replace(step, reminder_ms=None) for step in chain.steps))
        for name, chain in policy.chains.items()
    }
    return replace(policy, starts=None, chains=chains)
