"""An organisation of Salesforce's: cases by query and by bulk job, put together from bytes that are made once. Pure.

Pages of a query have 2,000 rows, those of a job's results 10,000. A job is over when it is first asked for. Nothing is
in the recycle bin. A query that isn't known is refused as Salesforce refuses what it can't read.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from bench.sync.matters import changed_s
from bench.sync.salesforce.cases import COLUMNS, RELATED, STATUSES, VERSION, case
from bench.sync.salesforce.soql import Query, Unknown, read
from bench.sync.shape import numbers
from bench.sync.site import Answer

PAGE, RESULTS = 2_000, 10_000
EVERYTHING = f"SELECT {', '.join((*COLUMNS['Case'], *RELATED))} FROM Case ORDER BY SystemModstamp, Id"
ROOT = f"/services/data/v{VERSION}"
_PATH = re.compile(r"/services/data/v\d+\.0/(.+)")
_LOCATOR = re.compile(r"(0r8\d{15})-(\d+)")
_NEXT = re.compile(rb'"nextRecordsUrl":"([^"]+)"')
_STATUSES = [
    {"attributes": {"type": "CaseStatus"}, "ApiName": name, "MasterLabel": name, "IsClosed": closed}
    for name, (_, closed) in STATUSES.items()
]


class Org:
    """An organisation with so many cases; `base` is its address."""

    def __init__(self, tickets: int, base: str) -> None:
        self._base = base
        self._stamps = [changed_s(number) for number in numbers(tickets)]
        self._cases = [case(number) for number in numbers(tickets)]
        self.ticket_bytes = sum(len(msgspec.json.encode(one)) for one in self._cases)
        self._made: dict[tuple[Callable[..., bytes], tuple[str, ...]], list[bytes]] = {}
        self._asked: list[Query] = []

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """What a request is answered with."""
        if path == "/services/oauth2/token":
            return _json(
                {"access_token": "bench", "token_type": "Bearer", "instance_url": "https://bench.my.salesforce.com"}
            )
        found = _PATH.fullmatch(path)
        match found[1].rstrip("/").split("/") if found else []:
            case ["query" | "queryAll"]:
                return self._query(query.get("q", ""))
            case ["query" | "queryAll", locator]:
                return self._page(locator)
            case ["jobs", "query", *rest]:
                return self._job(method, rest, query, body)
            case ["sobjects"]:
                return _json({"sobjects": [_described(name, {}) for name in COLUMNS]})
            case ["sobjects", name, "describe"] if name in COLUMNS:
                return _json(_described(name, COLUMNS[name]))
        return _refused(404, "NOT_FOUND", "The requested resource does not exist")

    def _query(self, text: str) -> Answer:
        if " FROM CaseStatus" in text:
            return _json({"totalSize": len(_STATUSES), "done": True, "records": _STATUSES})
        try:
            asked = read(text, self._stamps)
        except Unknown as error:
            return _refused(400, "MALFORMED_QUERY", str(error))
        self._asked.append(asked)
        return self._page(f"{_locator(len(self._asked))}-0")

    def _page(self, locator: str) -> Answer:
        found = _LOCATOR.fullmatch(locator)
        if found is None or not 0 < int(found[1][3:]) <= len(self._asked):
            return _refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        asked, skipped = self._asked[int(found[1][3:]) - 1], int(found[2])
        first = asked.first + skipped
        behind = min(first + PAGE, asked.behind)
        rows = self._rows(_as_json, asked.columns)[first:behind]
        last = behind == asked.behind
        head = {"totalSize": asked.behind - asked.first, "done": last}
        following = {} if last else {"nextRecordsUrl": f"{ROOT}/query/{found[1]}-{skipped + PAGE}"}
        begins = msgspec.json.encode({**head, **following})[:-1]
        return Answer(begins + b',"records":[' + b",".join(rows) + b"]}", len(rows))

    def _job(self, method: str, path: Sequence[str], query: Mapping[str, str], body: bytes) -> Answer:
        """A job of the Bulk API 2.0: made, looked at, its results, and forgotten."""
        if method == "POST" and not path:
            try:
                self._asked.append(read(json.loads(body)["query"], self._stamps))
            except Unknown as error:
                return _refused(400, "MALFORMED_QUERY", str(error))
            return _json(_told(_locator(len(self._asked)), "UploadComplete"))
        match [method, *path]:
            case ["GET", id]:
                return _json(_told(id, "JobComplete"))
            case ["GET", id, "results"]:
                return self._results(self._asked[int(id[3:]) - 1], int(query.get("locator", "0")))
        return Answer(b"", status=204)

    def _results(self, asked: Query, skipped: int) -> Answer:
        first = asked.first + skipped
        behind = min(first + RESULTS, asked.behind)
        rows = self._rows(_as_csv, asked.columns)[first:behind]
        last = behind == asked.behind
        headers = {
            "Content-Type": "text/csv; charset=UTF-8",
            "Sforce-Locator": "null" if last else str(skipped + RESULTS),
            "Sforce-NumberOfRecords": str(len(rows)),
        }
        return Answer(_line(asked.columns) + b"".join(rows), len(rows), headers=headers)

    def _rows(self, write: Callable[..., bytes], columns: tuple[str, ...]) -> list[bytes]:
        """All cases with these columns: made when they are first asked for, before a reader's time begins."""
        made = self._made.get((write, columns))
        if made is None:
            made = self._made[write, columns] = [write(one, columns) for one in self._cases]
        return made


def following(target: str, body: bytes, headers: Mapping[str, str]) -> str | None:
    """The page behind one of a query."""
    found = _NEXT.search(body, 0, 300)
    return None if found is None else found[1].decode()


def _as_json(one: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    shown: dict[str, Any] = {"attributes": one["attributes"]}
    for column in columns:
        name, _, of = column.partition(".")
        if not of or one[name] is None:
            shown[name] = one[name]
        else:
            shown.setdefault(name, {"attributes": one[name]["attributes"]})[of] = one[name][of]
    return msgspec.json.encode(shown)


def _as_csv(one: Mapping[str, Any], columns: Sequence[str]) -> bytes:
    return _line([_cell(one[column]) for column in columns])


def _cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _line(cells: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return written.getvalue().encode()


def _locator(number: int) -> str:
    return f"0r8{number:015d}"


def _told(id: str, state: str) -> dict[str, Any]:
    return {"id": id, "operation": "queryAll", "object": "Case", "state": state, "contentType": "CSV"}


def _described(name: str, columns: Mapping[str, str]) -> dict[str, Any]:
    fields = [{"name": column, "type": type, "nillable": column != "Id"} for column, type in columns.items()]
    return {"name": name, "queryable": True, "customSetting": False, "fields": fields}


def _json(content: object) -> Answer:
    return Answer(msgspec.json.encode(content))


def _refused(status: int, code: str, words: str) -> Answer:
    return Answer(msgspec.json.encode([{"errorCode": code, "message": words}]), status=status)
