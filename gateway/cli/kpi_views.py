"""The figures of `gateway kpi`: plain values for JSON, a shape that only grows, and lines made of them. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.cli.table import clean, duration, table
from gateway.engine.kpi import Found
from gateway.model.instant import format_instant, seconds_of
from gateway.rules.service_level import Calls, Kept, Level, Mean, Promise, holds

Values = dict[str, Any]

_DIGITS: Final = 6
"""Of shares in JSON. Seconds have three."""

_SIGNS: Final = {"lt": "<", "le": "<="}


def values(found: Found, since: int, until: int) -> Values:
    """All of it, for JSON."""
    figures = found.figures
    return {
        "since": format_instant(since),
        "until": format_instant(until),
        "contacts": figures.contacts,
        "objectives": [_kept(*one) for one in sorted(figures.promises.items(), key=lambda one: _by_rule(one[0]))],
        "calls": _calls(figures.calls),
        "behind": found.behind,
        "left_out": found.skipped,
    }


def all_held(told: Values) -> bool:
    """Whether no objective is missed, of all contacts and of calls."""
    return all(one["held"] is not False for one in (*told["objectives"], *told["calls"]["service_level"]["rules"]))


def lines(told: Values) -> Iterator[str]:
    """All of it, for people."""
    yield f"contacts that opened from {told['since']} to {told['until']}: {told['contacts']:,}"
    if told["objectives"]:
        yield ""
        yield from table(_HEADS, [_objective(one) for one in told["objectives"]])
    if told["calls"]["offered"]:
        yield ""
        yield from table(("CALLS", "", "MADE OF"), list(_figures(told["calls"])))
    if not told["objectives"] and not told["calls"]["offered"]:
        yield "no objective of the policy concerns any of them, and none is a customer's call"


# ── For JSON ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _by_rule(promise: Promise) -> tuple[str, int, str]:
    return promise.rule, promise.target_ms or 0, promise.calendar


def _promise(promise: Promise) -> Values:
    return {
        "rule": promise.rule,
        "metric": promise.metric,
        "target_s": None if promise.target_ms is None else seconds_of(promise.target_ms),
        "operator": promise.operator,
        "calendar": promise.calendar,
        "objective": promise.objective,
    }


def _kept(promise: Promise, kept: Kept) -> Values:
    return {
        **_promise(promise),
        "counted": kept.counted,
        "met": kept.met,
        "missed": kept.missed,
        "excluded": kept.excluded,
        "running": kept.running,
        "share": _share(kept.share),
        "held": holds(kept.share, promise.objective),
    }


def _level(promise: Promise, level: Level) -> Values:
    return {
        **_promise(promise),
        "offered": level.offered,
        "short_abandoned": level.short_abandoned,
        "waiting": level.waiting,
        "counted": level.counted,
        "within": level.within,
        "share": _share(level.share),
        "held": holds(level.share, promise.objective),
    }


def _calls(calls: Calls) -> Values:
    whole = calls.level
    return {
        "offered": calls.offered,
        "answered": calls.answered,
        "abandoned": calls.abandoned,
        "short_abandoned": calls.short_abandoned,
        "other": calls.other,
        "waiting": calls.waiting,
        "outbound": calls.outbound,
        "counted": calls.counted,
        "abandonment_rate": _share(calls.abandonment),
        "service_level": {
            "share": _share(whole.share),
            "within": whole.within,
            "counted": whole.counted,
            "rules": [_level(*one) for one in sorted(calls.levels.items(), key=lambda one: _by_rule(one[0]))],
        },
        "speed_of_answer": _mean(calls.speed),
        "handle_time": _mean(calls.handle),
        "measured_by": dict(sorted(calls.measured_by.items())),
    }


def _mean(mean: Mean) -> Values:
    return {
        "mean_s": None if mean.mean_ms is None else round(mean.mean_ms / 1_000, 3),
        "counted": mean.count,
        "unknown": mean.unknown,
        "measured_by": dict(sorted(mean.measured_by.items())),
    }


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, _DIGITS)


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────────

_HEADS: Final = ("OBJECTIVE", "MET", "ASKED", "HELD", "OF", "MISSED", "LEFT OUT", "RUNNING", "PROMISE")


def _objective(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        one["rule"],
        _percent(one["share"]),
        _percent(one["objective"]),
        _held(one),
        f"{one['counted']:,}",
        f"{one['missed']:,}",
        f"{one['excluded']:,}",
        f"{one['running']:,}",
        _in_words(one),
    )


def _figures(calls: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    left = [
        f"{calls[name]:,} {word}"
        for name, word in (("short_abandoned", "given up at once"), ("waiting", "still waiting"))
        if calls[name]
    ]
    parts = f"{calls['answered']:,} answered, {calls['abandoned']:,} given up"
    parts += f", {calls['other']:,} neither" if calls["other"] else ""
    parts += f"; left out below: {', '.join(left)}" if left else ""
    yield "offered", f"{calls['offered']:,}", parts
    for one in calls["service_level"]["rules"]:
        asked = "" if one["held"] is None else f", asked {_percent(one['objective'])}: {_kept_or_not(one)}"
        made = f"{one['within']:,} of {one['counted']:,}{asked} ({_in_words(one)})"
        yield f"service level, {one['rule']}", _percent(one["share"]), made
    if len(calls["service_level"]["rules"]) > 1:
        whole = calls["service_level"]
        yield "service level, all", _percent(whole["share"]), f"{whole['within']:,} of {whole['counted']:,}"
    made = f"{calls['abandoned']:,} of {calls['counted']:,}"
    yield "abandonment rate", _percent(calls["abandonment_rate"]), made
    yield "speed of answer, mean", _length(calls["speed_of_answer"]), _made_of(calls["speed_of_answer"], "answered")
    yield "handle time, mean", _length(calls["handle_time"]), _made_of(calls["handle_time"], "answered")
    if calls["outbound"]:
        yield "outbound", f"{calls['outbound']:,}", "in no figure above"


def _made_of(mean: Mapping[str, Any], what: str) -> str:
    unknown = f", {mean['unknown']:,} more unknown" if mean["unknown"] else ""
    by = ", ".join(f"{clean(way)} {count:,}" for way, count in mean["measured_by"].items())
    return f"{mean['counted']:,} {what}{unknown}{f'; measured by {by}' if by else ''}"


def _in_words(one: Mapping[str, Any]) -> str:
    length = "its own time" if one["target_s"] is None else duration(round(one["target_s"] * 1_000))
    return f"{one['metric'].replace('_', ' ')} {_SIGNS[one['operator']]} {length}, {one['calendar']}"


def _held(one: Mapping[str, Any]) -> str:
    return {True: "yes", False: "no", None: "-"}[one["held"]]


def _kept_or_not(one: Mapping[str, Any]) -> str:
    return "held" if one["held"] else "not held"


def _length(mean: Mapping[str, Any]) -> str:
    if mean["mean_s"] is None:
        return "-"
    return f"{mean['mean_s']:.1f} s" if mean["mean_s"] < 60 else duration(round(mean["mean_s"] * 1_000))


def _percent(share: float | None) -> str:
    """A share as people write it. What lies below an objective never looks like it: it is cut, not rounded."""
    if share is None:
        return "-"
    tenths = int(round(share * 1_000, 3))
    return f"{tenths // 10} %" if tenths % 10 == 0 else f"{tenths / 10:.1f} %"
