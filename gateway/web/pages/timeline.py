"""The breach timeline: the promises of open contacts in a window of time, in lanes of teams or queues.

Read from the cards, so many at most: of what is broken and of what falls due those nearest to now. How many there are
is counted apart. Of contacts that have ended nothing is known here; the page says that it shows open ones.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from msgspec.structs import replace

from gateway.kernel.board import CARDS_MAX, Carded, Sums, Wanted
from gateway.model.instant import HOUR_MS, MINUTE_MS, format_instant
from gateway.rules.calendar import Calendar
from gateway.rules.card import Card, CardDue
from gateway.rules.policy import Policy
from gateway.web.asked import BadQuestion, only, word_of
from gateway.web.pages.drawing.axis import Axis, ticks
from gateway.web.pages.drawing.lanes import CONSIDERED_MAX, Lane, Point, Promise, lane, warnings_of
from gateway.web.pages.filters import NONE
from gateway.web.pages.page import Frame, Page
from gateway.web.viewer import viewer_of, wall_words
from gateway.web.words import clean, name_words, span_words, title_words

WINDOWS: Final[dict[str, int]] = {"1h": 1, "4h": 4, "12h": 12, "24h": 24}
"""So many hours back and ahead."""

By = Literal["team", "queue"]
LANES_MAX: Final = 12
READ_MAX: Final = 250
"""Promises that are read, of those that are broken and of those that aren't."""

SHARES: Final = (1, 4, 16, 64)
"""Where more are broken than that, the latest are read: those of a share of the window's past."""

ROWS_MAX: Final = 50
"""Rows of the table behind the drawing."""

WORD_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class ShownLane:
    """A lane. Of its open contacts so many are `broken`, whenever, and `due` by the window's end; `more` of them aren't
    drawn, and listed at `href`."""

    lane: Lane
    title: str
    broken: int
    due: int
    more: int
    href: str


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
        promised, cut = await self._promised(wanted, axis, now)
        lanes = await self._lanes(promised, window, axis, now, viewer_of(request.cookies).zone)
        sums = await store.sums(wanted, risk_before=now + HOUR_MS)
        return {
            "window": window,
            "windows": WINDOWS,
            "axis": axis,
            "ticks": ticks(axis, ZoneInfo(viewer_of(request.cookies).zone)),
            "now_x": axis.x(now),
            "lanes": lanes[:LANES_MAX],
            "lanes_left_out": len(lanes) - LANES_MAX,
            "finding": finding(sums, window),
            "promised": sorted(promised, key=lambda one: one[1].at),
            "told": ROWS_MAX,
            "left_out": sums.open - min(len(promised), ROWS_MAX),
            "cut": cut,
            "sheet": sheet_of(wanted),
        }

    def twin(self, read: Mapping[str, Any]) -> object:
        """The promises as data, by their deadlines."""
        axis: Axis = read["axis"]
        return {
            "from": format_instant(axis.start),
            "to": format_instant(axis.end),
            "finding": read["finding"],
            "whole": not read["cut"],
            "promises": [_promise_values(row, due) for row, due in read["promised"]],
        }

    async def _promised(self, wanted: Wanted, axis: Axis, now: int) -> tuple[list[tuple[Carded, CardDue]], bool]:
        """The promises that are read, nearest to now first, and whether there are more."""
        store = self._gateway.world.store
        for share in SHARES:
            since = now - (now - axis.start) // share
            broken = await store.cards(replace(wanted, breached=True, due_from=since), order="due", limit=READ_MAX)
            if broken.next is None:
                break
        cut = broken.next is not None or share != SHARES[0]
        due = await store.cards(replace(wanted, breached=False), order="due", limit=READ_MAX)
        rows = [(row, row.card.due) for row in (*broken.rows, *due.rows) if row.card.due is not None]
        return sorted(rows, key=lambda one: abs(one[1].at - now)), cut or due.next is not None

    async def _lanes(
        self, promised: Sequence[tuple[Carded, CardDue]], window: Window, axis: Axis, now: int, zone: str
    ) -> list[ShownLane]:
        """Lanes by name, one without a name last; only those that are shown are drawn."""
        policy = await self._policy(now)
        calendars = self._own(policy)
        found: dict[str, list[tuple[Carded, CardDue]]] = defaultdict(list)
        for row, due in promised:
            found[row.card.team if window.by == "team" else row.card.queue].append((row, due))
        counts: dict[str, tuple[int, int]] = {}
        for queue in await self._gateway.world.store.queues(risk_before=axis.end):
            name = queue.team if window.by == "team" else queue.queue
            broken, soon = counts.get(name, (0, 0))
            if (window.only is None or (name or NONE) == window.only) and queue.breached + queue.at_risk:
                counts[name] = (broken + queue.breached, soon + queue.at_risk)
        shown = []
        for place, name in enumerate(sorted({*found, *counts}, key=lambda one: (not one, one))):
            mine = found[name][:CONSIDERED_MAX] if place < LANES_MAX else []
            made = [promise_of(row, due, policy, calendars, now, zone) for row, due in mine]
            drawn = lane(name, made, axis, now, calendars)
            broken, soon = counts.get(name, (0, 0))
            asked = {window.by: name or NONE, "within": str(window.hours * 60)}
            title = f"{window.by} {name}" if name else f"no {window.by}"
            more = max(0, broken + soon - len(drawn.bars))
            shown.append(ShownLane(drawn, title, broken, soon, more, f"/?{urlencode(asked)}"))
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
    title = clean(card.subject, 80) or clean(title_words("", card.kind, card.direction, card.customer), 80)
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


def finding(sums: Sums, window: Window) -> str:
    """What the drawing shows, in one sentence; `sums` are of the window, at risk what is due within an hour."""
    hours = "hour" if window.hours == 1 else f"{window.hours} hours"
    was, falls = "promise" if sums.breached == 1 else "promises", "falls" if sums.at_risk == 1 else "fall"
    past = f"{sums.breached or 'No'} {was} of open contacts broken in the last {hours}"
    return f"{past}, {sums.at_risk or 'none'} {falls} due in the next hour."


def sheet_of(wanted: Wanted) -> str:
    """Where the contacts are as a CSV that have a deadline before the window's end, as many as one page has."""
    asked = {name: value for name in ("team", "queue") for value in getattr(wanted, name)}
    asked |= {"due_before": format_instant(wanted.due_before or 0), "limit": CARDS_MAX}
    return f"/api/v1/contacts.csv?{urlencode(asked)}"


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
