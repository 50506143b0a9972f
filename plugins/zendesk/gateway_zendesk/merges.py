"""Merges as a ticket's log tells them, for a merge whose webhook was lost.

Laws. Anybody can write that a request was merged: words alone end nothing. An entry of the log merges its ticket only
if Zendesk itself says so, by how the entry came about or by its tag, and if it ends the ticket; the words are only
asked which ticket it went into, where nothing else tells.
"""

import re
from collections.abc import Iterator
from typing import Final

from gateway.plugin import Json, mapping, mappings, text
from gateway_zendesk.normalize import MERGED_TAG, tags_of
from gateway_zendesk.reading import an_id
from gateway_zendesk.words import ended, via_word

_SCANNED_MAX = 2_000
_INTO: Final = re.compile(r"merged into request #([0-9]{1,18})\b")
_NUMBER: Final = re.compile(r"#([0-9]{1,18})\b")


def merged_into(audit: Json, ticket: str) -> str | None:
    """The ticket that an entry of the log merged `ticket` into; None if it didn't, or doesn't say which."""
    entries = mappings(audit.get("events"), "events")
    tagged = any(_tags(entry) for entry in entries)
    by_merge = tagged or any(_by_merge(source) for source in (audit, *entries))
    ends = tagged or any(text(entry, "field_name") == "status" and ended(entry.get("value")) for entry in entries)
    if not (by_merge and ends):
        return None
    return next((id for id in _targets(audit, entries) if id != ticket), None)


def _tags(entry: Json) -> bool:
    """Whether an entry adds the tag."""
    if text(entry, "field_name") != "tags":
        return False
    now, before = (tags_of(entry.get(key) or []) for key in ("value", "previous_value"))
    return MERGED_TAG in now and MERGED_TAG not in before


def _by_merge(source: Json) -> bool:
    return via_word(source) == "merge" or (_source(source).get("rel") == "merge")


def _targets(audit: Json, entries: list[Json]) -> Iterator[str]:
    for source in (audit, *entries):
        for end in ("to", "from"):
            named = _source(source).get(end)
            id = an_id(mapping(named, end), "ticket_id") if named is not None else None
            if id is not None:
                yield id
    said = [(text(entry, "body") or "")[:_SCANNED_MAX] for entry in entries if text(entry, "type") == "Comment"]
    for words in said:
        yield from (str(int(number)) for number in _INTO.findall(words))
    numbers = {str(int(number)) for words in said for number in _NUMBER.findall(words)}
    if len(numbers) == 1:  # in other languages, or in an agent's own words
        yield from numbers


def _source(of: Json) -> Json:
    via = of.get("via")
    source = None if via is None else mapping(via, "via").get("source")
    return {} if source is None else mapping(source, "source")
