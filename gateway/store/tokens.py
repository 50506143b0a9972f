"""The sealed tokens of connectors, and whose turn it is to renew them. Each function is a part of one transaction."""

import sqlalchemy as sa

from gateway.kernel.tokens import TokenRow
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import tokens
from gateway.store.statement import Statement, upsert, value

_c = tokens.c
_this = (_c.connector == value("of"), _c.generation == value("held"))
_one = Statement(sa.select(tokens).where(_c.connector == value("of")))
_keep = upsert(tokens, ("connector",), ("generation", "sealed", "stored_at", "leased_until", "refused"))
# A lease that would end later than one that begins now is of a clock that went wrong.
_nobodys = sa.or_(_c.leased_until.is_(None), _c.leased_until <= value("now"), _c.leased_until > value("until"))
_lease = Statement(sa.update(tokens).where(*_this, _c.refused.is_(None), _nobodys).values(leased_until=value("until")))
_renew = Statement(
    sa.update(tokens)
    .where(*_this)
    .values(generation=_c.generation + 1, sealed=value("new"), stored_at=value("now"), leased_until=None, refused=None)
)
_release = Statement(
    sa.update(tokens).where(*_this, _c.leased_until == value("ends")).values(leased_until=None, refused=value("why"))
)


def one(connection: Connection, connector: str) -> TokenRow | None:
    """What is kept of a connector."""
    row = _one.one(connection, of=connector)
    if row is None:
        return None
    name, generation, sealed, stored_at, leased_until, refused = row
    return TokenRow(
        connector=name,
        generation=generation,
        sealed=sealed,
        stored_at=stored_at,
        leased_until=leased_until,
        refused=refused,
    )


def keep(connection: Connection, connector: str, sealed: bytes, now: int) -> int:
    """Keep tokens in place of what was there; their generation."""
    before = one(connection, connector)
    generation = 1 if before is None else before.generation + 1
    _keep.run(
        connection,
        connector=connector,
        generation=generation,
        sealed=sealed,
        stored_at=now,
        leased_until=None,
        refused=None,
    )
    return generation


def lease(connection: Connection, connector: str, generation: int, now: int, until: int) -> bool:
    """Whether nobody else has the lease of this generation; the caller has it then."""
    return _lease.run(connection, of=connector, held=generation, now=now, until=until).rowcount == 1


def renew(connection: Connection, connector: str, generation: int, sealed: bytes, now: int) -> bool:
    """Put new tokens in place of those of this generation; whether they were there still."""
    return _renew.run(connection, of=connector, held=generation, new=sealed, now=now).rowcount == 1


def release(connection: Connection, connector: str, generation: int, until: int, refused: str | None) -> None:
    """End the lease that ends at `until`, if it is there still."""
    why = None if refused is None else storable(refused)
    _release.run(connection, of=connector, held=generation, ends=until, why=why)
