"""What a policy makes of a list of events at an instant, as plain values for JSON: the heart of `policy eval`.

Pure. Laws: the order of the events doesn't matter, to the last byte; all of them belong to one contact; an id names one
fact. What is wrong with the events is raised with the position of the event, from 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.kernel.nesting import NESTING_MAX, too_deep
from gateway.model.apart import APART_TYPES, convert_apart
from gateway.model.event import Event, check_event, convert_event, decode_event, encode_event, identified
from gateway.model.identity import Ref
from gateway.model.instant import format_instant
from gateway.model.judgement import Clock, Escalation
from gateway.rules.advance import Sourced, next_change
from gateway.rules.journal import additions, contradicts
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from gateway.rules.view import View, clocks_view, contact_view, escalation_view, implied_view, route_view

EVENTS_MAX = 100_000
CONNECTOR = "events"
"""The connector that the events are taken to have come by."""

NO_REF = Ref("contact", "1")
"""The object of events of which none names one."""


class BadEvents(Exception):
    """Events that can't be used. `position` counts from 0; None where the list itself is wrong."""

    def __init__(self, why: str, position: int | None = None) -> None:
        super().__init__(why if position is None else f"event {position}: {why}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`view` is what `policy eval` prints; `failures` are rules whose condition could not be evaluated, with why."""

    view: View
    failures: dict[str, str] = field(default_factory=dict)


def read_events(content: bytes) -> list[Event]:
    """The events in a file's bytes, checked. Raises BadEvents."""
    try:
        values = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except RecursionError:
        raise BadEvents("JSON that nests too deeply") from None
    except UnicodeError:
        raise BadEvents("the file is not text in UTF-8") from None
    except msgspec.MsgspecError as error:
        raise BadEvents(f"not JSON: {error}") from None
    if not isinstance(values, list):
        raise BadEvents("expected a list of events: [{…}, {…}]")
    if len(values) > EVENTS_MAX:
        raise BadEvents(f"{len(values)} events: at most {EVENTS_MAX} are read")
    ref = _the_ref(values)
    events = {
        position: _event(position, value, ref) for position, value in enumerate(values) if not _apart(position, value)
    }
    _refuse_contradictions(events)
    return list(events.values())


def evaluate(events: Sequence[Event], policy: Policy, at: int) -> Evaluation:
    """What follows by the instant `at`, in milliseconds; events after it are left out."""
    kept, _ = additions({}, events)
    policies = Timeline.only(policy)
    judged = replay([Sourced(CONNECTOR, event) for event in kept.values()], policies, at)
    state = judged.state
    if state is None:
        return Evaluation(
            {"contact": None, "clocks": [], "route": None, "escalations": [], "effects": [], "next_due": None}
        )
    due = next_change(state, policies)
    clocks = [thing for thing in judged.retired if isinstance(thing, Clock)]
    calls = [thing for thing in judged.retired if isinstance(thing, Escalation)]
    view = {
        "contact": contact_view(state),
        "clocks": clocks_view(state, policy, at, clocks),
        "route": route_view(state.route),
        "escalations": [
            escalation_view(call) for call in sorted([*calls, *state.escalations], key=lambda call: call.raised_at)
        ],
        "effects": [implied_view(following) for following in judged.implied],
        "next_due": None if due is None else format_instant(due),
    }
    return Evaluation(view, dict(state.failures))


def _the_ref(values: Sequence[Any]) -> Any:
    """The one ref that the events name, as it stands; all that name none belong to it too."""
    found: Any = None
    for position, value in enumerate(values):
        ref = value.get("ref") if isinstance(value, dict) else None
        if ref is None:
            continue
        if found is not None and ref != found:
            raise BadEvents("its `ref` is another one than before: all events belong to one contact", position)
        found = ref
    return {"kind": NO_REF.kind, "id": NO_REF.id} if found is None else found


def _apart(position: int, value: Any) -> bool:
    """Whether an event belongs to no contact; it is checked, and changes nothing."""
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in APART_TYPES:
        return False
    try:
        convert_apart(value)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise BadEvents(str(error), position) from None
    return True


def _event(position: int, value: Any, ref: Any) -> Event:
    try:
        return read_event(value, ref)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise BadEvents(str(error), position) from None


def read_event(value: Any, ref: Any) -> Event:
    """One event of a list, checked and with an id; without a `ref` of its own it has this one.

    Raises msgspec.MsgspecError, ValueError or OverflowError with the reason.
    """
    if not isinstance(value, dict):
        raise ValueError("expected an object: {…}")
    if too_deep(value):
        raise ValueError(f"it nests deeper than {NESTING_MAX} levels")
    if "ref" not in value:
        value = {**value, "ref": ref}
    event = convert_event(value)
    check_event(event)
    # Written and read again, so that equal events are equal in the order of their keys too.
    return decode_event(encode_event(identified(event)))


def _refuse_contradictions(events: Mapping[int, Event]) -> None:
    told: dict[str, Event] = {}
    for position, event in events.items():
        if contradicts(event, told.setdefault(event.id, event)):
            raise BadEvents(f"the id {event.id!r} was used before with other content", position)
