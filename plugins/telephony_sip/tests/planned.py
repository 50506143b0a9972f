"""Calls that are planned, shown as packets and lines of logs, and what the figures of them must be: by hand.

Nothing here reads facts, rules or clocks: what a call must become follows from its plan, and open hours from the dates
of the time zone. Times are ms since the epoch. Waits end at every boundary that a figure has, and a millisecond beside.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from gateway_telephony_sip.facts import Call, Leg, Logged, join_legs
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip

from plugins.telephony_sip.tests.calls import T0, request, response

UNTIL = 1_794_340_800_000
"""2026-11-10T20:00:00Z: what would happen later hasn't happened yet."""

SHORT_MS, TIMER_B_MS, TIMER_C_MS, SILENT_MS = 5_000, 32_000, 180_000, 4 * 3_600_000
EDGES = (0, 1, 4_999, 5_000, 5_001, 59_999, 60_000, 60_001, 89_999, 90_000, 90_001)
REFUSED = {"busy": 486, "declined": 603, "no_answer": 480, "failed": 503, "bad_number": 404}
KINDS = (
    *["answered"] * 50, *["abandoned"] * 22, *["glare"] * 3, *["unended"] * 4, *["ringing"] * 3, *["silent"] * 2,
    *REFUSED,
)  # fmt: skip
OURS = "10.1.1.7"
NUMBERS = {"short_hours": "+4930111333", "p1": "+4930111444", "": "+4930111222"}
"""What is dialled, by the tag that such calls have."""

WEEK_MS, MINUTE_MS = 7 * 86_400_000, 60_000
LOS_ANGELES, NEW_YORK = ZoneInfo("America/Los_Angeles"), ZoneInfo("America/New_York")
SEASONS = (date(2026, 2, 23), date(2026, 10, 19))
"""Three weeks from each of these days on have calls; the clocks change in both."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One call: when it comes, is queued, rings, and what happens at `moment`; the talk ends at `over`."""

    number: int
    kind: str
    at: int
    queued: int | None
    rings: int | None
    moment: int
    over: int
    tag: str = ""
    outbound: bool = False
    logged: bool = False
    """Known by the exchange's queue_log alone."""

    chosen: bool = False
    """Queued by the redirect server, not by a 182."""

    held: tuple[int, int] | None = None
    transferred: bool = False

    @property
    def id(self) -> str:
        """Its Call-ID, or what the log calls it."""
        return f"{'asterisk:' if self.logged else ''}{self.number}@planned.example"

    @property
    def starts(self) -> int:
        """When the wait begins that a promise counts: the queue, else the ringing, else the opening."""
        return next(at for at in (self.queued, self.rings, self.at) if at is not None and at <= UNTIL)

    @property
    def since(self) -> int:
        """When the wait begins that is measured: the queue, else the opening."""
        return self.queued if self.queued is not None and self.queued <= UNTIL else self.at


def plans(seed: int, calls: int) -> list[Plan]:
    """So many calls: through the weeks, around the edges of open hours, and shortly before the end of time."""
    chance = Random(seed)
    edges = [edge for window in (*weekends(), *nights()) for edge in window if _has_calls(edge)]
    return [_planned(number, chance, edges) for number in range(calls)]


def facts(plan: Plan, rules: Rules, chance: Random) -> Call:
    """What is known of the call at the end of time: its packets in any order, some twice, and lines of logs."""
    lines = tuple(sorted(line for line in _lines(plan) if line.at <= UNTIL))
    if plan.logged:
        return Call(logged=lines)
    seen = [packet for packet in _packets(plan) if packet.at is not None and packet.at <= UNTIL]
    seen += chance.sample(seen, len(seen) // 3)
    chance.shuffle(seen)
    leg = Leg()
    for packet in seen:
        said = leg_of(read_sip(packet.payload), packet, packet.at or 0, rules)
        if said is not None:
            leg = join_legs(leg, said[1])
    return Call(legs={plan.id: leg}, logged=lines)


# ── What the figures must be ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Promise:
    """An answer within a time, of which the stretches in `closed` don't count; `lt`: earlier than at the deadline."""

    rule: str
    within: int
    lt: bool
    closed: tuple[tuple[int, int], ...] = ()

    def due(self, start: int) -> int:
        """The earliest instant at which so much open time has gone by."""
        left, at = self.within, start
        for begins, ends in self.closed:
            if at >= ends:
                continue
            if at < begins:
                if at + left <= begins:
                    break
                left -= begins - at
            at = ends
        return at + left

    def in_time(self, plan: Plan, at: int) -> bool:
        """Whether an answer at an instant keeps it."""
        due = self.due(plan.starts)
        return at < due if self.lt else at <= due

    def broken_by(self, plan: Plan, at: int) -> bool:
        """Whether it is broken when the wait ends without an answer: at the deadline itself only where `lt`."""
        due = self.due(plan.starts)
        return due <= at if self.lt else due < at


@dataclass(slots=True)
class Expected:
    """The figures, as plain numbers: by rule what the objective counts (met, missed, excluded, running) and what the
    service level does (offered, short, waiting, within)."""

    became: Counter[str] = field(default_factory=Counter)
    kept: dict[str, list[int]] = field(default_factory=dict)
    levels: dict[str, list[int]] = field(default_factory=dict)
    waits: list[int] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    unknown: int = 0
    measured_by: Counter[str] = field(default_factory=Counter)

    def add(self, plan: Plan, promise: Promise) -> None:
        """Count one call; nobody is promised anything of those that we began."""
        if plan.outbound:
            self.became["outbound"] += 1
            return
        answered, ended, became = _fate(plan)
        kept = self.kept.setdefault(promise.rule, [0, 0, 0, 0])
        if answered is not None:
            kept[0 if promise.in_time(plan, answered) else 1] += 1
        elif ended is None:
            kept[1 if promise.due(plan.starts) <= UNTIL else 3] += 1
        else:
            kept[1 if promise.broken_by(plan, ended) else 2] += 1
        self.became[became] += 1
        level = self.levels.setdefault(promise.rule, [0, 0, 0, 0])
        level[0] += 1
        level[1] += became == "short"
        level[2] += became == "waiting"
        level[3] += answered is not None and promise.in_time(plan, answered)
        if answered is not None:
            self.waits.append(answered - plan.since)
            if ended is None or _is_lost(plan):
                self.unknown += 1
            else:
                self.handled.append(ended - answered)
        self.measured_by[_measured_by(plan, answered, ended)] += 1


def weekends() -> tuple[tuple[int, int], ...]:
    """Saturday and Sunday in Los Angeles, midnight to midnight."""
    days = [day for day in _days() if day.weekday() == 5]
    return tuple((_at(day, 0, LOS_ANGELES), _at(day + timedelta(days=2), 0, LOS_ANGELES)) for day in days)


def nights() -> tuple[tuple[int, int], ...]:
    """From two to six in the morning in New York; where there is no two, from three."""
    return tuple((_at(day, 2, NEW_YORK), _at(day, 6, NEW_YORK)) for day in _days())


def _days() -> Iterator[date]:
    """Every day on which a call may come or end, and more."""
    for first in SEASONS:
        yield from (first + timedelta(days=number) for number in range(-7, 35))


def _has_calls(at: int) -> bool:
    return any(0 < at - _at(first, 0, NEW_YORK) < 3 * WEEK_MS for first in SEASONS)


def _at(day: date, hour: int, zone: ZoneInfo) -> int:
    """A time on the wall; one that there isn't as if the clocks hadn't changed yet."""
    return int(datetime.combine(day, time(hour), zone).timestamp()) * 1_000


def _fate(plan: Plan) -> tuple[int | None, int | None, str]:
    """When it was answered, when it ended, and what it counts as."""
    takes = {"answered": plan.moment, "unended": plan.moment, "glare": plan.moment}
    answered = takes.get(plan.kind)
    if answered is not None and answered <= UNTIL:
        ended = {"unended": answered + SILENT_MS, "glare": answered + 60}.get(plan.kind, plan.over)
        return answered, ended if ended <= UNTIL else None, "answered"
    if plan.kind == "abandoned" and plan.moment <= UNTIL:
        return None, plan.moment, "short" if plan.moment - plan.since < SHORT_MS else "abandoned"
    if plan.kind in REFUSED and plan.moment <= UNTIL:
        return None, plan.moment, "other"
    lost = _silent_until(plan)
    return (None, lost, "other") if lost <= UNTIL else (None, None, "waiting")


def _silent_until(plan: Plan) -> int:
    """When a call of which nothing more comes counts as over."""
    if plan.logged:
        return plan.at + SILENT_MS
    signs = [plan.at, plan.rings, None if plan.chosen else plan.queued]
    last = max(at for at in signs if at is not None and at <= UNTIL)
    lost = plan.at + TIMER_B_MS if plan.kind == "silent" else last + TIMER_C_MS
    return max(lost, plan.queued + TIMER_B_MS) if plan.chosen and plan.queued is not None else lost


def _is_lost(plan: Plan) -> bool:
    return plan.kind == "unended"


def _measured_by(plan: Plan, answered: int | None, ended: int | None) -> str:
    """As the connector says it once the call is over; before, the events say it."""
    if ended is None:
        return "events"
    by = "queue_log" if plan.logged else "sip"
    words = []
    if plan.queued is not None and plan.queued <= min(UNTIL, ended):
        words.append(f"queued {'redirect' if plan.chosen else by}")
    if answered is not None:
        words.append(f"answered {by}")
    silent = plan.kind in ("unended", "ringing", "silent") or (answered is None and ended != plan.moment)
    return ", ".join([*words, f"ended {'silence' if silent else by}"])


# ── The plans ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _planned(number: int, chance: Random, edges: list[int]) -> Plan:
    logged, kind = chance.random() < 0.15, chance.choice(KINDS)
    if logged and kind not in ("answered", "abandoned", "unended"):
        kind = "answered"
    at = _comes(chance, edges)
    queued = at + chance.choice((1, 500, 3_000, 18_000)) if logged or chance.random() < 0.35 else None
    rings = at + chance.choice((2, 90, 2_000)) if not logged and chance.random() < 0.8 else None
    if kind == "ringing":
        rings = at + 90
    if kind == "silent":
        queued = rings = None
    if logged:
        at, rings = at // 1_000 * 1_000, None
        queued = at
    base = chance.choice((at, queued or rings or at))
    wait = chance.choice(EDGES) if chance.random() < 0.5 else int(chance.expovariate(1 / 45_000))
    moment = base + wait
    if kind == "ringing" or kind in REFUSED:
        moment = max(moment, at + 2_000, queued or 0, rings or 0)
    if logged:
        moment = moment // 1_000 * 1_000
    queued, rings = (None if one is not None and one > moment else one for one in (queued, rings))
    chosen = queued is not None and not logged and chance.random() < 0.3
    if chosen and queued is not None and rings is not None:
        rings = queued + 90 if queued + 90 <= moment else None
    talk = chance.randrange(1, 2_400) * (1_000 if logged else 997)
    held = None
    if kind == "answered" and talk > 10_000 and chance.random() < 0.4:
        held = (moment + talk // 4, moment + talk // 2)
    return Plan(
        number=number,
        kind=kind,
        at=at,
        queued=queued,
        rings=rings,
        moment=moment,
        over=moment + talk,
        tag=chance.choice(("short_hours", "short_hours", "p1", "", "")),
        outbound=not logged and chance.random() < 0.06,
        logged=logged,
        chosen=chosen,
        held=held,
        transferred=kind == "answered" and chance.random() < 0.1,
    )


def _comes(chance: Random, edges: list[int]) -> int:
    where = chance.random()
    if where < 0.08:
        return UNTIL - chance.randrange(4 * MINUTE_MS)
    if where < 0.45:
        before = chance.choice(EDGES) if chance.random() < 0.5 else chance.randrange(-30_000, 120_000)
        return chance.choice(edges) - before
    first = _at(chance.choice(SEASONS), 0, NEW_YORK)
    return first + chance.randrange(3 * WEEK_MS)


# ── How they are seen ────────────────────────────────────────────────────────────────────────────────────────────────

_THERE, _BACK = ("ann", "bob"), ("bob", "ann")


def _packets(plan: Plan) -> Iterator[Captured]:
    """The packets of a call at its proxy."""
    source = OURS if plan.outbound else "192.0.2.10"
    id, at, moment = plan.id, plan.at - T0, plan.moment - T0
    yield request("INVITE", at, id=id, source=source, target=f"sip:{NUMBERS[plan.tag]}@pbx.example")
    if plan.kind != "silent":
        yield response(100, at, id=id, tags=("ann", ""))
    if plan.queued is not None and not plan.chosen:
        yield response(182, plan.queued - T0, id=id)
    if plan.rings is not None:
        yield response(180, plan.rings - T0, id=id)
    if plan.kind in REFUSED:
        yield response(REFUSED[plan.kind], moment, id=id)
        yield request("ACK", moment, id=id, tags=_THERE)
    elif plan.kind == "abandoned":
        yield request("CANCEL", moment, id=id)
        yield response(200, moment, id=id, method="CANCEL")
        yield response(487, moment + 20, id=id)
    elif plan.kind in ("answered", "unended", "glare"):
        yield response(200, moment, id=id)
        yield request("ACK", moment + 10, id=id, tags=_THERE, branch="ack")
        yield from _talk(plan)


def _talk(plan: Plan) -> Iterator[Captured]:
    id, moment, over = plan.id, plan.moment - T0, plan.over - T0
    if plan.kind == "glare":
        yield request("CANCEL", moment, id=id)
        yield request("BYE", moment + 60, id=id, tags=_THERE, cseq=2, branch="bye")
    if plan.held is not None:
        yield request("INVITE", plan.held[0] - T0, id=id, tags=_BACK, cseq=5, branch="hold", sdp="sendonly")
        yield request("INVITE", plan.held[1] - T0, id=id, tags=_BACK, cseq=6, branch="back", sdp="sendrecv")
    if plan.transferred:
        refer = ["Refer-To: <sip:6002@pbx.example>"]
        yield request("REFER", over - 500, id=id, tags=_BACK, cseq=9, branch="refer", headers=refer)
        yield response(202, over - 480, id=id, method="REFER", tags=_BACK, cseq=9, branch="refer")
    if plan.kind == "answered":
        tags = _THERE if plan.number % 2 else _BACK
        yield request("BYE", over, id=id, tags=tags, cseq=20, branch="bye")
        yield response(200, over + 15, id=id, method="BYE", tags=tags, cseq=20, branch="bye")


def _lines(plan: Plan) -> Iterator[Logged]:
    """What the exchange's queue_log has of a call, or the redirect server."""
    if plan.chosen and plan.queued is not None:
        yield Logged(plan.queued, "entered", "redirect", queue="voice", call=plan.id)
    if not plan.logged:
        return
    yield Logged(plan.at, "entered", "queue_log", queue="voice", called=NUMBERS[plan.tag], call=plan.id)
    if plan.kind == "abandoned":
        yield Logged(plan.moment, "abandoned", "queue_log", queue="voice", call=plan.id)
        return
    yield Logged(plan.moment, "connected", "queue_log", queue="voice", agent="PJSIP/6001", call=plan.id)
    if plan.kind == "answered":
        yield Logged(plan.over, "ended", "queue_log", queue="voice", reason="agent", call=plan.id)
