"""Every number of a preset changed, one at a time: does a test of the preset notice?

`python -m tests.policy.changed` makes each one more and one less, and shows the test that noticed.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.kernel.document import Document, Written
from gateway.kernel.problems import Problems, place_of
from gateway.policy.examples.reading import Example
from gateway.policy.load import load_policy
from gateway.policy.presets import PRESETS, preset_text
from gateway.policy.rehearsal import run
from gateway.policy.rehearsal.files import tests_of

_TIME: Final = re.compile(r"\b([0-9]{2}):([0-9]{2})\b")
_NUMBER: Final = re.compile(r"[0-9]+")
_QUOTED: Final = re.compile(r'"[^"]*"')
_NAMES: Final = frozenset(
    {"id", "name", "team", "chain", "queue", "calendar", "timezone", "country", "skills", "notify"}
)
"""Keys behind which a digit is part of a name; so it is in quotes, inside a condition."""


@dataclass(frozen=True)
class Change:
    """A number, where it stands, and the whole text with another one in its place."""

    line: int
    column: int
    before: str
    after: str
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column} {self.rule}: {self.before} → {self.after}"


def changes(text: str, by: int) -> Iterator[Change]:
    """Each number of a policy made so much more, of a time of day so many minutes later; and `lt` made `le`, `le` `lt`.

    A number that would be negative, and a time of another day, is left out.
    """
    document = Document.parse(text, "")
    for written in document.written():
        if written.is_key or not _counts(written):
            continue
        for start, end, other in _others(text[written.start : written.end], str(written.loc[-1]), by):
            at = written.start + start
            changed = text[:at] + other + text[written.start + end :]
            before = text[at : written.start + end]
            yield Change(*place_of(text, at), before, other, _rule(document, written), changed)


def noticed_by(change: Change, preset: str, tests: Sequence[Example]) -> str | None:
    """The test that notices a change; those that speak of the rule are asked first. None: nobody does."""
    try:
        loaded = load_policy(change.text, f"preset:{preset}")
    except Problems as found:
        return f"it is no policy any more: {found.problems[0].message}"
    for test in sorted(tests, key=lambda test: change.rule not in str(test.looks)):
        if run(loaded, [test]).failed:
            return test.name
    return None


def own_tests(preset: str) -> list[Example]:
    """What a preset's own tests expect."""
    return tests_of(load_policy(preset_text(preset), f"preset:{preset}"))


def _counts(written: Written) -> bool:
    keys = [part for part in written.loc if isinstance(part, str)]
    return keys[0] not in ("version", "name") and keys[-1] not in _NAMES


def _others(scalar: str, key: str, by: int) -> Iterator[tuple[int, int, str]]:
    """What else could stand in a value, each with the place of what it replaces."""
    if key == "operator":
        yield 0, len(scalar), {"lt": "le", "le": "lt"}[scalar]
        return
    times = list(_TIME.finditer(scalar))
    for time in times:
        minute = int(time[1]) * 60 + int(time[2]) + by
        if 0 <= minute <= 24 * 60:
            yield time.start(), time.end(), f"{minute // 60:02}:{minute % 60:02}"
    bare = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), scalar) if "contact." in scalar else scalar
    for number in [] if times else _NUMBER.finditer(bare):
        if int(number[0]) + by >= 0:
            yield number.start(), number.end(), str(int(number[0]) + by)


def _rule(document: Document, written: Written) -> str:
    """The id, or the name, of what the number belongs to."""
    first, second, *_ = (*written.loc, "")
    if isinstance(second, str):
        return second
    return str(document.data[first][second]["id"])


def main() -> None:
    """Show what notices each change. Exit 1 if nobody notices one."""
    unnoticed = 0
    for preset in PRESETS:
        tests = own_tests(preset)
        for by in (1, -1):
            for change in changes(preset_text(preset), by):
                by_whom = noticed_by(change, preset, tests)
                unnoticed += by_whom is None
                print(f"{preset}:{change}: {by_whom or 'NOBODY NOTICES'}")
    sys.exit(bool(unnoticed))


if __name__ == "__main__":
    main()
