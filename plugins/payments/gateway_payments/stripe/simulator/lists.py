"""Lists, searches and expanded objects, as Stripe's API gives them.

A list has the newest first; its cursors are ids, which must be those of objects that are there. A search is of a query
(`email:'a@b.example' AND name~'ann'`), its pages have numbers, and under a fault it is a minute behind.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway_payments.stripe.simulator.account import Account, Json
from gateway_payments.stripe.simulator.errors import Failure, no_such, wrong
from gateway_payments.stripe.simulator.params import Asking

May = Callable[[str], None]
"""Raises Failure for what may not be read."""

LIMIT: Final = 10
LIMIT_MAX: Final = 100
DEPTH_MAX: Final = 4
STALE_S: Final = 60

_CLAUSE: Final = re.compile(r"""\s*([a-z_.]+)\s*([:~])\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*""")
_JOINT: Final = re.compile(r"(AND|OR)\s")

_INTO: Final[dict[str, dict[str, str]]] = {
    "charge": {"customer": "customer", "payment_intent": "payment_intent", "review": "review"},
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "radar.early_fraud_warning": {"charge": "charge"},
    "review": {"charge": "charge"},
    "refund": {"charge": "charge", "payment_intent": "payment_intent"},
    "payment_method": {"customer": "customer"},
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
        "review": "review",
    },
}
"""Which fields of an object are ids of others, and of which kind."""


def newest_first(rows: Iterable[Json]) -> list[Json]:
    """Objects in the order of the API; of one second, what came last is first."""
    return sorted(reversed(list(rows)), key=lambda row: -int(row.get("created", 0)))


def page(asking: Asking, url: str, rows: list[Json], fits: Callable[[Json], bool]) -> Json:
    """A page of objects in the order of the API, of those that fit. Raises Failure for a cursor of nobody's."""
    limit = asking.number("limit", LIMIT, 1, LIMIT_MAX)
    after, before = asking.text("starting_after"), asking.text("ending_before")
    if after is not None and before is not None:
        words = "You may only specify one of these parameters: ending_before, starting_after."
        raise wrong("ending_before", words)
    if before is not None:
        fitting = [row for row in rows[: _place(rows, before, "ending_before")] if fits(row)]
        shown = fitting[-limit:]
    else:
        begin = 0 if after is None else _place(rows, after, "starting_after") + 1
        fitting = [row for row in rows[begin:] if fits(row)]
        shown = fitting[:limit]
    return {"object": "list", "data": shown, "has_more": len(fitting) > limit, "url": url}


def _place(rows: list[Json], id: str, param: str) -> int:
    for place, row in enumerate(rows):
        if row["id"] == id:
            return place
    raise no_such("object", id, param, status=400)


def search(asking: Asking, url: str, rows: list[Json], fields: Iterable[str]) -> Json:
    """A page of what a query finds."""
    fits = _query(asking.needed("query"), frozenset(fields))
    limit, start = asking.number("limit", LIMIT, 1, LIMIT_MAX), 0
    if (token := asking.text("page")) is not None:
        if not re.fullmatch(r"page_[0-9]{1,9}", token):
            raise wrong("page", f"Invalid page token: {token[:100]}")
        start = int(token.removeprefix("page_"))
    found = [row for row in rows if fits(row)]
    more = len(found) > start + limit
    return {
        "object": "search_result",
        "data": found[start : start + limit],
        "has_more": more,
        "next_page": f"page_{start + limit}" if more else None,
        "url": url,
    }


def _query(text: str, fields: frozenset[str]) -> Callable[[Json], bool]:
    """What a query asks: clauses with AND between all of them, or OR. Raises Failure for another."""
    clauses, joints, at = [], set(), 0
    while True:
        match = _CLAUSE.match(text, at)
        if match is None or match[1] not in fields:
            raise wrong("query", f"We were unable to parse your search query at {at}.")
        value = re.sub(r"\\(.)", r"\1", match[3] if match[3] is not None else match[4])
        clauses.append((match[1], match[2], value.casefold()))
        at = match.end()
        if at == len(text):
            break
        joint = _JOINT.match(text, at)
        if joint is None:
            raise wrong("query", f"We were unable to parse your search query at {at}.")
        joints.add(joint[1])
        at = joint.end()
    if len(joints) > 1:
        raise wrong("query", "You may not combine AND and OR in one search query.")
    every = any if "OR" in joints else all
    return lambda row: every(_found(row, *clause) for clause in clauses)


def _found(row: Json, field: str, how: str, value: str) -> bool:
    has = row.get(field)
    if not isinstance(has, str):
        return False
    return value == has.casefold() if how == ":" else value in has.casefold()


def expanded(account: Account, answer: Json, paths: Iterable[str], may: May) -> Json:
    """A copy of an answer with other objects in the place of their ids. Raises Failure for what can't be expanded.

    `may` raises one for what may not be read.
    """
    copy: Json = msgspec.json.decode(msgspec.json.encode(answer))
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEPTH_MAX:
            raise Failure(400, f"You cannot expand more than {DEPTH_MAX} levels of a property ({path[:200]}).")
        _expand(account, copy, parts, path, may)
    return copy


def _expand(account: Account, row: Json, parts: list[str], path: str, may: May) -> None:
    name, rest = parts[0], parts[1:]
    if row.get("object") in ("list", "search_result") and name == "data":
        for one in row["data"]:
            if rest:
                _expand(account, one, rest, path, may)
        return
    if row.get("deleted"):
        return
    row[name] = value = _value(account, row, name, path, may)
    if rest and isinstance(value, dict):
        _expand(account, value, rest, path, may)


def _value(account: Account, row: Json, name: str, path: str, may: May) -> Any:
    """What stands in the place of a field. A charge's `dispute` is in no document of Stripe's, and yet is given."""
    if row.get("object") == "charge" and name == "dispute":
        may("disputes")
        found = [one for one in account.rows("dispute") if one["charge"] == row["id"]]
        return _copy(found[0]) if found else None
    if row.get("object") == "charge" and name == "refunds":
        may("refunds")
        rows = [_copy(one) for one in newest_first(account.rows("refund")) if one["charge"] == row["id"]]
        return {**row["refunds"], "data": rows[:LIMIT], "has_more": len(rows) > LIMIT}
    kind = _INTO.get(str(row.get("object")), {}).get(name)
    if kind is None and not (name.endswith("balance_transaction") and name in row):
        raise Failure(400, f"This property cannot be expanded ({path[:200]}).")
    if kind is not None:
        may(f"{kind}s")
    value = row.get(name)
    if kind is None or not isinstance(value, str):
        return value
    return _copy(account.get(kind, value))


def _copy(row: Json) -> Json:
    copy: Json = msgspec.json.decode(msgspec.json.encode(row))
    return copy
