"""A contact's path through time as plain values for JSON: of each clock its stretches, of each escalation its moments.

What `seconds` count in the segments of a clock adds up to what it has elapsed.
"""

from collections.abc import Mapping
from typing import Any

from gateway.model.instant import format_instant, format_known, seconds_of
from gateway.rules.policy import Section
from gateway.rules.trace.path import CallPath, Cause, Change, ClockPath, Enquiry, Moment, Segment, Stretch, Trace, Turn
from gateway.rules.trace.tried import Tried

View = dict[str, Any]
TriedRules = Mapping[Section, tuple[Tried, ...]]


def clock_path_view(path: ClockPath | None) -> View:
    """A clock's stretches, and their sum; null where its path isn't known."""
    if path is None:
        return {"counted_s": None, "stretches": None}
    return {
        "counted_s": seconds_of(path.counted_ms),
        "stretches": [_stretch_view(stretch) for stretch in path.stretches],
    }


def call_path_view(path: CallPath | None) -> View:
    """What happened to an escalation; null where its path isn't known."""
    if path is None:
        return {"raised_by_clock": None, "moments": None}
    clock = None
    if path.clock is not None:
        metric, instance, rule = path.clock
        clock = {"metric": metric, "instance": instance, "rule": rule}
    return {"raised_by_clock": clock, "moments": [_moment_view(moment) for moment in path.moments]}


def turns_view(trace: Trace | None) -> View:
    """What changed the judging of the whole contact: its status, severity, route, rules, and the policy."""
    if trace is None:
        return {"turns": None, "turns_left_out": 0}
    return {"turns": [_turn_view(turn) for turn in trace.turns], "turns_left_out": trace.turns_left_out}


def enquiries_view(trace: Trace | None) -> View:
    """What enrichers were asked and have said."""
    if trace is None:
        return {"enquiries": None, "enquiries_left_out": 0}
    told = [_enquiry_view(enquiry) for enquiry in trace.enquiries]
    return {"enquiries": told, "enquiries_left_out": trace.enquiries_left_out}


def tried_view(rules: TriedRules) -> View:
    """Every rule with what became of it, and the fields that its condition read; their values stand once for all."""
    values: dict[str, Any] = {}
    for tried in rules.values():
        for one in tried:
            values.update(one.values)
    return {"tried": {section: [_tried_view(one) for one in tried] for section, tried in rules.items()}, "read": values}


def _tried_view(one: Tried) -> View:
    view = {
        "rule": one.rule,
        "became": one.became,
        "condition": one.condition or None,
        "reads": list(one.values),
    }
    more = {"metric": one.metric, "on": one.on, "reason": one.reason}
    return {**view, **{name: value for name, value in more.items() if value}}


def _stretch_view(stretch: Stretch) -> View:
    view = {
        "from": format_instant(stretch.start),
        "to": format_instant(stretch.end),
        "state": stretch.state,
        "rule": stretch.rule or None,
        "calendar": stretch.calendar or None,
        "target_s": seconds_of(stretch.target_ms) if stretch.rule else None,
        "counted_s": seconds_of(stretch.counted_ms),
        "caught_up_at": format_known(stretch.caught_up_at),
        "changes": [_change_view(change) for change in stretch.changes],
        "changes_left_out": stretch.changes_left_out,
        "segments": [_segment_view(segment) for segment in stretch.segments],
    }
    return view if stretch.of == 1 else {**view, "of": stretch.of}


def _segment_view(segment: Segment) -> View:
    view = {
        "from": format_instant(segment.start),
        "to": format_instant(segment.end),
        "kind": segment.kind,
        "counted_s": seconds_of(segment.counted_ms),
    }
    return view if segment.of == 1 else {**view, "of": segment.of}


def _change_view(change: Change) -> View:
    return {
        "at": format_instant(change.at),
        "kind": change.kind,
        "words": change.words,
        "before": change.before or None,
        "after": change.after or None,
        "because": list(change.because),
        "cause": _cause_view(change.cause),
    }


def _moment_view(moment: Moment) -> View:
    view = {
        "at": format_instant(moment.at),
        "kind": moment.kind,
        "words": moment.words,
        "step": moment.step or None,
        "reminder": moment.reminder or None,
        "roles": list(moment.roles),
        "cause": _cause_view(moment.cause),
    }
    return view if moment.of == 1 else {**view, "of": moment.of}


def _turn_view(turn: Turn) -> View:
    return {
        "at": format_instant(turn.at),
        "of": turn.of,
        "metric": turn.metric or None,
        "before": turn.before or None,
        "after": turn.after or None,
        "rule": turn.rule or None,
        "because": list(turn.because),
        "cause": _cause_view(turn.cause),
    }


def _enquiry_view(enquiry: Enquiry) -> View:
    return {
        "at": format_instant(enquiry.at),
        "enricher": enquiry.enricher,
        "kind": enquiry.kind,
        "rule": enquiry.rule or None,
        "reason": enquiry.reason or None,
        "changed": list(enquiry.changed),
        "cause": _cause_view(enquiry.cause),
    }


def _cause_view(cause: Cause) -> View:
    """What brought a change, without what isn't there."""
    view = {"kind": cause.kind, "id": cause.id, "type": cause.type, "connector": cause.connector}
    return {name: value for name, value in view.items() if value}
