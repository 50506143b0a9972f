"""Endpoints as the commands show them to people. Pure."""

from collections.abc import Collection, Iterable, Sequence

from gateway.cli.table import relative, table
from gateway.kernel.outbox import WAITING_COUNT_MAX, EndpointRow
from gateway.rules.breaker import Health


def everyone(configured: Collection[str], rows: Iterable[EndpointRow]) -> list[EndpointRow]:
    """Every endpoint that is configured or known, by name; nothing has gone to one that isn't known yet."""
    known = {row.name: row for row in rows}
    names = sorted({*configured, *known})
    return [known.get(name) or EndpointRow(name=name, sequence=0, health=Health()) for name in names]


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
        return "it is not in gateway.yaml any more: what waits for it waits"
    match health.standing(now):
        case "disabled":
            return f"{health.disabled_why}; mend it, then: gateway endpoints enable {row.name}"
        case "open":
            return f"{health.failures} failures in a row; tried again {relative(health.open_until, now)}"
        case "paused":
            return f"it asked for a pause, over {relative(health.paused_until, now)}"
        case "failing":
            return f"{health.failures} failures in a row"
        case _:
            return "" if health.ramp is None else "it starts slowly"
