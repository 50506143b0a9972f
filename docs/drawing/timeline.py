"""A scene as a picture: axis, open hours, status, clocks and escalations one below the other, and what happened.

Each thing that happened has a number, on the line and before its words: so no words can collide on a narrow screen.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from docs.drawing import signs
from docs.drawing.judged import Moment, Story, View, instant, judged
from docs.drawing.scale import Scale, dates, hours, scale_of
from docs.drawing.scenes import Scene
from docs.drawing.svg import MARGIN, WIDTH, Drawing, number, width_of, wrapped
from docs.drawing.telling import Line, duration, open_hours, told
from gateway.model.instant import SECOND_MS
from gateway.model.words import ENDED
from gateway.rules.calendar import Calendar

BAR: Final = 18
ROW: Final = 46
LABEL: Final = 16
BADGE_APART: Final = 19

SIGNS_WIDTH: Final = 22
"""Of the signs that may stand on both ends of a bar, as far as they reach inside."""

Row = Callable[[Drawing, Scale, float], None]
"""Draws one row of a panel at a height."""


def drawn(scene: Scene) -> str:
    """The scene's file."""
    drawing = Drawing()
    y = drawing.lines(MARGIN, 28, wrapped(scene.title, WIDTH - 2 * MARGIN, 17), "title", 22) + 2
    description = []
    for index, panel in enumerate(scene.panels):
        if index:
            drawing.line(MARGIN, y - 12, WIDTH - MARGIN, y - 12, "rule")
            y += 12
        story = judged(scene, panel)
        lines = told(story)
        if panel.caption:
            y = drawing.lines(MARGIN, y, wrapped(panel.caption, WIDTH - 2 * MARGIN), "head")
            description.append(f"{panel.caption}:")
        y = _panel(drawing, story, lines, y)
        description += [f"Open hours of {words}." for words in open_hours(story)]
        description += [f"{line.time} {line.words}." for line in lines]
    return drawing.whole(scene.title, " ".join(description).replace("`", ""), y)


def _panel(drawing: Drawing, story: Story, lines: list[Line], y: float) -> float:
    scale = scale_of(story)
    for x, words in dates(story, scale):
        drawing.text(x, y + 8, words, "small quiet")
    for x, words in hours(story, scale):
        drawing.text(x, y + 25, words, "small quiet", "middle")
    y += 33
    lanes = _lanes([scale.x(line.at) for line in lines])
    top = y
    y += (max(lanes) + 1) * BADGE_APART + 14
    for row in _rows(story):
        row(drawing, scale, y)
        y += ROW
    for index, (line, lane) in enumerate(zip(lines, lanes, strict=True), 1):
        x, badge_y = scale.x(line.at), top + 9 + lane * BADGE_APART
        drawing.line(x, badge_y, x, y - 8, "hair")
        drawing.badge(x, badge_y, index)
    return _told(drawing, lines, y + 14)


def _lanes(places: list[float]) -> list[int]:
    """For each badge, from left to right, the first lane in which it touches no other."""
    ends: list[float] = []
    lanes = []
    for x in places:
        lane = next((lane for lane, end in enumerate(ends) if x - end >= BADGE_APART), len(ends))
        ends[lane : lane + 1] = [x]
        lanes.append(lane)
    return lanes


def _told(drawing: Drawing, lines: list[Line], y: float) -> float:
    left = MARGIN + 26
    words_left = left + max(width_of(line.time, bold=True) for line in lines) + 8
    for index, line in enumerate(lines, 1):
        drawing.badge(MARGIN + 9, y - 5, index)
        drawing.text(left, y, line.time, "head")
        y = drawing.lines(words_left, y, wrapped(line.words.replace("`", ""), WIDTH - MARGIN - words_left)) + 4
    return y + 2


def _rows(story: Story) -> list[Row]:
    """What is drawn from top to bottom: calendars, status, clocks, escalations."""
    last = story.moments[-1].view
    return [
        *(partial(_calendar, story=story, calendar=calendar) for calendar in story.calendars),
        partial(_status, story=story),
        *(partial(_clock, story=story, name=name) for name in story.clocks()),
        *(partial(_escalation, story=story, final=escalation) for escalation in last["escalations"]),
    ]


def _label(drawing: Drawing, y: float, words: str) -> None:
    drawing.text(MARGIN, y + 10, words, "small halo")


def _calendar(drawing: Drawing, scale: Scale, y: float, story: Story, calendar: Calendar) -> None:
    _label(drawing, y, f"open hours of {calendar.name} ({story.zone.key})")
    y += LABEL
    drawing.bar(MARGIN, y, WIDTH - 2 * MARGIN, BAR, "closed")
    for opens, closes in story.open_spans(calendar):
        left, right = scale.x(opens), scale.x(closes)
        drawing.bar(left, y, right - left, BAR, "open")
        whole = opens > story.start and closes < story.end
        if whole:
            _inside(drawing, left, right, y, duration(closes - opens), "small")
    for piece in scale.pieces:
        if piece.squeezed:
            drawing.text((piece.left + piece.right) / 2, y + 13, duration(piece.end - piece.start), "small", "middle")
            for x in (piece.left, piece.right):
                drawing.path(f"M{number(x - 3)} {number(y + BAR + 3)}L{number(x + 3)} {number(y - 3)}", "break")


def _status(drawing: Drawing, scale: Scale, y: float, story: Story) -> None:
    _label(drawing, y, "status")
    y += LABEL
    for start, end, status in story.runs(_status_of):
        left, right = scale.x(start), scale.x(end)
        kind = "done" if status in ENDED else "wait" if status in ("pending", "on_hold") else "live"
        drawing.bar(left, y, right - left, BAR, kind)
        _inside(drawing, left, right, y, status, "small")


def _status_of(moment: Moment) -> str | None:
    contact = moment.view["contact"]
    return str(contact["status"]) if contact else None


def _clock(drawing: Drawing, scale: Scale, y: float, story: Story, name: str) -> None:
    _label(drawing, y, _clock_label(story, name))
    y += LABEL
    for stretch in story.stretches(name):
        left, right = scale.x(stretch.start), scale.x(stretch.end)
        if stretch.kind == "idle":
            drawing.line(left, y + BAR / 2, right, y + BAR / 2, "idle")
            continue
        drawing.bar(left, y, right - left, BAR, stretch.kind)
        said = "paused" if stretch.kind == "paused" else duration(stretch.end - stretch.start)
        over = {"used": "small on-used", "late": "small on-bad"}.get(stretch.kind, "small")
        _inside(drawing, left, right, y, said, over, SIGNS_WIDTH)
    for effect in story.moments[-1].view["effects"]:
        at = instant(effect["at"])
        data = effect["data"]
        if at is None or at > story.now or data.get("metric") != name:
            continue
        x = scale.x(at)
        if effect["type"] == "sla.warned":
            signs.warning(drawing, x, y)
    final = story.moments[-1].clock(name) or {}
    due, met, breached = (instant(final[key]) for key in ("due_at", "met_at", "breached_at"))
    if due is not None and due <= story.end:
        signs.deadline(drawing, scale.x(due), y)
    if breached is not None and breached <= story.now:
        signs.breach(drawing, scale.x(breached), y)
    if met is not None and met <= story.now and met != breached:
        signs.met(drawing, scale.x(met), y)


def _clock_label(story: Story, name: str) -> str:
    """The metric and its targets, one after the other where the rule changes."""
    rules = {rule.id: rule for rule in story.loaded.policy.sla}
    found: dict[str, str] = {}
    for moment in story.moments:
        clock = moment.clock(name)
        if clock is not None:
            target = duration(round(clock["target_s"] * SECOND_MS))
            operators = {rule.operator for rule in rules.values()}
            operator = f" ({rules[clock['rule']].operator})" if len(operators) > 1 else ""
            calendar = "" if clock["calendar"] == "always" and len(rules) < 2 else f" of {clock['calendar']}"
            found[clock["rule"]] = f"{target}{calendar if len(story.calendars) else ''}{operator}"
    return f"{name} within {', then '.join(found.values())}"


def _escalation(drawing: Drawing, scale: Scale, y: float, story: Story, final: View) -> None:
    _label(drawing, y, f"escalation by rule {final['rule']}, chain {final['chain']}")
    y += LABEL
    for start, end, state in story.runs(lambda moment: _escalation_state(moment, final["id"])):
        left, right = scale.x(start), scale.x(end)
        drawing.bar(left, y, right - left, BAR, "wait" if state == "acknowledged" else "called")
        if state == "acknowledged":
            _inside(drawing, left, right, y, state, "small")
    for effect in story.moments[-1].view["effects"]:
        if effect["type"] in ("escalation.raised", "escalation.stepped") and effect["data"]["roles"]:
            reminder = bool(effect["data"].get("reminder"))
            signs.step(drawing, scale.x(instant(effect["at"]) or 0), y, reminder=reminder)
    resolved = instant(final["resolved_at"])
    if resolved is not None:
        signs.met(drawing, scale.x(resolved), y)


def _escalation_state(moment: Moment, id: str) -> str | None:
    states = (escalation["state"] for escalation in moment.view["escalations"] if escalation["id"] == id)
    return next((state for state in states if state != "resolved"), None)


def _inside(drawing: Drawing, left: float, right: float, y: float, words: str, kind: str, taken: float = 6) -> None:
    """Words in the middle of a bar, if they fit beside what is taken at its ends."""
    if right - left >= width_of(words, 13, bold=True) + taken:
        drawing.text((left + right) / 2, y + 13.5, words, kind, "middle")
