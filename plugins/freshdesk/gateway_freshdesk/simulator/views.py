"""Tickets as the API shows them: rows, what can be included in them, conversations and ratings."""

from collections.abc import Callable
from html import escape
from typing import Final

from gateway.plugin import DAY_MS
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.people import EMAIL_CONFIG, requester_json
from gateway_freshdesk.simulator.ticket import EMAIL, NOTE, OUTBOUND, REPLY, Entry, Json, Rating, Ticket, second

DUE_MS: Final = 3 * DAY_MS
FIRST_DUE_MS: Final = DAY_MS
CONVERSATIONS_INCLUDED: Final = 10
SURVEY: Final = 86_000_000_001


def ticket_json(account: Account, ticket: Ticket, wanted: frozenset[str], *, described: bool) -> Json:
    """A ticket, with what the request wants included. `described`: its words come without being asked for."""
    row: Json = {
        "cc_emails": [],
        "fwd_emails": [],
        "reply_cc_emails": [],
        "ticket_cc_emails": [],
        "fr_escalated": False,
        "nr_escalated": False,
        "spam": ticket.spam,
        "email_config_id": EMAIL_CONFIG if ticket.source in (EMAIL, OUTBOUND) else None,
        "group_id": ticket.group,
        "priority": ticket.priority,
        "requester_id": ticket.requester,
        "responder_id": ticket.assignee,
        "source": ticket.source,
        "company_id": None,
        "status": ticket.status,
        "subject": ticket.subject,
        "support_email": None,
        "to_emails": None,
        "product_id": None,
        "id": ticket.id,
        "type": ticket.type,
        "due_by": second(ticket.created + DUE_MS),
        "fr_due_by": second(ticket.created + FIRST_DUE_MS),
        "nr_due_by": None,
        "is_escalated": False,
        "association_type": None,
        "associated_tickets_count": None,
        "custom_fields": dict(ticket.fields),
        "created_at": second(ticket.created),
        "updated_at": second(ticket.updated),
        "tags": list(ticket.tags),
        "form_id": None,
        **({"deleted": True} if ticket.deleted else {}),
        **({"description": _html(ticket.description), "description_text": ticket.description} if described else {}),
    }
    return {**row, **{name: add(account, ticket) for name, add in INCLUDES.items() if name in wanted}}


def _stats(_: Account, ticket: Ticket) -> Json:
    stats = ticket.stats
    return {
        "agent_responded_at": second(stats.agent_responded),
        "requester_responded_at": second(stats.requester_responded),
        "first_responded_at": second(stats.first_responded),
        "status_updated_at": second(stats.status_updated),
        "reopened_at": second(stats.reopened),
        "resolved_at": second(stats.resolved),
        "closed_at": second(stats.closed),
        "pending_since": second(stats.pending_since),
    }


def _requester(account: Account, ticket: Ticket) -> Json | None:
    person = account.anybody(ticket.requester)
    return None if person is None else requester_json(person)


def _conversations(_: Account, ticket: Ticket) -> list[Json]:
    return [entry_json(ticket, entry) for entry in said(ticket)[:CONVERSATIONS_INCLUDED]]


INCLUDES: Final[dict[str, Callable[[Account, Ticket], object]]] = {
    "stats": _stats,
    "requester": _requester,
    "conversations": _conversations,
    "company": lambda _account, _ticket: {},
    "sla_policy": lambda _account, _ticket: {},
}
"""What a ticket can have included beside its words."""


def said(ticket: Ticket) -> list[Entry]:
    """What was said, the oldest first."""
    return sorted(ticket.entries, key=lambda entry: (entry.at, entry.id))


def entry_json(ticket: Ticket, entry: Entry) -> Json:
    """An entry of the conversations."""
    return {
        "body": _html(entry.text),
        "body_text": entry.text,
        "id": entry.id,
        "incoming": entry.incoming or entry.mailed,
        "private": entry.private,
        "user_id": entry.author,
        "support_email": None,
        "source": NOTE if entry.private or entry.mailed else REPLY,
        "category": 2 if entry.private else 3 if not entry.incoming else 1,
        "to_emails": [],
        "from_email": None,
        "cc_emails": [],
        "bcc_emails": None,
        "email_failure_count": None,
        "outgoing_failures": None,
        "thread_id": None,
        "thread_message_id": None,
        "created_at": second(entry.at),
        "updated_at": second(entry.edited or entry.at),
        "last_edited_at": second(entry.edited),
        "last_edited_user_id": None if entry.edited is None else entry.author,
        "attachments": [],
        "automation_id": None,
        "automation_type_id": None,
        "auto_response": entry.away,
        "ticket_id": ticket.id,
        "threading_type": None,
        "source_additional_info": None,
    }


def rating_json(ticket: Ticket, rating: Rating) -> Json:
    """What a customer thinks."""
    return {
        "id": rating.id,
        "survey_id": SURVEY,
        "user_id": ticket.requester,
        "agent_id": rating.agent,
        "feedback": rating.feedback,
        "group_id": ticket.group,
        "ticket_id": ticket.id,
        "created_at": second(rating.at),
        "updated_at": second(rating.at),
        "ratings": {"default_question": rating.score},
    }


def _html(text: str) -> str:
    return f"<div>{escape(text)}</div>"
