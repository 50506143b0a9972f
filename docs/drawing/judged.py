"""A panel's events judged at every instant at which anything changes: what the drawing takes its places from.

Only the public questions are asked: what a policy makes of events at an instant, and when its calendars are open. A
stretch counts where the elapsed time that the judgement tells grows by the stretch's length; nothing is computed twice.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal
from zoneinfo import ZoneInfo

from docs.drawing.scenes import Panel, Scene
from gateway.model.event import Event
from gateway.model.instant import HOUR_MS, SECOND_MS, parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import Loaded, load_policy
from gateway.rules.calendar import Calendar

SQUEEZED_FROM_MS = 4 * HOUR_MS
"""A closed stretch at least so long is drawn short, where the panel asks for it."""

View = dict[str, Any]
Kind = Literal["used", "late", "come", "paused", "idle"]


@dataclass(frozen=True, slots=True)
class Moment:
    """What `policy eval` answers at an instant."""

    at: int
    view: View

    def clock(self, name: str) -> View | None:
        """One clock by its name, if there is one by then."""
        return next((clock for clock in self.view["clocks"] if name_of(clock) == name), None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a clock: `used` counts, `late` counts behind the deadline, `come` will if nothing happens."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True)
class Story:
    """One panel, judged. `now` is the last instant that has happened."""

    scene: Scene
    panel: Panel
    loaded: Loaded
    events: Sequence[Event]
    moments: Sequence[Moment]
    start: int
    end: int
    now: int

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the policy's first calendar of its own; UTC where it has none."""
        zones = (getattr(calendar, "timezone", None) for calendar in self.loaded.document.calendars.values())
        return ZoneInfo(next((zone for zone in zones if zone), "UTC"))

    @property
    def calendars(self) -> list[Calendar]:
        """The calendars that the policy itself names."""
        return [self.loaded.policy.calendars[name] for name in self.loaded.document.calendars]

    def at(self, instant: int) -> Moment:
        """The judgement at any instant."""
        return Moment(instant, evaluate(self.events, self.loaded.policy, instant).view)

    def clocks(self) -> list[str]:
        """The names of the clocks, in the order in which the last judgement lists them."""
        return [name_of(clock) for clock in self.moments[-1].view["clocks"]]

    def open_spans(self, calendar: Calendar) -> list[tuple[int, int]]:
        """The calendar's open stretches, cut at the window's ends."""
        spans = calendar.spans(self.start, self.end)
        return [(max(opens, self.start), min(closes, self.end)) for opens, closes in spans]

    def squeezed(self) -> list[tuple[int, int]]:
        """Long stretches in which nothing is open, nothing counts and nothing happens."""
        if not self.panel.squeeze:
            return []
        opened = [span for calendar in self.calendars for span in self.open_spans(calendar)]
        return [
            (before.at, after.at)
            for before, after in pairwise(self.moments)
            if after.at - before.at >= SQUEEZED_FROM_MS
            and not any(opens < after.at and closes > before.at for opens, closes in opened)
        ]

    def runs(self, word_of: Callable[[Moment], str | None]) -> list[tuple[int, int, str]]:
        """Start, end and word of every stretch over which the judgements have the same word; None is no stretch."""
        found: list[tuple[int, int, str]] = []
        for before, after in pairwise(self.moments):
            word = word_of(before)
            if word is None:
                continue
            if found and found[-1][1:] == (before.at, word):
                found[-1] = (found[-1][0], after.at, word)
            else:
                found.append((before.at, after.at, word))
        return found

    def stretches(self, name: str) -> list[Stretch]:
        """What a clock does over the window; those next to each other that are alike are one."""
        found: list[Stretch] = []
        for before, after in pairwise(self.moments):
            kind = self._kind(name, before, after)
            if kind is None:
                continue
            if found and found[-1].kind == kind and found[-1].end == before.at:
                found[-1] = replace(found[-1], end=after.at)
            else:
                found.append(Stretch(kind, before.at, after.at))
        return found

    def _kind(self, name: str, before: Moment, after: Moment) -> Kind | None:
        then, later = before.clock(name), after.clock(name)
        if then is None or later is None or then["met_at"] or then["cancelled_at"]:
            return None
        grown = round((later["elapsed_s"] - then["elapsed_s"]) * SECOND_MS)
        if grown not in (0, after.at - before.at):
            raise ValueError(f"{self.scene.name}: {name} counts only a part of the time from {before.at} to {after.at}")
        if before.at >= self.now:
            return "come" if grown and not then["breached_at"] else None
        if not grown:
            return "paused" if then["state"] == "paused" else "idle"
        return "late" if then["breached_at"] else "used"


def name_of(clock: View) -> str:
    """What names a clock in one contact: its metric, and its number where it is not the first."""
    return clock["metric"] if clock["instance"] == 1 else f"{clock['metric']} {clock['instance']}"


def instant(text: str | None) -> int | None:
    """Milliseconds of a time in a judgement."""
    return None if text is None else parse_instant(text)


def judged(scene: Scene, panel: Panel) -> Story:
    """The panel, judged at its events, whenever a calendar opens or closes, and whenever time alone changes it."""
    loaded = load_policy(scene.policy(), f"{scene.name}/policy.yaml")
    events = read_events(scene.events(panel.events))
    start, end = parse_instant(panel.start), parse_instant(panel.end)
    now = parse_instant(panel.now) if panel.now else end
    story = Story(scene, panel, loaded, events, (), start, end, now)
    edges = {edge for calendar in story.calendars for span in story.open_spans(calendar) for edge in span}
    coming = sorted({start, end, now, *edges, *(int(event.at) for event in events if start <= event.at <= end)})
    moments: list[Moment] = []
    while coming:
        moment = story.at(coming.pop(0))
        moments.append(moment)
        due = instant(moment.view["next_due"])
        if due is not None and moment.at < due <= end and due not in coming:
            insort(coming, due)
    return replace(story, moments=moments)
