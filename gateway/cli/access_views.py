"""Tokens as the commands show them. Pure; no hash of any is among it."""

from collections.abc import Sequence

from gateway.cli.table import relative, table
from gateway.kernel.access import AccessRow


def access_table(rows: Sequence[AccessRow], now: int) -> list[str]:
    """A line for each."""
    heads = ("NAME", "ROLE", "STATE", "EXPIRES", "LAST USED", "ID", "MADE", "BY")
    cells = [
        (
            row.name,
            row.role,
            row.state(now),
            "never" if row.expires_at is None else relative(row.expires_at, now),
            "never" if row.last_used_at is None else relative(row.last_used_at, now),
            row.id,
            relative(row.created_at, now),
            row.created_by,
        )
        for row in rows
    ]
    return table(heads, cells)
