"""The parts of a policy file as they stand, and everything that is wrong with its shape.

A file with one mistake is still checked everywhere else. So what comes after the shape reads the raw values, takes
those that are of the right kind, and passes over the others: they are named already.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateway.kernel.document import Document, Problem, Problems
from gateway.policy.document import CalendarShape, PolicyDocument

Path = tuple[str | int, ...]

_CALENDAR: TypeAdapter[CalendarShape] = TypeAdapter(CalendarShape)


@dataclass
class Parts:
    """`whole` is None where the shape is wrong; `calendars` has those of the right shape all the same."""

    source: Document
    whole: PolicyDocument | None = None
    problems: list[Problem] = field(default_factory=list)
    calendars: dict[str, CalendarShape] = field(default_factory=dict)

    def names(self, section: str) -> frozenset[str] | None:
        """The names that a section declares, whatever their shape; None where the section itself is unreadable."""
        raw = self._raw().get(section, {})
        return frozenset(name for name in raw if isinstance(name, str)) if isinstance(raw, dict) else None

    def named(self, section: str) -> Iterator[tuple[Path, dict[Any, Any]]]:
        """The mappings of a section of names, each with its path."""
        raw = self._raw().get(section)
        for name, entry in raw.items() if isinstance(raw, dict) else ():
            if isinstance(name, str) and isinstance(entry, dict):
                yield (section, name), entry

    def listed(self, section: str) -> Iterator[tuple[Path, dict[Any, Any]]]:
        """The mappings of a section that is a list, each with its path."""
        yield from mappings(self._raw().get(section), (section,))

    def _raw(self) -> dict[Any, Any]:
        return self.source.data if isinstance(self.source.data, dict) else {}


def read_parts(source: Document) -> Parts:
    """Check the shape of a policy, and keep what can be read of it."""
    parts = Parts(source)
    try:
        parts.whole = source.validate(PolicyDocument)
    except Problems as problems:
        parts.problems += problems.problems
    for path, entry in parts.named("calendars"):
        try:
            parts.calendars[str(path[-1])] = _CALENDAR.validate_python(entry)
        except ValidationError:
            continue
    return parts


def mappings(raw: object, path: Path) -> Iterator[tuple[Path, dict[Any, Any]]]:
    """The mappings in a list, each with its path."""
    for index, entry in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(entry, dict):
            yield (*path, index), entry


def texts(raw: object, path: Path) -> Iterator[tuple[Path, str]]:
    """The texts in a list, or a text alone, each with its path."""
    if isinstance(raw, str):
        yield path, raw
    for index, entry in enumerate(raw if isinstance(raw, list) else []):
        if isinstance(entry, str):
            yield (*path, index), entry
