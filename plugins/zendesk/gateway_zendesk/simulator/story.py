"""What a perfect connector must say of a simulated account, told from the account's own log."""

from collections.abc import Iterator

from gateway.plugin import (
    ContactDeleted,
    ContactOpened,
    Customer,
    Event,
    MessageAdded,
    Person,
    Ref,
    Status,
    StatusChanged,
    parse_instant,
)
from gateway_zendesk.simulator.account import Account, Json
from gateway_zendesk.words import Medium

MEDIA: dict[str, tuple[str, Medium]] = {
    "email": ("mail", Medium("ticket", "email")),
    "web": ("web_form", Medium("ticket", "web")),
    "api": ("web_service", Medium("ticket", "api")),
    "voice": ("phone_call_inbound", Medium("call", "phone")),
    "chat": ("chat", Medium("chat", "chat")),
    "native_messaging": ("native_messaging", Medium("chat", "in_app")),
    "whatsapp": ("whatsapp", Medium("chat", "whatsapp")),
    "sms": ("sms", Medium("chat", "sms")),
    "twitter": ("twitter_dm", Medium("mention", "social")),
}
"""The channels that an account can have, by the API's word: the webhooks' word for it, and ours."""

_STATUSES: dict[str, Status] = {
    "new": "new",
    "open": "open",
    "pending": "pending",
    "hold": "on_hold",
    "solved": "solved",
    "closed": "closed",
}


def truth(account: Account) -> list[Event]:
    """The openings, comments, changes of status and deletions of every ticket that is not deleted, by ticket and time.

    Of a deleted ticket the API shows nothing any more: its opening and its end are all that can be known for sure.
    """
    return [event for ticket in account.tickets.values() for event in _of_ticket(account, ticket)]


def _of_ticket(account: Account, ticket: Json) -> Iterator[Event]:
    ref = Ref("ticket", str(ticket["id"]))
    _, medium = MEDIA[ticket["via"]["channel"]]
    yield ContactOpened(
        id=f"ticket:{ticket['id']}:opened",
        at=parse_instant(ticket["created_at"]),
        ref=ref,
        rev=1,
        kind=medium.kind,
        channel=medium.channel,
        customer=Customer(id=str(ticket["requester_id"])),
    )
    if ticket["status"] == "deleted":
        at = parse_instant(ticket["updated_at"])
        yield ContactDeleted(id=f"ticket:{ticket['id']}:deleted", at=at, ref=ref, rev=1)
        return
    for audit in account.audits[ticket["id"]]:
        for entry in audit["events"]:
            yield from _of_entry(account, ref, audit, entry)


def _of_entry(account: Account, ref: Ref, audit: Json, entry: Json) -> Iterator[Event]:
    at, sequence = parse_instant(audit["created_at"]), entry["id"]
    if entry["type"] == "Comment":
        author = account.users[entry["author_id"]]
        yield MessageAdded(
            id=f"comment:{entry['id']}",
            at=at,
            ref=ref,
            sequence=sequence,
            rev=1,
            author=Person(
                kind="customer" if author["role"] == "end-user" else "agent", id=str(author["id"]), name=author["name"]
            ),
            visibility="public" if entry["public"] else "internal",
            text=entry["body"],
        )
    elif entry["field_name"] == "status":
        to = _STATUSES[entry["value"]]
        yield StatusChanged(id=f"audit:{audit['id']}:{entry['id']}", at=at, ref=ref, sequence=sequence, rev=1, to=to)
