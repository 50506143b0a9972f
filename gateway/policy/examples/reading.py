"""From a test as it is written to what is done in it: events at their instants, and the instants that are looked at.

Every event must be one that could happen, and time goes on from look to look. What is wrong is a problem at its place.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from gateway.kernel.document import Document, Problem
from gateway.model.event import Event, encode_event, position
from gateway.model.instant import EARLIEST, LATEST, format_instant
from gateway.policy.evaluate import NO_REF, read_event
from gateway.policy.examples.moment import Moment, format_length, format_moment
from gateway.policy.examples.shape import Expected, Given, GivenEvent, PolicyTest

Path = tuple[str | int, ...]

_AT: Final = re.compile(r" - at `\$([^`]*)`$")
_STEP: Final = re.compile(r"\.([A-Za-z_]+)|\[([0-9]+)\]")


@dataclass(frozen=True, slots=True)
class Instant:
    """A look at a test's contact: `events` happen before it, in order, then `expect` must hold at `at`."""

    at: int
    words: str
    """The instant as the test names it: `after 29m59s`."""

    offset: timedelta
    """That of the zone in which the test tells it."""

    events: tuple[Event, ...]
    expect: Expected
    line: int


@dataclass(frozen=True, slots=True)
class Example:
    """A test that can be run. `started_at` is the first event's instant, from which all lengths count."""

    name: str
    file: str
    line: int
    column: int
    started_at: int
    looks: tuple[Instant, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """An event with its place and instant; `at` None where that can't be said."""

    path: Path
    value: dict[str, Any]
    at: int


def read_examples(source: Document) -> tuple[list[Example], list[Problem]]:
    """The tests of a file, those that can be run, and what is wrong with events and instants of the others.

    What is wrong with the shape of a test is for the shape to tell.
    """
    raw = source.data.get("tests") if isinstance(source.data, dict) else None
    examples: list[Example] = []
    problems: list[Problem] = []
    for index, entry in enumerate(raw if isinstance(raw, list) else []):
        try:
            test = PolicyTest.model_validate(entry)
        except ValidationError:
            continue
        reader = _Reader(source, ("tests", index), entry)
        example = reader.read(test)
        problems += reader.problems
        if not reader.problems:
            examples.append(example)
    return examples, problems


class _Reader:
    def __init__(self, source: Document, path: Path, raw: dict[str, Any]) -> None:
        self.problems: list[Problem] = []
        self._source = source
        self._path = path
        self._raw = raw
        self._started_at: int | None = None
        self._offset = timedelta()
        self._told: dict[str, Event] = {}
        self._ref: Any = None

    def read(self, test: PolicyTest) -> Example:
        self._ref = self._the_ref(test)
        looks: list[Instant] = []
        written = list(self._given(test.given, (*self._path, "given"), None))
        events = self._events(written)
        if self._started_at is None:
            return Example(test.name, self._source.file, 0, 0, 0, ())
        at = max((event.at for event in written), default=0)
        began = self._started_at
        words = "at the opening" if at == began else f"after {format_length(at - began)}"
        looks.append(self._look((*self._path, "expect"), at, words, self._offset, events, test.expect))
        for index, look in enumerate(test.then):
            path = (*self._path, "then", index)
            instant = self._instant(path, look.at, look.after)
            if instant is None:
                continue
            if instant <= at:
                message = f"must be later than the look before it, at {format_moment(at, self._offset)}"
                self._wrong((*path, "after" if look.at is None else "at"), "bad-value", message)
                continue
            written = [] if look.given is None else list(self._given(look.given, (*path, "given"), instant))
            for event in written:
                if not at < event.at <= instant:
                    message = "it must happen after the look before, and by the instant of this one"
                    self._wrong(event.path, "bad-event", message)
            offset = self._offset if look.at is None else look.at.offset
            words = "" if look.at is None else f"at {format_moment(instant, offset)}"
            words = words or f"after {format_length(instant - began)}"
            looks.append(self._look((*path, "expect"), instant, words, offset, self._events(written), look.expect))
            at = instant
        line, column = self._source.place((*self._path, "name"))
        return Example(test.name, self._source.file, line, column, began, tuple(looks))

    def _look(
        self, path: Path, at: int, words: str, offset: timedelta, events: Sequence[Event], expect: Expected
    ) -> Instant:
        line, _ = self._source.place(path, key=True)
        return Instant(at, words, offset, tuple(sorted(events, key=position)), expect, line)

    def _given(self, given: Any, path: Path, otherwise: int | None) -> Iterator[_Written]:
        """Every event with its instant; `otherwise` that of one which names none."""
        several = given if isinstance(given, list) else [given]
        for index, one in enumerate(several):
            place = (*path, index) if isinstance(given, list) else path
            if one.at is None and one.after is None and otherwise is not None:
                at: int | None = otherwise
            else:
                at = self._instant(place, one.at, one.after)
            if at is not None:
                yield _Written(place, self._value(one), at)

    def _value(self, one: Given | GivenEvent) -> dict[str, Any]:
        if isinstance(one, GivenEvent):
            return {"type": one.type, **(one.model_extra or {})}
        written = one.model_dump(exclude_none=True, exclude={"at", "after", "deadline"})
        if one.deadline is not None:
            written["deadline"] = format_instant(one.deadline)
        return {"type": "contact.opened", **written}

    def _instant(self, path: Path, at: Moment | None, after: int | None) -> int | None:
        """An instant that is written as a time, or as a length from the first event; None where it can't be told."""
        if at is not None and after is not None:
            self._wrong((*path, "after"), "bad-value", "give `at` or `after`, not both", key=True)
            return None
        if at is None and after is None:
            told = "`at`" if self._started_at is None else "`at`, or `after` the first event"
            self._wrong(path, "missing-key", f"the time is missing; give {told}")
            return None
        if at is not None:
            if self._started_at is None:
                self._started_at, self._offset = int(at), at.offset
            return int(at)
        if self._started_at is None:
            self._wrong(
                (*path, "after"), "bad-value", "the first event needs `at`, from which the others count", key=True
            )
            return None
        assert after is not None  # noqa: S101 - one of them is there
        if not EARLIEST <= self._started_at + after <= LATEST:
            self._wrong((*path, "after"), "bad-value", "there is no such time any more")
            return None
        return self._started_at + after

    def _events(self, written: Sequence[_Written]) -> list[Event]:
        events = []
        for one in written:
            try:
                event = read_event({**one.value, "at": format_instant(one.at)}, self._ref)
            except (msgspec.MsgspecError, ValueError, OverflowError, TypeError) as error:
                self._bad_event(one.path, str(error))
                continue
            known = self._told.setdefault(event.id, event)
            if encode_event(known) != encode_event(event):
                self._wrong(
                    (*one.path, "id"), "bad-event", f"the id {event.id[:100]!r} was used before with other content"
                )
            elif known is event:
                events.append(event)
        return events

    def _the_ref(self, test: PolicyTest) -> Any:
        """The one object that the events name; all that name none belong to it too."""
        found: Any = None
        for path, one in _every_given(test, self._path):
            ref = (one.model_extra or {}).get("ref") if isinstance(one, GivenEvent) else None
            if ref is None:
                continue
            if found is not None and ref != found:
                self._wrong((*path, "ref"), "bad-event", "another `ref` than before: all events belong to one contact")
            found = found or ref
        return {"kind": NO_REF.kind, "id": NO_REF.id} if found is None else found

    def _bad_event(self, path: Path, why: str) -> None:
        inside = _AT.search(why)
        steps = [name or int(index) for name, index in _STEP.findall(inside[1])] if inside else []
        self._wrong((*path, *steps), "bad-event", _AT.sub("", why))

    def _wrong(self, path: Path, id: str, message: str, *, key: bool = False) -> None:
        self.problems.append(self._source.problem(path, id, message, key=key))


def _every_given(test: PolicyTest, path: Path) -> Iterator[tuple[Path, Given | GivenEvent]]:
    places: list[tuple[Path, Any]] = [((*path, "given"), test.given)]
    places += [((*path, "then", index, "given"), look.given) for index, look in enumerate(test.then)]
    for place, given in places:
        if isinstance(given, list):
            yield from (((*place, index), one) for index, one in enumerate(given))
        elif given is not None:
            yield place, given
