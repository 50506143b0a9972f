"""Who and what a simulated account has beside tickets: contacts, agents, groups, and the fields of tickets."""

from dataclasses import dataclass, field
from typing import Any, Final

from gateway_freshdesk.simulator.ticket import Json, second

AGENT, ADMIN = 80_000_000_001, 80_000_000_002
FIRST_CONTACT: Final = 81_000_000_001
GROUPS: Final = {82_000_000_001: "Support", 82_000_000_002: "Billing"}
EMAIL_CONFIG: Final = 83_000_000_001
ROLES: Final = {84_000_000_001: "Account Administrator", 84_000_000_002: "Agent"}
THIRD_PARTY, CUSTOMER_WAITS, TRIAGE = 6, 7, 8
STATUSES: Final = {
    2: ("Open", "Being Processed"),
    3: ("Pending", "Awaiting your Reply"),
    4: ("Resolved", "This ticket has been Resolved"),
    5: ("Closed", "This ticket has been Closed"),
    THIRD_PARTY: ("Waiting on Third Party", "Being Processed"),
    CUSTOMER_WAITS: ("Waiting on Customer", "Awaiting your Reply"),
    TRIAGE: ("In triage", "Being Processed"),
}
"""By number: what agents read and what customers read. From 6 on they are the account's own."""

PRIORITIES: Final = {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
SOURCES: Final = {
    "Email": 1,
    "Portal": 2,
    "Phone": 3,
    "Forum": 4,
    "Twitter": 5,
    "Facebook": 6,
    "Chat": 7,
    "Feedback Widget": 9,
    "Outbound Email": 10,
    "Ecommerce": 11,
    "Bot": 12,
    "Whatsapp": 13,
    "Web Chat": 15,
}
TYPES: Final = ("Question", "Incident", "Problem", "Feature Request", "Refund")
ORDER_FIELD: Final = "cf_order_number"


@dataclass(slots=True)
class Person:
    """A contact, or an agent."""

    id: int
    name: str
    email: str | None
    created: int
    updated: int
    phone: str | None = None
    mobile: str | None = None
    job_title: str | None = None
    deleted: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


def requester_json(person: Person) -> Json:
    """A requester beside a ticket."""
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "mobile": person.mobile,
        "phone": person.phone,
    }


def contact_json(person: Person) -> Json:
    """A contact. One that is deleted says so; for others there is no such key."""
    return {
        "active": True,
        "address": None,
        "company_id": None,
        "description": None,
        "email": person.email,
        "id": person.id,
        "job_title": person.job_title,
        "language": "en",
        "mobile": person.mobile,
        "name": person.name,
        "phone": person.phone,
        "time_zone": "London",
        "twitter_id": None,
        "custom_fields": dict(person.fields),
        "tags": [],
        "other_emails": [],
        "facebook_id": None,
        "created_at": second(person.created),
        "updated_at": second(person.updated),
        "preferred_source": None,
        "unique_external_id": None,
        **({"deleted": True} if person.deleted else {}),
    }


def agent_json(person: Person) -> Json:
    """An agent."""
    times = {"created_at": second(person.created), "updated_at": second(person.updated)}
    return {
        "available": False,
        "occasional": False,
        "id": person.id,
        "ticket_scope": 1,
        "signature": None,
        "group_ids": list(GROUPS),
        "role_ids": [next(iter(ROLES)) if person.id == ADMIN else list(ROLES)[1]],
        "skill_ids": [],
        "available_since": None,
        "type": "support_agent",
        "focus_mode": True,
        "deactivated": False,
        "contact": {
            "active": True,
            "email": person.email,
            "job_title": person.job_title,
            "language": "en",
            "last_login_at": second(person.updated),
            "mobile": person.mobile,
            "name": person.name,
            "phone": person.phone,
            "time_zone": "London",
            **times,
        },
        **times,
    }


def group_json(id: int, at: int) -> Json:
    """A group of agents."""
    return {
        "id": id,
        "name": GROUPS[id],
        "description": "",
        "escalate_to": None,
        "unassigned_for": None,
        "business_hour_id": None,
        "group_type": "support_agent_group",
        "agent_ids": [AGENT],
        "auto_ticket_assign": 0,
        "created_at": second(at),
        "updated_at": second(at),
    }


def role_json(id: int, at: int) -> Json:
    """What agents may."""
    return {
        "id": id,
        "name": ROLES[id],
        "description": "",
        "default": True,
        "agent_type": 1,
        "created_at": second(at),
        "updated_at": second(at),
    }


def fields_json(at: int) -> list[Json]:
    """The fields of tickets, with what each may be."""
    statuses = {str(number): list(labels) for number, labels in STATUSES.items()}
    known: tuple[tuple[str, str, str, Any], ...] = (
        ("requester", "default_requester", "Search a requester", None),
        ("subject", "default_subject", "Subject", None),
        ("ticket_type", "default_ticket_type", "Type", list(TYPES)),
        ("source", "default_source", "Source", SOURCES),
        ("status", "default_status", "Status", statuses),
        ("priority", "default_priority", "Priority", PRIORITIES),
        ("group", "default_group", "Group", {name: id for id, name in GROUPS.items()}),
        ("agent", "default_agent", "Agent", {"Agnes Agent": AGENT}),
        ("description", "default_description", "Description", None),
        (ORDER_FIELD, "custom_text", "Order number", None),
    )
    return [
        {
            "id": 85_000_000_001 + place,
            "name": name,
            "label": label,
            "description": "",
            "position": place + 1,
            "required_for_closure": False,
            "required_for_agents": name in ("subject", "status", "priority"),
            "type": kind,
            "default": kind.startswith("default_"),
            "customers_can_edit": False,
            "label_for_customers": label,
            "required_for_customers": False,
            "displayed_to_customers": True,
            "created_at": second(at),
            "updated_at": second(at),
            **({} if choices is None else {"choices": choices}),
        }
        for place, (name, kind, label, choices) in enumerate(known)
    ]
