"""Which of two tellings of one fact is kept: an event's id names the vendor's fact, whoever told it and how often.

Laws. The same content twice is the same event, kept with its highest `rev`. Of two contents under one id the higher
`rev` wins (what was read from the vendor's log beats what was pushed), ties go by content: in any order of arrival the
same one is kept.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from gateway.model.event import Event, encode_event


def content(event: Event) -> bytes:
    """What an event says, whoever told it and when: equal for two tellings of the same."""
    return encode_event(replace(event, rev=0, historical=False))


def replaces(arriving: Event, known: Event) -> bool:
    """Whether `arriving` is kept instead of `known`, which has the same id."""
    return (arriving.rev, content(arriving)) > (known.rev, content(known))


def contradicts(arriving: Event, known: Event) -> bool:
    """Whether two tellings of one id disagree: for sources that may not correct themselves this is an error."""
    return content(arriving) != content(known)


def is_news(event: Event, known: Mapping[str, Event]) -> bool:
    """Whether an event says what the journal doesn't: the same fact with a higher `rev` only confirms it."""
    return event.id not in known or contradicts(event, known[event.id])


def additions(known: Mapping[str, Event], arriving: Iterable[Event]) -> tuple[dict[str, Event], bool]:
    """The events by id that the journal has to take in, and whether any of them says something else than it has."""
    kept: dict[str, Event] = {}
    replacing = False
    for event in arriving:
        before = kept.get(event.id) or known.get(event.id)
        if before is not None and not replaces(event, before):
            continue
        kept[event.id] = event
        replacing = replacing or (event.id in known and is_news(event, known))
    return kept, replacing
