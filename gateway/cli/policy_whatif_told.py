"""What would have been, as lines for a terminal and for a review's comment: made from the values for JSON. Pure.

Only what differs is shown line by line; of what is the same there is the sum.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.cli.table import clean, width

Values = Mapping[str, Any]

INDENT: Final = "  "
NEVER_SHOWN: Final = 30
"""Rules that never took effect which are listed."""

ONE_LINE_MAX: Final = 40
"""Places of two values that stand on one line."""


def lines(found: Values, explained: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    """The whole of it. `explained`: lines that explain a contact, on both sides."""
    yield from _head(found)
    yield ""
    yield from _table("", _sums(found))
    if not found["contacts"]["differ"] and not _differ(found["rules"], "contacts"):
        yield ""
        yield "nothing differs"
    else:
        yield from _parts(found)
    yield from _never(found["never_hit"])
    yield from _failed(found["failed"])
    yield from _contacts(found, explained)


def _head(found: Values) -> Iterator[str]:
    before = [f"{clean(policy['name'])} ({policy['hash']})" for policy in found["before"][-3:]]
    if len(found["before"]) > len(before):
        before.insert(0, f"{len(found['before']) - len(before)} earlier ones")
    after, contacts = found["after"], found["contacts"]
    yield f"had {clean(after['name'])} ({after['hash']}, {clean(after['file'])}) been in force"
    yield f"instead of {', '.join(before) or 'no policy'}"
    yield f"from {found['since']} to {found['until']}"
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in found["differ"].items() if count)
    yield f"{contacts['judged']:,} contacts, {contacts['differ']:,} differ{f' in {kinds}' if kinds else ''}"


def _sums(found: Values) -> list[tuple[str, int, int]]:
    calls = found["escalations"]
    return [
        ("breaches", *_pair(found["breaches"])),
        ("contacts with a breach", *_pair(found["breaches"]["contacts"])),
        ("warnings", *_pair(found["warnings"])),
        ("escalations raised", *_pair(calls["raised"])),
        ("steps fired", *_pair(calls["steps"])),
        ("reminders of steps", *_pair(calls["reminders"])),
        ("notices", sum(one["before"] for one in found["notices"]), sum(one["after"] for one in found["notices"])),
        ("requests to enrichers and vendors", *(sum(one[of] for one in found["requests"]) for of in _SIDES)),
    ]


_SIDES: Final = ("before", "after")


def _pair(values: Values) -> tuple[int, int]:
    return values["before"], values["after"]


def _differ(entries: Iterable[Values], key: str = "") -> bool:
    return any(one["before"] != one["after"] for entry in entries for one in [entry[key] if key else entry])


def _parts(found: Values) -> Iterator[str]:
    """What differs, part by part."""
    notices = [(one["type"], *_pair(one)) for one in (*found["notices"], *found["requests"])]
    yield from _changed("notices and requests", notices)
    calls = found["escalations"]
    told: list[tuple[str, int, int]] = [(f"raised by {one['rule']}", *_pair(one["raised"])) for one in calls["rules"]]
    for chain in calls["chains"]:
        for one in chain["steps"]:
            step = f"chain {chain['chain']}, step {one['step']}"
            told += [(step, *_pair(one)), (f"{step}, reminders", *_pair(one["reminders"]))]
        told += [(f"chain {chain['chain']} calls {one['role']}", *_pair(one)) for one in chain["roles"]]
    yield from _changed("escalations", told)
    yield from _queues(found["queues"])
    rules = found["rules"]
    took = [(f"{_name(one)}{_only(one)}", *_pair(one["contacts"])) for one in rules]
    yield from _changed("contacts on which a rule took effect", took)
    yield from _changed(
        "breaches by rule", [(f"sla {one['name']}", *_pair(one["breaches"])) for one in rules if "breaches" in one]
    )


def _name(rule: Values) -> str:
    return f"{rule['section']} {rule['name']}" + (f" step {rule['step']}" if rule["step"] else "")


def _only(rule: Values) -> str:
    return "" if rule["in"] == "both" else f" (only {rule['in']})"


def _changed(title: str, rows: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    differing = [row for row in rows if row[1] != row[2]]
    if differing:
        yield ""
        same = len(rows) - len(differing)
        yield f"{title}{f' ({same} as before)' if same else ''}:"
        yield from _table(INDENT, differing)


def _table(indent: str, rows: Sequence[tuple[str, int, int]]) -> Iterator[str]:
    cells = [("", "before", "after", "")]
    for name, before, after in rows:
        cells.append((clean(name), f"{before:,}", f"{after:,}", f"{after - before:+,}" if after != before else "="))
    yield from _aligned(indent, cells)


def _aligned(indent: str, cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left, the others to the right."""
    widths = [max(width(row[place]) for row in cells) for place in range(len(cells[0]))]
    for row in cells:
        first = row[0] + " " * (widths[0] - width(row[0]))
        rest = [" " * (space - width(cell)) + cell for cell, space in zip(row[1:], widths[1:], strict=True)]
        yield (indent + "  ".join([first, *rest])).rstrip()


def _queues(queues: Sequence[Values]) -> Iterator[str]:
    """Of each queue whose hours differ: contacts that wait, and that come in."""
    differing = [queue for queue in queues if _differ([queue["load"], queue["arrivals"]])]
    if not differing:
        return
    yield ""
    yield "queues, contacts that wait at each full hour, and that came:"
    cells = [("", "mean before", "after", "most before", "after", "came before", "after")]
    for queue in differing:
        load, came = queue["load"], queue["arrivals"]
        row = [f"{load[side]['mean']:,g}" for side in _SIDES] + [f"{load[side]['most']:,}" for side in _SIDES]
        row += [f"{came[side]['count']:,}" for side in _SIDES]
        cells.append((clean(queue["queue"]), row[0], row[1], row[2], row[3], row[4], row[5]))
    yield from _aligned(INDENT, cells)


def _never(items: Sequence[Values]) -> Iterator[str]:
    if not items:
        return
    yield ""
    yield f"never took effect ({len(items)}):"
    for item in items[:NEVER_SHOWN]:
        yield clean(f"{INDENT}{_name(item)} ({item['file']}:{item['line']}:{item['column']})")
    if len(items) > NEVER_SHOWN:
        yield f"{INDENT}… and {len(items) - NEVER_SHOWN} more"


def _failed(rules: Sequence[Values]) -> Iterator[str]:
    for rule in rules:
        if rule["after"]:
            yield clean(f"the condition of {rule['rule']} could not be evaluated on {rule['after']:,} contacts")


def _contacts(found: Values, explained: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[str]:
    shown = found["contacts_that_differ"]
    if not shown:
        return
    count = found["contacts"]["differ"]
    yield ""
    yield f"contacts that differ{f' (the first {len(shown)} of {count:,})' if count > len(shown) else ''}:"
    for contact in shown:
        names = ", ".join(contact["refs"])
        what = f"{contact['kind']} by {contact['channel']}, opened {contact['opened_at']}"
        yield clean(f"{INDENT}{contact['contact']} ({names}), {what}")
        rows = list(_sides(contact))
        space = max((width(name) for name, _, _ in rows), default=0)
        for name, before, after in rows:
            pad = " " * (space - width(name))
            if width(before) + width(after) <= ONE_LINE_MAX:
                yield clean(f"{INDENT * 2}{name}{pad}  {before} -> {after}")
            else:
                yield clean(f"{INDENT * 2}{name}{pad}  before  {before}")
                yield clean(f"{INDENT * 2}{' ' * space}  after   {after}")
        for side, told in zip(_SIDES, explained.get(contact["contact"], ()), strict=False):
            yield f"{INDENT * 2}explained, {side}:"
            yield from (f"{INDENT * 3}{line}".rstrip() for line in told)


def _sides(contact: Values) -> Iterator[tuple[str, str, str]]:
    """What differs of a contact: its name, and both sides in words."""
    before, after = contact["before"], contact["after"]
    told = [("severity", str(before["severity"]), str(after["severity"]))]
    told.append(("route", _route(before["route"]), _route(after["route"])))
    clocks = [{(clock["metric"], clock["instance"]): clock for clock in side["clocks"]} for side in (before, after)]
    for key in dict.fromkeys([*clocks[0], *clocks[1]]):
        told.append((f"{key[0]} {key[1]}", _clock(clocks[0].get(key)), _clock(clocks[1].get(key))))
    told.append(("escalations", _calls(before["escalations"]), _calls(after["escalations"])))
    for type in sorted({*before["notices"], *after["notices"]}):
        told.append((type, str(before["notices"].get(type, 0)), str(after["notices"].get(type, 0))))
    return (row for row in told if row[1] != row[2])


def _route(route: Values | None) -> str:
    return "none" if route is None else f"{route['queue']} by {route['rule']}"


def _clock(clock: Values | None) -> str:
    if clock is None:
        return "none"
    ends = [f"{word} {clock[f'{word}_at']}" for word in ("breached", "met", "cancelled") if clock[f"{word}_at"]]
    due = f"due {clock['due_at']}" if clock["due_at"] and not clock["breached_at"] else ""
    return ", ".join([*(ends or [clock["state"]]), *([due] if due else []), f"by {clock['rule']}"])


def _calls(calls: Sequence[Values]) -> str:
    told = [f"{one['rule']} {one['state']} since {one['raised_at']}, step {one['steps_fired']}" for one in calls]
    return "; ".join(told) or "none"
