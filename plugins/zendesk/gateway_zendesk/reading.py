"""Reads single values of Zendesk's JSON: the value, nothing where Zendesk says nothing, or BadPayload.

Webhooks write ids as text and null as `"0"` or `""`; the API writes numbers and null. Both read the same here.
"""

from typing import Final

from gateway.plugin import SECOND_MS, BadPayload, Instant, Json, needed, parse_instant, text

SYSTEM = "-1"
"""The author id under which Zendesk itself acts."""

ID_KEYS: Final = frozenset(
    {
        "account_id",
        "actor_id",
        "assignee_id",
        "author_id",
        "brand_id",
        "external_id",
        "form_id",
        "group_id",
        "id",
        "organization_id",
        "phone",
        "reference",
        "requester_id",
        "submitter_id",
        "target_ticket_id",
        "ticket_id",
        "zen:sunco:user_id",
    }
)
"""Keys whose texts are ids: webhooks write them so."""

LAST: Final = 2**62
"""The sequence of what ends a ticket: Zendesk's times have whole seconds, and an end is the last thing in its own."""

SETTLED_MS: Final = 2 * SECOND_MS
"""A version is final when its second is over; this many milliseconds later, for clocks that differ a little."""

ID_DIGITS_MAX = 18
_EPOCH_MAX = 253_402_300_799


def an_id(source: Json, key: str) -> str | None:
    """The id of an object as text, whichever way Zendesk wrote it; None for null, `"0"` and `""`."""
    value = source.get(key)
    if value is None or value in ("", "0") or (value == 0 and value is not False):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if value.bit_length() < 64 else ""
    if isinstance(value, str) and value.isascii():
        if value == SYSTEM:
            return SYSTEM
        if value.isdigit() and len(value) <= ID_DIGITS_MAX:
            return str(int(value)) if int(value) else None
    raise BadPayload(f"{key} is no id")


def needed_id(source: Json, key: str) -> str:
    """An id that must be there."""
    value = an_id(source, key)
    return needed(None if value == SYSTEM else value, key)


def moment(source: Json, key: str) -> Instant | None:
    """A time in RFC 3339, cut to the whole second that Zendesk's own log has; None where there is none."""
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


def epoch(source: Json, key: str) -> Instant | None:
    """A time in seconds since 1970; None where there is none."""
    value = source.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _EPOCH_MAX:
        raise BadPayload(f"{key} is no time in seconds")
    return Instant(value * SECOND_MS)


def is_settled(version: int, read_at: int) -> bool:
    """Whether what was read at `read_at` is all that a version (of whole seconds) will ever be."""
    return read_at - version >= SETTLED_MS
