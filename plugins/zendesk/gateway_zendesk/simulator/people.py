"""Who and what a simulated account has beside tickets: people, groups, organizations, brands, statuses and fields."""

from dataclasses import dataclass
from typing import Any, Final

from gateway_zendesk.simulator.ticket import Json, second

FIRST_USER: Final = 370_000_000_001
AGENT, ADMIN, SYSTEM = FIRST_USER, FIRST_USER + 1, -1
GROUPS: Final = {360_000_000_101: "Support", 360_000_000_102: "Billing"}
ORGANIZATIONS: Final = {361_000_000_201: "Customer Ltd"}
BRANDS: Final = {362_000_000_301: "Acme", 362_000_000_302: "Globex"}
BRAND: Final = 362_000_000_301
FORM: Final = 363_000_000_401
CUSTOM_STATUSES: Final = {
    364_000_000_501: ("new", "New", True),
    364_000_000_502: ("open", "Open", True),
    364_000_000_503: ("pending", "Pending", True),
    364_000_000_504: ("hold", "On-hold", True),
    364_000_000_505: ("solved", "Solved", True),
    364_000_000_511: ("open", "Escalated to engineering", False),
    364_000_000_512: ("pending", "Waiting for documents", False),
    364_000_000_513: ("hold", "Waiting for the bank", False),
}
"""Category, label and whether it is its category's own."""

TICKET_FIELD: Final = 365_000_000_601
FIELDS: Final = {TICKET_FIELD: ("text", "Order number"), TICKET_FIELD + 1: ("checkbox", "VIP")}


@dataclass(slots=True)
class User:
    """A person. `written`: the second at which the export has them."""

    id: int
    name: str
    email: str | None
    role: str
    created: int
    updated: int
    phone: str | None = None
    organization: int | None = None
    suspended: bool = False
    written: int = 0


def default_status(category: str) -> int | None:
    """The custom status that a category has by itself."""
    return next((id for id, (of, _, own) in CUSTOM_STATUSES.items() if own and of == category), None)


def user_json(user: User, base: str) -> Json:
    """A person as the API shows them."""
    staff = user.role != "end-user"
    return {
        "id": user.id,
        "url": f"{base}/api/v2/users/{user.id}.json",
        "name": user.name,
        "email": user.email,
        "created_at": second(user.created),
        "updated_at": second(user.updated),
        "time_zone": "London",
        "iana_time_zone": "Europe/London",
        "phone": user.phone,
        "shared_phone_number": None,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": user.organization,
        "role": user.role,
        "verified": True,
        "external_id": None,
        "tags": [],
        "alias": None,
        "active": True,
        "shared": False,
        "shared_agent": False,
        "last_login_at": second(user.updated),
        "two_factor_auth_enabled": False,
        "signature": None,
        "details": None,
        "notes": None,
        "role_type": {"admin": 4}.get(user.role),
        "custom_role_id": None,
        "moderator": staff,
        "ticket_restriction": None if staff else "requested",
        "only_private_comments": False,
        "restricted_agent": not staff,
        "suspended": user.suspended,
        "default_group_id": next(iter(GROUPS)) if staff else None,
        "report_csv": user.role == "admin",
        "user_fields": {},
    }


def groups_json(base: str, at: int) -> list[Json]:
    """The groups of agents."""
    return [
        {
            **_named(base, "groups", id, at),
            "name": name,
            "description": "",
            "default": id == next(iter(GROUPS)),
            "deleted": False,
            "is_public": True,
        }
        for id, name in GROUPS.items()
    ]


def organizations_json(base: str, at: int) -> list[Json]:
    """The customers' organizations."""
    return [
        {
            **_named(base, "organizations", id, at),
            "name": name,
            "details": None,
            "notes": None,
            "external_id": None,
            "group_id": None,
            "domain_names": ["customer.example"],
            "shared_comments": False,
            "shared_tickets": False,
            "tags": [],
            "organization_fields": {},
        }
        for id, name in ORGANIZATIONS.items()
    ]


def brands_json(base: str, at: int) -> list[Json]:
    """The brands; the first is the account's own."""
    return [
        {
            **_named(base, "brands", id, at),
            "name": name,
            "subdomain": name.lower(),
            "brand_url": f"https://{name.lower()}.zendesk.com",
            "active": True,
            "default": id == BRAND,
            "is_deleted": False,
            "has_help_center": False,
            "help_center_state": "disabled",
            "host_mapping": None,
            "logo": None,
            "signature_template": "{{agent.signature}}",
            "ticket_form_ids": [FORM],
        }
        for id, name in BRANDS.items()
    ]


def custom_statuses_json(at: int) -> list[Json]:
    """The statuses that agents choose from."""
    return [
        {
            "id": id,
            "status_category": category,
            "agent_label": label,
            "end_user_label": label,
            "raw_agent_label": label,
            "raw_end_user_label": label,
            "description": "",
            "raw_description": "",
            "end_user_description": "",
            "raw_end_user_description": "",
            "active": True,
            "default": own,
            "created_at": second(at),
            "updated_at": second(at),
        }
        for id, (category, label, own) in CUSTOM_STATUSES.items()
    ]


def fields_json(base: str, at: int) -> list[Json]:
    """The custom fields of tickets."""
    return [
        {
            **_named(base, "ticket_fields", id, at),
            "type": kind,
            "title": title,
            "raw_title": title,
            "description": "",
            "raw_description": "",
            "position": position,
            "active": True,
            "required": False,
            "collapsed_for_agents": False,
            "regexp_for_validation": None,
            "title_in_portal": title,
            "raw_title_in_portal": title,
            "visible_in_portal": False,
            "editable_in_portal": False,
            "required_in_portal": False,
            "agent_description": None,
            "tag": None,
            "removable": True,
            "key": None,
        }
        for position, (id, (kind, title)) in enumerate(FIELDS.items())
    ]


def _named(base: str, kind: str, id: int, at: int) -> dict[str, Any]:
    times = {"created_at": second(at), "updated_at": second(at)}
    return {"id": id, "url": f"{base}/api/v2/{kind}/{id}.json", **times}
