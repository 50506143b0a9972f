"""What brings a change, as data and in words; and what of a contact has changed from one step to the next."""

from dataclasses import dataclass
from typing import Any, Final

from gateway.model.contact import Contact
from gateway.model.event import ContactOpened, Event, MessageAdded
from gateway.model.instant import format_instant
from gateway.rules.draft import Draft
from gateway.rules.timeline import InForce
from gateway.rules.trace.enquiries import facts_read
from gateway.rules.trace.path import Cause

TIME: Final = Cause("time")
WORD_MAX: Final = 60
"""Characters of a value that a vendor sent, in words."""

ROUTED: Final = ("queue", "team", "tier", "skills", "route_priority")
DECIDED: Final = ("severity", *ROUTED)
"""What the sections decide, each for those after it."""


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
    policy: str


def seen_of(draft: Draft) -> Seen:
    """The contact as it is after a step."""
    route = draft.route
    decided: dict[str, Any] = {"severity": draft.severity}
    if route is not None:
        decided |= {"queue": route.queue, "team": route.team, "tier": route.tier}
        decided |= {"skills": route.skills, "route_priority": route.priority}
    routed = ("", "") if route is None else (route.rule, route.queue)
    return Seen(draft.contact, draft.severity, draft.severity_rule, routed, decided, draft.in_force, draft.policy.name)


def reasons(before: Seen | None, now: Seen, draft: Draft, cause: Event | InForce | None) -> dict[str, str]:
    """Why other rules match than before: the policy, or what changed of that which the conditions read, by its name."""
    if isinstance(cause, InForce):
        return {"policy": cause_in_words(cause)}
    if before is None:
        return {}
    found = {}
    for name in sorted({*draft.policy.matcher.reads, "priority"}):
        was, value = _value(before, name), _value(now, name)
        if was is not value and was != value:
            read = facts_read(draft.policy, before.contact, now.contact) if name == "facts" else ""
            found[name] = read or _changed(name, value)
    return found


def without(reasons: dict[str, str], *decided: str) -> tuple[str, ...]:
    """The reasons in words, but for what a section can't have read."""
    return tuple(words for name, words in reasons.items() if name not in decided)


def _value(seen: Seen, name: str) -> Any:
    if name in DECIDED:
        return seen.decided.get(name)
    if name == "connectors":
        return {strand.connector for strand in seen.contact.strands}
    return getattr(seen.contact, name, None)


def _changed(name: str, value: Any) -> str:
    word = name.replace("_", " ")
    if name == "deadline" and value is not None:
        return f"{word} became {format_instant(value)}"
    if name == "subject" or not isinstance(value, str | int | None):
        return f"{word} changed"
    return f"{word} became {'none' if value in (None, '') else str(value)[:WORD_MAX]}"
