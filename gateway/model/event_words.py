"""What each event means and what each of its fields is, in one line: for the published schema and the reference."""

from collections.abc import Mapping
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    "contact.opened": "a contact begins; its status is `new` unless given. A second one only updates",
    "contact.observed": "what a snapshot shows at `at`: what is missing is unknown, `null` is cleared, `tags` replace; "
    "kind, channel and direction stay as they were opened",
    "message.added": "somebody wrote; `auto` marks what no one typed",
    "message.edited": "the message with this event id was changed",
    "message.removed": "it was taken back",
    "status.changed": "the contact is now new, open, pending, on_hold, solved or closed",
    "contact.assigned": "somebody has it; `null` clears",
    "contact.acknowledged": "somebody has seen it",
    "call.queued": "the caller waits",
    "call.ringing": "a phone rings",
    "call.answered": "somebody talks; counts as a reply",
    "call.held": "the caller is on hold",
    "call.resumed": "the talk goes on",
    "call.transferred": "somebody else takes it",
    "call.abandoned": "the caller hung up before an answer",
    "call.ended": "it is over",
    "csat.received": "the customer's verdict, on the scale from `min` to `max`",
    "nps.received": "would recommend us, 0 to 10",
    "contact.merged": "the vendor has put it into another; `into` is its ref",
    "contact.deleted": "it is gone at the vendor",
    "contact.redacted": "these fields, or all, must not be shown any more",
    "enrichment.received": "a look-up has answered: `ok`, or `unavailable` and why; `customer` is of whom it is said:"
    " where the contact's is another by then, it is passed over",
    "escalation.acknowledged": "somebody takes care of the escalation with this id",
    "escalation.resolved": "somebody says that the escalation with this id is over: nobody more is called",
    "bot.handed_over": "a bot gave up; a person must go on",
}
"""By the event's type."""

COMMON: Final[Mapping[str, str]] = {
    "type": "what happened: one of those below",
    "id": "names the fact, such as the opening of order 1001, never its delivery; at most 200 characters. The same id "
    "again changes nothing",
    "at": "when it happened at the vendor: RFC 3339 with a zone, from the year 2000 to 24 hours from now, in whole "
    "milliseconds",
    "ref": "`{kind, id}`: the vendor's object that it belongs to",
    "sequence": "a whole number that orders events of the same instant; 0 unless given",
    "rev": "0: pushed, 1: read from the vendor's log. Of two with one id the higher one counts",
    "historical": "`true` marks what was read in hindsight",
}
"""What each event carries, in the order of the reference."""

FIELDS: Final[Mapping[str, str]] = {
    "kind": "what it is",
    "channel": "the way by which it came",
    "direction": "who began: the customer (inbound) or we (outbound)",
    "subject": "its title",
    "customer": "who asks, by the identities that the vendor knows",
    "tags": "the vendor's tags",
    "priority": "the vendor's priority",
    "group": "the vendor's group",
    "assignee": "who has it at the vendor",
    "fields": "the vendor's own fields: names to text, numbers or true and false",
    "language": "the customer's language",
    "status": "how it stands; pending waits for the customer, on_hold for a third party",
    "deadline": "by when the vendor's own rules demand an answer, such as the evidence of a dispute: RFC 3339 with a "
    "zone, at most 400 days after `at`",
    "author": "who wrote",
    "visibility": "whether the customer sees it",
    "auto": "whether no one typed it",
    "text": "what it says",
    "message": "the id of the event that added the message",
    "to": "the new status; pending waits for the customer, on_hold for a third party",
    "by": "who did it",
    "agent": "who has the call",
    "queue": "the vendor's queue",
    "reason": "why",
    "score": "the answer",
    "min": "the worst answer of the scale",
    "max": "the best answer of the scale",
    "into": "the ref of the contact that goes on",
    "all": "whether every field is meant",
    "enricher": "who was asked",
    "known_at": "when the facts were said first, where that was before `at`",
    "facts": "the answer",
    "escalation": "the escalation's id",
    "topic": "what it was about",
}
"""By the name of a field that only some events carry."""

PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "Ref": {"kind": "what the vendor calls such an object, such as `ticket`", "id": "its id at the vendor"},
    "Person": {
        "kind": "in which part",
        "id": "the vendor's id of the person",
        "name": "the person's name",
    },
    "Customer": {
        "id": "the vendor's id of the person",
        "email": "an e-mail address",
        "phone": "a telephone number",
        "name": "the person's name",
        "handles": "names on networks",
        "verified": "the e-mail addresses that the vendor has proved",
    },
    "Handle": {"network": "the network, such as `mastodon`", "handle": "the name there, such as `@ada`"},
    "ContactRedacted": {"fields": "names of the fields"},
    "EnrichmentReceived": {"status": "whether there is an answer", "reason": "why there is none"},
}
"""By the name of a class and of its field, where the words differ from those above."""
