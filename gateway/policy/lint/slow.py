"""Chains slower than the promise that they guard: whose first step comes when the promise is broken already.

A chain that a warning starts guards the promise that warns. One that starts as soon as a contact matches guards the
promises which hold for every contact that it starts for: it is too slow for one if only its calendar holds it up, and
altogether if its first step comes after all of them. What a breach starts guards nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from gateway.kernel.problems import Problem
from gateway.model.instant import DAY_MS, MINUTE_MS, datetime_of, parse_instant
from gateway.policy.document import WeeklyHours
from gateway.policy.lint.formula import Formula
from gateway.policy.lint.meaning import Meaning
from gateway.policy.lint.reach import never
from gateway.policy.lint.search import Cover, GaveUp, Work, outside
from gateway.policy.lint.sheet import Sheet
from gateway.policy.lint.triggers import ALIVE
from gateway.rules.calendar import Calendar
from gateway.rules.metrics import METRICS, ON_OPENING
from gateway.rules.policy import Chain, EscalationRule, SlaRule

WORK_MAX: Final = 300_000
"""For telling which promises a chain guards."""

LOOKS_MAX: Final = 200_000
"""Starts that are looked at in all."""

_FIRST_MONDAY: Final = int(parse_instant("2026-01-05T00:00:00Z"))
_EVERY: Final = 30 * MINUTE_MS
_WEEK: Final = 7 * DAY_MS
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class _Late:
    """An example: when the promise begins, the chain is raised, its first step comes, and the promise has ended."""

    start: int
    raised: int
    step: int
    ends: int


def look(sheet: Sheet, meaning: Meaning) -> Iterator[Problem]:
    """Every escalation whose chain comes too late, at the name of its chain, with an example."""
    return _Slow(sheet, meaning).look()


class _Slow:
    def __init__(self, sheet: Sheet, meaning: Meaning) -> None:
        self._sheet = sheet
        self._meaning = meaning
        self._work = Work(WORK_MAX, WORK_MAX)
        self._looks = LOOKS_MAX
        self._known: dict[tuple[object, ...], _Late | None] = {}
        self._guarded: dict[tuple[object, ...], list[SlaRule]] = {}
        self._metrics: dict[str, list[int]] = {}
        for index, rule in enumerate(sheet.policy.sla):
            self._metrics.setdefault(rule.metric, []).append(index)
        self._monday = _first_monday(sheet)

    def look(self) -> Iterator[Problem]:
        """Every escalation that comes too late."""
        for index, rule in enumerate(self._sheet.policy.escalation):
            chain = self._sheet.policy.chains[rule.chain]
            formula = self._meaning.holds["escalation"][index]
            if rule.on == "sla.breached":
                continue
            key = (rule.on, rule.metric, formula)
            if key not in self._guarded:
                try:
                    found = self._warning(rule, formula) if rule.on == "sla.warned" else self._holding(formula)
                except GaveUp:
                    found = []
                self._guarded[key] = found
            if told := self._late(rule, chain, self._guarded[key]):
                yield self._sheet.problem(("escalation", index, "chain"), "slow-chain", told)

    def _warning(self, rule: EscalationRule, formula: Formula) -> list[SlaRule]:
        """The promises whose warning can start the chain: in force for some contact that its condition holds for. Where
        each clock has a target of its own nobody can tell beforehand."""
        make, found = self._meaning.formulas, list[SlaRule]()
        alive = make.both((formula, self._meaning.only("status", ALIVE)))
        for metric, indexes in self._metrics.items():
            if rule.metric not in (None, metric):
                continue
            cover = Cover()
            for index in indexes:
                promise, holds = self._sheet.policy.sla[index], self._meaning.holds["sla"][index]
                if promise.target_ms is None:
                    continue
                calls = self._calls(promise)
                if promise.marks and outside(make.both((alive, holds, calls)), cover, self._work) is not None:
                    found.append(promise)
                self._work.charge(1 + len(holds.facts))
                cover.add(holds)
        return found

    def _holding(self, formula: Formula) -> list[SlaRule]:
        """The promises that begin with the opening and are in force whenever the condition holds."""
        make, found = self._meaning.formulas, list[SlaRule]()
        for metric, indexes in self._metrics.items():
            if metric not in ON_OPENING:
                continue
            first = self._sheet.policy.sla[indexes[0]]
            runs = tuple(life for life in ALIVE if life in METRICS[first.metric].runs_in)
            those = make.both((formula, self._meaning.only("status", runs)))
            if metric == "first_reply":
                those = make.both((those, self._meaning.only("direction", ["inbound"])))
            if never(those, self._work) or not never(make.both((those, make.no(self._calls(first)))), self._work):
                continue
            for index in indexes:
                holds = self._meaning.holds["sla"][index]
                if outside(make.both((those, holds)), Cover(), self._work) is None:
                    continue
                # The first that can be in force is, or it is one of several.
                if outside(make.both((those, make.no(holds))), Cover(), self._work) is None:
                    found.append(self._sheet.policy.sla[index])
                break
        return found

    def _calls(self, promise: SlaRule) -> Formula:
        only_calls = METRICS[promise.metric].calls_only
        return self._meaning.only("kind", ["call"]) if only_calls else self._meaning.formulas.true

    def _late(self, rule: EscalationRule, chain: Chain, guarded: Sequence[SlaRule]) -> str:
        """What is too late, with an example; empty if nothing is."""
        after = chain.steps[0].after_ms
        if rule.on == "sla.warned":
            late = [(promise, self._example(chain, promise, _first_mark(promise))) for promise in guarded]
        else:
            held_up = [promise for promise in guarded if after <= _target(promise)]
            late = [(promise, self._example(chain, promise, 0)) for promise in held_up]
            if not held_up and guarded:
                longest = max(guarded, key=_target)
                late = [(longest, self._example(chain, longest, 0))]
        examples = [(promise, example) for promise, example in late if example is not None]
        if not examples:
            return ""
        promise, example = examples[0]
        more = f", and for {len(examples) - 1} more" if len(examples) > 1 else ""
        told = self._told(chain, promise, example)
        return (
            f"the chain {chain.id!r} comes too late for the promise {promise.id!r}{more}: {told}; "
            "let its first step come sooner, or by a calendar that is open then"
        )

    def _example(self, chain: Chain, promise: SlaRule, mark: int) -> _Late | None:
        """A start in the week at which the first step comes after the promise has ended."""
        after = chain.steps[0].after_ms
        key = (chain.calendar.name, after, promise.calendar.name, promise.target_ms, mark)
        if key not in self._known:
            always = chain.calendar.spans_of is None and promise.calendar.spans_of is None
            starts = range(self._monday, self._monday + (1 if always else _WEEK), _EVERY)
            self._looks -= len(starts)
            if self._looks < 0:
                return None
            tried = (_at(start, chain.calendar, after, promise, mark) for start in starts)
            self._known[key] = next((late for late in tried if late is not None), None)
        return self._known[key]

    def _told(self, chain: Chain, promise: SlaRule, late: _Late) -> str:
        zone = next(
            (
                shape.timezone
                for name in (chain.calendar.name, promise.calendar.name)
                if isinstance(shape := self._sheet.document.calendars.get(name), WeeklyHours)
            ),
            "UTC",
        )
        start, raised, step, ends = (
            _in_words(at, zone, late.start) for at in (late.start, late.raised, late.step, late.ends)
        )
        begun = f"if it begins {start}, the chain is raised {raised}" if late.raised > late.start else f"raised {start}"
        return f"{begun}, the first step comes {step}, the promise ends {ends} ({zone})"


def _at(start: int, calendar: Calendar, after: int, promise: SlaRule, mark: int) -> _Late | None:
    """The example at one start, if it is one."""
    raised = promise.calendar.due(start, mark)
    ends = promise.calendar.due(start, _target(promise))
    step = None if raised is None else calendar.due(raised, after)
    # What is due at once comes in closed hours, too.
    if raised is None or ends is None or step is None or step <= ends:
        return None
    return _Late(start, raised, step, ends)


def _target(promise: SlaRule) -> int:
    """Those without a target of the rule's are not looked at."""
    return promise.target_ms or 0


def _first_mark(promise: SlaRule) -> int:
    return min(mark.elapsed_ms for mark in promise.marks)


def _first_monday(sheet: Sheet) -> int:
    """The Monday of the week that is looked at: one in which every calendar has begun."""
    begins = [
        shape.from_
        for shape in sheet.document.calendars.values()
        if isinstance(shape, WeeklyHours) and shape.from_ is not None
    ]
    monday = datetime_of(_FIRST_MONDAY)
    latest = max(begins, default=None)
    if latest is None or latest < monday.date():
        return _FIRST_MONDAY
    days = (latest - monday.date()).days
    return _FIRST_MONDAY + (days // 7 + 1) * _WEEK


def _in_words(at: int, zone: str, start: int) -> str:
    local: datetime = datetime_of(at).astimezone(ZoneInfo(zone))
    seconds = f":{local.second:02}" if local.second else ""
    day = f" {local:%d %B}" if at - start >= timedelta(days=6) // timedelta(milliseconds=1) else ""
    return f"{_DAYS[local.weekday()]}{day} {local:%H:%M}{seconds}"
