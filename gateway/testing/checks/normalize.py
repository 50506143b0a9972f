"""Checks of `normalize`: the samples say something, the same each time, and nothing that a stranger sends breaks it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec.structs import replace

from gateway.plugin import (
    EARLIEST,
    EVENT_ID_MAX,
    HOUR_MS,
    BadPayload,
    Event,
    Fetch,
    Instant,
    Piece,
    Record,
    encode_event,
)
from gateway.testing.changed import changes, texts
from gateway.testing.check import NotApplicable, Unmet, check
from gateway.testing.clock import START
from gateway.testing.places import told, where, where_raised
from gateway.testing.subject import FORMS, Sample, Subject, form_of
from gateway.testing.watch import watched

CHANGES_MAX: Final = 4_000
"""Changes of one sample that are tried."""

_DEEP: Final = 100_000
_LONG: Final = 10 * 1024 * 1024
_BY: Final = (("push", "receives"), ("push", "listens"), ("row", "pulls"), ("fetched", "fetches"))
"""The form of the records that an ability brings."""

_EMPTY_IDS: Final = ("none", "null", "undefined", "nan")


@check("samples-there", "There are samples of what the vendor sends", level="bronze")
def samples_there(subject: Subject) -> None:
    """The folder of samples (`tests/samples`) holds a JSON file at least; each is named after the form of its record:
    `push_*.json`, `row_*.json`, `fetched_*.json`.

    Why: they show what the vendor really sends, and every other check of `normalize` starts from them.
    Mend: save a real payload of each kind, with made-up people in it.
    """
    folder = subject.samples
    if folder is None or not folder.is_dir():
        raise Unmet("there is no folder of samples", where=str(folder or where(subject.kind)))
    if odd := sorted(path.name for path in folder.glob("*.json") if form_of(path.stem) is None):
        raise Unmet(f"{odd[0]} begins with none of {', '.join(FORMS)}", where=str(folder / odd[0]))
    if not subject.sampled():
        raise Unmet("the folder of samples is empty", where=str(folder))
    forms = {sample.record.form for sample in subject.sampled()}
    for form, ability in _BY:
        if ability in subject.able and form not in forms:
            raise Unmet(f"no sample is named {form}_*.json, and it {ability}", where=str(folder))


@check("samples-say", "Every sample says something", level="bronze")
def samples_say(subject: Subject) -> None:
    """Each sample gives events, look-ups or pieces. One that can't be used (`*_parked.json`) gives BadPayload.

    Why: a payload that says nothing, and isn't refused either, is lost without a trace.
    Mend: yield an event, or a `Fetch` for what is too thin, or raise BadPayload with the reason.

    Example::

        if name not in known:
            yield Fetch(Ref("ticket", id), f"the webhook {name} doesn't hold the fact itself")
    """
    connector = subject.made()
    for sample in _samples(subject):
        try:
            said = list(connector.normalize(sample.record))
        except BadPayload as error:
            if not sample.parked:
                raise _unmet(subject, f"{sample.name} is refused: {error}", error) from None
            continue
        if sample.parked:
            raise _unmet(subject, f"{sample.name} gives {len(said)} events, and should be refused")
        if not said:
            raise _unmet(subject, f"{sample.name} says nothing")


@check("samples-events", "Ids, times and refs of events are sound", level="bronze")
def samples_events(subject: Subject) -> None:
    """Each event can be kept; its id is no longer than 200 characters and made of something that was there, its time is
    whole milliseconds since 2000, its `ref` names an object; no two different facts of one record share an id.

    Why: the id is what makes the same fact from a webhook and from a poll count once.
    Mend: make ids of the vendor's own (`comment:123`), never of a hash of the text or of the time of receipt.

    Example::

        MessageAdded(id=f"comment:{comment['id']}", at=parse_instant(comment["created_at"]), ref=ref, author=author)
    """
    connector = subject.made()
    for sample in _known(subject):
        if sample.parked:
            continue
        seen: dict[str, bytes] = {}
        for item in _said_by(connector, connector.normalize(sample.record)):
            if fault := fault_of(item):
                raise _unmet(subject, f"{sample.name}: {fault}")
            if seen.setdefault(item.id, encode_event(item)) != encode_event(item):
                raise _unmet(subject, f"{sample.name}: two events share the id {item.id!r}")


@check("normalize-pure", "normalize gives the same each time, and touches nothing", level="bronze")
def normalize_pure(subject: Subject) -> None:
    """The same record gives the same events, twice and from another instance; an hour later they have the same ids and
    times. `normalize` reads no clock, chance, file or network.

    Why: records are normalized again after a fix, after a crash and in a replay; ids that differ count twice.
    Mend: take ids and times from the payload; `record.received_at` is the only clock, for what tells no time.
    """
    connector, another = subject.made(), subject.made()
    for sample in _known(subject):
        before = sample.record.body
        first = _said(connector, sample.record)
        touched = watched(lambda record=sample.record: _said(connector, record))  # type: ignore[misc]
        if touched:
            raise _unmet(subject, f"{sample.name}: normalize touches {touched[0]}")
        if _said(connector, sample.record) != first or _said(another, sample.record) != first:
            raise _unmet(subject, f"{sample.name} gives something else the second time")
        if sample.record.body != before:
            raise _unmet(subject, f"{sample.name}: the payload was changed")
        later = replace(sample.record, received_at=Instant(sample.record.received_at + HOUR_MS))
        if _when(_events(connector, later)) != _when(_events(connector, sample.record)):
            raise _unmet(subject, f"{sample.name}, received an hour later, has events of other ids or times")


@check("normalize-shapes", "A key that is missing, empty, or of another type breaks nothing", level="bronze")
def normalize_shapes(subject: Subject) -> None:
    """Each sample with any one value dropped, null, in a list, of another type, or a word that nobody knows, gives
    events or BadPayload, and nothing else.

    Why: vendors add words and drop keys without notice. BadPayload parks one record; a KeyError is a fault.
    Mend: read every value through a function that says BadPayload for a wrong type; let unknown words pass as unset.

    Example::

        def text(body: dict[str, Any], key: str) -> str:
            value = body.get(key)
            if not isinstance(value, str):
                raise BadPayload(f"{key} is no text")
            return value
    """
    connector = subject.made()
    for sample in _known(subject):
        try:
            value = json.loads(sample.record.body)
        except ValueError:
            continue
        for number, (place, changed) in enumerate(changes(value)):
            if number >= CHANGES_MAX:
                break
            body = json.dumps(changed).encode("utf-8", "surrogatepass")
            _only_events_or_bad(subject, connector, replace(sample.record, body=body), f"{sample.name} with {place}")


@check("normalize-hostile", "Nonsense is BadPayload", level="bronze")
def normalize_hostile(subject: Subject) -> None:
    """Nothing, no JSON, JSON of another kind, broken UTF-8, a hundred thousand brackets, huge numbers and ten megabytes
    of text give BadPayload (or events), and nothing else.

    Why: whoever can post to the gateway chooses these bytes.
    Mend: read bodies with `read_json` of the door, and check that what comes is a mapping.

    Example::

        body = read_json(record.body)
        if not isinstance(body, dict):
            raise BadPayload("the body is no object")
    """
    connector = subject.made()
    for form in _forms(subject):
        for name, body in _hostile():
            record = Record(body=body, form=form, received_at=Instant(START))
            _only_events_or_bad(subject, connector, record, f"a {form} that is {name}")


@check("normalize-text", "Every script of the world passes unharmed", level="silver")
def normalize_text(subject: Subject) -> None:
    """A sample in which a text is emoji, written from right to left, combined or with control characters, gives events
    that can be kept, or BadPayload.

    Why: customers write like that, and one such name must not stop a ticket.
    Mend: cut texts by characters, never by bytes, and don't take text for anything but text.
    """
    connector = subject.made()
    for sample in _known(subject):
        try:
            value = json.loads(sample.record.body)
        except ValueError:
            continue
        for place, changed in texts(value):
            record = replace(sample.record, body=json.dumps(changed, ensure_ascii=False).encode())
            _only_events_or_bad(subject, connector, record, f"{sample.name} with a text of many scripts at {place}")


def _samples(subject: Subject) -> list[Sample]:
    if not (found := subject.sampled()):
        raise NotApplicable("there are no samples (samples-there)")
    return found


def _known(subject: Subject) -> list[Sample]:
    if not (found := subject.known()):
        raise NotApplicable("there are no samples (samples-there)")
    return found


def _forms(subject: Subject) -> list[Any]:
    return list(dict.fromkeys(form for form, ability in _BY if ability in subject.able))


def _said(connector: Any, record: Record) -> list[Any]:
    """What a record says, or the words of its refusal."""
    try:
        return list(connector.normalize(record))
    except BadPayload as error:
        return [str(error)]


def _events(connector: Any, record: Record) -> list[Event]:
    return list(_said_by(connector, [item for item in _said(connector, record) if not isinstance(item, str)]))


def _said_by(connector: Any, items: Iterable[Any]) -> Iterator[Event]:
    """The events among what a record says, and those that its pieces tell, each alone."""
    for item in items:
        if isinstance(item, Piece):
            yield from connector.tell(item.facts)
        elif not isinstance(item, Fetch):
            yield item


def _when(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.id, event.at) for event in events]


def fault_of(event: Any) -> str:
    """What keeps an event from being sound; empty if nothing does."""
    name = type(event).__name__
    try:
        encode_event(event)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        return f"a {name} can't be kept: {told(error)}"
    if not isinstance(event.at, int) or event.at < EARLIEST:
        return f"the time of a {name} is {event.at!r}: whole milliseconds since the epoch, 2000 or later"
    if not event.id:
        return f"a {name} has no id: give a look-up where the vendor's own isn't there"
    if len(event.id) > EVENT_ID_MAX:
        return f"the id of a {name} has {len(event.id)} characters; {EVENT_ID_MAX} are kept"
    if any(part.lower() in _EMPTY_IDS for part in event.id.replace("/", ":").split(":")):
        return f"the id {event.id!r} of a {name} is made of a value that was missing"
    if not event.ref.kind or not event.ref.id or event.ref.id.lower() in _EMPTY_IDS:
        return f"the ref of a {name} names no object: {event.ref}"
    return ""


def _only_events_or_bad(subject: Subject, connector: Any, record: Record, what: str) -> None:
    try:
        events = list(_said_by(connector, connector.normalize(record)))
    except BadPayload:
        return
    except (Exception, RecursionError) as error:
        raise _unmet(subject, f"{what} raises {told(error)}", error) from None
    for event in events:
        if fault := fault_of(event):
            raise _unmet(subject, f"{what}: {fault}")


def _unmet(subject: Subject, what: str, error: BaseException | None = None) -> Unmet:
    kind = subject.kind
    place = where(kind, "normalize") if error is None else where_raised(kind, error, "normalize")
    return Unmet(what, where=place)


def _hostile() -> Iterator[tuple[str, bytes]]:
    yield from (("empty", b""), ("no JSON", b"nonsense"), ("a list", b"[]"), ("an empty object", b"{}"))
    yield from (("null", b"null"), ("a number", b"42"), ("a text", b'"text"'), ("a list of lists", b"[[[]]]"))
    yield from (("not UTF-8", b'{"id": "\xff\xfe"}'), ("NaN", b'{"id": NaN}'), ("cut off", b'{"id": 1'))
    yield "a hundred thousand brackets", b"[" * _DEEP
    yield "nested deep", b'{"a":' * _DEEP + b"1" + b"}" * _DEEP
    yield "a number of five thousand digits", b'{"id": ' + b"9" * 5_000 + b"}"
    yield "ten megabytes of text", b'{"id": "' + b"x" * _LONG + b'"}'
