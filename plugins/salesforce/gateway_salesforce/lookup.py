"""Looking one thing up: a case with all that hangs on it, a messaging session, or a voice call.

Laws. What is gone gives nothing; a case in the recycle bin is there, and says that it is deleted. All is asked for in
one query; what doesn't fit into it is read on behind the last id that it showed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.plugin import BadPayload, Permanent, Record, Ref, Transient
from gateway_salesforce.api import Api, an_object, fetched
from gateway_salesforce.children import BIRTH
from gateway_salesforce.reading import id18, needed_id
from gateway_salesforce.schema import Schema, closed_of
from gateway_salesforce.soql import (
    CALL,
    CASE,
    CHILDREN,
    EMAIL,
    HISTORY,
    LONG_ROWS_MAX,
    SESSION,
    Kind,
    children_query,
    one_query,
)

KINDS: Final[Mapping[str, Kind]] = {"case": CASE, "session": SESSION, "call": CALL}
PAGES_MAX: Final = 200
"""Pages of what hangs on one case."""

LEARNED_MAX: Final = 20
Rows = list[dict[str, Any]]


class Look:
    """Looks things up in one organisation."""

    def __init__(self, api: Api, schema: Schema) -> None:
        self._api, self._schema = api, schema

    async def up(self, ref: Ref, now: int) -> Sequence[Record]:
        """What a ref names, as records; nothing if it is gone, or names nothing of ours. Raises VendorError."""
        kind = KINDS.get(ref.kind)
        try:
            id = id18(ref.id, "the id")
        except BadPayload:
            return []
        if kind is None:
            return []
        for _ in range(LEARNED_MAX):
            try:
                return await self._one(kind, id, now)
            except Permanent as error:
                if not self._schema.learns(kind, error):
                    raise
        raise Transient(f"{kind.object}: more than {LEARNED_MAX} columns that are described are not there")

    async def _one(self, kind: Kind, id: str, now: int) -> list[Record]:
        columns = await self._schema.own(kind, now)
        if columns is None:
            return []
        children: dict[str, list[str]] = {}
        for child in CHILDREN if kind is CASE else ():
            own = await self._schema.own(child, now)
            if own is not None:
                children[child.object] = own
        found = await self._api.query(one_query(kind, columns, id, children), deleted=kind is CASE)
        if not found.records:
            return []
        row = found.records[0]
        parts = [(child, row.pop(child.nested, None)) for child in CHILDREN if child.object in children]
        records = [fetched({"object": kind.object, "rows": [row]}, now)]
        for child, part in parts:
            rows = await self._whole(child, children[child.object], id, part)
            if rows:
                content: dict[str, Any] = {"object": child.object, "rows": rows}
                if child is EMAIL:
                    content["case"] = {name: row[name] for name in BIRTH if name in row}
                if child is HISTORY:
                    content["closed"] = closed_of(rows, await self._schema.closed(now))
                records.append(fetched(content, now))
        return records

    async def _whole(self, child: Kind, columns: Sequence[str], case: str, part: Any) -> Rows:
        """What hangs on a case, of which its own query showed a part."""
        if part is None:
            return []
        rows, done = _rows(an_object(part))
        found = list(rows)
        for _ in range(PAGES_MAX):
            if done and len(rows) < LONG_ROWS_MAX:
                return found
            try:
                after = needed_id(rows[-1], "Id") if rows else ""
            except BadPayload:
                after = ""
            if not after:
                raise Transient(f"{child.object}: Salesforce says that there is more, and not behind what")
            rows, done = await self._api.query(children_query(child, columns, case, after))
            found += rows
        raise Permanent(f"a case has more than {PAGES_MAX} pages of {child.object}")


def _rows(part: Mapping[str, Any]) -> tuple[Rows, bool]:
    """The rows of what stands inside a row, and whether they are all."""
    records, done = part.get("records"), part.get("done")
    if not isinstance(records, list) or not isinstance(done, bool):
        raise Transient("the vendor answered JSON of another shape than its API has")
    return [an_object(row) for row in records], done
