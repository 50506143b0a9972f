"""The breach timeline: the promises of open contacts in a window of time, in lanes of teams or queues.

Read from the cards, so many at most, the most urgent first. Of contacts that have ended nothing is known here; the page
says that it shows open ones.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.kernel.board import CARDS_MAX, Carded, QueueRow, Wanted
from gateway.model.instant import HOUR_MS, MINUTE_MS, format_instant
from gateway.rules.calendar import Calendar
from gateway.rules.card import Card, CardDue
from gateway.rules.policy import Policy
from gateway.web.asked import BadQuestion, only, word_of
from gateway.web.pages.drawing.axis import Axis, ticks
from gateway.web.pages.drawing.lanes import Lane, Point, Promise, lane, warnings_of
from gateway.web.pages.filters import NONE
from gateway.web.pages.page import Frame, Page
from gateway.web.viewer import viewer_of, wall_words
from gateway.web.words import clean, name_words, span_words

WINDOWS: Final[dict[str, int]] = {"1h": 1, "4h": 4, "12h": 12, "24h": 24}
"""So many hours back and ahead."""

By = Literal["team", "queue"]
LANES_MAX: Final = 12
ROWS_MAX: Final = 200
"""Rows of the table behind the drawing."""

WORD_MAX: Final = 200
UNTITLED: Final = "(no subject)"


@dataclass(frozen=True, slots=True)
class ShownLane:
    """A lane with what isn't drawn of it: `more` promises in the window and `older` ones, broken before it and still
    open, each with where they are listed."""

    lane: Lane
    title: str
    drawn: int
    more: int
    more_href: str
    older: int
    older_href: str


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for: `hours` back and ahead, lanes by team or queue, one lane alone where it is named."""

    name: str
    hours: int
    by: By
    only: str | None

    def href(self, **other: str) -> str:
        """The same with something else: `window`, `by` or `lane`; an empty word takes it away."""
        asked = {"window": self.name, "by": self.by, "lane": self.only or "", **other}
        return f"/timeline?{urlencode({name: value for name, value in asked.items() if value})}"


class TimelinePage:
    """The handlers."""

    def __init__(self, frame: Frame) -> None:
        self._gateway = frame.gateway
        self._clock = frame.clock
        self._calendars: tuple[str, dict[str, Calendar]] = ("", {})
        self.pages = (Page("/timeline", "timeline.html", self.read, self.twin),)

    async def read(self, request: web.Request) -> Mapping[str, Any]:
        """The lanes of the window that is asked for."""
        window, store, now = window_of(request), self._gateway.world.store, self._clock.now()
        # A whole minute: what is looked at twice within it stands where it stood.
        middle = now - now % MINUTE_MS
        axis = Axis(middle - window.hours * HOUR_MS, middle + window.hours * HOUR_MS)
        name = () if window.only is None else ("" if window.only == NONE else window.only,)
        wanted = Wanted(
            team=name if window.by == "team" else (),
            queue=name if window.by == "queue" else (),
            due_from=axis.start,
            due_before=axis.end,
        )
        page = await store.cards(wanted, order="due", limit=CARDS_MAX)
        queues = await store.queues(risk_before=axis.end)
        policy = await self._policy(now)
        zone = viewer_of(request.cookies).zone
        promised = [(row, row.card.due) for row in page.rows if row.card.due is not None]
        lanes = self._lanes(promised, window, axis, now, policy, queues, zone)
        return {
            "window": window,
            "windows": WINDOWS,
            "axis": axis,
            "ticks": ticks(axis, ZoneInfo(zone)),
            "now_x": axis.x(now),
            "lanes": lanes[:LANES_MAX],
            "lanes_left_out": len(lanes) - LANES_MAX,
            "finding": finding([due for _, due in promised], sum(one.older for one in lanes), window, now),
            "cut": page.next is not None,
            "promised": promised[:ROWS_MAX],
            "left_out": len(promised) - ROWS_MAX,
            "sheet": sheet_of(wanted),
        }

    def twin(self, read: Mapping[str, Any]) -> object:
        """The promises as data, the most urgent first."""
        axis: Axis = read["axis"]
        return {
            "from": format_instant(axis.start),
            "to": format_instant(axis.end),
            "finding": read["finding"],
            "whole": not read["cut"] and read["left_out"] <= 0,
            "promises": [_promise_values(row, due) for row, due in read["promised"]],
        }

    def _lanes(
        self,
        promised: Sequence[tuple[Carded, CardDue]],
        window: Window,
        axis: Axis,
        now: int,
        policy: Policy | None,
        queues: Sequence[QueueRow],
        zone: str,
    ) -> list[ShownLane]:
        """Lanes by name; one without a name last."""
        calendars = self._own(policy)
        found: dict[str, list[Promise]] = defaultdict(list)
        broken: Counter[str] = Counter()
        for row, due in promised:
            name = row.card.team if window.by == "team" else row.card.queue
            found[name].append(promise_of(row, due, policy, calendars, now, zone))
            broken[name] += due.breached
        breached: Counter[str] = Counter()
        for queue in queues:
            name = queue.team if window.by == "team" else queue.queue
            if window.only is None or (name or NONE) == window.only:
                breached[name] += queue.breached
        shown = []
        for name in sorted(
            {*found, *(name for name, count in breached.items() if count)}, key=lambda one: (not one, one)
        ):
            drawn = lane(name, found[name], axis, now, calendars)
            asked: dict[str, str] = {window.by: name or NONE}
            shown.append(
                ShownLane(
                    drawn,
                    f"{window.by} {name}" if name else f"no {window.by}",
                    len(drawn.bars),
                    drawn.left_out,
                    f"/?{urlencode({**asked, 'within': str(window.hours * 60)})}",
                    max(0, breached[name] - broken[name]),
                    f"/?{urlencode({**asked, 'breached': 'true'})}",
                )
            )
        return shown

    async def _policy(self, now: int) -> Policy | None:
        """The policy in force, with the rules and calendars that are drawn."""
        policies = self._gateway.bench.policies
        present = policies.in_force(now)
        return None if present is None else (await policies.to_read_by([present.since])).at(present.since).policy

    def _own(self, policy: Policy | None) -> dict[str, Calendar]:
        """Its calendars with tables of our own: whoever judges asks the others on another thread."""
        if policy is None:
            return {}
        if self._calendars[0] != policy.hash:
            named = {rule.calendar.name: rule.calendar.twin() for rule in policy.sla}
            self._calendars = (policy.hash, named)
        return self._calendars[1]


def window_of(request: web.Request) -> Window:
    """What is asked for. Raises BadQuestion."""
    only(request, "window", "by", "lane")
    name = word_of(request, "window", WINDOWS) or "4h"
    by = cast(By, word_of(request, "by", ("team", "queue")) or "team")
    lanes = [lane for lane in request.query.getall("lane", []) if lane]
    if len(lanes) > 1 or any(len(lane) > WORD_MAX for lane in lanes):
        raise BadQuestion(f"lane is one name of at most {WORD_MAX} characters")
    return Window(name, WINDOWS[name], by, lanes[0] if lanes else None)


def promise_of(
    row: Carded, due: CardDue, policy: Policy | None, calendars: Mapping[str, Calendar], now: int, zone: str
) -> Promise:
    """What is drawn of a card's promise, with its name for who can't see it."""
    card = row.card
    rule = None if policy is None else policy.sla_by_id.get(due.rule)
    calendar = None if rule is None else calendars.get(rule.calendar.name)
    points = warnings_of(due, rule, calendar, now)
    points.append(Point("breach" if due.breached else "due", due.at, "breach" if due.breached else "deadline"))
    for call in card.calls:
        words = f"escalation {call.rule}, step {call.step} of {call.steps} of chain {call.chain}"
        points.append(Point("step", call.raised_at, f"{words}, raised", call.step))
        if call.next_at is not None and not call.acknowledged:
            points.append(Point("step", call.next_at, f"{words}: the next step", call.step + 1))
    when = wall_words(due.at, zone)
    what = name_words(due.metric)
    broken = f"{what} breached {span_words(now - due.at)} ago, at {when}"
    words = broken if due.breached else f"{what} due in {span_words(due.at - now)}, at {when}"
    title = clean(card.subject, 80) or UNTITLED
    return Promise(
        row.id,
        title,
        due.started_at,
        due.at,
        due.breached,
        f"{title}: {words} {zone}, severity {card.severity}, rule {due.rule}{_called(card)}",
        calendar.name if calendar else "",
        tuple(points),
    )


def finding(promised: Sequence[CardDue], older: int, window: Window, now: int) -> str:
    """What the drawing shows, in one sentence."""
    broken = sum(due.breached for due in promised)
    soon = sum(not due.breached and due.at < now + HOUR_MS for due in promised)
    more = "+" if len(promised) >= CARDS_MAX else ""
    hours = "hour" if window.hours == 1 else f"{window.hours} hours"
    was = "promise" if broken == 1 and not more else "promises"
    falls = "falls" if soon == 1 and not more else "fall"
    words = (
        f"{broken}{more} {was} of open contacts broken in the last {hours}, {soon}{more} {falls} due in the next hour"
    )
    return f"{words}; {older} broken before that still open." if older else f"{words}."


def sheet_of(wanted: Wanted) -> str:
    """Where the contacts are as a CSV that have a deadline before the window's end."""
    asked = {name: value for name in ("team", "queue") for value in getattr(wanted, name)}
    return f"/api/v1/contacts.csv?{urlencode({**asked, 'due_before': format_instant(wanted.due_before or 0)})}"


def _called(card: Card) -> str:
    if not card.calls:
        return ""
    taken = all(call.acknowledged for call in card.calls)
    return ", escalated and taken" if taken else ", escalated, nobody has taken it"


def _promise_values(row: Carded, due: CardDue) -> dict[str, Any]:
    card = row.card
    return {
        "contact": row.id,
        "subject": card.subject,
        "team": card.team,
        "queue": card.queue,
        "severity": card.severity,
        "metric": due.metric,
        "rule": due.rule,
        "started_at": format_instant(due.started_at),
        "due_at": format_instant(due.at),
        "breached": due.breached,
        "escalated": bool(card.calls),
    }
