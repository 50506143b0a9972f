"""What has happened, in words: one short sentence about an event, for timelines. Pure.

No text of a message and nothing that identifies a customer is in it. Names of agents, groups and enrichers are: they
are a vendor's words, and whoever prints them has to clean them.
"""

from typing import Final

from msgspec import UNSET

from gateway.model.event import (
    CallEvent,
    ContactAcknowledged,
    ContactAssigned,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    ContactRedacted,
    CsatReceived,
    EnrichmentReceived,
    EscalationAcknowledged,
    EscalationResolved,
    Event,
    MessageAdded,
    NpsReceived,
    Snapshot,
    StatusChanged,
)
from gateway.model.event_words import MEANINGS
from gateway.model.instant import format_instant

WORD_MAX: Final = 60
"""Characters of a vendor's word."""

REASON_MAX: Final = 200

_SAID: Final = ("status", "priority", "group", "assignee", "language")
_NAMED: Final = ("subject", "customer", "tags", "fields")
_PLAIN: Final = {
    "message.edited": "a message was edited",
    "message.removed": "a message was taken back",
    "contact.deleted": "deleted at the vendor",
}
_CALLS: Final = {
    "call.queued": "the caller waits in a queue",
    "call.ringing": "a phone rings",
    "call.answered": "answered",
    "call.held": "the caller was put on hold",
    "call.resumed": "the talk goes on",
    "call.transferred": "the call was transferred",
    "call.abandoned": "the caller hung up before an answer",
    "call.ended": "the call ended",
}


def event_told(event: Event) -> str:
    """What happened, without a full stop."""
    match event:
        case ContactOpened():
            return _opened(event)
        case ContactObserved():
            return f"seen at the vendor: {_seen(event) or 'nothing of note'}"
        case MessageAdded():
            return _message(event)
        case StatusChanged():
            return f"the status became {event.to.replace('_', ' ')}"
        case ContactAssigned():
            return _assigned(event)
        case ContactAcknowledged():
            return f"acknowledged by {_word(event.by)}"
        case EscalationAcknowledged():
            return f"an escalation was acknowledged by {_word(event.by)}"
        case EscalationResolved():
            why = f": {_word(event.reason)}" if event.reason else ""
            return f"an escalation was resolved by {_word(event.by)}{why}"
        case CallEvent():
            return _call(event)
        case CsatReceived():
            return f"the customer's verdict: {event.score:g} on a scale from {event.min:g} to {event.max:g}"
        case NpsReceived():
            return f"the customer would recommend us: {event.score:g} of 10"
        case ContactMerged():
            return f"merged into {_word(event.into.kind)} {_word(event.into.id)}"
        case ContactRedacted():
            return "redacted: everything" if event.all else f"redacted: {', '.join(map(_word, event.fields[:8]))}"
        case EnrichmentReceived():
            return _enriched(event)
    return _other(event)


def type_of(event: Event) -> str:
    """The event's type, as the vocabulary has it."""
    return str(event.__struct_config__.tag)


def _other(event: Event) -> str:
    """What has nothing of its own to tell; a type without words here is told by its meaning."""
    type = type_of(event)
    return _PLAIN.get(type) or MEANINGS.get(type, type).partition(";")[0]


def _opened(event: ContactOpened) -> str:
    more = _seen(event)
    return f"opened: {event.kind} by {event.channel.replace('_', ' ')}, {event.direction}{', ' if more else ''}{more}"


def _seen(event: Snapshot) -> str:
    """What a snapshot shows: its words, and the names of what is longer."""
    said = []
    for name in _SAID:
        value = getattr(event, name)
        if value is not UNSET:
            said.append(f"{name} {'none' if value in (None, '') else _word(str(value).replace('_', ' '))}")
    if event.deadline is not UNSET:
        said.append(f"deadline {'none' if event.deadline is None else format_instant(event.deadline)}")
    named = [name for name in _NAMED if getattr(event, name) is not UNSET]
    if named:
        said.append(f"with {_joined(named)}")
    return ", ".join(said)


def _message(event: MessageAdded) -> str:
    author = event.author
    who = {"customer": "the customer", "agent": "an agent", "bot": "a bot", "system": "the system"}[author.kind]
    if author.kind == "agent" and (name := author.name or author.id):
        who = f"agent {_word(name)}"
    what = "wrote an internal note" if event.visibility == "internal" else "wrote"
    if event.visibility == "public" and author.kind in ("agent", "bot"):
        what = "replied"
    return f"{who} {what}{' (automatic)' if event.auto else ''}"


def _assigned(event: ContactAssigned) -> str:
    given = [_word(value) for value in (event.group, event.assignee) if isinstance(value, str) and value]
    return f"assigned to {' / '.join(given)}" if given else "assigned to nobody"


def _enriched(event: EnrichmentReceived) -> str:
    """That an enricher answered; what it knows of the customer stands elsewhere."""
    if event.status == "ok":
        return f"the enricher {_word(event.enricher)} said what it knows of the customer"
    why = f": {_word(event.reason, REASON_MAX)}" if event.reason else ""
    return f"the enricher {_word(event.enricher)} is unavailable{why}"


def _call(event: CallEvent) -> str:
    words = _CALLS.get(type_of(event), type_of(event))  # type: ignore[arg-type]  # every kind of call is an event
    more = [f"{name} {_word(value)}" for name in ("agent", "queue") if (value := getattr(event, name))]
    return ", ".join((words, *more))


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _word(text: str, most: int = WORD_MAX) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
