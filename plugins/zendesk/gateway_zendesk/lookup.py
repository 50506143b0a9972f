"""Looking one thing up: a ticket with its log and conversation, or the open tickets of a user who has changed.

Laws. What is gone gives nothing. A version is told only when its second is over: until then the object may change and
keep it. What an account hasn't got is noted, and done without.
"""

from collections.abc import Sequence
from typing import Any, Final

from gateway.plugin import BadPayload, Permanent, Record, Ref, VendorError, VendorHttp
from gateway_zendesk.api import an_object, ask, fetched, has_more, is_gone, is_not_available, objects, pages, trimmed
from gateway_zendesk.names import Names
from gateway_zendesk.reading import ID_DIGITS_MAX, is_settled, moment
from gateway_zendesk.words import ended

AUDIT_PAGES_MAX: Final = 200
CONVERSATION_PAGES_MAX: Final = 200
USER_PAGES_MAX: Final = 10
"""Pages of a user's tickets that are looked through: the latest thousand."""

CONVERSATIONS: Final = "the conversation log of messaging tickets"
REQUESTED: Final = "the tickets that a user requested"


class Look:
    """Looks things up in one account; `lacking` gathers what the account hasn't got, in words."""

    def __init__(self, http: VendorHttp, names: Names, lacking: set[str]) -> None:
        self._http, self._names, self._lacking = http, names, lacking

    async def up(self, ref: Ref, now: int) -> Sequence[Record]:
        """What a ref names, as records; nothing if it is gone, or names nothing of ours."""
        if not (ref.id.isascii() and ref.id.isdigit()):
            return []
        try:
            if ref.kind == "ticket":
                return await self._ticket(ref.id, now)
            return await self._user(ref.id, now) if ref.kind == "user" else []
        except Permanent as error:
            if is_gone(error):
                return []
            if ref.kind == "user" and is_not_available(error):
                self._lacking.add(REQUESTED)
                return []
            raise

    async def _ticket(self, id: str, now: int) -> list[Record]:
        path = f"/api/v2/tickets/{id}"
        answer = await ask(self._http, f"{path}.json", {"include": "users"})
        ticket, users = an_object(answer.get("ticket")), trimmed(objects(answer.get("users")))
        named = await self._names.of_tickets(self._http, [ticket], now)
        whole = _with({"ticket": ticket, "users": users}, named)
        records = [fetched(whole, now, _version(ticket, now))]
        page: dict[str, Any] = {}
        async for page in pages(self._http, f"{path}/audits.json", {"include": "users"}, at_most=AUDIT_PAGES_MAX):
            audits = [_ids_as_numbers(audit) for audit in objects(page.get("audits"))]
            known = {user["id"]: user for user in users} | {
                user["id"]: user for user in trimmed(objects(page.get("users")))
            }
            log = {"audits": audits, "users": [*known.values()], "requester_id": ticket.get("requester_id")}
            records.append(fetched(_with(log, await self._names.of_log(self._http, audits, now)), now))
        if has_more(page):
            raise Permanent(f"the log of ticket {id} has more than {AUDIT_PAGES_MAX} pages")
        if ticket.get("from_messaging_channel") is True:
            records += await self._conversation(ticket, users, path, now)
        return records

    async def _conversation(
        self, ticket: dict[str, Any], users: list[dict[str, Any]], path: str, now: int
    ) -> list[Record]:
        records: list[Record] = []
        page: dict[str, Any] = {}
        beside = {"users": users, "requester_id": ticket.get("requester_id"), "ticket_id": ticket.get("id")}
        try:
            async for page in pages(self._http, f"{path}/conversation_log.json", at_most=CONVERSATION_PAGES_MAX):
                records.append(fetched({"conversation": objects(page.get("events")), **beside}, now))
        except VendorError as error:
            if is_not_available(error):
                self._lacking.add(CONVERSATIONS)
            elif not is_gone(error):
                raise
            return []
        self._lacking.discard(CONVERSATIONS)
        if has_more(page):
            raise Permanent(f"the conversation of {path} has more than {CONVERSATION_PAGES_MAX} pages")
        return records

    async def _user(self, id: str, now: int) -> list[Record]:
        """A user, and which of their tickets haven't ended."""
        requested: list[int] = []
        user: dict[str, Any] | None = None
        path, params = f"/api/v2/users/{id}/tickets/requested.json", {"include": "users", "sort": "-updated_at"}
        async for page in pages(self._http, path, params, at_most=USER_PAGES_MAX):
            people = trimmed(objects(page.get("users")), "active", "updated_at")
            user = user or next((one for one in people if str(one["id"]) == id), None)
            requested += [ticket["id"] for ticket in objects(page.get("tickets")) if user and _knows_less(ticket, user)]
        if user is None or not requested:
            return []
        content = {"user": user, "requested": list(dict.fromkeys(requested))}
        return [fetched(content, now, _version(user, now))]


def _version(thing: dict[str, Any], now: int) -> int | None:
    """When a thing was last changed, if nothing can change in that second any more."""
    try:
        changed = moment(thing, "updated_at")
    except BadPayload:
        return None
    return int(changed) if changed is not None and is_settled(changed, now) else None


def _knows_less(ticket: dict[str, Any], user: dict[str, Any]) -> bool:
    """Whether a ticket is open, and older than what its requester looks like now."""
    if not isinstance(ticket.get("id"), int) or ended(ticket.get("status")):
        return False
    try:
        opened, changed = moment(ticket, "created_at"), moment(user, "updated_at")
    except BadPayload:
        return False
    return opened is not None and changed is not None and opened < changed


def _with(content: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    return {**content, "names": named} if named else content


def _ids_as_numbers(audit: dict[str, Any]) -> dict[str, Any]:
    """The log writes the id that a field was set to as text, under the key of any text: as a number it stays an id."""
    for entry in objects(audit.get("events")):
        if str(entry.get("field_name")).endswith("_id"):
            for key in ("value", "previous_value"):
                value = entry.get(key)
                if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
                    entry[key] = int(value)
    return audit
