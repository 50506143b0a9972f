"""Single values that say less than they seem to: marks, targets, time zones, and secrets that stand in the file."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.kernel.likely_secrets import likely_secrets
from gateway.kernel.problems import Problem
from gateway.policy.document import WeeklyHours
from gateway.policy.lint.sheet import Sheet

_FIXED: Final = {
    "EST": "America/New_York",
    "MST": "America/Denver, or America/Phoenix, which has no summer time",
    "HST": "Pacific/Honolulu",
    "GMT": "Europe/London",
}
"""Zones that are an offset, by what people call a place's time, and the place that they mean."""

_OFFSET: Final = re.compile(r"Etc/GMT([+-])([1-9][0-9]?)")


def look(sheet: Sheet) -> Iterator[Problem]:
    """Every one of them, at the value."""
    yield from _promises(sheet)
    yield from _chains(sheet)
    yield from _zones(sheet)
    yield from secrets_in(sheet.source.file, sheet.source.text)


def secrets_in(file: str, text: str) -> Iterator[Problem]:
    """What looks like a secret in a policy, or in a file of tests beside one."""
    for likely in likely_secrets(text):
        message = (
            f"this looks like {likely.what}; a policy is read by many: take it out, and let whoever gave it out "
            "put another in its place"
        )
        yield Problem(file, likely.line, likely.column, "secret-in-file", message)


def _promises(sheet: Sheet) -> Iterator[Problem]:
    for index, (entry, rule) in enumerate(zip(sheet.document.sla, sheet.policy.sla, strict=True)):
        if rule.target_ms == 0 and rule.operator == "lt":
            message = "nobody can be done before the start: within 0s, and before it, is broken at once; give it time"
            yield sheet.problem(("sla", index, "within"), "impossible-promise", message)
            continue
        for place, mark in enumerate(rule.marks):
            # Of a target that is each clock's own, whatever it is.
            at_its_end = mark.share == 1 and not mark.elapsed_ms
            if at_its_end if rule.target_ms is None else mark.elapsed_ms == rule.target_ms:
                message = (
                    f"{entry.warn[place].strip()!r} warns at the instant of the breach; warn earlier, or not at all"
                )
                yield sheet.problem(("sla", index, "warn", place), "warning-with-breach", message)


def _chains(sheet: Sheet) -> Iterator[Problem]:
    for name, chain in sheet.policy.chains.items():
        first, *others = chain.steps
        # Before a first step that comes later, and between reminders, an acknowledgement may still run out.
        if chain.unack_after_ms is not None and not others and not first.after_ms and first.reminder_ms is None:
            message = (
                "there is no step after the first to go on with, and no reminder; add one, or leave unack_after out"
            )
            yield sheet.problem(("chains", name, "unack_after"), "idle-unack", message, key=True)


def _zones(sheet: Sheet) -> Iterator[Problem]:
    for name, shape in sheet.document.calendars.items():
        if not isinstance(shape, WeeklyHours):
            continue
        place, zone = ("calendars", name, "timezone"), shape.timezone
        if zone in _FIXED:
            message = f"{zone} has no summer time; for hours as people there keep them write {_FIXED[zone]}"
            yield sheet.problem(place, "fixed-zone", message)
        elif offset := _OFFSET.fullmatch(zone):
            side = "behind" if offset[1] == "+" else "ahead of"
            message = (
                f"{zone} is {offset[2]} h {side} UTC all year; if a place's summer time counts, write its zone, "
                "such as Europe/Berlin"
            )
            yield sheet.problem(place, "fixed-zone", message)
