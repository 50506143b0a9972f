"""The account that all of them read: tickets and users by their number, the same in every process; and what is true.

Pure. A ticket is some 2.7 KB of JSON in the order in which Zendesk writes it. Three tickets share each minute's second,
as they do after a bulk update: a reader that turns pages by time has to cope with them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from gateway.model.instant import SECOND_MS, format_instant

FIRST_S = 1_767_225_600
"""When the oldest ticket was last changed: 2026-01-01. All of the account lies in the past."""

PER_SECOND, STEP_S = 3, 60
CUSTOMERS, AGENTS, GROUPS, FIELDS = 5_000, 40, 6, 14
_BASE = 370_000_000_000
_STATUSES = ("closed",) * 11 + ("solved",) * 4 + ("pending",) * 2 + ("open",) * 2 + ("hold", "new")
_PRIORITIES = ("normal", None, "low", "high", "normal", "urgent", None)
_CHANNELS = ("email", "web", "api", "chat", "email", "voice", "native_messaging", "web", "email")
_MATTERS = (
    "The order has not arrived", "I can't log in", "Refund for invoice", "Déjà payé, mais deux fois", "Wrong size",
    "The app closes by itself", "Change of address", "配送状況について", "Question about the contract", "Broken seal",
)  # fmt: skip
_SAID = (
    "Hello, I ordered two weeks ago and nothing has come so far. The page says that it was handed over to the carrier, "
    "the carrier says that they know nothing of it. I have tried to call and waited for twenty minutes. "
)
_TAGS = ("vip", "login", "billing", "delivery", "en", "de", "returns", "app", "web", "contract", "follow_up")


class Row(NamedTuple):
    """What is compared of a ticket that a reader has brought."""

    id: int
    subject: str
    status: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader has brought. `digest` is that of the different rows, whatever their order."""

    rows: int
    distinct: int
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """How far that is from the truth. `wrong` where the ids are right, and subject or status of some aren't."""

    lost: int
    doubled: int
    wrong: bool


def row(number: int) -> Row:
    """What is true of the ticket with this number, from 1."""
    return Row(number, f"{_MATTERS[number % 10]} #{number}", _STATUSES[number % len(_STATUSES)])


def generated_at(number: int) -> int:
    """When a ticket last changed, in seconds: its place in the export."""
    return FIRST_S + (number - 1) // PER_SECOND * STEP_S


def people(number: int) -> tuple[int, ...]:
    """The ids of the users that a ticket names: its customer and its agent."""
    return _BASE + number * 7_919 % CUSTOMERS, _BASE + 100_000 + number % AGENTS


def ticket(number: int, base: str) -> dict[str, Any]:
    """The ticket as the export shows it; `base` is where the account is."""
    id, subject, status = row(number)
    customer, agent = people(number)
    changed = generated_at(number) - number % 5
    channel = _CHANNELS[number % 9]
    fields = [{"id": _BASE + 800 + field, "value": _field(number, field)} for field in range(FIELDS)]
    source = {"from": {"address": f"customer{customer - _BASE}@customer.example", "name": f"Customer {customer}"}}
    return {
        "url": f"{base}/api/v2/tickets/{id}.json",
        "id": id,
        "external_id": None if number % 4 else f"crm-{number}",
        "via": {"channel": channel, "source": {**source, "to": {"address": "help@acme.example"}, "rel": None}},
        "created_at": _moment(changed - 3_600 - number % 97 * 1_800),
        "updated_at": _moment(changed),
        "generated_timestamp": generated_at(number),
        "type": ("question", "incident", "problem", None)[number % 4],
        "subject": subject,
        "raw_subject": subject,
        "description": _SAID * (1 + number % 3),
        "priority": _PRIORITIES[number % 7],
        "status": status,
        "recipient": "help@acme.example",
        "requester_id": customer,
        "submitter_id": customer,
        "assignee_id": None if status == "new" else agent,
        "organization_id": _BASE + 500 + number % 50,
        "group_id": _BASE + 700 + number % GROUPS,
        "collaborator_ids": [],
        "follower_ids": [agent] if number % 6 == 0 else [],
        "email_cc_ids": [],
        "forum_topic_id": None,
        "problem_id": None,
        "has_incidents": False,
        "is_public": True,
        "due_at": None,
        "tags": sorted({_TAGS[number * step % 11] for step in (1, 2, 5)}),
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


def truth(tickets: int) -> Found:
    """What a perfect reader brings of an account with so many tickets."""
    return found(row(number) for number in range(1, tickets + 1))


def found(rows: Iterable[Row]) -> Found:
    """What these rows are together. Their digest is a sum, so that neither order nor memory matters."""
    ids: Counter[int] = Counter()
    seen: set[int] = set()
    digest = 0
    for one in rows:
        ids[one.id] += 1
        mark = int.from_bytes(hashlib.blake2b(msgspec.json.encode(one), digest_size=8).digest(), "big")
        if mark not in seen:
            seen.add(mark)
            digest = (digest + mark) % (1 << 64)
    return Found(ids.total(), len(ids), f"{digest:016x}")


def fault(brought: Found, true: Found) -> Fault:
    """What is wrong with what was brought."""
    lost = true.distinct - brought.distinct
    return Fault(lost, brought.rows - brought.distinct, not lost and brought.digest != true.digest)


def numbers(tickets: int) -> Iterator[int]:
    """The numbers of an account's tickets, in the order of the export."""
    return iter(range(1, tickets + 1))


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


def _moment(seconds: int) -> str:
    return format_instant(seconds * SECOND_MS)
