"""Which policy is in force, what comes next, and how far its taking over has come: for pages, API and commands."""

from dataclasses import dataclass

from gateway.engine.policies import Policies
from gateway.kernel.store import PolicyRow, Store
from gateway.model.judgement import State


@dataclass(frozen=True, slots=True)
class Standing:
    """The policy in force, None before the first, and the one to come. `left`: open contacts that an earlier policy
    judged and that are about to be judged again."""

    present: PolicyRow | None
    to_come: PolicyRow | None
    left: int


async def standing(policies: Policies, store: Store, now: int) -> Standing:
    """How it stands at this instant."""
    present = policies.in_force(now)
    left = await store.outdated_count(present.since) if present else 0
    return Standing(present, policies.to_come(now), left)


def awaits(state: State, present: PolicyRow | None) -> bool:
    """Whether a contact is about to be judged again: it is open, and an earlier policy judged it."""
    return present is not None and not state.contact.ended and state.policy_since < present.since
