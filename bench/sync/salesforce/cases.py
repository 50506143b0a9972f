"""Cases as Salesforce writes them, by their number; and what is true of them.

Pure. The user that reads sees the columns of a case that helpdesk matters need, and its description isn't one of them:
so every reader gets the same, whether it asks for all that there is or for what it wants. That is some 1 KB of JSON.
"""

from collections.abc import Mapping
from typing import Any

from bench.sync import matters
from bench.sync.matters import changed_s, created_s
from bench.sync.truth import Row
from gateway.model.instant import SECOND_MS, format_instant

VERSION = "66.0"
STATUSES = {
    "New": ("new", False),
    "Working": ("open", False),
    "Escalated": ("open", False),
    "Waiting on Customer": ("pending", False),
    "On Hold": ("on_hold", False),
    "Closed": ("closed", True),
}
"""The organisation's statuses: each in our words, and whether a case that has it is over."""

_STATUSES = ("Closed",) * 15 + ("Waiting on Customer",) * 2 + ("Working", "Escalated", "On Hold", "New")
_ORIGINS = ("Email", "Web", "Email", "Phone", "Email", "Web", "Phone", "Web", "Email")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "Case": {
        "Id": "id",
        "IsDeleted": "boolean",
        "MasterRecordId": "reference",
        "CaseNumber": "string",
        "ContactId": "reference",
        "AccountId": "reference",
        "SuppliedName": "string",
        "SuppliedEmail": "email",
        "SuppliedPhone": "string",
        "Type": "picklist",
        "Status": "picklist",
        "Reason": "picklist",
        "Origin": "picklist",
        "Subject": "string",
        "Priority": "picklist",
        "IsClosed": "boolean",
        "IsEscalated": "boolean",
        "OwnerId": "reference",
        "CreatedDate": "datetime",
        "CreatedById": "reference",
        "SystemModstamp": "datetime",
    },
    "Contact": {"Id": "id", "Name": "string", "Email": "email", "Phone": "phone", "MobilePhone": "phone",
                "CreatedDate": "datetime"},
    "Account": {"Id": "id", "Name": "string", "CreatedDate": "datetime"},
}  # fmt: skip
"""The objects that the user sees, and their columns with the type of each."""

RELATED = ("Contact.Name", "Contact.Email", "Contact.Phone", "Contact.MobilePhone", "Account.Name")
"""What a query can say of a case beside its own columns."""


def row(number: int) -> Row:
    """What is true of the case with this number, from 1."""
    return row_of({"Id": id18("500", number), "Subject": matters.subject(number), "Status": _status(number)})


def row_of(case: Mapping[str, Any]) -> Row:
    """What is compared of a case that a reader has brought."""
    return Row(case["Id"], case["Subject"], STATUSES[case["Status"]][0])


def case(number: int) -> dict[str, Any]:
    """The case with all that the user sees of it."""
    status, place = _status(number), matters.customer(number)
    own_contact = number % 8 != 0
    return {
        "attributes": _attributes("Case", id18("500", number)),
        "Id": id18("500", number),
        "IsDeleted": False,
        "MasterRecordId": None,
        "CaseNumber": f"{number:08d}",
        "ContactId": id18("003", place) if own_contact else None,
        "AccountId": id18("001", number % 50) if own_contact else None,
        "SuppliedName": None if own_contact else f"Customer {place}",
        "SuppliedEmail": None if own_contact else f"customer{place}@customer.example",
        "SuppliedPhone": None,
        "Type": ("Question", "Problem", "Feature Request", None)[number % 4],
        "Status": status,
        "Reason": ("Delivery", "Billing", None)[number % 3],
        "Origin": _ORIGINS[number % 9],
        "Subject": matters.subject(number),
        "Priority": ("Medium", "Low", "High", "Medium", "Low", "Medium", "Low")[number % 7],
        "IsClosed": STATUSES[status][1],
        "IsEscalated": status == "Escalated",
        "OwnerId": id18("00G", number % matters.GROUPS) if status == "New" else id18("005", matters.agent(number)),
        "CreatedDate": _moment(created_s(number)),
        "CreatedById": id18("005", matters.AGENTS),
        "SystemModstamp": _moment(changed_s(number)),
        "Contact": _contact(place) if own_contact else None,
        "Account": _account(number % 50) if own_contact else None,
    }


def id18(prefix: str, number: int) -> str:
    """An id, whose last three letters say which of the others are capitals. In the order of their numbers."""
    digits = ""
    for _ in range(5):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    id = f"{prefix}5g00000{digits}"
    chunks = (id[start : start + 5] for start in (0, 5, 10))
    return id + "".join(_CHECK[sum(letter.isupper() << place for place, letter in enumerate(one))] for one in chunks)


def number_of(id: str) -> int:
    """The number of an id that this organisation has made."""
    return int(id[10:15], len(_DIGITS))


def _status(number: int) -> str:
    return _STATUSES[number % len(_STATUSES)]


def _contact(place: int) -> dict[str, Any]:
    return {
        "attributes": _attributes("Contact", id18("003", place)),
        "Name": f"Customer {place}",
        "Email": f"customer{place}@customer.example",
        "Phone": f"+1415555{place:04d}",
        "MobilePhone": None,
    }


def _account(place: int) -> dict[str, Any]:
    return {"attributes": _attributes("Account", id18("001", place)), "Name": f"Company {place}"}


def _attributes(name: str, id: str) -> dict[str, str]:
    return {"type": name, "url": f"/services/data/v{VERSION}/sobjects/{name}/{id}"}


def _moment(seconds: int) -> str:
    return format_instant(seconds * SECOND_MS)[:19] + ".000+0000"
