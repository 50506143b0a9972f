"""How a run over a stream stands: the share of it that is done, and the words for it."""

from gateway.cli.table import clean
from gateway.kernel.store import SyncRow
from gateway.kernel.values import share_of
from gateway.model.instant import format_instant

WAITING_MAX = 60
"""Characters that are shown of what a run waits for."""


def run_words(run: SyncRow, waits: str) -> str:
    """How a run stands, in words."""
    length, done = share_of(run)
    parts = [f"{run.accepted:,} new", *([f"{run.duplicates:,} known"] if run.duplicates else [])]
    if run.reached is not None and run.since is not None:
        parts.insert(0, f"{done / (length or 1):.0%} to {format_instant(run.reached)[:10]}")
    if waits:
        parts.append(clean(waits)[:WAITING_MAX])
    return ", ".join(parts)
