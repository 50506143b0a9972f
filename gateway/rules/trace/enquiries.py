"""What enrichers were asked and have said, in the order of time; and what an answer changed of that which is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final, get_args

from gateway.model.contact import Contact
from gateway.model.event import ContactRedacted, EnrichmentReceived, Event
from gateway.model.judgement import Implied
from gateway.rules.policy import Policy, Section
from gateway.rules.timeline import InForce
from gateway.rules.trace.path import Cause, Enquiry
from gateway.rules.verdicts import facts_of

CHANGES_TOLD: Final = 6
"""Facts that one answer changed, and are told."""

WORD_MAX: Final = 60
"""Characters of a value, or of a part of its name, in words."""

REDACTED: Final = "what it said must not be shown any more"

_DEPTH_MAX: Final = 8
_SECTIONS: Final[tuple[Section, ...]] = get_args(Section)


def enquiries(
    said: Sequence[Implied], event: Event | InForce | None, before: Contact | None, after: Contact, at: int, by: Cause
) -> Iterator[Enquiry]:
    """What a step was between us and enrichers: the answer that it brought, and what it asked (among `said`)."""
    if isinstance(event, EnrichmentReceived):
        yield _answer(event, before or after, after, at, by)
    for one in said:
        if one.type == "enrichment.requested":
            yield Enquiry(one.at, one.detail["enricher"], "asked", by, rule=one.rule)


def _answer(event: EnrichmentReceived, before: Contact, after: Contact, at: int, by: Cause) -> Enquiry:
    name = event.enricher
    if before.answers.get(name) is after.answers.get(name):
        return Enquiry(at, name, event.status, by, reason="it speaks of another customer: passed over")
    if event.status == "unavailable":
        return Enquiry(at, name, event.status, by, reason=after.answers[name].reason)
    changed = differences(before.facts.get(name), after.facts.get(name), name)
    return Enquiry(at, name, event.status, by, changed=_told(changed))


def as_may_be_shown(told: list[Enquiry], event: Event | InForce | None) -> list[Enquiry]:
    """What was told so far, after an event: what is known of a customer who must not be shown any more isn't said."""
    if not isinstance(event, ContactRedacted) or not (event.all or "customer" in event.fields):
        return told
    return [replace(one, changed=(), reason=REDACTED) if one.changed else one for one in told]


def facts_read(policy: Policy, before: Contact, after: Contact) -> str:
    """Which of the facts that conditions read have changed, in words; empty where that can't be told."""
    found: dict[str, Any] = {}
    was, now = facts_of(policy, before), facts_of(policy, after)
    for section in _SECTIONS:
        readings = policy.matcher.readings
        for old, new in zip(readings(section, was), readings(section, now), strict=True):
            for name, value in new.values.items():
                if name.startswith("facts.") and old.values.get(name) != value:
                    found[name] = value
    return ", ".join(_told(iter(found.items())))


def differences(before: Any, after: Any, name: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What differs, by its name, with its value after; a list as a whole."""
    if before == after:
        return
    if depth < _DEPTH_MAX and isinstance(after, Mapping) and isinstance(before, Mapping | None):
        old = before or {}
        for key in dict.fromkeys((*after, *old)):
            yield from differences(old.get(key), after.get(key), f"{name}.{str(key)[:WORD_MAX]}", depth + 1)
    else:
        yield name, after


def _told(changes: Iterator[tuple[str, Any]]) -> tuple[str, ...]:
    words = [_became(name, value) for name, value in islice(changes, CHANGES_TOLD)]
    more = sum(1 for _ in changes)  # behind those that were taken
    return (*words, f"{more} more changed") if more else tuple(words)


def _became(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{name} became {'true' if value else 'false'}"
    if isinstance(value, str | int | float | None):
        return f"{name} became {'none' if value in (None, '') else _short(value)}"
    return f"{name} changed"


def _short(value: str | float) -> str:
    if isinstance(value, int) and abs(value) >= 10**WORD_MAX:
        return "a number out of range"
    return str(value)[:WORD_MAX]
