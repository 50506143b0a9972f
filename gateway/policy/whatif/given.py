"""Events of many contacts out of a file: a JSON list, or an event on each line. They belong together by their `ref`.

What is wrong is raised with the place of the event: its position in the list, from 0, or its line, from 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from gateway.kernel.recorded import Recorded
from gateway.model.apart import APART_TYPES, convert_apart
from gateway.model.event import Event, encode_event
from gateway.model.identity import StrandKey, contact_id
from gateway.policy.evaluate import CONNECTOR, NO_REF, BadEvents, read_event
from gateway.rules.journal import content

_NO_REF: Final = {"kind": NO_REF.kind, "id": NO_REF.id}
_BAD: Final = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)

_list = msgspec.json.Decoder(list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Given:
    """The contacts of a file, by id, and the instants of their first and last event; None where there is none."""

    contacts: tuple[Recorded, ...]
    first: int | None = None
    last: int | None = None


def read_given(body: bytes) -> Given:
    """The events in a file's bytes, contact by contact. Raises BadEvents."""
    told: dict[str, bytes] = {}
    events: dict[StrandKey, list[bytes]] = {}
    first: int | None = None
    last: int | None = None
    for place, raw in _events(body.removeprefix(b"\xef\xbb\xbf")):
        event = _event(place, raw)
        if event is None:
            continue
        fact = content(event)
        if (known := told.setdefault(event.id, fact)) is not fact:
            if known != fact:
                raise BadEvents(f"{place}: the id {event.id!r} was used before with other content")
            continue
        at = int(event.at)
        first, last = min(at, first or at), max(at, last or at)
        events.setdefault(StrandKey(CONNECTOR, event.ref.kind, event.ref.id), []).append(encode_event(event))
    contacts = [
        Recorded(id=contact_id(key), connector=CONNECTOR, events=tuple((CONNECTOR, one) for one in bodies))
        for key, bodies in events.items()
    ]
    return Given(tuple(sorted(contacts, key=lambda recorded: recorded.id)), first, last)


def _events(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each event's place in words, and its text."""
    if not body.lstrip().startswith(b"["):
        for number, line in enumerate(body.split(b"\n"), start=1):
            if line.strip():
                yield f"line {number}", line
        return
    try:
        for position, raw in enumerate(_list.decode(body)):
            yield f"event {position}", bytes(raw)
    except RecursionError:
        raise BadEvents("JSON that nests too deeply") from None
    except UnicodeError:
        raise BadEvents("the file is not text in UTF-8") from None
    except msgspec.MsgspecError as error:
        raise BadEvents(f"not a JSON list of events, nor an event on each line: {error}") from None


def _event(place: str, raw: bytes) -> Event | None:
    """The event; None for one that belongs to no contact: it is checked, and changes nothing."""
    try:
        value = msgspec.json.decode(raw)
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in APART_TYPES:
            convert_apart(value)
            return None
        return read_event(value, _NO_REF)
    except _BAD as error:
        why = "JSON that nests too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadEvents(f"{place}: {why}") from None
