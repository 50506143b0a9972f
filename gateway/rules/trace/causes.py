"""What brings a change, as data and in words; and what of a contact has changed from one step to the next."""

from dataclasses import dataclass
from typing import Any, Final

from gateway.model.contact import Contact
from gateway.model.event import ContactOpened, Event, MessageAdded
from gateway.rules.draft import Draft
from gateway.rules.timeline import InForce
from gateway.rules.trace.path import Cause

TIME: Final = Cause("time")
WORD_MAX: Final = 60
"""Characters of a value that a vendor sent, in words."""

_ROUTED: Final = frozenset({"queue", "team", "tier", "skills", "route_priority"})
_SAID: Final = frozenset({"status", "severity", "queue"})


def cause_of(cause: Event | InForce | None, connector: str) -> Cause:
    """A step's cause."""
    if cause is None:
        return TIME
    if isinstance(cause, InForce):
        return Cause("policy", cause.policy.hash, cause.policy.name)
    return Cause("event", cause.id, type_of(cause), connector)


def type_of(event: Event) -> str:
    """The event's type, as the vocabulary has it."""
    return str(event.__struct_config__.tag)


def event_in_words(event: Event) -> str:
    """Which event it is: its type, who speaks, its id."""
    if isinstance(event, MessageAdded):
        who = f"{event.author.name or event.author.id or ''}"[:WORD_MAX]
        return f"the message {event.id} of {event.author.kind}" + (f" {who}" if who else "")
    if isinstance(event, ContactOpened):
        return f"the opening {event.id}"
    return f"{type_of(event)} {event.id}"


def cause_in_words(cause: Event | InForce | None) -> str:
    """What brought a step."""
    if cause is None:
        return "time alone"
    if isinstance(cause, InForce):
        return f"the policy {cause.policy.name or cause.policy.hash} came into force"
    return event_in_words(cause)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a step left of the contact, to be compared with what the next one leaves."""

    contact: Contact
    severity: int
    severity_rule: str
    route: tuple[str, str]
    decided: dict[str, Any]
    in_force: dict[str, str]


def seen_of(draft: Draft) -> Seen:
    """The contact as it is after a step."""
    route = draft.route
    decided: dict[str, Any] = {"severity": draft.severity}
    if route is not None:
        decided |= {"queue": route.queue, "team": route.team, "tier": route.tier}
        decided |= {"skills": route.skills, "route_priority": route.priority}
    routed = ("", "") if route is None else (route.rule, route.queue)
    return Seen(draft.contact, draft.severity, draft.severity_rule, routed, decided, draft.in_force)


def reasons(before: Seen | None, now: Seen, draft: Draft, cause: Event | InForce | None) -> tuple[str, ...]:
    """Why other rules match than before: what changed of that which the conditions read, or the policy."""
    if isinstance(cause, InForce):
        return (cause_in_words(cause),)
    if before is None:
        return ()
    found = []
    for name in sorted(draft.policy.matcher.reads):
        if name in now.decided or name in _ROUTED:
            was, value = before.decided.get(name), now.decided.get(name)
        else:
            was, value = getattr(before.contact, name, None), getattr(now.contact, name, None)
        if was != value:
            found.append(_changed(name, value))
    return tuple(found)


def _changed(name: str, value: Any) -> str:
    if name in _SAID or (isinstance(value, str | int | None) and name != "subject"):
        return f"{name.replace('_', ' ')} became {'none' if value is None else str(value)[:WORD_MAX]}"
    return f"{name.replace('_', ' ')} changed"
