"""What time alone will bring a contact: warnings, breaches, steps, reminders, and events that are known already. Pure.

It is told from the state, so it is what was expected when the state was made: whatever happens meanwhile changes it.
"""

from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Literal

from gateway.model.instant import format_instant, seconds_of
from gateway.model.judgement import Clock, Escalation, State
from gateway.rules import clocks
from gateway.rules.escalation import step_at
from gateway.rules.policy import Chain, Policy

ComingKind = Literal["warning", "breach", "step", "reminder", "resumption", "event", "policy"]
"""`resumption`: an acknowledgement runs out, and the chain goes on. `policy`: another one comes into force."""


@dataclass(frozen=True, slots=True, order=True)
class Coming:
    """Something that happens at `at` if nothing else does; `what` says it in words, `rule` is whose it is."""

    at: int
    what: str
    kind: ComingKind
    rule: str = ""


def upcoming(state: State, policy: Policy, most: int | None = None) -> list[Coming]:
    """What time alone will bring by the policy that judged last, the soonest first; at most so many."""
    things: list[tuple[int, Clock | Escalation | None]] = [(at, None) for at in state.future[:1]]
    things += [(clock.next_at, clock) for clock in state.clocks if clock.next_at is not None]
    things += [(call.next_at, call) for call in state.escalations if call.next_at is not None]
    if most is not None and len(things) > most:
        # The rest begins later than all of these.
        things = nsmallest(most, things, key=lambda thing: thing[0])
    found: list[Coming] = []
    for at, thing in things:
        if isinstance(thing, Clock):
            found += _of_clock(thing, policy)
        elif thing is None:
            # The first is enough: what comes behind it depends on it, and a vendor may have dated very many ahead.
            found.append(Coming(at, _ahead(state), "event"))
        else:
            found.append(_next_of(thing, policy.chains.get(thing.chain)))
    return sorted(found)[:most]


def _ahead(state: State) -> str:
    """What the first of the events says that are dated ahead."""
    if state.contact.kind == "call" and not state.contact.ended:
        # The end that its silence would bring: whatever is heard of it before puts that off.
        return "the call is taken for over, if nothing more is heard of it"
    more = len(state.future) > 1
    which = "the first of the events that are known already" if more else "an event that is known already"
    return f"{which} happens"


def _of_clock(clock: Clock, policy: Policy) -> list[Coming]:
    """The next warning, and the breach."""
    rule = policy.sla_by_id.get(clock.rule)
    ring = clocks.next_ring(clock, rule) if clock.instance and not clock.dropped else None
    if ring is None or rule is None:
        return []
    name = named(clock)
    found = [Coming(ring.at, f"{name}: warning at {mark.text} of {rule.id}", "warning", rule.id) for mark in ring.marks]
    due = ring.at if ring.breaks else clocks.deadline(clock, rule) if clock.breached_at is None else None
    if due is not None:
        found.append(Coming(due, f"{name}: breached, by {rule.id}", "breach", rule.id))
    return found


def named(clock: Clock) -> str:
    """A clock as people call it; of repeats with its number."""
    number = f" no. {clock.instance}" if clock.instance > 1 else ""
    return f"{clock.metric.replace('_', ' ')}{number}"


def coming_view(coming: Coming, now: int) -> dict[str, Any]:
    """What comes, for JSON."""
    return {
        "at": format_instant(coming.at),
        "in_s": seconds_of(coming.at - now),
        "kind": coming.kind,
        "rule": coming.rule or None,
        "what": coming.what,
    }


def _next_of(call: Escalation, chain: Chain | None) -> Coming:
    """What an escalation does when time takes it further."""
    at = call.next_at or 0
    if call.state == "acknowledged":
        words = f"escalation {call.rule}: the acknowledgement runs out, and the chain goes on"
        return Coming(at, words, "resumption", call.rule)
    number = call.steps_fired + 1 if chain is None else step_at(chain, call, at)
    if chain is None or number > len(chain.steps):
        return Coming(at, f"escalation {call.rule}: its chain goes on", "step", call.rule)
    if number <= call.steps_fired:
        return Coming(at, f"escalation {call.rule}: a reminder of step {number}", "reminder", call.rule)
    roles = ", ".join(chain.steps[number - 1].notify)
    return Coming(at, f"escalation {call.rule}: step {number} calls {roles}", "step", call.rule)
