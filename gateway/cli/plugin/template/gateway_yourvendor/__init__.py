"""Yourvendor for the gateway: tickets, read by their time of change, and webhooks that bring them at once.

A ticket comes whole, with its log, whichever way it comes: so every way names the same facts by the same ids.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, SecretStr

from gateway import plugin as gw

LAG_S = 30  # a change may be shown so late: the end of the list is read again every time
CHANNELS = {"mail": "email", "form": "web", "chat": "chat"}
STATUSES = {"new": "new", "open": "open", "waiting": "pending", "solved": "solved"}


class YourvendorSettings(BaseModel):
    """One account of Yourvendor."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = "https://api.yourvendor.example"
    """Where the API is; another address for sandboxes and simulators."""
    token: SecretStr
    """The API's token."""
    webhook_secret: gw.Secrets
    """What proves webhooks (`whsec_…`), or a list of them while it is changed."""


class Yourvendor:
    """One account of Yourvendor."""

    plugin: ClassVar[str] = "yourvendor"
    settings_type: ClassVar[type[BaseModel]] = YourvendorSettings
    streams = (gw.Stream("tickets", every_s=30.0, lag_s=LAG_S),)

    def __init__(self, name: str, settings: YourvendorSettings, context: gw.Context) -> None:
        self._http = context.http
        self._secrets = [gw.parse_webhook_secret(secret.get_secret_value()) for secret in settings.webhook_secret]

    @staticmethod
    def auth(settings: YourvendorSettings) -> gw.Auth:
        return gw.ApiKey(settings.token)

    @staticmethod
    def limits(settings: YourvendorSettings) -> Sequence[gw.Limit]:
        return [gw.Limit("api", requests=300)]

    @staticmethod
    def simulator(settings: YourvendorSettings | None, seed: int) -> gw.Simulator:
        from .simulator import YourvendorSimulator

        return YourvendorSimulator(seed)

    def receive(self, request: gw.Request) -> gw.Receipt:
        try:
            key = gw.verify_standard_webhook(self._secrets, request.headers, request.body, request.received_at)
        except gw.BadSignature as error:
            return gw.Refused(401, str(error))
        return gw.Accepted([gw.Record(body=request.body, key=key, received_at=gw.Instant(request.received_at))])

    async def pull(self, stream: gw.Stream, cursor: str | None, now: int) -> gw.Page:
        # The cursor: the time of change of the ticket that was read last, and its id.
        start = now - round((stream.backfill_s + stream.lag_s) * gw.SECOND_MS)
        since, _, after = (cursor or f"{gw.format_instant(start)}|").partition("|")
        page = (await self._http.get("/tickets", {"since": since, "after": after})).json()
        try:
            rows, more = page["tickets"], page["more"] is True
            records = [_row(stream, row, now) for row in rows]
            if rows:
                since, after = rows[-1]["updated_at"], rows[-1]["id"]
            read_to = gw.parse_instant(since)
        except (LookupError, TypeError, ValueError):
            raise gw.Transient("the list of tickets has another shape than it should") from None
        if more:
            return gw.Page(records, f"{since}|{after}", more=True, reached=read_to)
        again = gw.format_instant(read_to - LAG_S * gw.SECOND_MS) if rows else since
        return gw.Page(records, f"{again}|", more=False, reached=now - LAG_S * gw.SECOND_MS)

    def normalize(self, record: gw.Record) -> Iterator[gw.Event | gw.Fetch]:
        try:
            for said in _said(gw.read_json(record.body)["ticket"]):
                event = gw.convert_event(said)
                gw.check_event(event)
                yield event
        except (msgspec.ValidationError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise gw.BadPayload(f"not a ticket: {error!r}") from None

    async def check(self) -> Sequence[gw.Finding]:
        try:
            who = (await self._http.get("/me")).json()["name"]
        except (gw.VendorError, LookupError, TypeError) as error:
            return [gw.Finding(False, f"we are nobody there: {error}", "see token and base_url")]
        return [gw.Finding(True, f"we are {who}")]


def _row(stream: gw.Stream, ticket: dict[str, Any], now: int) -> gw.Record:
    body, key = msgspec.json.encode({"ticket": ticket}), f"{ticket['id']}:{ticket['updated_at']}"
    return gw.Record(body=body, form="row", key=key, exact=True, stream=stream.name, received_at=gw.Instant(now))


def _said(ticket: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a ticket says, in the gateway's words (docs/reference/events.md)."""
    id, ref = ticket["id"], {"kind": "ticket", "id": ticket["id"]}
    opening = {"kind": "ticket", "channel": CHANNELS.get(str(ticket.get("channel")), "other")}
    yield {"type": "contact.opened", "id": f"{id}:opened", "at": ticket["created_at"], "ref": ref, **opening}
    changed, person = ticket["updated_at"], ticket["customer"]
    customer = {"id": person["id"], "name": person.get("name"), "email": person.get("email")}
    looks = {"subject": ticket.get("subject"), "customer": customer}
    yield {"type": "contact.observed", "id": f"{id}:seen:{changed}", "at": changed, "ref": ref, **looks}
    for entry in ticket["log"]:
        common = {"id": f"log:{entry['id']}", "at": entry["at"], "ref": ref, "sequence": entry["id"]}
        if entry["what"] == "message":
            author = {"kind": "agent" if entry["by"] == "agent" else "customer"}
            yield {"type": "message.added", **common, "author": author, "text": entry["text"]}
        elif entry["what"] == "status" and entry["to"] in STATUSES:
            yield {"type": "status.changed", **common, "to": STATUSES[entry["to"]]}


@gw.hookimpl
def gateway_connectors(register: Callable[[type[gw.Connector]], None]) -> None:
    """Tell the gateway of the connector."""
    register(Yourvendor)
