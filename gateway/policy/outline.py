"""A policy as a list of what stands in it, for people: each rule with its place, its condition and what is said of it.

Pure: made from a loaded policy and its findings.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.kernel.document import Document
from gateway.kernel.problems import Problem
from gateway.policy.conditions import JUDGED
from gateway.policy.document import AnyOf, CalendarShape, CountryHolidays, PolicyDocument, WeeklyHours
from gateway.policy.lint.flow import Flow, flow_of
from gateway.policy.load import Loaded
from gateway.rules.policy import Section

DEAD: Final = frozenset(("never-matches", "unreachable-rule", "shadowed-rule", "never-raised"))
"""Findings of rules that never take effect."""

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A finding: its id, such as `shadowed-rule`, and its words."""

    id: str
    message: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Something that stands in the file, at a line from 1, with what was found about it."""

    id: str
    line: int
    notes: tuple[Note, ...] = ()

    @property
    def dead(self) -> Note | None:
        """Why it never takes effect; None where it may."""
        return next((note for note in self.notes if note.id in DEAD), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineRule(Placed):
    """A rule. `condition` is as written, empty where it always matches; `says` what it does, in words; `target` what
    it leads to: a severity, a queue, a metric, a chain, an enricher, or nothing; `on` what an escalation waits for."""

    condition: str = ""
    says: str = ""
    target: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineQueue(Placed):
    """Where contacts wait."""

    team: str = ""
    tier: int = 1


@dataclass(frozen=True, slots=True)
class OutlineStep:
    """A step of a chain. Lengths are milliseconds; `roles` have the endpoints of each."""

    after: int
    roles: tuple[tuple[str, tuple[str, ...]], ...]
    reminder: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineChain(Placed):
    """Whom an escalation calls."""

    calendar: str = "always"
    steps: tuple[OutlineStep, ...] = ()
    unack_after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlinePromise(OutlineRule):
    """An SLA rule: its target in milliseconds of its calendar's time; None where the vendor sets the instant."""

    within: int | None = None
    operator: str = "le"
    calendar: str = "always"
    warn: tuple[str, ...] = ()
    objective: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineCalendar(Placed):
    """Which hours count. `zone` is empty, and `parts` name others, where it is made of those; `hours` are days and
    their hours as written, `days_off` what replaces them, in words."""

    zone: str = ""
    hours: tuple[tuple[str, str], ...] = ()
    days_off: tuple[str, ...] = ()
    joined: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """Everything of a policy. `notes` are findings about a section as a whole, by its name."""

    name: str
    rules: Mapping[Section, tuple[OutlineRule, ...]]
    promises: tuple[OutlinePromise, ...]
    queues: tuple[OutlineQueue, ...]
    chains: tuple[OutlineChain, ...]
    calendars: tuple[OutlineCalendar, ...]
    notes: Mapping[str, tuple[Note, ...]]
    flow: Flow

    @property
    def size(self) -> int:
        """How many rules there are."""
        return sum(map(len, self.rules.values()))


def outline_of(loaded: Loaded, findings: Sequence[Problem]) -> Outline:
    """The outline of a loaded policy."""
    document = loaded.document
    source = loaded.source or Document.parse(loaded.text, loaded.file)
    places = _Places(source, document, findings)
    promises = tuple(_promises(document, places))
    rules: dict[Section, tuple[OutlineRule, ...]] = {
        section: promises if section == "sla" else tuple(_rules(document, section, places)) for section in JUDGED
    }
    return Outline(
        name=document.name,
        rules=rules,
        promises=promises,
        queues=tuple(
            OutlineQueue(id=name, line=line, notes=notes, team=queue.team, tier=queue.tier)
            for (name, queue), (line, notes) in zip(document.queues.items(), places.named("queues"), strict=True)
        ),
        chains=tuple(_chains(document, places)),
        calendars=tuple(
            _calendar(name, shape, line, notes)
            for (name, shape), (line, notes) in zip(document.calendars.items(), places.named("calendars"), strict=True)
        ),
        notes=places.of_sections(),
        flow=flow_of(loaded),
    )


class _Places:
    """Where everything stands, and which finding is about what: the last thing that begins before it, or at it."""

    def __init__(self, source: Document, document: PolicyDocument, findings: Sequence[Problem]) -> None:
        self._source = source
        self._document = document
        owners: list[tuple[tuple[int, int], Path]] = []
        for section in (*JUDGED, "queues", "chains", "calendars", "roles"):
            entries = getattr(document, section)
            if not entries:
                continue
            owners.append((source.place((section,), key=True), (section,)))
            if isinstance(entries, dict):
                owners += ((source.place((section, name), key=True), (section, name)) for name in entries)
            else:
                owners += ((source.place((section, index)), (section, index)) for index in range(len(entries)))
        owners.sort(key=lambda owner: owner[0])
        self._notes: dict[Path, list[Note]] = {}
        starts = [place for place, _ in owners]
        for found in findings:
            at = bisect_right(starts, (found.line, found.column)) - 1
            path = owners[at][1] if at >= 0 else ()
            self._notes.setdefault(path, []).append(Note(found.id, found.message))

    def rule(self, section: str, index: int) -> tuple[int, tuple[Note, ...]]:
        """The line of a rule's name, and what was found about it."""
        line = self._source.place((section, index, "id"))[0]
        return line, tuple(self._notes.get((section, index), ()))

    def named(self, section: str) -> Iterable[tuple[int, tuple[Note, ...]]]:
        """The same for the entries of a section of names, in its order."""
        for name in getattr(self._document, section):
            yield self._source.place((section, name), key=True)[0], tuple(self._notes.get((section, name), ()))

    def of_sections(self) -> dict[str, tuple[Note, ...]]:
        """What was found about a section as a whole; of what is about none, under an empty name. A role's goes to its
        section."""
        found: dict[str, tuple[Note, ...]] = {}
        for path, notes in self._notes.items():
            if len(path) < 2 or path[0] == "roles":
                name = str(path[0]) if path else ""
                found[name] = (*found.get(name, ()), *notes)
        return found


def _rules(document: PolicyDocument, section: Section, places: _Places) -> Iterable[OutlineRule]:
    for index, rule in enumerate(getattr(document, section)):
        line, notes = places.rule(section, index)
        target, says, on = "", "", getattr(rule, "on", "")
        match section:
            case "severity":
                target = str(rule.severity)
                says = f"severity {rule.severity}"
            case "routing":
                target = rule.queue
                skills = f", skills {', '.join(rule.skills)}" if rule.skills else ""
                says = f"queue {rule.queue}, priority {rule.priority}{skills}"
            case "escalation":
                target = rule.chain
                of = f" of {rule.metric.replace('_', ' ')}" if rule.metric else ""
                says = f"chain {rule.chain}, on {rule.on}{of}"
            case "enrich":
                target = rule.enricher
                says = f"asks {rule.enricher}"
            case _:
                what = ["a comment"] if rule.do.comment else []
                what += [f"tags {', '.join(rule.do.tags_add)}"] if rule.do.tags_add else []
                says = f"writes {' and '.join(what)}, on {rule.on}"
        yield OutlineRule(
            id=rule.id, line=line, notes=notes, condition=_condition(rule.when), says=says, target=target, on=on
        )


def _promises(document: PolicyDocument, places: _Places) -> Iterable[OutlinePromise]:
    for index, rule in enumerate(document.sla):
        line, notes = places.rule("sla", index)
        yield OutlinePromise(
            id=rule.id,
            line=line,
            notes=notes,
            condition=_condition(rule.when),
            says=rule.metric.replace("_", " "),
            target=rule.metric,
            within=rule.within,
            operator=rule.operator,
            calendar=rule.calendar,
            warn=tuple(rule.warn),
            objective=rule.objective,
        )


def _condition(when: str | None) -> str:
    return (when or "").strip()


def _chains(document: PolicyDocument, places: _Places) -> Iterable[OutlineChain]:
    for (name, chain), (line, notes) in zip(document.chains.items(), places.named("chains"), strict=True):
        steps = tuple(
            OutlineStep(
                step.after, tuple((role, tuple(document.roles[role].endpoints)) for role in step.notify), step.reminder
            )
            for step in chain.steps
        )
        yield OutlineChain(
            id=name, line=line, notes=notes, calendar=chain.calendar, steps=steps, unack_after=chain.unack_after
        )


def _calendar(name: str, shape: CalendarShape, line: int, notes: tuple[Note, ...]) -> OutlineCalendar:
    if not isinstance(shape, WeeklyHours):
        joined, parts = ("any of", shape.any_of) if isinstance(shape, AnyOf) else ("all of", shape.all_of)
        return OutlineCalendar(id=name, line=line, notes=notes, joined=joined, parts=tuple(parts))
    off = [
        f"holidays of {day.country}{f', {day.subdivision}' if day.subdivision else ''}"
        if isinstance(day, CountryHolidays)
        else f"{day.date}{f' ({day.name})' if day.name else ''} closed"
        for day in shape.holidays
    ]
    off += [f"{day.date} {_hours(day.hours)}" for day in shape.exceptions]
    if shape.from_ is not None:
        off.append(f"these hours count from {shape.from_}")
    hours = tuple((days, _hours(times)) for days, times in shape.hours.items())
    return OutlineCalendar(id=name, line=line, notes=notes, zone=shape.timezone, hours=hours, days_off=tuple(off))


def _hours(intervals: Sequence[tuple[int, int]]) -> str:
    """Intervals of minutes as people write them."""
    return ", ".join(f"{_face(start)}-{_face(end)}" for start, end in intervals) or "closed"


def _face(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
