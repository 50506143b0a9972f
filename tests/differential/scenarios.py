"""Random policies and timelines round a change of the clocks, the same ones for the same number."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.differential.promises import METRICS
from tests.differential.walls import CELL, DAY, ZONES, Change, Opening, changes
from tests.differential.words import ATOMS, LAST, LATER, spelled

Content = dict[str, Any]
TIMELINES = 15
"""Timelines that are told of one policy: to load one takes longer than to judge."""


@dataclass(frozen=True)
class Grid:
    """Everything in a scenario happens on ticks: multiples of `step`, each with neighbours up to `around` ms off."""

    name: str
    step: int
    before: int
    after: int
    longest: int
    around: int = 0


HOUR = 3_600_000
GRIDS = (
    Grid("quarters", CELL, 36 * HOUR, 40 * HOUR, 40),
    Grid("seconds", 20_000, HOUR, 2 * HOUR, 250),
    Grid("milliseconds", CELL, 11 * HOUR, 13 * HOUR, 24, around=3),
)


@dataclass(frozen=True)
class World:
    """A policy with its surroundings: the days that are looked at, and the ticks of time."""

    number: int
    change: Change
    grid: Grid
    policy: Content

    @property
    def region(self) -> tuple[int, int]:
        """The first and the last instant whose wall times are known."""
        return self.change.at - 5 * DAY, self.change.at + 11 * DAY

    @cached_property
    def opening(self) -> Opening:
        """When the calendars are open, by looking."""
        return Opening(self.policy["calendars"], *self.region)

    @cached_property
    def ticks(self) -> list[int]:
        """Every instant at which something may happen."""
        return self._ticks(self.change.at - self.grid.before, self.change.at + self.grid.after)

    def beyond(self, at: int) -> list[int]:
        """Some ticks round an instant and after it."""
        start = at - at % self.grid.step
        return self._ticks(start, start + 60 * self.grid.step)

    def _ticks(self, start: int, end: int) -> list[int]:
        around = range(-self.grid.around, self.grid.around + 1)
        return [tick + off for tick in range(start, end, self.grid.step) for off in around]


def world(number: int) -> World:
    """The policy with this number. Numbers that follow each other visit the changes one after the other."""
    rng = Random(f"policy {number}")
    known = changes()
    change = known[number % len(known)]
    grid = rng.choices(GRIDS, weights=(5, 2, 3))[0]
    return World(number, change, grid, _Policies(rng, change, grid).policy())


THEMES = (
    (),
    ("first_reply", "next_reply"),
    ("speed_of_answer",),
    ("csat_recovery",),
    ("handover_reply",),
    ("deadline",),
)
"""Metrics that a policy has more rules of than of others: what is between them comes up more often."""


class _Policies:
    """Draws the parts of a policy."""

    def __init__(self, rng: Random, change: Change, grid: Grid) -> None:
        self.rng = rng
        self.change = change
        self.grid = grid
        self.theme = rng.choice(THEMES)

    def policy(self) -> Content:
        """A whole policy."""
        rng = self.rng
        calendars = self._calendars()
        names = ["always", *calendars]
        sla = [self._sla(f"sla-{number}", names) for number in range(rng.randint(2, 8))]
        metrics = {rule["metric"] for rule in sla}
        return {
            "version": 1,
            "name": "random",
            "calendars": calendars,
            "severity": [
                {"id": f"severity-{number}", "when": self._when(list(ATOMS)), "severity": rng.randint(1, 3)}
                for number in range(rng.randint(0, 2))
            ],
            "sla": sla,
            "queues": {"first": {"tier": 1}, "second": {"tier": 2}, "third": {"tier": 3}},
            "routing": [self._route(f"route-{number}") for number in range(rng.randint(0, 3))]
            + [{"id": "default", "queue": "first"}] * rng.randint(0, 1),
            "roles": {"lead": {"endpoints": ["desk"]}},
            "chains": {name: self._chain(names) for name in ("chain-a", "chain-b")},
            "escalation": [self._escalation(f"call-{number}", metrics) for number in range(rng.randint(0, 3))],
        }

    def length(self, least: int = 0, most: int | None = None) -> int:
        """A length on the grid, short ones more often."""
        top = most or self.grid.longest
        return min(self.rng.randint(least, top), self.rng.randint(least, top)) * self.grid.step

    def _when(self, atoms: Sequence[str]) -> str:
        first, second = self.rng.choice(atoms), self.rng.choice(atoms)
        return self.rng.choice([first, first, f"!({first})", f"{first} && {second}", f"{first} || {second}"])

    def _maybe_when(self, atoms: Sequence[str], share: float) -> Content:
        return {"when": self._when(atoms)} if self.rng.random() < share else {}

    def _sla(self, id: str, calendars: Sequence[str]) -> Content:
        rng = self.rng
        target = self.length()
        rule: Content = {"id": id, "metric": rng.choice([*METRICS, *self.theme * 6]), "within": spelled(target)}
        rule |= self._maybe_when([*ATOMS, *LATER, *LATER, *LAST], 0.5)
        rule["calendar"] = rng.choice(calendars)
        if rule["metric"] == "deadline":
            del rule["within"], rule["calendar"]
        if rng.random() < 0.5:
            rule["operator"] = rng.choice(["lt", "le"])
        if rng.random() < 0.6:
            rule["warn"] = list(
                dict.fromkeys(self._mark(target, known="within" in rule) for _ in range(rng.randint(1, 3)))
            )
        if rng.random() < 0.4:
            rule["bots_count"] = True
        if rule["metric"] == "csat_recovery":
            rule["below"] = rng.choice(["50%", "60%"])
        return rule

    def _mark(self, target: int, *, known: bool) -> str:
        count = target // self.grid.step
        part = self.rng.randint(0, count)
        # Of a target that isn't the rule's nobody knows which shares of it are ticks.
        shares = [
            share for share in (0, 20, 25, 50, 75, 80, 100) if count * share % 100 == 0 and (known or share in (0, 100))
        ]
        return self.rng.choice(
            [
                f"{self.rng.choice(shares)}%",
                f"{spelled(part * self.grid.step)} before",
                spelled(part * self.grid.step),
            ]
        )

    def _route(self, id: str) -> Content:
        return {
            "id": id,
            "when": self._when([*ATOMS, *LATER, *LATER]),
            "queue": self.rng.choice(["first", "second", "third"]),
            "priority": self.rng.randint(0, 2),
        }

    def _chain(self, calendars: Sequence[str]) -> Content:
        rng = self.rng
        afters = sorted(self.length(most=12) for _ in range(rng.randint(1, 3)))
        if rng.random() < 0.6:
            afters[0] = 0
        steps: list[Content] = [{"after": spelled(after), "notify": ["lead"]} for after in afters]
        for step in steps:
            if rng.random() < 0.25:
                step["reminder"] = spelled(self.length(least=4, most=20))
        chain: Content = {"calendar": rng.choice(calendars), "steps": steps}
        if rng.random() < 0.4:
            chain["unack_after"] = spelled(self.length(least=1, most=16))
        return chain

    def _escalation(self, id: str, metrics: set[str]) -> Content:
        rule: Content = {"id": id, "on": self.rng.choice(["matched", "sla.warned", "sla.breached"])}
        rule |= self._maybe_when([*ATOMS, *LATER, *LATER, *LAST], 0.8 if rule["on"] == "matched" else 0.3)
        rule["chain"] = self.rng.choice(["chain-a", "chain-b"])
        if rule["on"] != "matched" and self.rng.random() < 0.3:
            rule["metric"] = self.rng.choice(sorted(metrics))
        return rule

    # ── Calendars ────────────────────────────────────────────────────────────────────────────────────────────────

    def _calendars(self) -> Content:
        rng = self.rng
        found: Content = {}
        for number in range(rng.randint(1, 2)):
            found[f"week-{number}"] = self._weekly()
        if rng.random() < 0.4:
            some = rng.sample(["always", *found], 2)
            found["union"] = {"any_of": some}
        if rng.random() < 0.4:
            found["both"] = {"all_of": rng.sample(list(found), min(2, len(found)))}
        return found

    def _weekly(self) -> Content:
        rng = self.rng
        zone = self.change.zone if rng.random() < 0.85 else rng.choice(ZONES)
        days = rng.choice(
            [["mon-sun"], ["mon-sun"], ["mon-fri", "sat,sun"], ["fri-mon", "tue-thu"], ["thu-tue", "sun"]]
        )
        hours = {day: self._hours(zone) for day in days}
        shape: Content = {"timezone": zone, "hours": hours}
        local = datetime.fromtimestamp(self.change.at // 1000, ZoneInfo(zone)).date()
        near = [(local + timedelta(days=off)).isoformat() for off in (-2, -1, -1, 0, 0, 1, 2)]
        if rng.random() < 0.3:
            shape["holidays"] = [{"date": date} for date in sorted(set(rng.choices(near, k=2)))]
        if rng.random() < 0.3:
            date = rng.choice(near)
            shape["exceptions"] = [{"date": date, "hours": self._some_hours(zone) if rng.random() < 0.7 else []}]
        return shape

    def _hours(self, zone: str) -> Any:
        if self.rng.random() < 0.1:
            return self.rng.choice(["24x7", ["00:00-24:00"]])
        return self._some_hours(zone)

    def _some_hours(self, zone: str) -> list[str]:
        return [self._interval(zone) for _ in range(self.rng.choice([1, 1, 2, 3]))]

    def _interval(self, zone: str) -> str:
        """Hours of which one end often lies near the wall times between which the clocks change."""
        rng = self.rng
        seen = [datetime.fromtimestamp(self.change.at // 1000 + off, ZoneInfo(zone)) for off in (-1, 0)]
        walls = [wall.hour * 4 + wall.minute // 15 for wall in seen]
        between = rng.randint(min(walls), max(walls))
        near = (rng.choice([*walls, between, between]) + rng.choice([0, 0, rng.randint(-6, 6)])) % 96
        other = (near + rng.choice([0, rng.randint(1, 5), rng.randint(1, 8), rng.randint(1, 60)])) % 96
        start, end = (near, other) if rng.random() < 0.5 else (other, near)
        return f"{_wall(start)}-{'24:00' if end == 0 and rng.random() < 0.5 else _wall(end)}"


def _wall(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


# ── Timelines ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Timelines:
    """Draws what happens to a contact, on the ticks of a world."""

    def __init__(self, world: World, number: int) -> None:
        self.rng = Random(f"timeline {world.number} {number}")
        self.ticks = world.ticks
        self.hot: list[int] = []
        self.kind = self.rng.choice(["ticket", "ticket", "call"])
        self.opened_at = self.tick(self.ticks[: len(self.ticks) // 2])

    def tick(self, among: Sequence[int] | None = None) -> int:
        """An instant; those that were drawn before come again."""
        if among is None and self.hot and self.rng.random() < 0.4:
            return self.rng.choice(self.hot)
        chosen = self.rng.choice(among or self.ticks)
        self.hot.append(chosen)
        return chosen

    def events(self) -> list[Content]:
        """An opening and what follows."""
        rng = self.rng
        later = [tick for tick in self.ticks if tick >= self.opened_at]
        found = [self._placed(self._opening(), self.opened_at, "opening")]
        for number in range(rng.choice([2, 4, 6, 8, 10])):
            at = self.tick(later) if rng.random() < 0.6 or not self.hot else rng.choice(self.hot)
            found.append(self.placed(self._happening(), max(at, self.opened_at), number))
        return found

    def more(self, instants: Sequence[int], calls: Sequence[tuple[str, int]]) -> list[Content]:
        """Events at instants at which something was due, and what people say of escalations: id, raised at."""
        rng = self.rng
        found = []
        known = set(self.ticks)
        instants = sorted({instant for instant in instants if instant in known and instant >= self.opened_at})
        for number in range(rng.randint(0, 3) if instants else 0):
            found.append(self.placed(self._happening(), rng.choice(instants), 100 + number))
        for number in range(rng.choice([0, 1, 1, 2]) if calls else 0):
            id, raised = rng.choice(calls)
            after = [tick for tick in (*instants, *rng.choices(self.ticks, k=5)) if tick >= raised]
            if after:
                deed = rng.choice(["acknowledged", "acknowledged", "resolved"])
                content = {"type": f"escalation.{deed}", "escalation": id, "by": "ada"}
                found.append(self.placed(content, rng.choice(after), 200 + number))
        return found

    def until(self, instants: Sequence[int]) -> int:
        """The instant asked for: mostly the end, or one at which something is due."""
        rng = self.rng
        known = set(self.ticks)
        due = sorted(instant for instant in set(instants) if instant in known)
        choices = [self.ticks[-1]] * 3 + [rng.choice(self.ticks)] + ([rng.choice(due)] * 2 if due else [])
        return rng.choice(choices)

    def placed(self, content: Content, at: int, number: int) -> Content:
        """An event at an instant; the ids don't sort as they were drawn, the sequence decides sometimes."""
        return self._placed(content, at, f"{self.rng.choice('xay')}{number}", self.rng.choice([0, 0, 0, 1]))

    def _placed(self, content: Content, at: int, id: str, sequence: int = 0) -> Content:
        return {**content, "at": at, "id": id, **({"sequence": sequence} if sequence else {})}

    def _tags(self) -> list[str]:
        return self.rng.choice([[], ["a"], ["b"], ["a", "b"]])

    def _opening(self) -> Content:
        rng = self.rng
        found: Content = {
            "type": "contact.opened",
            "kind": rng.choice(["ticket", "ticket", "call"]),
            "channel": "email",
        }
        if rng.random() < 0.2:
            found["direction"] = "outbound"
        if rng.random() < 0.3:
            found["status"] = rng.choice(["open", "pending", "on_hold", "solved", "closed"])
        if rng.random() < 0.5:
            found["tags"] = self._tags()
        if rng.random() < 0.5:
            found["priority"] = rng.choice(["urgent", "high", "normal", "low", None])
        return found | self._deadline()

    def _happening(self) -> Content:
        kinds = [self._message, self._status, self._observed, self._rare]
        return self.rng.choices(kinds, weights=[5, 4, 3, 6 if self.kind == "call" else 2])[0]()

    def _message(self) -> Content:
        rng = self.rng
        found: Content = {
            "type": "message.added",
            "author": {"kind": rng.choice(["customer", "customer", "agent", "agent", "agent", "bot", "bot", "system"])},
        }
        if rng.random() < 0.1:
            found["visibility"] = "internal"
        if rng.random() < 0.1:
            found["auto"] = True
        return found

    def _status(self) -> Content:
        to = self.rng.choice(
            ["new", "open", "open", "open", "pending", "pending", "on_hold", "solved", "solved", "closed"]
        )
        return {"type": "status.changed", "to": to}

    def _observed(self) -> Content:
        rng = self.rng
        found: Content = {"type": "contact.observed"}
        if rng.random() < 0.7:
            found["tags"] = self._tags()
        if rng.random() < 0.5:
            found["priority"] = rng.choice(["urgent", "high", "normal", None])
        if rng.random() < 0.3:
            found["status"] = rng.choice(["open", "pending", "solved"])
        return found | self._deadline()

    def _deadline(self) -> Content:
        """Sometimes by when the vendor demands an answer, or that it demands none."""
        if self.rng.random() < 0.6:
            return {}
        return {"deadline": self.rng.choice([None, self.tick(), self.tick(), self.tick(self.ticks)])}

    def _rare(self) -> Content:
        if self.kind == "call" and self.rng.random() < 0.5:
            return {"type": self.rng.choice(CALLS)}
        return self.rng.choice(RARE)


CALLS = ("call.queued", "call.queued", "call.ringing", "call.answered", "call.abandoned", "call.ended", "call.held")
RARE: list[Content] = [
    {"type": "contact.acknowledged", "by": "ada"},
    {"type": "contact.acknowledged", "by": "ada"},
    {"type": "contact.merged", "into": {"kind": "ticket", "id": "2"}},
    {"type": "contact.deleted"},
    {"type": "call.answered"},
    {"type": "call.resumed"},
    {"type": "call.transferred"},
    {"type": "message.removed", "message": "x1"},
    {"type": "contact.assigned", "group": "b"},
    {"type": "contact.opened", "kind": "ticket", "channel": "chat", "tags": ["b"], "status": "solved"},
    {"type": "csat.received", "score": 1, "min": 1, "max": 5},
    {"type": "csat.received", "score": 1, "min": 1, "max": 5},
    {"type": "csat.received", "score": 3, "min": 1, "max": 5},
    {"type": "csat.received", "score": 5, "min": 1, "max": 5},
]


# ── As text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def policy_text(policy: Content) -> str:
    """A policy as a YAML file that people can read: a rule a line."""
    lines: list[str] = []
    for key, value in policy.items():
        if isinstance(value, list) and value:
            lines += [f"{key}:", *(f"  - {json.dumps(rule)}" for rule in value)]
        elif isinstance(value, dict) and value:
            lines += [f"{key}:", *(f"  {name}: {json.dumps(shape)}" for name, shape in value.items())]
        else:
            lines.append(f"{key}: {json.dumps(value)}")
    return "\n".join(lines) + "\n"
