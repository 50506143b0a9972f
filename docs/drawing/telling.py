"""What happened in a panel, instant by instant, in words: the numbered lines below a timeline and in the page.

Every time and duration in them is read from a judgement.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from docs.drawing.judged import Moment, Story, View, instant, judged, name_of
from gateway.model.event import (
    CallAnswered,
    ContactAcknowledged,
    ContactObserved,
    ContactOpened,
    Event,
    MessageAdded,
    StatusChanged,
)
from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, datetime_of

HELD: Final = "\u00a0"
"""The space at which no line is broken: it holds a figure and its unit together."""


@dataclass(frozen=True, slots=True)
class Line:
    """An instant and what it brought."""

    at: int
    time: str
    words: str


def told(story: Story) -> list[Line]:
    """The instants at which something happened, or will if nothing else does, in their order."""
    words: dict[int, list[str]] = {}
    for moment in story.moments:
        if moment.at <= story.now:
            words[moment.at] = _happened(story, moment)
    for name in story.clocks():
        final = story.moments[-1].clock(name) or {}
        due = instant(final["due_at"])
        told_already = final["breached_at"] and due is not None and due <= story.now
        if due is not None and due <= story.end and not told_already and final["met_at"] != final["due_at"]:
            words.setdefault(due, []).append(f"{_whose(story, name)}deadline")
    if story.panel.known:
        words.setdefault(story.end, []).extend(_corrected(story, story.panel.known))
    return [Line(at, time_of(story, at), "; ".join(said)) for at, said in sorted(words.items()) if said]


def time_of(story: Story, at: int) -> str:
    """The wall clock: with the weekday where the window has several, with the zone where its offset changes."""
    moment = datetime_of(at).astimezone(story.zone)
    first, last = (datetime_of(end).astimezone(story.zone) for end in (story.start, story.end))
    day = f"{moment:%a}{HELD}" if first.date() != last.date() else ""
    zone = f"{HELD}{moment:%Z}" if changes_offset(story) else ""
    return f"{day}{moment:%H:%M}{zone}"


def open_hours(story: Story) -> list[str]:
    """Each calendar's open stretches that touch the window, whole, with their lengths."""
    return [
        f"{calendar.name}: "
        + ", ".join(
            f"{time_of(story, opens)} to {time_of(story, closes)} ({duration(closes - opens)})"
            for opens, closes in calendar.spans(story.start, story.end)
        )
        for calendar in story.calendars
    ]


def changes_offset(story: Story) -> bool:
    """Whether the wall clock is changed inside the window."""
    first, last = (datetime_of(end).astimezone(story.zone) for end in (story.start, story.end))
    return first.utcoffset() != last.utcoffset()


def duration(milliseconds: int) -> str:
    """Hours, minutes and seconds, those that are not zero."""
    parts = ((HOUR_MS, "h"), (MINUTE_MS, "min"), (SECOND_MS, "s"))
    said = []
    for size, unit in parts:
        count, milliseconds = divmod(milliseconds, size)
        if count:
            said.append(f"{count}{HELD}{unit}")
    return HELD.join(said) or f"0{HELD}min"


def _whose(story: Story, name: str) -> str:
    return f"{name}: " if len(story.clocks()) > 1 else ""


def _happened(story: Story, moment: Moment) -> list[str]:
    said = [_event_words(event) for event in story.events if event.at == moment.at]
    before = story.at(moment.at - 1)
    effects = [effect for effect in moment.view["effects"] if instant(effect["at"]) == moment.at]
    for effect in effects:
        said.append(_effect_words(story, moment, effect))
    said += [_clock_words(story, before, clock) for clock in moment.view["clocks"]]
    said += [_escalation_words(before, escalation) for escalation in moment.view["escalations"]]
    return [words for words in said if words]


def _event_words(event: Event) -> str:
    match event:
        case ContactOpened():
            return "the contact opens"
        case MessageAdded(author=author):
            return {"agent": "an agent replies", "customer": "the customer writes"}.get(author.kind, "a message")
        case StatusChanged(to=status):
            return f"status {status}"
        case ContactObserved(tags=list() | tuple() as tags):
            return f"tagged {', '.join(tags)}"
        case ContactAcknowledged(by=by):
            return f"acknowledged by {by}"
        case CallAnswered():
            return "the call is answered"
        case _:
            return ""


def _effect_words(story: Story, moment: Moment, effect: View) -> str:
    data = effect["data"]
    roles = ", ".join(role.replace("_", " ") for role in data["roles"])
    match effect["type"]:
        case "sla.warned":
            return f"warning `{data['mark']}`"
        case "sla.breached" | "sla.met" as kind:
            number = data["instance"]
            name = data["metric"] if number == 1 else f"{data['metric']} {number}"
            if kind == "sla.breached":
                return f"{_whose(story, name)}deadline, breached"
            clock = moment.clock(name) or {}
            used, target = (duration(round(clock[key] * SECOND_MS)) for key in ("elapsed_s", "target_s"))
            return f"{_whose(story, name)}met, {used} of {target} used"
        case "escalation.raised":
            return f"escalation raised; step {data['step']} tells {roles}" if roles else "escalation raised"
        case "escalation.stepped":
            if data["reminder"]:
                return f"reminder {data['reminder']} to {roles}"
            return f"step {data['step']} tells {roles}"
        case "escalation.acknowledged" | "escalation.resolved" as kind:
            reason = str(data["reason"])
            is_deed = kind.endswith("acknowledged") or reason.startswith("resolved by ")
            return reason if is_deed else f"escalation resolved: {reason}"
        case _:
            return ""


def _clock_words(story: Story, before: Moment, clock: View) -> str:
    """What the clock's deadline does at this instant, if anything."""
    name = name_of(clock)
    then = before.clock(name)
    whose = _whose(story, name)
    if clock["met_at"] or clock["cancelled_at"]:
        late = clock["breached_at"] and then is not None and clock["met_at"] and not then["met_at"]
        return f"{whose}met, too late" if late else ""
    if clock["state"] == "paused":
        return f"{whose}paused, no deadline" if then is None or then["state"] != "paused" else ""
    due = instant(clock["due_at"])
    if due is None or (then is not None and then["due_at"] == clock["due_at"] and not then["met_at"]):
        return ""
    target = duration(round(clock["target_s"] * SECOND_MS))
    if then is None:
        return f"{whose}{target}, due {_due_time(story, due)}"
    if then["state"] == "paused" or then["met_at"]:
        return f"{whose}goes on, due {_due_time(story, due)}"
    used = duration(round(clock["elapsed_s"] * SECOND_MS))
    earlier = _due_time(story, instant(then["due_at"]) or due)
    return f"{whose}{used} used, now of {target}: due {_due_time(story, due)} instead of {earlier}"


def _due_time(story: Story, due: int) -> str:
    """A deadline's time, with its weekday where that is another day than the window's last."""
    said = time_of(story, due)
    moment, last = (datetime_of(at).astimezone(story.zone) for at in (due, story.end))
    return said if moment.date() == last.date() or HELD in said else f"{moment:%a}{HELD}{said}"


def _escalation_words(before: Moment, escalation: View) -> str:
    then = next((old for old in before.view["escalations"] if old["id"] == escalation["id"]), None)
    if then is not None and then["state"] == "acknowledged" and escalation["state"] == "active":
        since = (instant(then["acknowledged_at"]) or 0, before.at + 1)
        return f"nothing has happened for {duration(since[1] - since[0])}: the chain goes on"
    return ""


def _corrected(story: Story, known: str) -> list[str]:
    """What had been said by the events known before, and is not implied by all of them."""
    earlier = judged(story.scene, next(panel for panel in story.scene.panels if panel.events == known))
    implied = {effect["id"] for effect in story.moments[-1].view["effects"]}
    return [
        f"what was said at {time_of(story, instant(effect['at']) or 0)}, {effect['type']}, no longer follows: "
        "it is corrected, once"
        for effect in earlier.moments[-1].view["effects"]
        if effect["id"] not in implied
    ]


def days(story: Story) -> list[int]:
    """The local midnights inside the window."""
    day = datetime_of(story.start).astimezone(story.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[int] = []
    for _ in range((story.end - story.start) // DAY_MS + 2):
        day = (day + timedelta(days=1)).replace(hour=0)
        at = round(day.timestamp() * SECOND_MS)
        if story.start < at < story.end:
            found.append(at)
    return found
