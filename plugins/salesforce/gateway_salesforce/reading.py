"""Reads single values of Salesforce's JSON: the value, nothing where Salesforce says nothing, or BadPayload.

Laws. An id is kept in its 18 characters, whose last three are made of the case of the others: the 15 that people copy
out of an address name the same object, and a wrong letter is found out. Times are `+0000` without a colon.
"""

import re
from typing import Final

from gateway.plugin import SECOND_MS, BadPayload, Instant, Json, mapping, needed, parse_instant
from gateway.plugin import text as plain_text

ID_KEYS: Final = frozenset(
    {
        "CaseId",
        "CaseNumber",
        "ContactId",
        "CreatedById",
        "EndUserContactId",
        "FromPhoneNumber",
        "Id",
        "MasterRecordId",
        "MessagingPlatformKey",
        "MobilePhone",
        "Name",
        "NewValue",
        "OwnerId",
        "ParentId",
        "Phone",
        "RelatedRecordId",
        "SuppliedPhone",
        "ToPhoneNumber",
        "VendorCallKey",
        "ids",
    }
)
"""Keys whose texts are ids or telephone numbers."""

CASE, SESSION, CALL = "500", "0Mw", "0LQ"
"""The first three letters of an id say what it is of: a case, a messaging session, a call."""

USER, QUEUE = "005", "00G"

LAST: Final = 2**62
"""The sequence of what ends a case: it is the last thing in its own second."""

SETTLED_MS: Final = 2 * SECOND_MS
"""A version is final when its second is over; this many milliseconds later, for clocks that differ a little."""

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ZONE = re.compile(r"([+-]\d\d)(\d\d)$", re.ASCII)


def nested(source: Json, key: str) -> Json:
    """The object that a relation leads to; empty where it leads nowhere."""
    value = source.get(key)
    return {} if value is None else mapping(value, key)


def text(source: Json, key: str) -> str | None:
    """Text, or None where there is none or an empty one."""
    return plain_text(source, key) or None


def id18(value: object, what: str) -> str:
    """An id in its 18 characters, given in 15 or 18. Raises BadPayload for what is no id."""
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise BadPayload(f"{what} is no id")
    whole = value[:15] + _suffix(value[:15])
    if len(value) == 18 and value[15:].upper() != whole[15:]:
        raise BadPayload(f"{what} is no id: its last three letters don't fit the others")
    return whole


def _suffix(id: str) -> str:
    """The three letters that say which of 15 are capitals: five bits each, the first letter's the lowest."""
    parts = (id[:5], id[5:10], id[10:])
    return "".join(_CHECK[sum(letter.isupper() << place for place, letter in enumerate(part))] for part in parts)


def an_id(source: Json, key: str) -> str | None:
    """An id; None where there is none."""
    value = source.get(key)
    return None if value is None or value == "" else id18(value, key)


def needed_id(source: Json, key: str) -> str:
    """An id that must be there."""
    return needed(an_id(source, key), key)


def moment(source: Json, key: str) -> Instant | None:
    """A time; None where there is none."""
    value = text(source, key)
    if value is None:
        return None
    try:
        return parse_instant(_ZONE.sub(r"\1:\2", value))
    except (ValueError, OverflowError) as error:
        raise BadPayload(f"{key}: {error}") from None


def needed_moment(source: Json, key: str) -> Instant:
    """A time that must be there."""
    return needed(moment(source, key), key)


def is_settled(version: int, read_at: int) -> bool:
    """Whether what was read at `read_at` is all that a version (of whole seconds) will ever be; both in ms."""
    return read_at - version >= SETTLED_MS


def edition(version: int, read_at: int) -> int:
    """The `rev` of what a version (in ms) says of a fact that a later one may correct: the newest counts, and of those
    of one second the one that was read when it was over."""
    return 2 * max(0, version // SECOND_MS) + is_settled(version, read_at)
