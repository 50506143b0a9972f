"""What is asked of Zendesk's API: the cursor export, one ticket with its log, and who we are to it.

Laws. The export is the truth that webhooks run ahead of: rows come by `generated_timestamp`, never filtered by
`updated_at`. A cursor is Zendesk's own and is never built here. Everything that fails is a VendorError.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gateway.plugin import (
    SECOND_MS,
    BadPayload,
    Finding,
    Instant,
    Page,
    Permanent,
    Record,
    Ref,
    Stream,
    Transient,
    VendorError,
    VendorHttp,
    read_json,
)
from gateway_zendesk.reading import ID_DIGITS_MAX

EXPORT: Final = "/api/v2/incremental/tickets/cursor"
LAG_S: Final = 60
"""The most recent minute is missing from the export, and a start within it is refused."""

AUDITS_PER_PAGE: Final = 100
AUDIT_PAGES_MAX: Final = 200
_USER_KEYS = ("id", "name", "email", "phone", "role", "locale", "verified")
_FROM_START, _FROM_CURSOR = "start:", "cursor:"


async def pull_tickets(http: VendorHttp, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of the export. Our cursor: `cursor:` and Zendesk's, or `start:` and seconds before there is one."""
    params: dict[str, str | int] = {"support_type_scope": "all", "include": "users"}
    if cursor is not None and cursor.startswith(_FROM_CURSOR):
        params["cursor"] = cursor.removeprefix(_FROM_CURSOR)
    else:
        cursor = cursor or f"{_FROM_START}{_first_start(stream, now)}"
        params["start_time"] = cursor.removeprefix(_FROM_START)
    page = _object((await http.get(EXPORT, params)).json())
    users = {user["id"]: user for user in _listed(page.get("users")) if isinstance(user.get("id"), int)}
    records = [_row(stream.name, row, users, now) for row in _listed(page.get("tickets"))]
    more, after = page.get("end_of_stream") is False, page.get("after_cursor")
    if isinstance(after, str) and after:
        cursor = f"{_FROM_CURSOR}{after}"
    elif more:
        raise Transient("the export says that there is more, but not where")
    return Page(records, cursor, more)


def _first_start(stream: Stream, now: int) -> int:
    return max(0, now // SECOND_MS - max(int(stream.backfill_s), LAG_S + 1))


def _row(stream: str, row: dict[str, Any], users: Mapping[int, Mapping[str, Any]], now: int) -> Record:
    id, version = row.get("id"), row.get("generated_timestamp")
    key = f"{id}:{version}" if isinstance(id, int) and isinstance(version, int) else None
    named = dict.fromkeys(user for key in ("requester_id", "submitter_id") if isinstance(user := row.get(key), int))
    body = msgspec.json.encode({"ticket": row, "users": _trimmed(users[user] for user in named if user in users)})
    return Record(body=body, form="row", key=key, stream=stream, received_at=Instant(now))


async def fetch_ticket(http: VendorHttp, ref: Ref, now: int) -> Sequence[Record]:
    """A ticket with its users, and its log page by page; nothing if it is gone."""
    if ref.kind != "ticket" or not (ref.id.isascii() and ref.id.isdigit()):
        return []
    path = f"/api/v2/tickets/{ref.id}"
    try:
        answer = _object((await http.get(f"{path}.json", {"include": "users"})).json())
        ticket, users = _object(answer.get("ticket")), _trimmed(_listed(answer.get("users")))
        records = [_fetched({"ticket": ticket, "users": users}, now)]
        turn: dict[str, str | int] | None = {}
        for _ in range(AUDIT_PAGES_MAX):
            if turn is None:
                return records
            params = {"page[size]": AUDITS_PER_PAGE, "include": "users", **turn}
            page = _object((await http.get(f"{path}/audits.json", params)).json())
            known = {user["id"]: user for user in users} | {user["id"]: user for user in _users(page)}
            log = {
                "audits": [_ids_as_numbers(audit) for audit in _listed(page.get("audits"))],
                "users": [*known.values()],
            }
            records.append(_fetched({**log, "requester_id": ticket.get("requester_id")}, now))
            turn = _next(page, turn)
    except Permanent as error:
        if error.status == 404 and _error_name(error.body) == "RecordNotFound":
            return []
        raise
    raise Permanent(f"the log of ticket {ref.id} has more than {AUDIT_PAGES_MAX} pages")


async def findings(http: VendorHttp, *, signed: bool) -> list[Finding]:
    """Who we are to Zendesk, and whether that suffices."""
    hook = (
        Finding(True, "webhooks are verified")
        if signed
        else Finding(
            False, "no webhook is accepted", "set webhook_secret to the signing secret of the webhook in Zendesk"
        )
    )
    try:
        user = _object((await http.get("/api/v2/users/me.json")).json()).get("user")
    except VendorError as error:
        return [Finding(False, str(error), "check the credentials and base_url"), hook]
    # Without credentials Zendesk answers 200 as well, as somebody without an id.
    if not isinstance(user, dict) or user.get("id") is None:
        return [Finding(False, "Zendesk doesn't know who we are", "set client_id and client_secret"), hook]
    if user.get("role") != "admin":
        return [Finding(False, "the account is no administrator's", "the export needs an administrator's token"), hook]
    return [Finding(True, "the account is an administrator's"), hook]


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Transient("the vendor answered JSON of another shape than its API has")
    return value


def _listed(value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Transient("the vendor answered JSON of another shape than its API has")
    return [_object(item) for item in value]


def _ids_as_numbers(audit: dict[str, Any]) -> dict[str, Any]:
    """The log writes the id that a field was set to as text, under the key of any text: as a number it stays an id."""
    for entry in _listed(audit.get("events")):
        if str(entry.get("field_name")).endswith("_id"):
            for key in ("value", "previous_value"):
                value = entry.get(key)
                if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
                    entry[key] = int(value)
    return audit


def _users(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _trimmed(_listed(page.get("users")))


def _trimmed(users: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Users with what is needed of them, and no more of a person than that."""
    return [{key: user[key] for key in _USER_KEYS if key in user} for user in users if isinstance(user.get("id"), int)]


def _next(page: Mapping[str, Any], turn: Mapping[str, str | int]) -> dict[str, str | int] | None:
    """How to ask for the page behind this one; None if it is the last.

    Pages are turned by cursor, or by number where Zendesk still does so. Its links aren't followed: behind a proxy they
    lead past it.
    """
    meta = page.get("meta")
    if isinstance(meta, dict):
        after = meta.get("after_cursor")
        return {"page[after]": after} if meta.get("has_more") is True and isinstance(after, str) and after else None
    return {"page": int(turn.get("page", 1)) + 1} if page.get("next_page") else None


def _fetched(content: Mapping[str, Any], now: int) -> Record:
    return Record(body=msgspec.json.encode(content), form="fetched", received_at=Instant(now))


def _error_name(body: bytes) -> str | None:
    """The name of an error, from any of the shapes in which Zendesk tells it."""
    try:
        error = read_json(body)
    except BadPayload:
        return None
    name = error.get("error") if isinstance(error, dict) else None
    return name if isinstance(name, str) else None
