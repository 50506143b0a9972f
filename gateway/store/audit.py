"""What people have done to deliveries and endpoints, one row for each deed, in the transaction of the deed.

Each function here is a part of one transaction.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.cards import hide_cards_in_words
from gateway.kernel.outbox import AuditEntry
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import audit
from gateway.store.statement import Statement, value

TEXT_MAX = 500
"""Characters of a name or a detail that are kept."""

_a = audit.c
_add = Statement(insert(audit).returning(_a.id), ("at", "actor", "action", "object", "detail"))
_set_detail = Statement(sa.update(audit).where(_a.id == value("row")).values(detail=value("told")))
_latest = Statement(
    sa.select(_a.id, _a.at, _a.actor, _a.action, _a.object, _a.detail).order_by(_a.id.desc()).limit(value("most"))
)


def note(connection: Connection, at: int, actor: str, action: str, object: str, detail: str) -> int:
    """Keep a deed; the number of its row. Card numbers that a person has written into it are hidden."""
    texts = {"actor": actor, "action": action, "object": object, "detail": detail}
    texts = {name: hide_cards_in_words(text) for name, text in texts.items()}
    ((id,),) = _add.rows(connection, at=at, **{name: storable(text)[:TEXT_MAX] for name, text in texts.items()})
    return int(id)


def set_detail(connection: Connection, id: int, detail: str) -> None:
    """Say anew how far a deed has come."""
    _set_detail.run(connection, row=id, told=storable(hide_cards_in_words(detail))[:TEXT_MAX])


def latest(connection: Connection, limit: int) -> list[AuditEntry]:
    """The latest deeds first."""
    return [
        AuditEntry(id=id, at=at, actor=actor, action=action, object=object, detail=detail)
        for id, at, actor, action, object, detail in _latest.rows(connection, most=limit)
    ]
