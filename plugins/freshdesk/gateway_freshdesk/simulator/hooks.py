"""The webhooks that an automation rule of a simulated account sends: thin, unsigned, and not always JSON.

A rule's author writes the body; Freshdesk puts the ticket's words into it as they are, quotes and line ends included.
"""

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from gateway_freshdesk.simulator.people import STATUSES
from gateway_freshdesk.simulator.ticket import Ticket

JSON_TYPE: Final = "application/json"
FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook: which ticket it is about, its bytes and their type."""

    ticket: int
    body: bytes
    type: str = JSON_TYPE


def simple(ticket: Ticket) -> Hook:
    """As the rule's own form makes it."""
    body = {
        "freshdesk_webhook": {
            "ticket_id": ticket.id,
            "ticket_subject": ticket.subject,
            "ticket_status": STATUSES[ticket.status][0],
        }
    }
    return Hook(ticket.id, json.dumps(body).encode())


def own(ticket: Ticket) -> Hook:
    """A body that somebody wrote: the number as text, and the subject in it as it is."""
    body = f'{{\n  "ticket_id": "{ticket.id}",\n  "subject": "{ticket.subject}",\n  "text": "{ticket.description}"\n}}'
    return Hook(ticket.id, body.encode())


def form(ticket: Ticket) -> Hook:
    """As a form."""
    return Hook(ticket.id, urlencode({"ticket_id": ticket.id, "subject": ticket.subject}).encode(), FORM_TYPE)
