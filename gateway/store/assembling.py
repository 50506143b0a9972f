"""Objects that are told in pieces: their facts, and the names by which the next piece finds them.

Each function here is a part of one transaction.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.assemblies import Assembly
from gateway.kernel.store import Conflict
from gateway.store.coding import names, told
from gateway.store.library import Connection
from gateway.store.schema import assemblies, assembly_names
from gateway.store.statement import Row, Statement, each, together, value

_this = sa.and_(assemblies.c.connector == value("of"), assemblies.c.id == value("object"))
_keys, (_of, _name) = each("keys", 2)
_found = Statement(
    sa.select(assemblies)
    .select_from(
        _keys.join(assembly_names, sa.and_(assembly_names.c.connector == _of, assembly_names.c.name == _name)).join(
            assemblies,
            sa.and_(assemblies.c.connector == assembly_names.c.connector, assemblies.c.id == assembly_names.c.assembly),
        )
    )
    .distinct()
    .order_by(assemblies.c.connector, assemblies.c.id)
)
_add = Statement(insert(assemblies).on_conflict_do_nothing(), [column.name for column in assemblies.c])
_set = Statement(
    sa.update(assemblies)
    .where(_this, assemblies.c.version == value("loaded"))
    .values({name: value(name) for name in ("version", "names", "facts", "told", "received_at")})
)
_remove = Statement(sa.delete(assemblies).where(_this, assemblies.c.version == value("loaded")))
# Nearly every write finds its names as they are: a row that isn't changed costs no page.
_set_name = Statement(
    insert(assembly_names).on_conflict_do_update(
        index_elements=["connector", "name"],
        set_={"assembly": sa.literal_column("excluded.assembly")},
        where=assembly_names.c.assembly != sa.literal_column("excluded.assembly"),
    ),
    [column.name for column in assembly_names.c],
)


def named(connection: Connection, keys: Sequence[tuple[str, str]]) -> list[Assembly]:
    """The objects that have any of these names, given as (connector, name)."""
    return [_assembly(row) for row in _found.rows(connection, keys=together(keys))]


def prepare(kept: Sequence[Assembly]) -> list[dict[str, Any]]:
    """The rows of objects as they are now."""
    return [
        {
            "connector": one.connector,
            "id": one.id,
            "version": one.version + 1,
            "names": names.encode(one.names),
            "facts": one.facts,
            "told": told.encode(one.told),
            "received_at": int(one.received_at),
        }
        for one in kept
    ]


def keep(
    connection: Connection, kept: Sequence[Assembly], rows: Sequence[dict[str, Any]], joined: Sequence[Assembly]
) -> None:
    """Write objects as they are now (`rows` as `prepare` gave them), and forget those that have been joined with them.
    Raises Conflict if one of them has been changed since it was loaded."""
    written = sum(
        _remove.run(connection, of=one.connector, object=one.id, loaded=one.version).rowcount for one in joined
    )
    for one, row in zip(kept, rows, strict=True):
        if one.version == 0:
            written += _add.run(connection, **row).rowcount
        else:
            changed = {name: row[name] for name in ("version", "names", "facts", "told", "received_at")}
            written += _set.run(connection, **changed, of=one.connector, object=one.id, loaded=one.version).rowcount
        called = [{"connector": one.connector, "name": name, "assembly": one.id} for name in one.names]
        _set_name.many(connection, called)
    if written != len(kept) + len(joined):
        raise Conflict("an object of this batch has been changed by somebody else")


def _assembly(row: Row) -> Assembly:
    connector, id, version, called, facts, said, received_at = row
    return Assembly(
        connector=connector,
        id=id,
        version=version,
        names=names.decode(called, connector, id),
        facts=facts,
        told=told.decode(said, connector, id),
        received_at=received_at,
    )
