"""Reads single values of Freshdesk's JSON: the value, nothing where Freshdesk says nothing, or BadPayload."""

from typing import Any, Final

from gateway.plugin import SECOND_MS, BadPayload, FieldValue, Instant, Json, needed, parse_instant, text

ID_KEYS: Final = frozenset(
    {
        "agent_id",
        "automation_id",
        "company_id",
        "email_config_id",
        "group_id",
        "id",
        "mobile",
        "phone",
        "product_id",
        "requester_id",
        "responder_id",
        "survey_id",
        "ticket_id",
        "unique_external_id",
        "user_id",
    }
)
"""Keys whose texts are ids, or numbers of telephones: webhooks may write them so."""

LAST: Final = 2**62
"""The sequence of what ends a ticket: Freshdesk's times have whole seconds, and an end is the last thing in its own."""

SETTLED_MS: Final = 2 * SECOND_MS
"""A version is final when its second is over; this many milliseconds later, for clocks that differ a little."""

ID_DIGITS_MAX: Final = 18


def an_id(source: Json, key: str) -> str | None:
    """The id of an object as text, whether it is written as a number or as text; None for null, 0 and `""`."""
    value = source.get(key)
    if value is None or value == "" or (value == 0 and value is not False):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if 0 < value.bit_length() < 60 and value > 0 else ""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
        return str(int(value)) if int(value) else None
    raise BadPayload(f"{key} is no id")


def needed_id(source: Json, key: str) -> str:
    """An id that must be there."""
    return needed(an_id(source, key), key)


def number(source: Json, key: str) -> int | None:
    """A whole number, or None."""
    value = source.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value.bit_length() >= 64:
        raise BadPayload(f"{key} is no whole number")
    return value


def moment(source: Json, key: str) -> Instant | None:
    """A time in RFC 3339, whatever its zone, cut to the whole second that Freshdesk means; None where there is none."""
    value = text(source, key)
    if not value:
        return None
    try:
        return Instant(parse_instant(value) // SECOND_MS * SECOND_MS)
    except (ValueError, OverflowError) as error:
        raise BadPayload(f"{key}: {error}") from None


def needed_moment(source: Json, key: str) -> Instant:
    """A time that must be there."""
    return needed(moment(source, key), key)


def is_settled(version: int, read_at: int) -> bool:
    """Whether what was read at `read_at` is all that a version (of whole seconds) will ever be."""
    return read_at - version >= SETTLED_MS


def edition(version: int, read_at: int) -> int:
    """The `rev` of what a version (in ms) says of a fact that a later one may correct: the newest counts, and of those
    of one second the one that was read when it was over."""
    return 2 * max(0, version // SECOND_MS) + is_settled(version, read_at)


def field_value(value: Any) -> FieldValue:
    """The value of a field of the account's own: text, a number or a boolean; several choices are joined by commas."""
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise BadPayload("the value of a custom field is no list of texts")
        return ",".join(value) or None
    if isinstance(value, int) and value.bit_length() >= 64:
        raise BadPayload("the value of a custom field is out of range")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise BadPayload("the value of a custom field is neither text, number nor boolean")
