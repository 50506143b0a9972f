"""Tickets as Freshdesk writes them, by their number; and what is true of them.

Pure. A ticket with everything that can be included is some 2.7 KB of JSON.
"""

from collections.abc import Mapping
from typing import Any

from bench.sync import matters
from bench.sync.matters import changed_s, created_s, moment
from bench.sync.truth import Row

_BASE = 77_000_000_000
_STATUSES = (5,) * 11 + (4,) * 4 + (3,) * 2 + (2,) * 2 + (6, 7)
CHOICES = {
    "2": ["Open", "Being Processed"],
    "3": ["Pending", "Awaiting your Reply"],
    "4": ["Resolved", "This ticket has been Resolved"],
    "5": ["Closed", "This ticket has been Closed"],
    "6": ["Waiting on Customer", "Awaiting your Reply"],
    "7": ["Waiting on Third Party", "Being Processed"],
}
"""The account's statuses: four that every account has, two of its own; for agents, and for customers."""

_WORDS = {2: "open", 3: "pending", 4: "solved", 5: "closed", 6: "pending", 7: "on_hold"}
_SOURCES = (1, 2, 9, 1, 3, 1, 2, 15, 1)


def row(number: int) -> Row:
    """What is true of the ticket with this number, from 1."""
    return row_of({"id": number, "subject": matters.subject(number), "status": _status(number)})


def row_of(ticket: Mapping[str, Any]) -> Row:
    """What is compared of a ticket that a reader has brought."""
    return Row(str(ticket["id"]), ticket["subject"], _WORDS[int(ticket["status"])])


def ticket(number: int) -> dict[str, Any]:
    """The ticket as a list shows it to who asks for nothing beside it."""
    created, changed = created_s(number), changed_s(number)
    return {
        "cc_emails": [],
        "fwd_emails": [],
        "reply_cc_emails": [],
        "ticket_cc_emails": [],
        "fr_escalated": number % 11 == 0,
        "spam": False,
        "email_config_id": _BASE + 10,
        "group_id": _BASE + 20 + number % matters.GROUPS,
        "priority": (2, 1, 3, 2, 4, 1, 2)[number % 7],
        "requester_id": _requester(number),
        "responder_id": None if number % 19 == 0 else _BASE + 100 + matters.agent(number),
        "source": _SOURCES[number % 9],
        "company_id": _BASE + 500 + number % 50,
        "status": _status(number),
        "subject": matters.subject(number),
        "association_type": None,
        "support_email": "help@acme.freshdesk.com",
        "to_emails": ["help@acme.example"],
        "product_id": _BASE + 40,
        "id": number,
        "type": ("Question", "Incident", "Problem", None)[number % 4],
        "due_by": moment(created + 3 * 86_400),
        "fr_due_by": moment(created + 86_400),
        "nr_due_by": None,
        "nr_escalated": False,
        "is_escalated": number % 13 == 0,
        "custom_fields": _custom(number),
        "created_at": moment(created),
        "updated_at": moment(changed),
        "associated_tickets_count": None,
        "tags": matters.tags(number),
        "internal_agent_id": None,
        "internal_group_id": None,
        "structured_description": None,
        "sentiment_score": number % 100,
        "initial_sentiment_score": number % 100,
    }


def included(number: int) -> dict[str, dict[str, Any]]:
    """What a list shows of it beside, by the name under which that is asked for."""
    text = matters.description(number)
    place = matters.customer(number)
    return {
        "description": {"description": f"<div>{text}</div>", "description_text": text},
        "requester": {
            "requester": {
                "id": _requester(number),
                "name": f"Customer {place}",
                "email": f"customer{place}@customer.example",
                "mobile": None,
                "phone": f"+1415555{place:04d}",
            }
        },
        "stats": {"stats": _stats(number)},
        "company": {"company": {"id": _BASE + 500 + number % 50, "name": f"Company {number % 50}"}},
    }


def _status(number: int) -> int:
    return _STATUSES[number % len(_STATUSES)]


def _requester(number: int) -> int:
    return _BASE + 10_000 + matters.customer(number)


def _stats(number: int) -> dict[str, str | None]:
    """When its status changed, a second before the ticket did, as that status says of itself."""
    status, created = _status(number), created_s(number)
    then, before = moment(changed_s(number) - 1), moment(changed_s(number) - 1_800)
    return {
        "agent_responded_at": before,
        "requester_responded_at": moment(created + 600),
        "first_responded_at": moment(created + 300),
        "status_updated_at": then,
        "reopened_at": None,
        "resolved_at": {4: then, 5: before}.get(status),
        "closed_at": then if status == 5 else None,
        "pending_since": then if status == 3 else None,
    }


def _custom(number: int) -> dict[str, object]:
    values: tuple[object, ...] = (None, f"Choice {number % 12}", bool(number % 2), None, number % 1_000, None, "n/a")
    return {f"cf_field_{place}": values[(number + place) % 7] for place in range(14)}
