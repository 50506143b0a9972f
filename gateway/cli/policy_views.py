"""Kept policies as the commands show them to people: lines and tables. Pure."""

from collections.abc import Sequence

from gateway.cli.table import clean, relative, table
from gateway.kernel.store import PolicyRow
from gateway.model.instant import format_instant
from gateway.rules.timeline import FROM_THE_BEGINNING


def named(row: PolicyRow) -> str:
    """A policy's name and hash."""
    return f"{clean(row.name)} ({row.hash})"


def since_words(row: PolicyRow, now: int) -> str:
    """From when a policy judges, or judged; of one that judges from the beginning also the day it came."""
    if row.since == FROM_THE_BEGINNING:
        return f"in force from the beginning; it came {_moment(row.stored_at, now)}"
    if row.since > now:
        return f"comes into force {_moment(row.since, now)}"
    return f"in force since {_moment(row.since, now)}"


def open_contacts(count: int) -> str:
    """So many of them, with what they do: `1 open contact is`, `2 open contacts are`."""
    return "1 open contact is" if count == 1 else f"{count} open contacts are"


def standing_lines(present: PolicyRow | None, to_come: PolicyRow | None, now: int) -> list[str]:
    """What was in force at an instant and what came next, each as one line."""
    lines = [
        f"policy     {named(present)}, {since_words(present, now)}" if present else "policy     none is in force yet"
    ]
    if to_come is not None:
        word = "to come   " if to_come.since > now else "then      "
        lines.append(f"{word} {named(to_come)}, {since_words(to_come, now)}")
    return lines


def history_lines(rows: Sequence[PolicyRow], now: int) -> list[str]:
    """Every policy as a table, the latest first."""
    present = max((row.since for row in rows if row.since <= now), default=None)
    cells = [
        (
            "in force" if row.since == present else "to come" if row.since > now else "past",
            "the beginning" if row.since == FROM_THE_BEGINNING else format_instant(row.since),
            row.hash,
            relative(row.stored_at, now),
            row.name,
        )
        for row in reversed(rows)
    ]
    return table(("STATE", "SINCE", "HASH", "CAME", "NAME"), cells)


def _moment(instant: int, now: int) -> str:
    return f"{format_instant(instant)} ({relative(instant, now)})"
