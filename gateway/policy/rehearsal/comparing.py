"""Compare what a test expects with what there is: only what is written is compared, and every difference is told.

An expectation in which nothing is written expects that nothing has followed.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from gateway.model.judgement import Clock
from gateway.policy.examples.moment import Moment
from gateway.policy.examples.shape import Expected, ExpectedClock
from gateway.policy.rehearsal.notices import compare_notices
from gateway.policy.rehearsal.reasons import why_no_clock, why_route, why_severity
from gateway.policy.rehearsal.report import Difference
from gateway.policy.rehearsal.seen import Seen, plain

NOTHING: Final = Expected(queue=None, clocks={}, escalations=[], notices=[], asked=[], actions=[])
"""What an empty expectation means."""

_ONE_VALUE: Final = ("status", "severity", "queue", "route", "team", "tier", "skills", "priority")


def compare(expect: Expected, seen: Seen) -> list[Difference]:
    """Everything that isn't as expected, in the order of the keys."""
    if not expect.model_fields_set:
        expect = NOTHING
    told: set[tuple[str, ...]] = set()
    differences = []
    for difference in _differences(expect, seen):
        # A wrong route shows in its queue, its team and its priority: the reason is said once.
        differences.append(replace(difference, notes=()) if difference.notes in told else difference)
        told.add(difference.notes)
    return differences


def _differences(expect: Expected, seen: Seen) -> Iterator[Difference]:
    written = expect.model_fields_set
    for key in _ONE_VALUE:
        if key in written:
            yield from _one_value(key, getattr(expect, key), seen)
    if expect.clocks is not None:
        yield from _clocks(expect.clocks, seen)
    if expect.escalations is not None:
        raised = [call.rule for call in seen.escalations() if call.state != "resolved"]
        if Counter(raised) != Counter(expect.escalations):
            yield Difference("escalations", list(expect.escalations), raised)
    for rule, count in (expect.steps or {}).items():
        fired = [call.steps_fired for call in seen.escalations() if call.rule == rule]
        if (fired[-1] if fired else 0) != count:
            notes = () if fired else (f"no escalation of {rule} has been raised",)
            yield Difference(f"steps.{rule}", count, fired[-1] if fired else 0, notes=notes)
    if expect.notices is not None:
        yield from compare_notices(expect.notices, seen)
    for key, type, rules in (
        ("asked", "enrichment.requested", expect.asked),
        ("actions", "action.requested", expect.actions),
    ):
        if rules is not None and list(rules) != seen.requested(type):
            yield Difference(key, list(rules), seen.requested(type))
    for name, state in (expect.calendars or {}).items():
        is_open = seen.is_open(name)
        got = None if is_open is None else "open" if is_open else "closed"
        if got != state:
            yield Difference(f"calendars.{name}", state, got)


def _one_value(key: str, expected: Any, seen: Seen) -> Iterator[Difference]:
    got = seen.contact_value(key)
    if expected == got:
        return
    if seen.state is None:
        notes: tuple[str, ...] = ("no contact has been opened",)
    elif key == "severity":
        notes = why_severity(seen.state, seen.policy)
    else:
        notes = () if key == "status" else why_route(seen.state, seen.policy)
    yield Difference(key, expected, got, notes=notes)


def _clocks(expected: dict[str, Any], seen: Seen) -> Iterator[Difference]:
    if not expected and (there := seen.clocks()):
        yield Difference("clocks", {}, {clock.last_rule: clock.state for clock in there})
    for rule, clock in expected.items():
        yield from _clock(rule, clock, seen)


def _clock(rule: str, expected: ExpectedClock | str | None, seen: Seen) -> Iterator[Difference]:
    path = f"clocks.{rule}"
    found = [clock for clock in seen.clocks() if clock.last_rule == rule]
    if not isinstance(expected, ExpectedClock):
        if found:
            yield Difference(path, None, _shown(found[-1], seen))
        return
    if expected.instance is not None:
        found = [clock for clock in found if clock.instance == expected.instance]
    if not found:
        keys = [key for key in type(expected).model_fields if key in expected.model_fields_set]
        wanted = {key: plain(key, getattr(expected, key), _offset(getattr(expected, key), seen)) for key in keys}
        yield Difference(path, wanted, None, notes=why_no_clock(rule, expected.instance, seen.state, seen.policy))
        return
    for key in type(expected).model_fields:
        if key in expected.model_fields_set:
            wanted, got = getattr(expected, key), seen.clock_value(found[-1], key)
            if not _alike(key, wanted, got):
                offset = _offset(wanted, seen)
                yield Difference(f"{path}.{key}", plain(key, wanted, offset), plain(key, got, offset))


def _alike(key: str, wanted: Any, got: Any) -> bool:
    if key == "warned":
        return Counter(mark.strip() for mark in wanted) == Counter(got)
    return bool(wanted == got)


def _offset(wanted: Any, seen: Seen) -> timedelta:
    """A time is told in the offset in which the expected one is written."""
    return wanted.offset if isinstance(wanted, Moment) else seen.offset


def _shown(clock: Clock, seen: Seen) -> dict[str, Any]:
    return {key: plain(key, seen.clock_value(clock, key), seen.offset) for key in ("state", "started_at", "due_at")}
