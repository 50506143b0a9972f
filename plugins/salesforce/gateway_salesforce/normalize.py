"""A case as Salesforce shows it, in our words: the opening, the case as observed at its version's time, its end.

Laws. The opening carries only what hardly changes; where it does, the newest counts. A version is named by its
`SystemModstamp`, which moves with every change of the case; what the case shows is what it was at the end of that
instant, behind its history's rows. A case that was merged away is told so, whether Salesforce deletes such cases or
keeps them under a status of their own; nothing is told of what it or a deleted one shows.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gateway.plugin import (
    UNSET,
    BadPayload,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Json,
    Ref,
    UnsetType,
    flag,
)
from gateway_salesforce.reading import (
    LAST,
    QUEUE,
    USER,
    an_id,
    edition,
    is_settled,
    needed_id,
    needed_moment,
    nested,
    text,
)
from gateway_salesforce.words import Dictionary, channel_of

SUBJECT_MAX = 1_000
OBSERVED_SEQUENCE = 1
"""What a version shows stands behind what its history tells of the same second."""


class Beside(NamedTuple):
    """What a row is read with: the organisation's own words, further columns of a case, and where people find it."""

    words: Dictionary = Dictionary()
    fields: Sequence[str] = ()
    links: str | None = None
    """The beginning of a record's address; None where it isn't known."""

    def link(self, object: str, id: str) -> dict[str, FieldValue]:
        """Where people find a record, as a field."""
        return {} if self.links is None else {"link": f"{self.links}{object}/{id}/view"}


def case_ref(id: str) -> Ref:
    """Where a case's facts live."""
    return Ref("case", id)


def case_events(case: Json, beside: Beside, read_at: int) -> Iterator[Event]:
    """What a case says that was read at `read_at` (milliseconds)."""
    id = needed_id(case, "Id")
    ref, version = case_ref(id), needed_moment(case, "SystemModstamp")
    contact = an_id(case, "ContactId")
    yield ContactOpened(
        id=f"case:{id}:opened",
        at=needed_moment(case, "CreatedDate"),
        ref=ref,
        rev=edition(version, read_at),
        kind="ticket",
        channel=channel_of(text(case, "Origin")),
        customer=Customer(id=contact) if contact else UNSET,
    )
    into = an_id(case, "MasterRecordId")
    if into is not None and into != id:
        yield ContactMerged(id=f"case:{id}:merged", at=version, ref=ref, sequence=LAST, rev=1, into=case_ref(into))
    elif not flag(case, "IsDeleted"):
        yield _observed(id, case, beside, read_at)
    else:
        # Deleted twice, the later one counts, whoever tells of it: all say it with one rev.
        yield ContactDeleted(id=f"case:{id}:deleted", at=version, ref=ref, sequence=LAST, rev=1)


def _observed(id: str, case: Json, beside: Beside, read_at: int) -> ContactObserved:
    version = needed_moment(case, "SystemModstamp")
    escalated = flag(case, "IsEscalated")
    closed = bool(flag(case, "IsClosed")) if "IsClosed" in case else None
    return ContactObserved(
        id=f"case:{id}:observed:{int(version)}",
        at=version,
        ref=case_ref(id),
        sequence=OBSERVED_SEQUENCE,
        rev=1 if is_settled(version, read_at) else 0,
        subject=_subject(case),
        customer=_customer(case),
        priority="urgent"
        if escalated
        else beside.words.priority(text(case, "Priority"))
        if "Priority" in case
        else UNSET,
        status=beside.words.status(text(case, "Status"), closed=closed),
        fields=_fields(id, case, beside),
        **owner_of(case),
    )


def _subject(case: Json) -> str | UnsetType | None:
    if "Subject" not in case:
        return UNSET
    value = text(case, "Subject")
    return value[:SUBJECT_MAX] if value else None


def _customer(case: Json) -> Customer | UnsetType:
    """The contact of a case, else who it says that it is from."""
    id = an_id(case, "ContactId")
    if id is not None:
        contact = nested(case, "Contact")
        return Customer(
            id=id,
            email=text(contact, "Email"),
            phone=text(contact, "Phone") or text(contact, "MobilePhone"),
            name=text(contact, "Name"),
        )
    said = Customer(
        email=text(case, "SuppliedEmail"), phone=text(case, "SuppliedPhone"), name=text(case, "SuppliedName")
    )
    return said if said.known or said.name else UNSET


def owner_of(row: Json) -> dict[str, Any]:
    """Who has it: a person or a queue, as `assignee` and `group`; nothing where that isn't told."""
    return {} if "OwnerId" not in row else assigned(an_id(row, "OwnerId"))


def assigned(owner: str | None) -> dict[str, Any]:
    """An owner as `assignee` and `group`: of one who is neither a person nor a queue nothing is known."""
    person = owner if owner is not None and owner.startswith(USER) else None
    queue = owner if owner is not None and owner.startswith(QUEUE) else None
    return {"assignee": person, "group": queue}


def _fields(id: str, case: Json, beside: Beside) -> dict[str, FieldValue]:
    found: dict[str, FieldValue] = {}
    for name, column in _NAMES.items():
        if column in case:
            found[name] = text(case, column)
    if "IsEscalated" in case:
        found["escalated"] = bool(flag(case, "IsEscalated"))
    if "Account" in case:
        found["account"] = text(nested(case, "Account"), "Name")
    for column in beside.fields:
        if column in case:
            found[column] = field_value(case[column], column)
    return found | beside.link("Case", id)


_NAMES = {
    "case_number": "CaseNumber",
    "salesforce_status": "Status",
    "type": "Type",
    "reason": "Reason",
    "origin": "Origin",
}


def field_value(value: Any, column: str) -> FieldValue:
    """The value of a further column: text, a number or a boolean."""
    if isinstance(value, int) and value.bit_length() >= 64:
        raise BadPayload(f"{column} is out of range")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise BadPayload(f"{column} is neither text, number nor boolean")
