"""Endpoints as the commands show them to people. Pure."""

from collections.abc import Collection, Sequence

from gateway.cli.table import relative, table
from gateway.kernel.outbox import WAITING_COUNT_MAX, EndpointRow


def endpoint_table(rows: Sequence[EndpointRow], configured: Collection[str], now: int) -> list[str]:
    """A line for each."""
    heads = ("ENDPOINT", "STATE", "WAITING", "OLDEST", "FAILING SINCE", "LAST SUCCESS", "WHY")
    cells = [
        (
            row.name,
            row.health.standing(now),
            f"{row.waiting}+" if row.waiting >= WAITING_COUNT_MAX else row.waiting,
            relative(row.oldest_waiting_at, now),
            relative(row.health.failing_since, now),
            relative(row.health.succeeded_at, now),
            why(row, configured, now),
        )
        for row in rows
    ]
    return table(heads, cells)


def why(row: EndpointRow, configured: Collection[str], now: int) -> str:
    """What there is to say of its state, and what to do about it."""
    health = row.health
    if row.name not in configured:
        return "it is not in gateway.yaml any more: what waits for it is given up; put it back, then replay"
    match health.standing(now):
        case "disabled":
            return f"{health.disabled_why}; mend it, then: gateway endpoints enable {row.name}"
        case "open":
            last = f", the last: {row.last_error}" if row.last_error else ""
            return f"{health.failures} failures in a row{last}; tried again {relative(health.open_until, now)}"
        case "paused":
            return f"it asked for a pause, over {relative(health.paused_until, now)}"
        case "failing":
            return row.last_error or f"{health.failures} failures in a row"
        case _:
            return "" if health.ramp is None else "it starts slowly"
