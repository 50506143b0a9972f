"""What the parts of a policy say of each other: names that must exist, ids that stand once, marks and steps that fit.

Every rule here yields problems with their places and never stops at the first.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

from gateway.kernel.document import Problem, did_you_mean
from gateway.policy.calendars import BUILT_IN
from gateway.policy.durations import DURATION_MAX_MS, BehindTarget, read_duration, read_mark
from gateway.policy.examples.names import names_of
from gateway.policy.examples.references import check_tests
from gateway.policy.parts import Parts, Path, mappings, texts

_LISTS: Final = ("severity", "sla", "routing", "escalation", "enrich", "actions", "tests")

_DECLARED: Final = frozenset({"calendar", "queue", "role", "chain"})
"""What a policy declares itself, in a section named after it."""


_CONFIGURED: Final = frozenset({"enricher"})
"""What gateway.yaml declares, in a section named after it."""


def check_references(parts: Parts, enrichers: Collection[str] | None) -> Iterator[Problem]:
    """Every problem between the parts. `enrichers`: those that are configured; None where nobody knows."""
    for section in _LISTS:
        yield from _duplicates(parts, section, "name" if section == "tests" else "id")
    queues, chains = parts.names("queues"), parts.names("chains")
    for path, rule in parts.listed("sla"):
        yield from _known(parts, rule, path, "calendar", _calendars(parts))
        yield from _sla(parts, path, rule)
    for path, rule in parts.listed("routing"):
        yield from _known(parts, rule, path, "queue", queues)
    for path, chain in parts.named("chains"):
        yield from _known(parts, chain, path, "calendar", _calendars(parts))
        yield from _chain(parts, path, chain)
    for path, role in parts.named("roles"):
        if role.get("endpoints") == []:
            message = "this role notifies nobody; name its endpoints, as gateway.yaml has them, or take it out"
            yield parts.source.problem((*path, "endpoints"), "notifies-nobody", message)
    for path, rule in parts.listed("escalation"):
        yield from _known(parts, rule, path, "chain", chains)
        yield from _trigger(parts, path, rule)
    for path, rule in parts.listed("actions"):
        yield from _trigger(parts, path, rule)
        if rule.get("do") == {}:
            yield parts.source.problem((*path, "do"), "bad-value", "nothing to do: give comment or tags_add")
    for path, rule in parts.listed("enrich"):
        yield from _known(parts, rule, path, "enricher", enrichers)
    yield from check_tests(parts.source, names_of(parts.source.data))


def _calendars(parts: Parts) -> Collection[str] | None:
    names = parts.names("calendars")
    return None if names is None else names | BUILT_IN.keys()


def _known(
    parts: Parts, entry: dict[Any, Any], path: Path, kind: str, known: Collection[str] | None, key: str = ""
) -> Iterator[Problem]:
    """Names under `key` (by default that of their kind) that nothing declares. `known` None: nobody knows."""
    for place, name in texts(entry.get(key or kind), (*path, key or kind)):
        if known is not None and name not in known:
            hint = did_you_mean(name, known)
            if not hint and kind in _DECLARED | _CONFIGURED:
                hint = f"; add it under `{kind}s`" + (" in gateway.yaml" if kind in _CONFIGURED else "")
            message = f"there is no {kind} {name[:100]!r}{hint}"
            yield parts.source.problem(place, f"unknown-{kind}", message)


def _duplicates(parts: Parts, section: str, key: str) -> Iterator[Problem]:
    seen: dict[str, tuple[int, int]] = {}
    for path, entry in parts.listed(section):
        id = entry.get(key)
        if not isinstance(id, str):
            continue
        if id in seen:
            line, column = seen[id]
            message = f"the {key} {id[:100]!r} stands twice in {section}; the first is at {line}:{column}"
            yield parts.source.problem((*path, key), f"duplicate-{key}", message)
        else:
            seen[id] = parts.source.place((*path, key))


def _sla(parts: Parts, path: Path, rule: dict[Any, Any]) -> Iterator[Problem]:
    metric = rule.get("metric")
    target = None if metric == "deadline" else _duration(rule.get("within"), DURATION_MAX_MS)
    seen: set[str] = set()
    for place, text in texts(rule.get("warn"), (*path, "warn")):
        try:
            mark = read_mark(text, target)
        except BehindTarget as error:
            yield parts.source.problem(place, "warning-after-breach", str(error))
            continue
        except ValueError as error:
            yield parts.source.problem(place, "bad-mark", str(error))
            continue
        if mark.text in seen:
            yield parts.source.problem(place, "bad-mark", f"{mark.text!r} stands twice")
        seen.add(mark.text)
    if metric == "deadline":
        for key in ("within", "calendar"):
            if key in rule:
                message = f"the vendor sets the instant of a deadline, and every hour counts; leave {key} out"
                yield parts.source.problem((*path, key), "bad-value", message, key=True)
    elif rule.get("within") is None:
        place = (*path, "within") if "within" in rule else path
        yield parts.source.problem(place, "missing-key", "the key 'within' is missing")
    if "below" in rule and metric != "csat_recovery":
        message = "only the metric csat_recovery has a threshold; leave it out"
        yield parts.source.problem((*path, "below"), "bad-value", message, key=True)
    if "below" not in rule and metric == "csat_recovery":
        message = "csat_recovery needs `below`, the share of the scale under which it starts, such as below: 60%"
        yield parts.source.problem((*path, "metric"), "missing-key", message)


def _chain(parts: Parts, path: Path, chain: dict[Any, Any]) -> Iterator[Problem]:
    before = 0
    for place, step in mappings(chain.get("steps"), (*path, "steps")):
        after = _duration(step.get("after"), before)
        if after < before:
            message = "a step can't come before the one above it; put the steps in order of time"
            yield parts.source.problem((*place, "after"), "bad-value", message)
        before = max(before, after)
        if step.get("notify") == []:
            message = "this step notifies nobody; name the roles that it calls, or take it out"
            yield parts.source.problem((*place, "notify"), "notifies-nobody", message)
        yield from _known(parts, step, place, "role", parts.names("roles"), key="notify")


def _trigger(parts: Parts, path: Path, rule: dict[Any, Any]) -> Iterator[Problem]:
    if rule.get("on") == "matched" and "metric" in rule:
        message = "a metric narrows sla.warned and sla.breached; with matched it says nothing, leave it out"
        yield parts.source.problem((*path, "metric"), "bad-value", message, key=True)


def _duration(raw: object, otherwise: int) -> int:
    try:
        return read_duration(raw)
    except ValueError:
        return otherwise
