"""Messaging sessions and voice calls, in our words: who began them, who took them, and when they were over.

Laws. What a session or a call says at several instants of its life stands in one row, and each is an event of its own,
so that a later row tells the earlier ones again under their ids: of two tellings the newest counts, since a session may
be handed on, and its contact be known later. What was said in them can't be read by queries: that a person has accepted
a session stands for the first reply.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from gateway.plugin import (
    UNSET,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    ContactAssigned,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Json,
    Ref,
    StatusChanged,
    UnsetType,
)
from gateway_salesforce.normalize import Beside, owner_of
from gateway_salesforce.reading import USER, an_id, edition, is_settled, moment, needed_id, needed_moment, nested, text
from gateway_salesforce.words import channel_of_session, direction_of_call, direction_of_session

_NOBODY: Final = ("Bot", "System")
"""Who has a session that no person does."""

_NUMBER: Final = re.compile(r"(?:whatsapp:)?(\+?[0-9]{6,15})", re.ASCII)
_SESSION_FIELDS: Final = {
    "session_status": "Status",
    "channel_type": "ChannelType",
    "origin": "Origin",
    "agent_type": "AgentType",
}
_CALL_FIELDS: Final = {"call_type": "CallType", "disposition": "CallDisposition", "vendor_call_key": "VendorCallKey"}


def session_events(row: Json, beside: Beside, read_at: int) -> Iterator[Event]:
    """What a messaging session says."""
    id = needed_id(row, "Id")
    ref = Ref("session", id)
    contact = an_id(row, "EndUserContactId")
    rev = edition(needed_moment(row, "SystemModstamp"), read_at)
    yield ContactOpened(
        id=f"session:{id}:opened",
        at=moment(row, "StartTime") or needed_moment(row, "CreatedDate"),
        ref=ref,
        rev=rev,
        kind="chat",
        channel=channel_of_session(text(row, "ChannelType")),
        direction=direction_of_session(text(row, "Origin")),
        customer=Customer(id=contact) if contact else UNSET,
    )
    accepted, ended = moment(row, "AcceptTime"), moment(row, "EndTime")
    if accepted is not None:
        person = _person(row)
        yield ContactAssigned(id=f"session:{id}:accepted", at=accepted, ref=ref, rev=rev, assignee=person or UNSET)
        if text(row, "AgentType") not in _NOBODY:
            yield CallAnswered(id=f"session:{id}:answered", at=accepted, ref=ref, rev=rev, agent=person)
    fields = _fields(row, _SESSION_FIELDS) | {"case": an_id(row, "CaseId")} | beside.link("MessagingSession", id)
    yield _observed("session", id, row, fields, _end_user(row, contact), read_at)
    if ended is not None:
        yield StatusChanged(id=f"session:{id}:ended", at=ended, ref=ref, rev=rev, to="closed")


def call_events(row: Json, beside: Beside, read_at: int) -> Iterator[Event]:
    """What a voice call says."""
    id = needed_id(row, "Id")
    ref, direction = Ref("call", id), direction_of_call(text(row, "CallType"))
    rev = edition(needed_moment(row, "SystemModstamp"), read_at)
    number = text(row, "ToPhoneNumber" if direction == "outbound" else "FromPhoneNumber")
    customer = Customer(phone=number) if number else UNSET
    yield ContactOpened(
        id=f"call:{id}:opened",
        at=moment(row, "CallStartDateTime") or needed_moment(row, "CreatedDate"),
        ref=ref,
        rev=rev,
        kind="call",
        channel="phone",
        direction=direction,
        customer=customer,
    )
    answered = moment(row, "CallAcceptDateTime") or moment(row, "CallConnectDateTime")
    ended = moment(row, "CallEndDateTime")
    agent = _person(row)
    if answered is not None:
        yield CallAnswered(id=f"call:{id}:answered", at=answered, ref=ref, rev=rev, agent=agent)
    fields = _fields(row, _CALL_FIELDS) | {"related": an_id(row, "RelatedRecordId")} | beside.link("VoiceCall", id)
    yield _observed("call", id, row, fields, customer, read_at)
    if ended is None:
        return
    if answered is None and direction == "inbound":
        yield CallAbandoned(id=f"call:{id}:abandoned", at=ended, ref=ref, rev=rev)
    else:
        yield CallEnded(id=f"call:{id}:ended", at=ended, ref=ref, rev=rev, agent=agent)


def _observed(
    kind: str, id: str, row: Json, fields: dict[str, FieldValue], customer: Customer | UnsetType, read_at: int
) -> ContactObserved:
    version = needed_moment(row, "SystemModstamp")
    return ContactObserved(
        id=f"{kind}:{id}:observed:{int(version)}",
        at=version,
        ref=Ref(kind, id),
        rev=1 if is_settled(version, read_at) else 0,
        customer=customer,
        fields=fields,
        **owner_of(row),
    )


def _end_user(row: Json, contact: str | None) -> Customer | UnsetType:
    """Who writes in a session, with the telephone number where the channel has one."""
    user = nested(row, "MessagingEndUser")
    key = text(user, "MessagingPlatformKey") or ""
    by_number = channel_of_session(text(row, "ChannelType")) in ("sms", "whatsapp")
    number = _NUMBER.fullmatch(key) if by_number else None
    found = Customer(id=contact, name=text(user, "Name"), phone=number[1] if number else None)
    return found if found.known or found.name else UNSET


def _person(row: Json) -> str | None:
    owner = an_id(row, "OwnerId")
    return owner if owner is not None and owner.startswith(USER) else None


def _fields(row: Json, names: dict[str, str]) -> dict[str, Any]:
    return {name: text(row, column) for name, column in names.items() if column in row}
