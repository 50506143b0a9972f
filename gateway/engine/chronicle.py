"""A contact's timeline: what happened, what was said of it, and what was delivered, each in a sentence, for pages and
API alike.

No text of a message and nothing of a customer's is in it; names that vendors gave are, so whoever shows it cleans them.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

from gateway.kernel.outbox import Delivery
from gateway.kernel.store import Chronicle, JournalEntry, Store
from gateway.model.event_told import event_told, type_of
from gateway.model.instant import format_instant, format_known
from gateway.model.judgement import LedgerEntry

LINES_MAX: Final = 200
"""Lines of one part of a timeline."""

HappeningKind = Literal["event", "announcement", "delivery"]

_SAID: Final = {
    "contact.opened": "opened",
    "contact.routed": "routed",
    "contact.reopened": "reopened",
    "contact.solved": "solved",
    "contact.closed": "closed",
    "sla.warned": "a warning",
    "sla.breached": "a breach",
    "sla.met": "met",
    "sla.corrected": "what was announced before doesn't hold any more",
    "escalation.raised": "an escalation was raised",
    "escalation.stepped": "an escalation went a step on",
    "escalation.acknowledged": "an escalation was acknowledged",
    "escalation.resolved": "an escalation was resolved",
    "escalation.cancelled": "an escalation was cancelled",
    "csat.recovery_required": "the customer's verdict asks for a reply",
    "enrichment.requested": "asked of an enricher",
    "action.requested": "asked of a connector",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of a timeline. `type` is the event's, the announcement's or the notice's; `id` names it there; `thing` is
    what it is told from."""

    at: int
    kind: HappeningKind
    type: str
    words: str
    id: str
    thing: JournalEntry | LedgerEntry | Delivery


@dataclass(frozen=True, slots=True)
class Told:
    """A part of a timeline, the latest first; `next` is where the part before it ends, None where there is none."""

    happenings: tuple[Happening, ...]
    next: str | None


async def chronicle(
    store: Store, contact: str, *, limit: int, before: str | None = None, until: int | None = None
) -> Told:
    """The latest of what happened to a contact: before a place that an earlier part has given, else until an instant.

    Raises BadPlace for a text that is no place.
    """
    return told(await store.chronicle(contact, limit=min(limit, LINES_MAX), before=before, until=until))


def told(part: Chronicle) -> Told:
    """What was read, in sentences."""
    return Told(tuple(happening(thing) for thing in part.things), part.next)


def happening(thing: JournalEntry | LedgerEntry | Delivery) -> Happening:
    """One thing in a sentence."""
    if isinstance(thing, JournalEntry):
        event = thing.event
        return Happening(int(event.at), "event", type_of(event), event_told(event), event.id, thing)
    if isinstance(thing, LedgerEntry):
        return Happening(int(thing.at), "announcement", thing.type, _said(thing), thing.id, thing)
    return Happening(thing.created_at, "delivery", thing.type, _sent(thing), str(thing.id), thing)


def happening_view(line: Happening) -> dict[str, Any]:
    """A line for JSON, with what its kind has beside the words."""
    view: dict[str, Any] = {
        "at": format_instant(line.at),
        "kind": line.kind,
        "type": line.type,
        "id": line.id,
        "words": line.words,
    }
    thing = line.thing
    if isinstance(thing, JournalEntry):
        return {**view, "connector": thing.strand.connector, "received_at": format_instant(thing.received_at)}
    if isinstance(thing, LedgerEntry):
        more = {"rule": thing.rule or None, "policy": thing.policy or None, "roles": list(thing.roles)}
        return {**view, **more, "suppressed": thing.suppressed, "stands": thing.stands, "times": thing.times}
    return {
        **view,
        "webhook_id": thing.effect,
        "endpoint": thing.endpoint,
        "state": thing.state,
        "tries": thing.tries,
        "last_status": thing.last_status,
        "last_error": thing.last_error,
        "delivered_at": format_known(thing.delivered_at),
        "next_at": format_known(thing.next_at),
    }


def _said(entry: LedgerEntry) -> str:
    words = _SAID.get(entry.type, f"{entry.type}")
    if entry.roles:
        words += f", calls {', '.join(entry.roles)}"
    if entry.rule:
        words += f", by rule {entry.rule}"
    if entry.suppressed:
        words = f"not announced, since it was history already: {words}"
    if entry.times > 1:
        words += f", {entry.times} times"
    return words if entry.stands else f"{words}; it doesn't hold any more"


def _sent(delivery: Delivery) -> str:
    to = f"{delivery.type} to {delivery.endpoint}"
    tries = "" if delivery.tries < 2 else f" after {delivery.tries} tries"
    if delivery.state == "delivered":
        answer = f" with {delivery.last_status}" if delivery.last_status else ""
        return f"{to}: answered{answer}{tries}"
    why = f": {delivery.last_error}" if delivery.last_error else ""
    if delivery.state == "dead":
        return f"{to}: given up{tries}{why}"
    if delivery.state == "leased":
        return f"{to}: being tried"
    return f"{to}: to be tried again{why}" if delivery.tries else f"{to}: to be tried"
