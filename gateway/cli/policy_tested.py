"""What came of a policy's tests, as lines for people and as plain values for JSON.

Of a test that fails only what differs is shown: the value's path, what was expected, what there is, and why.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import floor
from typing import Any, Final

from gateway.cli.table import clean, width
from gateway.policy.rehearsal.coverage import Coverage
from gateway.policy.rehearsal.notices import in_flow
from gateway.policy.rehearsal.report import Difference, Missed, Outcome, Report

INDENT: Final = "      "
PATH_MAX: Final = 48
"""Places of the column of paths; a longer one has its values on lines of their own."""

ON_ONE_LINE: Final = 3
"""So many rules that were never hit are told on one line."""

_CODES: Final = {"red": "31", "green": "32", "bold": "1", "dim": "2"}
_OF_ENTRIES: Final = {"missing": "green", "expected": "green", "unexpected": "red", "got": "red"}


def lines(report: Report, *, verbose: bool = False, colours: bool = False, covered: bool = True) -> Iterator[str]:
    """The failing tests with what differs, with `verbose` the others by name, the sum, and what they `covered`."""
    paint = _painted if colours else _plain
    for outcome in report.outcomes:
        place = f"{clean(outcome.example.file)}:{outcome.example.line}"
        if outcome.passed and verbose:
            yield f"{paint('ok', 'green')}    {clean(outcome.example.name)}   {paint(place, 'dim')}"
        elif not outcome.passed:
            yield f"{paint('FAIL', 'red')}  {paint(clean(outcome.example.name), 'bold')}   {paint(place, 'dim')}"
            yield from (INDENT + line for line in told(outcome, colours=colours))
    if covered:
        yield f"{_sum(report)}; {_covered(report.coverage)}"
        yield from _never_hit(report.coverage)
    else:
        yield _sum(report)


def told(outcome: Outcome, *, colours: bool = False) -> Iterator[str]:
    """What differs in a test that fails, look by look."""
    paint = _painted if colours else _plain
    for missed in outcome.missed:
        yield clean(when(missed))
        space = max((width(clean(one.path)) for one in missed.differences if width(one.path) <= PATH_MAX), default=0)
        for difference in missed.differences:
            yield from _difference(difference, space, paint)
    for rule, reason in outcome.failures:
        yield clean(f"the condition of rule {rule} could not be evaluated, and counts as false: {reason}")


def when(missed: Missed) -> str:
    """The instant in the test's words, and as a time."""
    return missed.words if missed.shown_at in missed.words else f"{missed.words}, {missed.shown_at}"


def percent(share: float) -> str:
    """A share of a hundred; only all of it is 100 %."""
    return f"{floor(share)} %"


def values(report: Report) -> Iterator[dict[str, Any]]:
    """One object for each test, then the sum."""
    for outcome in report.outcomes:
        yield {
            "name": outcome.example.name,
            "file": outcome.example.file,
            "line": outcome.example.line,
            "result": "passed" if outcome.passed else "failed",
            "looks": [_look(missed) for missed in outcome.missed],
            "conditions": dict(outcome.failures),
        }
    coverage = report.coverage
    never_hit = [
        {
            "section": item.section,
            "name": item.name,
            "step": item.step or None,
            "file": item.file,
            "line": item.line,
            "column": item.column,
        }
        for item in coverage.missed
    ]
    yield {
        "passed": report.passed,
        "failed": report.failed,
        "coverage": {
            "percent": round(coverage.percent, 2),
            "hit": len(coverage.hit),
            "rules": len(coverage.items),
            "never_hit": never_hit,
        },
    }


def _look(missed: Missed) -> dict[str, Any]:
    return {
        "at": missed.shown_at,
        "words": missed.words,
        "line": missed.line,
        "differences": [
            {"path": one.path, "expected": one.expected, "got": one.got, "notes": list(one.notes)}
            for one in missed.differences
        ],
    }


def _difference(difference: Difference, space: int, paint: Any) -> Iterator[str]:
    path = clean(difference.path)
    if difference.entries:
        wanted, got = len(difference.expected), len(difference.got)
        yield f"{path}{' ' * (space - width(path))}   {wanted} expected, {got} went out"
        yield from _entries(difference.entries, paint)
        yield from (f"  {'':<10}  {paint(clean(note), 'dim')}" for note in difference.notes)
        return
    if width(path) > PATH_MAX:
        yield path
        path = ""
    pad = " " * (space - width(path))
    yield f"{path}{pad}   expected {paint(clean(in_flow(difference.expected)), 'green')}"
    yield f"{' ' * space}   got      {paint(clean(in_flow(difference.got)), 'red')}"
    for note in difference.notes:
        yield f"{' ' * space}   {paint(clean(note), 'dim')}"


def _entries(entries: Sequence[tuple[str, str]], paint: Any) -> Iterator[str]:
    for kind, group in groupby(entries, key=lambda entry: entry[0]):
        of_a_kind = list(group)
        if not kind and len(of_a_kind) > 1:
            yield f"  {'':<10}  … {len(of_a_kind)} as expected"
            continue
        for _, text in of_a_kind:
            told = clean(text)
            yield f"  {kind:<10}  {paint(told, _OF_ENTRIES[kind]) if kind else told}"


def _sum(report: Report) -> str:
    files = len({outcome.example.file for outcome in report.outcomes})
    return f"{report.passed} passed, {report.failed} failed in {files} {'file' if files == 1 else 'files'}"


def _covered(coverage: Coverage) -> str:
    if not coverage.items:
        return "the policy has no rules"
    counts = f"{len(coverage.hit)} of {len(coverage.items)}"
    return f"{percent(coverage.percent)} of the rules covered ({counts})"


def _never_hit(coverage: Coverage) -> Iterator[str]:
    items = [clean(f"{item} ({item.file}:{item.line}:{item.column})") for item in coverage.missed]
    if len(items) > ON_ONE_LINE:
        yield "never hit:"
        yield from (f"  {item}" for item in items)
    elif items:
        yield f"never hit: {', '.join(items)}"


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def _plain(text: str, colour: str) -> str:
    return text
