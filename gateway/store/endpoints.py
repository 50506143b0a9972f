"""The endpoints: the last number that each has given, and how each stands.

Law: a number is given inside the transaction that writes its delivery, from the counter in the endpoint's row: the
order of numbers is that of the commits, there is no gap, and what is removed takes no number with it.
Each function here is a part of one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.outbox import WAITING_COUNT_MAX, Conflict, EndpointRow, EndpointState
from gateway.rules.breaker import Health
from gateway.store.library import Connection
from gateway.store.schema import deliveries, endpoints
from gateway.store.statement import Row, Statement, value

_e = endpoints.c
_d = deliveries.c
_HEALTH = Health.__struct_fields__
_FRESH = {"sequence": 0, "version": 0, **msgspec.structs.asdict(Health())}

_columns = tuple(column.name for column in _e)
_add = Statement(insert(endpoints).on_conflict_do_nothing(), _columns)
_count_on = Statement(
    insert(endpoints)
    .on_conflict_do_update(
        index_elements=["name"], set_={"sequence": _e.sequence + sa.literal_column("excluded.sequence")}
    )
    .returning(_e.sequence),
    _columns,
)
_names = Statement(sa.select(_e.name).order_by(_e.name))
_state = sa.select(_e.name, _e.sequence, _e.version, *(_e[name] for name in _HEALTH))
_all = Statement(_state.order_by(_e.name))
_one = Statement(_state.where(_e.name == value("endpoint")))
_set = Statement(
    sa.update(endpoints)
    .where(_e.name == value("endpoint"), _e.version == value("loaded"))
    .values(version=_e.version + 1, **{name: value(name) for name in _HEALTH})
)
_waits = (_d.endpoint == value("to"), _d.next_at.isnot(None))
_oldest = Statement(
    sa.select(_d.created_at, _d.last_error).where(*_waits).order_by(_d.sequence).limit(sa.literal_column("1"))
)
_waiting = sa.select(_d.sequence).where(*_waits).limit(value("most"))
_how_many = Statement(sa.select(sa.func.count()).select_from(_waiting.subquery()))


def next_numbers(connection: Connection, wanted: Mapping[str, int]) -> dict[str, Iterator[int]]:
    """As many numbers as each endpoint needs, in order; they count as given."""
    numbers = {}
    for name, count in wanted.items():
        ((last,),) = _count_on.rows(connection, **{**_FRESH, "name": name, "sequence": count})
        numbers[name] = iter(range(last - count + 1, last + 1))
    return numbers


def register(connection: Connection, names: Sequence[str]) -> dict[str, EndpointState]:
    """Make rows for those that have none yet; all that there are."""
    _add.many(connection, [{**_FRESH, "name": name} for name in names])
    return states(connection)


def names(connection: Connection) -> list[str]:
    """Every endpoint, by name."""
    return [row[0] for row in _names.rows(connection)]


def states(connection: Connection) -> dict[str, EndpointState]:
    """How every endpoint stands."""
    return {row[0]: _state_of(row) for row in _all.rows(connection)}


def one(connection: Connection, name: str) -> EndpointState | None:
    """How one endpoint stands."""
    row = _one.one(connection, endpoint=name)
    return None if row is None else _state_of(row)


def rows(connection: Connection) -> list[EndpointRow]:
    """Every endpoint with what waits for it, counted as far as `WAITING_COUNT_MAX`."""
    found = []
    for name, state in states(connection).items():
        oldest = _oldest.one(connection, to=name)
        count = _how_many.one(connection, to=name, most=WAITING_COUNT_MAX) or (0,)
        found.append(
            EndpointRow(
                name=name,
                sequence=state.sequence,
                health=state.health,
                waiting=count[0],
                oldest_waiting_at=None if oldest is None else oldest[0],
                last_error=None if oldest is None else oldest[1],
            )
        )
    return found


def write(connection: Connection, changed: Sequence[EndpointState]) -> None:
    """Write how endpoints stand. Raises Conflict if one was written since it was loaded."""
    rows = [
        {"endpoint": state.name, "loaded": state.version, **msgspec.structs.asdict(state.health)} for state in changed
    ]
    if rows and _set.many(connection, rows) != len(rows):
        raise Conflict("an endpoint of this step has been changed by somebody else")


def _state_of(row: Row) -> EndpointState:
    name, sequence, version, *health = row
    return EndpointState(
        name=name, sequence=sequence, version=version, health=Health(**dict(zip(_HEALTH, health, strict=True)))
    )
