"""The latest deliveries and records, by what is asked of them, page by page: each page is behind an id.

A statement is made for each combination that is asked for, so that the index which fits it is walked. Each function
here only reads.
"""

from functools import lru_cache
from heapq import nlargest
from typing import Any, Final

import sqlalchemy as sa

from gateway.kernel.outbox import Delivery
from gateway.kernel.store import Listed
from gateway.store import endpoints, inbox, outbox
from gateway.store.coding import storable
from gateway.store.library import Connection
from gateway.store.schema import deliveries
from gateway.store.schema import inbox as records
from gateway.store.statement import Row, Statement, value, word

_LAST: Final = 2**63 - 1

_d, _r = deliveries.c, records.c


# ── Deliveries ───────────────────────────────────────────────────────────────────────────────────────────────────────

_STATES: Final = ("ready", "leased", "delivered", "dead")
_DELIVERED: Final[dict[str | None, tuple[sa.ColumnElement[bool], ...]]] = {
    None: (),
    **{state: (_d.state == word(state),) for state in _STATES},
}
# The unary plus keeps an index from being walked that is longer than the one which fits.
_any_endpoint = sa.literal_column("+deliveries.endpoint", sa.String) == value("to")
_any_id = sa.literal_column("+deliveries.id", sa.Integer)
_shown = sa.select(*outbox.SHOWN).limit(value("most"))
_page = _shown.where(_d.id < value("after"))


@lru_cache
def _deliveries(state: str | None, asked: frozenset[str]) -> Statement:
    leased = state == "leased" and "about" not in asked
    found = (_shown.where(_any_id < value("after")) if leased else _page).where(*_DELIVERED[state])
    if "of_type" in asked:
        found = found.where(_d.type == value("of_type"))
    if "about" in asked:
        found = found.where(_d.contact == value("about"))
    if leased:
        # Few at any time: their own index, and a sort.
        return Statement((found.where(_d.endpoint == value("to")) if "to" in asked else found).order_by(_any_id.desc()))
    if "to" not in asked:
        return Statement(found.order_by(_d.id.desc()))
    if "about" in asked or state == "dead":
        return Statement(found.where(_any_endpoint).order_by(_d.id.desc()))
    # Ids of an endpoint's deliveries grow with their numbers.
    last = sa.select(_d.sequence).where(_d.id == value("after"), _d.endpoint == value("to")).scalar_subquery()
    behind = _d.sequence < sa.func.ifnull(last, sa.literal_column(str(_LAST)))
    return Statement(found.where(_d.endpoint == value("to"), behind).order_by(_d.sequence.desc()))


@lru_cache
def _ready(asked: frozenset[str]) -> tuple[Statement, Statement]:
    """What waits for one endpoint in its order, and what is to go out once more."""
    found = _page.where(_d.endpoint == value("to"), _d.state == word("ready"))
    if "of_type" in asked:
        found = found.where(_d.type == value("of_type"))
    return (
        Statement(found.where(_d.next_at.isnot(None)).order_by(_d.sequence.desc())),
        Statement(found.where(_d.replay_due.isnot(None)).order_by(_d.id.desc())),
    )


def delivered(
    connection: Connection,
    limit: int,
    *,
    state: str | None,
    contact: str | None,
    endpoint: str | None,
    type: str | None,
    after: int | None,
) -> list[Delivery]:
    """The latest deliveries, without bodies. Raises ValueError for a state that doesn't exist."""
    if state not in _DELIVERED:
        raise ValueError(f"{state!r} is no state of a delivery: ready, leased, delivered or dead")
    given = {"about": contact, "to": endpoint, "of_type": type}
    asked: dict[str, Any] = {name: storable(text) for name, text in given.items() if text is not None}
    bounds = {"after": _bounded(after), "most": limit}
    if state == "ready" and contact is None:
        # Each endpoint's latest are one range of an index, however much waits or has ended.
        names = endpoints.names(connection) if endpoint is None else [asked["to"]]
        found: list[Row] = [
            row
            for name in names
            for statement in _ready(frozenset(asked) - {"to"})
            for row in statement.rows(connection, **{**asked, **bounds, "to": name})
        ]
        return [outbox.delivery(row) for row in nlargest(limit, found)]
    rows = _deliveries(state, frozenset(asked)).rows(connection, **asked, **bounds)
    return [outbox.delivery(row) for row in rows]


# ── Records ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_RECEIVED: Final[dict[str | None, tuple[sa.ColumnElement[bool], ...]]] = {
    None: (),
    "ready": (_r.due.isnot(None), _r.state == word("ready")),
    "leased": (_r.due.isnot(None), _r.state == word("leased")),
    "parked": (_r.reason.isnot(None),),
    "done": (_r.state == word("done"),),
}


@lru_cache
def _records(state: str | None, by_connector: bool) -> Statement:
    found = inbox.SHOWN.where(_r.id < value("after"), *_RECEIVED[state])
    if by_connector:
        found = found.where(sa.literal_column("+inbox.connector", sa.String) == value("of"))
    return Statement(found.order_by(_r.id.desc()).limit(value("most")))


def received(
    connection: Connection, limit: int, *, state: str | None, connector: str | None, after: int | None
) -> list[Listed]:
    """The latest records. Raises ValueError for a state that doesn't exist."""
    if state not in _RECEIVED:
        raise ValueError(f"{state!r} is no state of a record: ready, leased, done or parked")
    asked = {} if connector is None else {"of": storable(connector)}
    rows = _records(state, connector is not None).rows(connection, **asked, after=_bounded(after), most=limit)
    return [inbox.listed(row) for row in rows]


def _bounded(after: int | None) -> int:
    return _LAST if after is None else min(max(after, -_LAST), _LAST)
