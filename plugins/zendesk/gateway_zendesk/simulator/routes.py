"""The paths of a simulated account's API beside its exports, and what each answers."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from gateway.plugin import DAY_MS
from gateway_zendesk.simulator import exports, subscriptions, views
from gateway_zendesk.simulator.answers import (
    Refusal,
    bad_page,
    forbidden,
    included,
    invalid,
    listed,
    no_endpoint,
    no_record,
    number,
    reply,
)
from gateway_zendesk.simulator.api import Api
from gateway_zendesk.simulator.people import (
    ADMIN,
    brands_json,
    custom_statuses_json,
    fields_json,
    groups_json,
    organizations_json,
    user_json,
)
from gateway_zendesk.simulator.ticket import Json, Ticket, second

Handler = Callable[..., Awaitable[web.Response]]
ARCHIVED_AFTER_MS: Final = 120 * DAY_MS
"""A closed ticket is in no list any more; the export still has it."""

MANY_MAX: Final = 100
AUDITS_MAX: Final = 1_000
_SORTS: Final[dict[str, Callable[[Ticket], Any]]] = {
    "id": lambda row: row.id,
    "updated_at": lambda row: (row.updated, row.id),
    "status": lambda row: (row.status, row.id),
}
MAX_ID: Final = 10**18


async def me(api: Api, request: web.Request) -> web.Response:
    """`users/me` answers strangers too, as nobody."""
    known = api.doorman.scope_of(request) is not None
    nobody = {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
    return reply({"user": user_json(api.account.users[ADMIN], api.base(request)) if known else nobody})


async def user(api: Api, request: web.Request, id: str) -> web.Response:
    """One person."""
    found = api.account.users.get(int(id))
    if found is None:
        raise no_record()
    return reply({"user": user_json(found, api.base(request))})


async def users(api: Api, request: web.Request) -> web.Response:
    """Everybody."""
    rows = [*api.account.users.values()]
    return reply(_page(api, request, "users", rows, lambda row: user_json(row, api.base(request))))


async def users_many(api: Api, request: web.Request) -> web.Response:
    """The people of these ids who are known."""
    found = [user_json(row, api.base(request)) for row in api.account.people(_ids(request))]
    return reply({"users": found, "next_page": None, "previous_page": None, "count": len(found)})


async def requested(api: Api, request: web.Request, id: str) -> web.Response:
    """The tickets that somebody wrote."""
    if int(id) not in api.account.users:
        raise no_record()
    return reply(_tickets_page(api, request, [row for row in _listable(api) if row.requester == int(id)]))


async def ticket(api: Api, request: web.Request, id: str) -> web.Response:
    """One ticket."""
    found, wanted, base = _found(api, id), included(request), api.base(request)
    shown = {**views.ticket_json(found, base), **views.within(api.account, found, wanted)}
    beside = views.sideloads(api.account, [found], wanted, base)
    return reply({"ticket": shown, **beside, **api.beside(request, wanted)})


async def tickets(api: Api, request: web.Request) -> web.Response:
    """The tickets that are there, without what is archived."""
    return reply(_tickets_page(api, request, _listable(api)))


async def tickets_many(api: Api, request: web.Request) -> web.Response:
    """The tickets of these ids that are there."""
    found = [row for id in _ids(request) if (row := api.account.ticket(id)) is not None and not row.gone]
    base = api.base(request)
    rows = [views.ticket_json(row, base) for row in found]
    beside = views.sideloads(api.account, found, included(request), base)
    return reply({"tickets": rows, **beside, "next_page": None, "previous_page": None, "count": len(rows)})


async def audits(api: Api, request: web.Request, id: str) -> web.Response:
    """The log of a ticket."""
    log = api.account.whole(_found(api, id).id).log or []
    answer, page = listed(
        request,
        api.base(request),
        "audits",
        log,
        lambda audit: views.audit_json(api.account, audit),
        lambda audit: int(audit["id"]),
        api.audits_page_size,
    )
    if "users" in included(request):
        ids = [who for audit in page for who in (audit["author_id"], *(e.get("author_id") for e in audit["events"]))]
        answer["users"] = [user_json(user, api.base(request)) for user in api.account.people(ids)]
    return reply(answer)


async def all_audits(api: Api, request: web.Request) -> web.Response:
    """The logs of all tickets that are not archived, the newest first."""
    size = min(max(1, number(request, "limit", AUDITS_MAX)), AUDITS_MAX)
    before = number(request, "cursor", MAX_ID)
    logs = (api.account.whole(row.id).log or [] for row in _listable(api))
    rows = sorted((audit for log in logs for audit in log if audit["id"] < before), key=lambda audit: -audit["id"])
    page = [views.audit_json(api.account, audit) for audit in rows[:size]]
    older = str(page[-1]["id"]) if page else None
    url = f"{api.base(request)}{request.path}?limit={size}&cursor={older}"
    more = len(rows) > size
    links = {"before_url": url if more else None, "before_cursor": older if more else None}
    return reply({"audits": page, "after_url": None, "after_cursor": None, **links})


async def comments(api: Api, request: web.Request, id: str) -> web.Response:
    """What was written."""
    rows = views.comments_json(api.account, api.account.whole(_found(api, id).id))
    answer = _page(api, request, "comments", rows, lambda row: row)
    if "users" in included(request):
        people = api.account.people(row["author_id"] for row in answer["comments"])
        answer["users"] = [user_json(user, api.base(request)) for user in people]
    return reply(answer)


async def conversation(api: Api, request: web.Request, id: str) -> web.Response:
    """What was said, in conversations too; where the plan has them."""
    if "plan" in api.faults:
        raise no_endpoint()
    rows = views.conversation_json(api.account, api.account.whole(_found(api, id).id))
    ids = {row["id"]: place for place, row in enumerate(rows, 1)}
    answer, _ = listed(request, api.base(request), "events", rows, lambda row: row, lambda row: ids[row["id"]])
    return reply(answer)


async def metrics(api: Api, request: web.Request) -> web.Response:
    """How long things took, of the tickets that are there."""
    base = api.base(request)
    rows = _listable(api)
    answer, _ = listed(
        request,
        base,
        "ticket_metrics",
        rows,
        lambda row: views.metric_json(api.account.whole(row.id), base),
        lambda row: row.id,
    )
    return reply(answer)


async def metric(api: Api, request: web.Request, id: str) -> web.Response:
    """How long a ticket took."""
    found = api.account.whole(_found(api, id).id)
    return reply({"ticket_metric": views.metric_json(found, api.base(request))})


async def ratings(api: Api, request: web.Request) -> web.Response:
    """What customers think, where the plan asks them."""
    if "plan" in api.faults:
        raise forbidden()
    rows = [row for row in _listable(api, archived=True) if row.rating is not None]
    return reply(
        _page(api, request, "satisfaction_ratings", rows, lambda row: views.rating_json(row, api.base(request)))
    )


async def suspended(api: Api, request: web.Request) -> web.Response:
    """Mails that are no tickets yet."""
    return reply(_page(api, request, "suspended_tickets", api.account.suspended, lambda row: row))


async def deleted(api: Api, request: web.Request) -> web.Response:
    """The deleted tickets whose content is there still."""
    rows = [row for id in api.account.ids() if (row := api.account.ticket(id)) and row.gone and not row.scrubbed]
    shown = [
        {
            "id": row.id,
            "subject": row.subject,
            "description": row.description,
            "actor": {"id": 0, "name": "Agnes Agent"},
            "deleted_at": second(row.updated),
            "previous_state": row.before_deletion,
        }
        for row in rows
    ]
    return reply(_page(api, request, "deleted_tickets", shown, lambda row: row))


async def directory(api: Api, request: web.Request, name: str) -> web.Response:
    """Groups, organizations, brands and fields."""
    base, at = api.base(request), api.account.created
    rows = {
        "groups": groups_json,
        "organizations": organizations_json,
        "brands": brands_json,
        "ticket_fields": fields_json,
    }[name](base, at)
    return reply(_page(api, request, name, rows, lambda row: row))


async def custom_statuses(api: Api, request: web.Request) -> web.Response:
    """The statuses that agents choose from, where the plan has them."""
    if "plan" in api.faults:
        raise no_endpoint()
    return reply({"custom_statuses": custom_statuses_json(api.account.created)})


async def nothing(api: Api, request: web.Request, name: str) -> web.Response:
    """A list that is empty here."""
    key = {"slas/policies": "sla_policies", "search": "results"}.get(name, name.rpartition("/")[2])
    return reply(_page(api, request, key, [], lambda row: row))


async def account_settings(api: Api, request: web.Request) -> web.Response:
    """What is on in this account, as far as anybody asks."""
    tickets = {"list_newest_comments_first": True, "has_color_text": True, "is_first_comment_private_enabled": True}
    features = {"customer_satisfaction": True, "organization_access_enabled": True}
    return reply({"settings": {"tickets": tickets, "active_features": features}})


async def incremental_sample(api: Api, request: web.Request, name: str) -> web.Response:
    """A few rows of an export."""
    return await exports.sample(api, request, name)


def _ids(request: web.Request) -> list[int]:
    given = request.query.get("ids", "").split(",")
    if len(given) > MANY_MAX:
        raise Refusal(400, {"error": "TooManyValues", "description": "Too many values in ids", "max_count": MANY_MAX})
    try:
        return [int(id) for id in given]
    except ValueError:
        raise invalid("ids are no numbers") from None


def _found(api: Api, id: str) -> Ticket:
    found = api.account.ticket(int(id))
    if found is None or found.gone:
        raise no_record()
    return found


def _listable(api: Api, *, archived: bool = False) -> list[Ticket]:
    now = api.now()
    rows = (api.account.ticket(id) for id in api.account.ids())
    return [
        row
        for row in rows
        if row is not None
        and not row.gone
        and (archived or row.status != "closed" or now - row.updated < ARCHIVED_AFTER_MS)
    ]


def _tickets_page(api: Api, request: web.Request, rows: list[Ticket]) -> Json:
    """A page of these tickets, by their ids or in the order that is asked for."""
    base, wanted = api.base(request), included(request)
    sort = request.query.get("sort", "id")
    if sort.removeprefix("-") not in _SORTS:
        raise bad_page("sort is not one of updated_at, id, status")
    rows = sorted(rows, key=_SORTS[sort.removeprefix("-")], reverse=sort.startswith("-"))
    # By its id a row is found again whatever became of those before it; in another order its place is all there is.
    places = {row.id: row.id if sort == "id" else place for place, row in enumerate(rows, 1)}
    answer, page = listed(
        request, base, "tickets", rows, lambda row: views.ticket_json(row, base), lambda row: places[row.id]
    )
    return {**answer, **views.sideloads(api.account, page, wanted, base), **api.beside(request, wanted)}


def _page(api: Api, request: web.Request, name: str, rows: list[Any], shown: Callable[[Any], Json]) -> Json:
    def id_of(row: Any) -> int:
        return int(row["id"] if isinstance(row, dict) else row.id)

    answer, _ = listed(request, api.base(request), name, rows, shown, id_of)
    return answer


_EMPTY: Final = (
    "macros|tags|ticket_forms|group_memberships|slas/policies|user_fields|organization_fields|search|"
    "channels/voice/phone_numbers"
)
"""Lists of which this account has nothing; its search finds nothing either."""

ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", r"incremental/tickets/cursor", exports.tickets_by_cursor),
    ("GET", r"incremental/users/cursor", exports.users_by_cursor),
    ("GET", r"incremental/(?P<name>[a-z]+)/sample", incremental_sample),
    ("GET", r"incremental/tickets", exports.tickets_by_time),
    ("GET", r"incremental/users", exports.users_by_time),
    ("GET", r"incremental/organizations", exports.organizations_by_time),
    ("GET", r"incremental/ticket_events", exports.ticket_events_by_time),
    ("GET", r"incremental/ticket_metric_events", exports.metric_events_by_time),
    ("GET", r"users/me", me),
    ("GET", r"users/show_many", users_many),
    ("GET", r"users/(?P<id>\d{1,18})/tickets/requested", requested),
    ("GET", r"users/(?P<id>\d{1,18})", user),
    ("GET", r"users", users),
    ("GET", r"tickets/show_many", tickets_many),
    ("GET", r"tickets/(?P<id>\d{1,18})/audits", audits),
    ("GET", r"tickets/(?P<id>\d{1,18})/comments", comments),
    ("GET", r"tickets/(?P<id>\d{1,18})/conversation_log", conversation),
    ("GET", r"tickets/(?P<id>\d{1,18})/metrics", metric),
    ("GET", r"tickets/(?P<id>\d{1,18})", ticket),
    ("GET", r"tickets", tickets),
    ("GET", r"ticket_audits", all_audits),
    ("GET", r"ticket_metrics", metrics),
    ("GET", r"satisfaction_ratings", ratings),
    ("GET", r"suspended_tickets", suspended),
    ("GET", r"deleted_tickets", deleted),
    ("GET", r"(?P<name>groups|organizations|brands|ticket_fields)", directory),
    ("GET", r"custom_statuses", custom_statuses),
    ("GET", rf"(?P<name>{_EMPTY})", nothing),
    ("GET", r"account/settings", account_settings),
    ("GET", r"webhooks", subscriptions.every),
    ("POST", r"webhooks", subscriptions.add),
    ("GET", r"webhooks/(?P<id>\w{1,64})/signing_secret", subscriptions.signing_secret),
    ("*", r"webhooks/(?P<id>\w{1,64})", subscriptions.one),
)
"""Method, path behind /api/v2/, and who answers."""
