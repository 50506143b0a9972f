"""Connectors that a person has paused: who, since when and why. Each deed is audited in its own transaction.

Each function here is a part of one transaction.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.reading import Pause
from gateway.store import audit
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import pauses
from gateway.store.statement import Statement, value

_p = pauses.c
_begin = Statement(insert(pauses).on_conflict_do_nothing(), ("connector", "at", "by", "reason"))
_end = Statement(sa.delete(pauses).where(_p.connector == value("of")))
_all = Statement(sa.select(_p.connector, _p.at, _p.by, _p.reason).order_by(_p.connector))


def begin(connection: Connection, pause: Pause) -> bool:
    """Keep a pause; False, and the first one stays, where the connector is paused already."""
    texts = {name: storable(text) for name, text in (("by", pause.by), ("reason", pause.reason))}
    if not _begin.many(connection, [{"connector": pause.connector, "at": pause.at, **texts}]):
        return False
    audit.note(connection, pause.at, pause.by, "connector.pause", pause.connector, pause.reason or "no reason given")
    return True


def end(connection: Connection, connector: str, now: int, by: str) -> bool:
    """Forget the pause of a connector; False where there is none."""
    before = listing(connection).get(connector)
    if before is None:
        return False
    _end.run(connection, of=connector)
    audit.note(connection, now, by, "connector.resume", connector, f"paused by {before.by}")
    return True


def listing(connection: Connection) -> dict[str, Pause]:
    """Every pause, by connector."""
    return {name: Pause(name, at, by, reason) for name, at, by, reason in _all.rows(connection)}
