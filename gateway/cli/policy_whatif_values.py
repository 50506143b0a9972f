"""What would have been, as plain values for JSON: a shape that only grows, told in the reference. Pure.

`before` is what was in force, `after` the other policy. What is the same on both sides is there all the same, so that
a reader needs no defaults.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from gateway.engine.case import Case
from gateway.engine.whatif import Answer, Example, Inquiry
from gateway.model.identity import StrandKey
from gateway.model.instant import HOUR_MS, format_instant
from gateway.policy.load import Loaded
from gateway.policy.rehearsal.coverage import Item, items_of
from gateway.policy.whatif.compared import Question
from gateway.policy.whatif.differing import KINDS
from gateway.policy.whatif.outcome import Outcome, Window
from gateway.policy.whatif.sums import Sums, first_hour, hours, series, slots
from gateway.rules.explanation import explanation_view
from gateway.rules.timeline import FROM_THE_BEGINNING
from gateway.rules.view import clocks_view, escalation_view, route_view

VERSION: Final = 1
"""Of the shape. A key may be added to it; none goes, and none changes its meaning."""

Values = dict[str, Any]


def values(inquiry: Inquiry, answer: Answer, loaded: Loaded, cases: Mapping[str, tuple[Case, Case]]) -> Values:
    """The whole of it. `loaded` is the other policy, with its places; `cases` explain contacts on both sides."""
    question, sides = inquiry.question(), answer.sides
    both = _Both(sides.before, sides.after)
    return {
        "version": VERSION,
        "since": format_instant(inquiry.window.since),
        "until": format_instant(inquiry.window.until),
        "before": [
            {
                "name": row.name,
                "hash": row.hash,
                "since": None if row.since == FROM_THE_BEGINNING else format_instant(row.since),
            }
            for row in inquiry.before
        ],
        "after": {"name": inquiry.after.name, "hash": inquiry.after.hash, "file": loaded.file},
        "contacts": {
            "judged": sides.contacts,
            "outside": sides.outside,
            "differ": answer.differing,
            "left_out": answer.skipped,
            "stored_otherwise": answer.unlike,
        },
        "differ": {kind: answer.differ[kind] for kind in KINDS},
        "breaches": {**both.sum("breach"), "contacts": both.sum("contact")},
        "warnings": both.sum("warning"),
        "escalations": _escalations(both),
        "notices": [{"type": type, **both.of("notice", type)} for type in both.names("notice")],
        "suppressed": both.sum("suppressed"),
        "requests": [{"type": type, **both.of("request", type)} for type in both.names("request")],
        "hours": _hours(inquiry.window),
        "queues": [_queue(queue, both, inquiry.window) for queue in _queues(both)],
        "rules": list(_rules(question, loaded, both)),
        "failed": [{"rule": rule, **both.of("failed", rule)} for rule in both.names("failed")],
        "never_hit": [_item(item) for item in items_of(loaded.policy, loaded.source) if not _hits(sides.after, item)],
        "contacts_that_differ": [
            _example(example, inquiry.window, cases.get(example.history.id)) for example in answer.examples
        ],
        "left_out": [{"contact": contact, "why": why} for contact, why in sides.skipped],
        "stored_otherwise": list(sides.unlike),
    }


class _Both:
    """The counts of both sides, side by side."""

    def __init__(self, before: Sums, after: Sums) -> None:
        self.before, self.after = before, after

    def pair(self, count: Callable[[Sums], Any]) -> Values:
        """The same asked of both."""
        return {"before": count(self.before), "after": count(self.after)}

    def of(self, *key: str | int) -> Values:
        """One count."""
        return self.pair(lambda sums: sums.get(key, 0))

    def sum(self, *start: str) -> Values:
        """All counts whose key begins so."""
        return self.pair(lambda sums: sum(count for key, count in sums.items() if key[: len(start)] == start))

    def names(self, *start: str) -> list[str]:
        """What comes next in keys that begin so, on either side."""
        place = len(start)
        return sorted({str(key[place]) for sums in (self.before, self.after) for key in sums if key[:place] == start})


def _escalations(both: _Both) -> Values:
    return {
        "raised": both.sum("raised"),
        "steps": both.sum("step"),
        "reminders": both.sum("reminder"),
        "rules": [{"rule": rule, "raised": both.sum("raised", rule)} for rule in both.names("raised")],
        "chains": [
            {
                "chain": chain,
                "steps": [
                    {"step": step, **both.of("step", chain, step), "reminders": both.of("reminder", chain, step)}
                    for step in sorted(int(number) for number in both.names("step", chain))
                ],
                "roles": [{"role": role, **both.of("role", chain, role)} for role in both.names("role", chain)],
            }
            for chain in sorted({*both.names("step"), *both.names("role")})
        ],
    }


def _hours(window: Window) -> Values:
    """To which instants the lists by hour belong."""
    return {
        "loads_from": format_instant(first_hour(window) * HOUR_MS),
        "loads": hours(window),
        "arrivals_from": format_instant(slots(window).start * HOUR_MS),
        "arrivals": len(slots(window)),
    }


def _queues(both: _Both) -> list[str]:
    return sorted({*both.names("load"), *both.names("arrival")})


def _queue(queue: str, both: _Both, window: Window) -> Values:
    return {
        "queue": queue,
        "load": both.pair(lambda sums: _load(series(sums, "load", queue, window), window)),
        "arrivals": both.pair(lambda sums: _arrivals(series(sums, "arrival", queue, window))),
    }


def _load(waiting: list[int], window: Window) -> Values:
    most = max(waiting, default=0)
    return {
        "mean": round(sum(waiting) / len(waiting), 2) if waiting else 0,
        "most": most,
        "most_at": format_instant((first_hour(window) + waiting.index(most)) * HOUR_MS) if most else None,
        "by_hour": waiting,
    }


def _arrivals(came: list[int]) -> Values:
    return {"count": sum(came), "by_hour": came}


def _rules(question: Question, loaded: Loaded, both: _Both) -> Iterator[Values]:
    """Every rule and step of either side: those of the other policy in its order, then those that it doesn't have."""
    after = {item.key: item for item in items_of(loaded.policy, loaded.source)}
    before = {item.key: item for policy in question.before.policies() for item in items_of(policy)}
    for key, item in {**after, **{key: item for key, item in before.items() if key not in after}}.items():
        where = "both" if key in after and key in before else "after" if key in after else "before"
        of_sla = {"breaches": both.of("breach", item.name)} if item.section == "sla" else {}
        yield {
            "section": item.section,
            "name": item.name,
            "step": item.step or None,
            "in": where,
            "contacts": both.of("hit", *item.key),
            **of_sla,
        }


def _hits(sums: Mapping[tuple[str | int, ...], int], item: Item) -> int:
    return sums.get(("hit", *item.key), 0)


def _item(item: Item) -> Values:
    return {
        "section": item.section,
        "name": item.name,
        "step": item.step or None,
        "file": item.file,
        "line": item.line,
        "column": item.column,
    }


def _example(example: Example, window: Window, cases: tuple[Case, Case] | None) -> Values:
    contact, outcome = example.history, example.before
    strands = (StrandKey(one.connector, one.ref.kind, one.ref.id) for one in outcome.state.contact.strands)
    return {
        "contact": contact.id,
        "refs": [str(strand) for strand in strands],
        "kind": outcome.state.contact.kind,
        "channel": outcome.state.contact.channel,
        "opened_at": format_instant(outcome.state.contact.opened_at),
        "differs_in": list(example.kinds),
        "before": {**_side(example.before, window), **(_explained(cases[0]) if cases else {})},
        "after": {**_side(example.after, window), **(_explained(cases[1]) if cases else {})},
    }


def _side(outcome: Outcome, window: Window) -> Values:
    shown = {(clock.metric, clock.instance) for clock in outcome.clocks}
    retired = [clock for clock in outcome.clocks if clock not in outcome.state.clocks]
    told = clocks_view(outcome.state, outcome.policy, window.until, retired)
    return {
        "severity": outcome.severity,
        "route": route_view(outcome.route),
        "clocks": [clock for clock in told if (clock["metric"], clock["instance"]) in shown],
        "escalations": [escalation_view(call) for call in outcome.escalations],
        "notices": _counted(following.type for following in outcome.implied),
    }


def _explained(case: Case) -> Values:
    """What `gateway explain` tells of it."""
    state = case.row.state
    if state is None:
        return {"explanation": None}
    return {"explanation": explanation_view(state, case.policy, case.at, case.earlier, case.trace, case.tried)}


def _counted(types: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for type in types:
        found[type] = found.get(type, 0) + 1
    return dict(sorted(found.items()))
