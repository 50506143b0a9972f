"""The tokens of people and programs: names, roles and hashes. Each function is a part of one transaction."""

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from gateway.kernel.access import TOKENS_MAX, USED_EVERY_MS, AccessRow
from gateway.model.instant import format_instant
from gateway.store import audit
from gateway.store.coding import damaged
from gateway.store.library import Connection
from gateway.store.schema import access_tokens
from gateway.store.statement import Row, Statement, value

_a = access_tokens.c
_FIELDS = AccessRow.__struct_fields__
_living = _a.revoked_at.is_(None)
_all = sa.select(*(_a[name] for name in _FIELDS))
_add = Statement(insert(access_tokens), _FIELDS)
_by_name = Statement(_all.where(_living, _a.name == value("of")))
_present = Statement(_all.where(_living).order_by(_a.name))
_past = Statement(_all.where(_a.revoked_at.isnot(None)).order_by(_a.revoked_at.desc(), _a.id).limit(value("most")))
_known = Statement(sa.select(_a.id).where(_a.id == value("of")))
_count = Statement(sa.select(sa.func.count()).select_from(access_tokens).where(_living))
_revoke = Statement(sa.update(access_tokens).where(_living, _a.id == value("of")).values(revoked_at=value("now")))
_used = Statement(
    sa.update(access_tokens)
    .where(
        _living,
        _a.id == value("of"),
        sa.or_(_a.last_used_at.is_(None), _a.last_used_at <= value("before"), _a.last_used_at > value("now")),
    )
    .values(last_used_at=value("now"))
)


def add(connection: Connection, row: AccessRow) -> bool:
    """Keep a token, unless its name or id is taken. Raises ValueError beyond TOKENS_MAX."""
    before = one(connection, row.name)
    if _known.one(connection, of=row.id) is not None:
        return False
    if before is not None:
        if not before.expired(row.created_at):
            return False
        _revoked(connection, before, row.created_at, row.created_by, "expired; its name is given anew")
    if (_count.one(connection) or (0,))[0] >= TOKENS_MAX:
        raise ValueError(f"there are {TOKENS_MAX} tokens already: revoke what nobody uses")
    _add.run(connection, **msgspec.structs.asdict(row))
    until = "" if row.expires_at is None else f", until {format_instant(row.expires_at)}"
    audit.note(
        connection, row.created_at, row.created_by, "token.created", f"token:{row.name}", f"{row.role}, {row.id}{until}"
    )
    return True


def one(connection: Connection, name: str) -> AccessRow | None:
    """The token of this name that isn't revoked."""
    found = _by_name.one(connection, of=name)
    return None if found is None else _row(found)


def listing(connection: Connection, revoked: bool) -> list[AccessRow]:
    """Every token that isn't revoked, by name, and behind them the others, if they are asked for."""
    rows = _present.rows(connection)
    if revoked:
        rows += _past.rows(connection, most=TOKENS_MAX)
    return [_row(row) for row in rows]


def revoke(connection: Connection, name: str, now: int, by: str) -> bool:
    """Let a token prove nothing any more; whether there was one."""
    row = one(connection, name)
    if row is None:
        return False
    _revoked(connection, row, now, by, f"{row.role}, {row.id}")
    return True


def used(connection: Connection, id: str, now: int) -> None:
    """Note a use, unless a recent one is noted."""
    _used.run(connection, of=id, now=now, before=now - USED_EVERY_MS)


def _revoked(connection: Connection, row: AccessRow, now: int, by: str, detail: str) -> None:
    _revoke.run(connection, of=row.id, now=now)
    audit.note(connection, now, by, "token.revoked", f"token:{row.name}", detail)


def _row(row: Row) -> AccessRow:
    try:
        return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), AccessRow)
    except msgspec.ValidationError as error:
        raise damaged("a token", error) from error
