"""One clock's path: from step to step of the judging, what changed, and which time counted by which rule.

A clock's sum is made of the same stretches here and in `clocks`; a property test holds them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model.event import Event
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock
from gateway.rules.draft import Draft
from gateway.rules.metrics import METRICS
from gateway.rules.policy import SlaRule
from gateway.rules.timeline import InForce
from gateway.rules.trace.causes import TIME, cause_in_words, event_in_words
from gateway.rules.trace.path import Cause, Change, ChangeKind, ClockPath, Segment, Stretch, StretchState
from gateway.rules.trace.segments import segments_of

STRETCHES_MAX: Final = 64
SEGMENTS_MAX: Final = 200
"""Open intervals that are told of one clock, over all its stretches; a few of each stretch in any case."""

CHANGES_MAX: Final = 24
"""Changes that are told of one stretch."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the judging, with the reasons for which other rules match after it. `status` is the contact's where the
    step has changed it; `events` are those so far."""

    draft: Draft
    at: int
    event: Event | InForce | None
    cause: Cause
    reasons: tuple[str, ...]
    status: str
    events: Mapping[str, Event]

    @property
    def words(self) -> str:
        """What brought it."""
        return cause_in_words(self.event)


@dataclass(slots=True)
class _Piece:
    """A stretch while it lasts; `rule` counts it, or has caught up on it."""

    start: int
    state: StretchState
    rule: SlaRule | None
    target_ms: int
    changes: list[Change]
    changes_left_out: int = 0
    end: int | None = None
    caught_up_at: int | None = None


@dataclass(slots=True)
class Followed:
    """A clock that is being followed."""

    clock: Clock
    pieces: list[_Piece] = field(default_factory=list)

    def start(self, clock: Clock, step: Step) -> None:
        """Take up a clock that has just started, or started anew."""
        anew, self.clock = bool(self.pieces), clock
        # What it was warned of stays, though the time of before doesn't count.
        told = [change for piece in self.pieces for change in piece.changes if change.kind == "warned"]
        by = step.events.get(clock.started_by)
        words = event_in_words(by) if by is not None else step.words
        counted = f"rule {clock.rule} counts it" if clock.rule else "no rule counts it"
        kind: ChangeKind = "started anew" if anew else "started"
        change = Change(clock.started_at, kind, f"{kind} by {words}; {counted}", step.cause, after=clock.rule)
        self.pieces.clear()
        state, rule = _mode(clock, step.draft)
        if clock.started_at < step.at:
            late = _Piece(clock.started_at, "uncounted", None, 0, [*told, change], end=step.at)
            self.pieces += [late, _Piece(step.at, state, rule, clock.target_ms, [])]
            self._catch_up(rule, step.at)
        else:
            self.pieces.append(_Piece(step.at, state, rule, clock.target_ms, [*told, change]))
        if clock.over:
            self._tell(self._ends(clock, step))

    def follow(self, clock: Clock, step: Step) -> None:
        """Note what a step has changed."""
        changes = self._changes(clock, step)
        taken_up = clock.rule and not self.clock.rule
        self.clock = clock
        state, rule = _mode(clock, step.draft)
        last = self.pieces[-1]
        if (state, _counting(rule, clock.target_ms)) != (last.state, _counting(last.rule, last.target_ms)):
            changes = changes or [_silent_change(state, last.state, step)]
            last.end = step.at
            if last.start == step.at:
                self.pieces.pop()
                changes, left_out = [*last.changes, *changes], last.changes_left_out
                self.pieces.append(_Piece(step.at, state, rule, clock.target_ms, [], left_out))
            else:
                self.pieces.append(_Piece(step.at, state, rule, clock.target_ms, []))
        if taken_up:
            self._catch_up(rule, step.at)
        self._tell(changes)

    def path(self, until: int) -> ClockPath:
        """The clock's path up to `until`."""
        pieces = self.pieces
        pieces[-1].end = until
        told, tail = pieces, []
        if len(pieces) > STRETCHES_MAX:
            told, tail = pieces[: STRETCHES_MAX // 2], pieces[-(STRETCHES_MAX // 2 - 1) :]
        most = SEGMENTS_MAX // (len(told) + len(tail))
        stretches = [_stretch(piece, most) for piece in told]
        if tail:
            stretches.append(_left_out(pieces[len(told) : -len(tail)]))
        return ClockPath(self.clock, (*stretches, *(_stretch(piece, most) for piece in tail)))

    def _tell(self, changes: Sequence[Change]) -> None:
        last = self.pieces[-1]
        last.changes += changes
        if len(last.changes) > CHANGES_MAX:
            # What began it and what happened last; the middle of a stretch in which very much happened is not told.
            half = CHANGES_MAX // 2
            last.changes_left_out += len(last.changes) - CHANGES_MAX
            last.changes[half : len(last.changes) - half] = []

    def _catch_up(self, rule: SlaRule | None, at: int) -> None:
        """A rule counts what no rule has counted."""
        if rule is None:
            return
        for piece in self.pieces:
            if piece.state == "uncounted" and piece.rule is None:
                piece.rule, piece.target_ms, piece.caught_up_at = rule, self.clock.target_ms, at

    def _changes(self, clock: Clock, step: Step) -> list[Change]:
        before = self.clock
        if before is clock:
            return []
        found: list[Change] = []
        for mark in clock.warned[len(before.warned) :]:
            rule, _, text = mark.rpartition("/")
            found.append(Change(step.at, "warned", f"{text} of rule {rule} reached", TIME, before=rule, after=text))
        if clock.breached_at is not None and before.breached_at is None:
            words = f"the deadline of rule {clock.breached_rule} came: {format_instant(clock.breached_at)}"
            if clock.since == clock.breached_at and clock.elapsed_ms >= clock.target_ms > 0:
                words = f"what had elapsed has reached the target of rule {clock.breached_rule}"
            found.append(Change(clock.breached_at, "breached", words, TIME, after=clock.breached_rule))
        if before.met_at is not None and clock.met_at is None:
            found.append(_status_change(step, "reopened"))
        if clock.over and not before.over:
            return [*found, *self._ends(clock, step)]
        if clock.runs != before.runs:
            stopped: ChangeKind = "ended" if step.draft.contact.ended else "paused"
            found.append(_status_change(step, "resumed" if clock.runs else stopped))
        if (clock.rule, clock.target_ms, clock.calendar) != (before.rule, before.target_ms, before.calendar):
            found.append(_rule_change(before, clock, step))
        return found

    def _ends(self, clock: Clock, step: Step) -> list[Change]:
        kind: ChangeKind = "met" if clock.met_at is not None else "cancelled"
        ended = step.status and step.draft.contact.ended
        why = f"{kind}: the status became {step.status}" if ended else f"{kind} by {step.words}"
        if self.clock.dropped:
            why += "; no rule counted it any more"
        return [Change(step.at, kind, why, step.cause, before=clock.last_rule)]


def _status_change(step: Step, kind: ChangeKind) -> Change:
    status = step.draft.contact.status
    return Change(step.at, kind, f"{kind}: the status became {status}", step.cause, after=status)


def _silent_change(state: StretchState, before: StretchState, step: Step) -> Change:
    """What makes another stretch and changes nothing in the clock."""
    if state != before and step.status:
        return _status_change(step, "paused" if state == "paused" else "ended")
    return Change(step.at, "policy", f"counted on: {step.words}", step.cause)


def _rule_change(before: Clock, clock: Clock, step: Step) -> Change:
    old, new = before.rule, clock.rule
    because = step.reasons or ((f"status became {step.status}",) if step.status else ())
    why = f": {', '.join(because)}" if because else ""
    kind: ChangeKind = "rule changed"
    if not new:
        kind, words = "dropped", "no rule matches any more"
    elif not old:
        kind, words = "taken up", f"rule {new} matches, and counts what no rule had counted"
    elif clock.until is not None and clock.until != before.until:
        words = f"the deadline moved to {format_instant(clock.until)}"
    elif old == new:
        words = f"rule {new} has other figures"
    else:
        words = f"rule {old} gave way to {new}"
    return Change(step.at, kind, words + why, step.cause, old, new, because)


def _mode(clock: Clock, draft: Draft) -> tuple[StretchState, SlaRule | None]:
    """What the clock does from now on, and the rule that counts it."""
    if clock.over:
        goes_on = clock.met_at is not None and METRICS[clock.metric].end == "meets" and not draft.frozen
        return ("ended" if goes_on else "over"), None
    rule = None if clock.dropped else draft.rule_of(clock)
    if clock.runs:
        return ("uncounted" if rule is None else "running"), rule
    return ("ended" if draft.contact.ended else "paused"), rule


def _counting(rule: SlaRule | None, target_ms: int) -> tuple[object, ...]:
    """What of a rule, and of its target for the clock, makes a stretch another one."""
    return () if rule is None else (rule.id, target_ms, rule.calendar)


def _stretch(piece: _Piece, most: int) -> Stretch:
    end = piece.start if piece.end is None else piece.end
    rule = piece.rule
    counts = rule is not None and piece.state in ("running", "uncounted")
    segments = segments_of(rule.calendar, piece.start, end, most) if rule is not None and counts else ()
    return Stretch(
        start=piece.start,
        end=end,
        state=piece.state,
        rule=rule.id if rule else "",
        calendar=rule.calendar.name if rule else "",
        target_ms=piece.target_ms if rule else 0,
        counted_ms=sum(segment.counted_ms for segment in segments),
        segments=segments,
        changes=tuple(piece.changes),
        changes_left_out=piece.changes_left_out,
        caught_up_at=piece.caught_up_at,
    )


def _left_out(pieces: Sequence[_Piece]) -> Stretch:
    """Many stretches as one."""
    whole = [_stretch(piece, 0) for piece in pieces]
    start, end, counted = whole[0].start, whole[-1].end, sum(stretch.counted_ms for stretch in whole)
    opened = sum(segment.of for stretch in whole for segment in stretch.segments if segment.kind != "closed")
    return Stretch(
        start=start,
        end=end,
        state="left out",
        counted_ms=counted,
        segments=(Segment(start, end, "left out", counted, opened),),
        changes_left_out=sum(len(stretch.changes) + stretch.changes_left_out for stretch in whole),
        of=len(whole),
    )
