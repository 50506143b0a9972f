"""The figures of a span of time: one walk through what is stored of the contacts that opened in it. Nothing is written.

What was judged last counts as it stands: nobody is judged again here, and contacts that wait to be are counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.engine.verify import Judges
from gateway.kernel.history import History, StateRow
from gateway.kernel.store import StoreUnusable
from gateway.rules.service_level import ServiceLevel

BATCH: Final = 500
"""Contacts that are read at once."""

BEHIND_MS: Final = 10_000
"""A running gateway judges what is due within seconds; what has been due for longer waits for one."""

NAMED_MAX: Final = 20


@dataclass(slots=True)
class Found:
    """What the walk found. `behind`: contacts whose time has come, and that aren't judged yet. `skipped` counts those
    that can't be read; `named` are the first of them, with the reason."""

    figures: ServiceLevel = field(default_factory=ServiceLevel)
    behind: int = 0
    skipped: int = 0
    named: list[tuple[str, str]] = field(default_factory=list)


async def figures_of(
    history: History, since: int, until: int, now: int, done: Callable[[int], None] = lambda place: None
) -> Found:
    """The figures of the contacts that opened in `[since, until)`, in ms; `done` hears up to which place they are
    through. Raises StoreUnusable for a database that can't be read."""
    found, judges, place = Found(), Judges(history, await history.policies()), 0
    while rows := await history.judged(place, since, BATCH):
        for row in rows:
            if row.state is not None and row.state.policy_since > max((one.since for one in judges.rows), default=-1):
                judges = Judges(history, await history.policies())
            await _add(found, row, judges, (since, until, now))
        place = rows[-1].place
        done(place)
    return found


async def _add(found: Found, row: StateRow, judges: Judges, span: tuple[int, int, int]) -> None:
    since, until, now = span
    state, why = row.state, row.damage
    if state is not None and not since <= state.contact.opened_at < until:
        return
    if state is not None:
        try:
            found.figures.add(state, await judges.last(state))
            found.behind += row.next_due is not None and row.next_due < now - BEHIND_MS
        except StoreUnusable as error:
            why = str(error)
    if why:
        found.skipped += 1
        if len(found.named) < NAMED_MAX:
            found.named.append((row.id, why))
