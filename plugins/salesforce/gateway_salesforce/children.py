"""What hangs on a case, in our words: its history, its e-mails and its comments, each under the id of its own row.

Laws. Of a change of owner Salesforce writes two rows, under a name that tells what has changed it: the one that holds
ids is told, the one with names is not. A draft is no message. What an auto-response rule sends is an e-mail of the case
as any other, in the name of whoever filed the case: it answers nobody. What was written may be changed afterwards, and
becomes another case's when its own is merged into that: each later version has a greater `rev`, so that it wins in any
order of arrival.
"""

from collections.abc import Iterator
from typing import Any

from gateway.plugin import (
    EARLIEST,
    SECOND_MS,
    UNSET,
    BadPayload,
    ContactAssigned,
    ContactObserved,
    Event,
    Instant,
    Json,
    MessageAdded,
    Person,
    Ref,
    StatusChanged,
    flag,
)
from gateway_salesforce.normalize import Beside, assigned
from gateway_salesforce.reading import QUEUE, USER, an_id, edition, id18, moment, needed_id, needed_moment, nested, text
from gateway_salesforce.soql import OWNER_FIELDS
from gateway_salesforce.words import AUTOMATED, PARTNER, is_customer

TEXT_MAX = 8_000
"""Characters of a message that are kept."""

NAME_MAX = 200
_DRAFT = "5"
AUTOMATIC_MS = 60 * SECOND_MS
"""What is sent so soon after a case came in, by the user who filed it, is an auto-response rule's."""

BIRTH = ("CreatedById", "CreatedDate", "SuppliedEmail", "SuppliedName")
"""Columns of a case that tell whether an e-mail of it is an auto-response."""


def history_events(row: Json, ref: Ref, beside: Beside, closed: bool | None) -> Iterator[Event]:
    """What a row of a case's history says; `closed`: whether the status that it names ends a case, if that is known."""
    common: dict[str, Any] = {
        "id": f"history:{needed_id(row, 'Id')}",
        "at": needed_moment(row, "CreatedDate"),
        "ref": ref,
        "rev": 1,
    }
    match text(row, "Field"):
        case "Status":
            status = beside.words.status(text(row, "NewValue"), closed=closed)
            if status is not UNSET:
                yield StatusChanged(to=status, **common)
        case "Priority":
            yield ContactObserved(priority=beside.words.priority(text(row, "NewValue")), **common)
        case name if name in OWNER_FIELDS:
            owner = _owner(row.get("NewValue"))
            if owner is not None:
                yield ContactAssigned(**assigned(owner), **common)


def _owner(value: object) -> str | None:
    """The id of a new owner; None where its name stands in the place of it."""
    if not isinstance(value, str) or not value.startswith((USER, QUEUE)):
        return None
    try:
        return id18(value, "NewValue")
    except BadPayload:
        return None


def email_events(row: Json, ref: Ref, case: Json, read_at: int) -> Iterator[Event]:
    """What an e-mail of a case says that was read at `read_at` (milliseconds); `case`: what is known of the case, BIRTH
    of it at least."""
    if row.get("Status") == _DRAFT:
        return
    name = _short(text(row, "FromName"))
    auto = _by_machine(row, case)
    author = Person(kind="customer", name=name)
    if auto:
        author = Person(kind="system")
    elif not flag(row, "Incoming"):
        author = Person(kind="agent", id=an_id(row, "CreatedById"), name=name)
    yield MessageAdded(
        id=f"email:{needed_id(row, 'Id')}",
        at=_sent(row),
        ref=ref,
        rev=edition(moment(row, "SystemModstamp") or needed_moment(row, "CreatedDate"), read_at),
        author=author,
        auto=auto,
        text=_words(row, "TextBody"),
    )


def _sent(row: Json) -> Instant:
    """When an e-mail was sent. One that came in says what its sender's clock said: it was sent before it was filed, and
    in no other century."""
    said, filed = moment(row, "MessageDate"), needed_moment(row, "CreatedDate")
    if said is None or said < EARLIEST:
        return filed
    return min(said, filed) if flag(row, "Incoming") else said


def _by_machine(row: Json, case: Json) -> bool:
    """Whether no person wrote an outgoing e-mail. Incoming ones are all filed by a machine."""
    if flag(row, "Incoming"):
        return False
    kind = text(nested(row, "CreatedBy"), "UserType")
    # A customer sends nothing out: a rule did, as they filed their case in the portal. A partner may.
    by_rule = is_customer(kind) and (kind or "").lower() != PARTNER
    return kind == AUTOMATED or by_rule or _is_receipt(row, case)


def _is_receipt(row: Json, case: Json) -> bool:
    """Whether an e-mail went out as a case came in from outside (which leaves who it is from in it), by one user."""
    if (text(case, "SuppliedEmail") or text(case, "SuppliedName")) is None:
        return False
    by, opened, sent = an_id(row, "CreatedById"), moment(case, "CreatedDate"), moment(row, "CreatedDate")
    if by is None or by != an_id(case, "CreatedById") or opened is None or sent is None:
        return False
    return 0 <= sent - opened <= AUTOMATIC_MS


def comment_events(row: Json, ref: Ref, read_at: int) -> Iterator[Event]:
    """What a comment on a case says that was read at `read_at` (milliseconds)."""
    by = nested(row, "CreatedBy")
    kind = text(by, "UserType")
    author = Person(
        kind="customer" if is_customer(kind) else "agent", id=an_id(row, "CreatedById"), name=_short(text(by, "Name"))
    )
    yield MessageAdded(
        id=f"comment:{needed_id(row, 'Id')}",
        at=needed_moment(row, "CreatedDate"),
        ref=ref,
        rev=edition(moment(row, "SystemModstamp") or needed_moment(row, "CreatedDate"), read_at),
        author=Person(kind="system") if kind == AUTOMATED else author,
        visibility="public" if flag(row, "IsPublished") else "internal",
        auto=kind == AUTOMATED,
        text=_words(row, "CommentBody"),
    )


def _words(row: Json, key: str) -> str | None:
    value = text(row, key)
    return value[:TEXT_MAX] if value else None


def _short(name: str | None) -> str | None:
    return name[:NAME_MAX] if name else None
