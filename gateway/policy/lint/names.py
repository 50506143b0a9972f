"""Calendars, queues, roles and chains that a policy declares and never uses. Its tests are no use."""

from collections.abc import Collection, Iterator

from gateway.kernel.problems import Problem
from gateway.policy.conditions import JUDGED
from gateway.policy.document import AllOf, AnyOf, WeeklyHours
from gateway.policy.lint.sheet import Sheet

_OPENED_DURING = "opened_during"
"""The contact's field that holds names of calendars."""


def look(sheet: Sheet) -> Iterator[Problem]:
    """Every name that nothing uses, at its key."""
    document = sheet.document
    queues = {rule.queue for rule in document.routing}
    chains = {rule.chain for rule in document.escalation}
    roles = {role for chain in document.chains.values() for step in chain.steps for role in step.notify}
    yield from _unused(
        sheet,
        "calendars",
        _calendars(sheet),
        "unused-calendar",
        "nothing counts by the calendar {}; name it in a rule or a chain, or take it out",
    )
    yield from _unused(
        sheet,
        "queues",
        queues,
        "unused-queue",
        "nothing is routed to the queue {}; add a rule to routing, or take it out",
    )
    yield from _unused(
        sheet, "roles", roles, "unused-role", "no step of a chain calls the role {}; name it in notify, or take it out"
    )
    yield from _unused(
        sheet,
        "chains",
        chains,
        "unused-chain",
        "no rule of escalation starts the chain {}; add one, or take it out",
    )


def _unused(sheet: Sheet, section: str, used: Collection[str], id: str, message: str) -> Iterator[Problem]:
    for name in getattr(sheet.document, section):
        if name not in used:
            yield sheet.problem((section, name), id, message.format(repr(name)), key=True)


def _calendars(sheet: Sheet) -> set[str]:
    """The calendars by which something counts, those that they are made of included."""
    document = sheet.document
    named = [rule.calendar for rule in document.sla] + [chain.calendar for chain in document.chains.values()]
    named += _in_conditions(sheet)
    if document.from_ is not None:
        # The policy begins in the zone of its first calendar of hours.
        named += [name for name, shape in document.calendars.items() if isinstance(shape, WeeklyHours)][:1]
    used: set[str] = set()
    while named:
        name = named.pop()
        if name in used:
            continue
        used.add(name)
        match document.calendars.get(name):
            case AnyOf(any_of=parts) | AllOf(all_of=parts):
                named += parts
    return used


def _in_conditions(sheet: Sheet) -> list[str]:
    reads = [
        read
        for section in JUDGED
        for condition in sheet.conditions(section)
        if condition is not None
        for read in condition.uses.reads
    ]
    during = [read for read in reads if read.field in (_OPENED_DURING, "")]
    if any(read.key is None or read.field == "" for read in during):
        # Who looks at all of them may mean any.
        return list(sheet.document.calendars)
    return [read.key for read in during if read.key is not None]
