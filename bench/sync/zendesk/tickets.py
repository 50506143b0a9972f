"""Tickets and users as Zendesk writes them, by their number; and what is true of them.

Pure. A ticket is some 2.7 KB of JSON in the order in which Zendesk writes it.
"""

from collections.abc import Mapping
from typing import Any

from bench.sync.matters import GROUPS, agent, changed_s, created_s, customer, description, moment, subject, tags
from bench.sync.truth import Row

FIELDS = 14
_BASE = 370_000_000_000
_STATUSES = ("closed",) * 11 + ("solved",) * 4 + ("pending",) * 2 + ("open",) * 2 + ("hold", "new")
_PRIORITIES = ("normal", None, "low", "high", "normal", "urgent", None)
_CHANNELS = ("email", "web", "api", "chat", "email", "voice", "native_messaging", "web", "email")


def row(number: int) -> Row:
    """What is true of the ticket with this number, from 1."""
    return row_of({"id": number, "subject": subject(number), "status": _status(number)})


def row_of(ticket: Mapping[str, Any]) -> Row:
    """What is compared of a ticket that a reader has brought."""
    status = ticket["status"]
    return Row(str(ticket["id"]), ticket["subject"], "on_hold" if status == "hold" else status)


def people(number: int) -> tuple[int, ...]:
    """The ids of the users that a ticket names: its customer and its agent."""
    return _BASE + customer(number), _BASE + 100_000 + agent(number)


def ticket(number: int, base: str) -> dict[str, Any]:
    """The ticket as the export shows it; `base` is where the account is."""
    status = _status(number)
    requester, assignee = people(number)
    channel = _CHANNELS[number % 9]
    fields = [{"id": _BASE + 800 + field, "value": _field(number, field)} for field in range(FIELDS)]
    source = {"from": {"address": f"customer{requester - _BASE}@customer.example", "name": f"Customer {requester}"}}
    return {
        "url": f"{base}/api/v2/tickets/{number}.json",
        "id": number,
        "external_id": None if number % 4 else f"crm-{number}",
        "via": {"channel": channel, "source": {**source, "to": {"address": "help@acme.example"}, "rel": None}},
        "created_at": moment(created_s(number)),
        "updated_at": moment(changed_s(number) - number % 5),
        "generated_timestamp": changed_s(number),
        "type": ("question", "incident", "problem", None)[number % 4],
        "subject": subject(number),
        "raw_subject": subject(number),
        "description": description(number),
        "priority": _PRIORITIES[number % 7],
        "status": status,
        "recipient": "help@acme.example",
        "requester_id": requester,
        "submitter_id": requester,
        "assignee_id": None if status == "new" else assignee,
        "organization_id": _BASE + 500 + number % 50,
        "group_id": _BASE + 700 + number % GROUPS,
        "collaborator_ids": [],
        "follower_ids": [assignee] if number % 6 == 0 else [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": tags(number),
        "custom_fields": fields,
        "satisfaction_rating": {"score": ("unoffered", "offered", "good", "bad")[number % 4]},
        "sharing_agreement_ids": [],
        "custom_status_id": _BASE + 900 + number % 6,
        "encoded_id": f"{number:06X}-{number * 7 % 9_973:04X}",
        "fields": fields,
        "followup_ids": [],
        "ticket_form_id": _BASE + 600,
        "brand_id": _BASE + 650,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": channel == "native_messaging",
        "support_type": "agent",
    }


def user(id: int, base: str) -> dict[str, Any]:
    """The user as a sideload shows it."""
    place = id - _BASE
    staff = place >= 100_000
    return {
        "id": id,
        "url": f"{base}/api/v2/users/{id}.json",
        "name": f"Agent {place - 100_000}" if staff else f"Customer {place}",
        "email": f"agent{place}@acme.example" if staff else f"customer{place}@customer.example",
        "created_at": "2025-01-02T03:04:05Z",
        "updated_at": "2025-12-24T20:15:00Z",
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": None if staff else f"+1415555{place % 10_000:04d}",
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": None if staff else _BASE + 500 + place % 50,
        "role": "agent" if staff else "end-user",
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": "",
        "active": True,
        "shared": False,
        "last_login_at": "2025-12-24T20:15:00Z",
        "signature": None,
        "details": "",
        "notes": "",
        "suspended": False,
        "default_group_id": None,
        "user_fields": {"plan": ("gold", "silver")[place % 2]},
    }


def _status(number: int) -> str:
    return _STATUSES[number % len(_STATUSES)]


def _field(number: int, field: int) -> object:
    values: tuple[object, ...] = (
        None,
        f"choice_{number % 12}",
        bool(number % 2),
        None,
        f"{number % 1_000}",
        None,
        "n/a",
    )
    return values[(number + field) % 7]
