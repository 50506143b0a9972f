"""How a run over a stream stands: the share of it that is done, and the words for it."""

from gateway.cli.table import clean
from gateway.kernel.store import SyncRow
from gateway.model.instant import format_instant

WAITING_MAX = 60
"""Characters that are shown of what a run waits for."""


def share_of(run: SyncRow) -> tuple[float | None, float]:
    """The length of a run and how much of it is done, in ms of the past; no length where it can't be known."""
    if run.since is None or run.until is None:
        return (None, 0.0) if run.ended_at is None else (1.0, 1.0)
    length = float(max(1, run.until - run.since))
    if run.ended_at is not None:
        return length, length
    if run.reached is None:
        return (None, 0.0) if run.pages else (length, 0.0)
    return length, min(max(0.0, run.reached - run.since), length)


def run_words(run: SyncRow, waits: str) -> str:
    """How a run stands, in words."""
    length, done = share_of(run)
    parts = [f"{run.accepted:,} new", *([f"{run.duplicates:,} known"] if run.duplicates else [])]
    if run.reached is not None and run.since is not None:
        parts.insert(0, f"{done / (length or 1):.0%} to {format_instant(run.reached)[:10]}")
    if waits:
        parts.append(clean(waits)[:WAITING_MAX])
    return ", ".join(parts)
