"""The paths of a simulated org's REST API, and what each answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from gateway.plugin import MINUTE_MS, parse_instant
from gateway_salesforce.simulator import writing
from gateway_salesforce.simulator.answers import Refusal, bad_query, not_found, refusal, reply
from gateway_salesforce.simulator.api import PAGE_MAX, PAGE_MIN, Api
from gateway_salesforce.simulator.finding import plain
from gateway_salesforce.simulator.ids import as_long
from gateway_salesforce.simulator.org import Row
from gateway_salesforce.simulator.schema import Json, Object
from gateway_salesforce.simulator.soql import Comparison, Literal, Path, Query, SoqlError, parse

VERSIONS: Final = range(50, 69)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: of which version of the API, by which session."""

    api: Api
    request: web.Request
    version: str
    session: str

    @property
    def base(self) -> str:
        """What paths of this version begin with."""
        return f"/services/data/{self.version}"


Handler = Callable[..., Awaitable[web.Response]]


def versions() -> list[Json]:
    """The versions of the API."""
    return [
        {"label": f"Release {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in VERSIONS
    ]


async def resources(asked: Asked) -> web.Response:
    """What there is."""
    names = ("sobjects", "query", "queryAll", "limits")
    return reply({name: f"{asked.base}/{name}" for name in names})


async def limits(asked: Asked) -> web.Response:
    """What is allowed, and left."""
    daily = asked.api.daily
    return reply({"DailyApiRequests": {"Max": daily.most, "Remaining": max(0, daily.most - daily.used)}})


async def query(asked: Asked, all: str) -> web.Response:
    """The first page of a query; with `all` of the deleted rows too."""
    text = asked.request.query.get("q", "")
    if not text:
        raise refusal(400, "MALFORMED_QUERY", "A query string has to be specified")
    api = asked.api
    api.org.read = True
    try:
        wanted = parse(text)
        slow = "query_timeout" in api.faults
        seeker = api.seeker(asked.version, asked.session)
        found = seeker.find(wanted, everything=bool(all), spans=slow)
    except SoqlError as error:
        raise bad_query(error) from None
    if found.span is not None and found.span > api.timeout_ms:
        raise refusal(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
    if wanted.count:
        return reply({"totalSize": len(found.rows), "done": True, "records": []})
    return reply(api.first(found, asked.session, asked.version, _size(asked)))


async def more(asked: Asked, locator: str) -> web.Response:
    """The next page of a query."""
    return reply(asked.api.next(locator, asked.session, _size(asked)))


async def every_object(asked: Asked) -> web.Response:
    """What objects there are."""
    schema = asked.api.schema
    found = (schema.object(name) for name in schema.names())
    told = [schema.brief(object, asked.base) for object in found if object is not None]
    return reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": told})


async def describe(asked: Asked, name: str) -> web.Response:
    """All about one object."""
    return reply(asked.api.schema.describe(object_of(asked, name), asked.base))


async def brief(asked: Asked, name: str) -> web.Response:
    """A little about one object."""
    return reply({"objectDescribe": asked.api.schema.brief(object_of(asked, name), asked.base), "recentItems": []})


async def row(asked: Asked, name: str, id: str) -> web.Response:
    """One row."""
    object = object_of(asked, name)
    found = _row(asked, object, id)
    seen = found.seen(asked.api.org.now())
    if seen is None or seen.get("IsDeleted"):
        raise not_found()
    asked.api.org.read = True
    given = asked.request.query.get("fields")
    fields: tuple[Path, ...] = tuple((one.name,) for one in asked.api.schema.fields(object))
    if given:
        fields = tuple(tuple(one.strip().split(".")) for one in given.split(","))
    wanted = Query(object.name, fields, Comparison(("Id",), "=", (Literal("text", found.id),)))
    try:
        rows = asked.api.seeker(asked.version, asked.session).find(wanted, everything=False)
    except SoqlError as error:
        raise bad_query(error) from None
    return reply(rows.told(rows.rows[0]))


async def create(asked: Asked, name: str) -> web.Response:
    """A new row."""
    return reply(await writing.create(asked.api, asked.request, object_of(asked, name)), 201)


async def update(asked: Asked, name: str, id: str) -> web.Response:
    """A row is changed."""
    object = object_of(asked, name)
    await writing.update(asked.api, asked.request, object, _row(asked, object, id))
    return web.Response(status=204)


async def delete(asked: Asked, name: str, id: str) -> web.Response:
    """A row is deleted."""
    object = object_of(asked, name)
    writing.delete(asked.api, object, _row(asked, object, id))
    return web.Response(status=204)


async def updated(asked: Asked, name: str) -> web.Response:
    """What was made or changed within a stretch of time, and is there still."""
    rows, _, end = _within(asked, object_of(asked, name), gone=False)
    return reply({"ids": [seen["Id"] for seen in rows], "latestDateCovered": plain("datetime", end)})


async def deleted(asked: Asked, name: str) -> web.Response:
    """What was deleted within a stretch of time."""
    object = object_of(asked, name)
    rows, start, end = _within(asked, object, gone=True)
    told = [{"id": seen["Id"], "deletedDate": plain("datetime", seen[object.stamp])} for seen in rows]
    oldest = plain("datetime", start)
    return reply({"deletedRecords": told, "earliestDateAvailable": oldest, "latestDateCovered": plain("datetime", end)})


def _within(asked: Asked, object: Object, *, gone: bool) -> tuple[list[Json], int, int]:
    """The rows that were changed last in the stretch of time that is asked for, and that stretch. Raises Refusal."""
    start, end = _instant(asked, "start"), _instant(asked, "end")
    if end - start < MINUTE_MS:
        raise refusal(400, "INVALID_REPLICATION_DATE", "startDate before endDate")
    now = asked.api.org.now()
    rows = [seen for one in asked.api.org.rows(object.name) if (seen := one.seen(now))]
    return [row for row in rows if bool(row.get("IsDeleted")) is gone and start <= row[object.stamp] < end], start, end


def object_of(asked: Asked, name: str) -> Object:
    """The object of a name. Raises Refusal."""
    found = asked.api.schema.object(name)
    if found is None or not found.prefix:
        raise not_found()
    return found


def _row(asked: Asked, object: Object, id: str) -> Row:
    known = as_long(id)
    found = None if known is None else asked.api.org.row(known)
    if found is None or found.object != object.name:
        raise not_found()
    if found.values.get("IsDeleted"):
        raise Refusal(404, [{"errorCode": "ENTITY_IS_DELETED", "message": "entity is deleted"}])
    return found


def _size(asked: Asked) -> int:
    """How many rows a page has: as asked for, but no more than the org has on one."""
    options = asked.request.headers.get("Sforce-Query-Options", "")
    _, _, given = options.replace(" ", "").partition("batchSize=")
    size = min(max(int(given), PAGE_MIN), PAGE_MAX) if given.isdigit() and len(given) < 6 else PAGE_MAX
    return min(size, asked.api.page_size)


def _instant(asked: Asked, name: str) -> int:
    try:
        return int(parse_instant(asked.request.query.get(name, "")))
    except ValueError:
        raise refusal(400, "INVALID_REPLICATION_DATE", f"{name} is no date") from None


_ID: Final = r"(?P<id>[A-Za-z0-9]{15}|[A-Za-z0-9]{18})"
_NAME: Final = r"sobjects/(?P<name>[A-Za-z_][A-Za-z0-9_]{0,80})"

ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", r"", resources),
    ("GET", r"limits", limits),
    ("GET", r"query(?P<all>All)?", query),
    ("GET", r"query(?:All)?/(?P<locator>[A-Za-z0-9-]{1,40})", more),
    ("GET", r"sobjects", every_object),
    ("GET", rf"{_NAME}/describe", describe),
    ("GET", rf"{_NAME}/deleted", deleted),
    ("GET", rf"{_NAME}/updated", updated),
    ("GET", _NAME, brief),
    ("POST", _NAME, create),
    ("GET", rf"{_NAME}/{_ID}", row),
    ("PATCH", rf"{_NAME}/{_ID}", update),
    ("DELETE", rf"{_NAME}/{_ID}", delete),
)
"""Method, path behind the version, and who answers."""
