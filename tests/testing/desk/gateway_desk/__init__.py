"""A small connector that does all that the kit asks: its mutations show that the kit notices."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

from gateway.plugin import (
    DAY_MS,
    MINUTE_MS,
    Accepted,
    BadPayload,
    ClientCredentials,
    ContactOpened,
    Fetch,
    Finding,
    Instant,
    Limit,
    MessageAdded,
    Page,
    Permanent,
    Person,
    Record,
    Ref,
    Refused,
    Secrets,
    StatusChanged,
    Stream,
    Transient,
    VendorError,
    hmac_sha256,
    hookimpl,
    parse_instant,
    read_json,
    same_secret,
)

STATUSES = {"new", "open", "pending", "solved"}


class DeskSettings(BaseModel):
    """A desk."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = "https://desk.example"
    """Where it is."""

    webhook_secret: Secrets | None = None
    """What signs its webhooks."""

    client_id: str = ""
    """What proves us, by its name."""

    client_secret: SecretStr | None = None
    """The secret of it."""


def sign(secret, second, body):
    """The signature of a webhook."""
    return hmac_sha256(secret, second.encode() + b"." + body).hex()


class Desk:
    """A desk's account."""

    plugin: ClassVar[str] = "desk"
    settings_type = DeskSettings
    streams = (Stream("changes", lag_s=5.0),)

    def __init__(self, name, settings, context):
        self.settings, self.http = settings, context.http

    @staticmethod
    def auth(settings):
        """A token."""
        secret = settings.client_secret or SecretStr("none")
        return ClientCredentials(f"{settings.base_url}/token", settings.client_id, secret)

    @staticmethod
    def limits(settings):
        """Thirty a minute."""
        return (Limit("changes", 30, 60.0, ("/changes",)),)

    @staticmethod
    def simulator(settings, seed):
        """A desk."""
        from gateway_desk.simulator import DeskSimulator

        return DeskSimulator(seed)

    def receive(self, request):
        """Prove a webhook."""
        second, given = request.headers.get("x-desk-time", ""), request.headers.get("x-desk-signature", "")
        if not (second.isascii() and second.isdigit() and len(second) < 13):
            return Refused(401, "x-desk-time is missing or no time")
        if abs(int(second) * 1000 - request.received_at) > 5 * MINUTE_MS:
            return Refused(401, "x-desk-time is more than five minutes from now")
        proofs = [same_secret(given, sign(one, second, request.body)) for one in self.settings.webhook_secret or ()]
        if not any(proofs):
            return Refused(401, "x-desk-signature doesn't match")
        return Accepted([self.record(request)])

    def record(self, request):
        """A webhook as a record."""
        body = read_json(request.body)
        return Record(body=request.body, key=body.get("delivery"), received_at=Instant(request.received_at))

    def normalize(self, record):
        """What a webhook, a row or a ticket says."""
        body = mapping(read_json(record.body))
        if record.form == "push" and "change" not in body:
            yield Fetch(Ref("ticket", text(body, "ticket")), "a thin webhook")
            return
        changes = body.get("changes", [body.get("change")])
        if not isinstance(changes, list):
            raise BadPayload("changes are a list")
        for change in changes:
            yield from self.said(mapping(change), 0 if record.form == "push" else 1)

    def said(self, change, rev):
        """What a change says."""
        ref = Ref("ticket", text(change, "ticket"))
        common = {"id": f"change:{text(change, 'id')}", "at": moment(change), "ref": ref, "rev": rev}
        kind = text(change, "kind")
        if kind == "opened":
            yield ContactOpened(kind="ticket", channel="email", **common)
        elif kind == "message":
            who = "agent" if change.get("by") == "agent" else "customer"
            yield MessageAdded(author=Person(kind=who), text=text(change, "text"), **common)
        elif kind == "status" and text(change, "to") in STATUSES:
            yield StatusChanged(to=change["to"], **common)
        else:
            raise BadPayload(f"{kind[:50]} is not known")

    async def pull(self, stream, cursor, now):
        """A page of changes."""
        if cursor is None:
            since = now - int(max(stream.backfill_s, stream.lag_s + 1) * 1000)
            place = await self.ask("/position", {"since": since})
            position, reached = number(place, "position"), since
        else:
            position, reached = (int(part) for part in cursor.split(":"))
        page = await self.ask("/changes", {"after": position})
        rows = page.get("changes")
        if not isinstance(rows, list) or not isinstance(page.get("more"), bool):
            raise Transient("no page")
        records = [self.row(row, stream, now) for row in rows]
        reached = max(reached, *(moment(row) for row in rows), 0) if rows else reached
        if not page["more"]:
            reached = max(reached, now - DAY_MS)
        return Page(records, f"{number(page, 'position')}:{reached}", page["more"], min(reached, now))

    def row(self, row, stream, now):
        """A row as a record."""
        body = encode({"change": row})
        return Record(body=body, form="row", key=f"change:{row['id']}", stream=stream.name, received_at=Instant(now))

    async def fetch(self, ref, now):
        """A ticket's changes."""
        if ref.kind != "ticket" or not (ref.id.isascii() and ref.id.isdigit() and len(ref.id) < 10):
            return []
        try:
            found = await self.ask(f"/tickets/{ref.id}", {})
        except Permanent as error:
            if error.status == 404:
                return []
            raise
        if not isinstance(found.get("changes"), list):
            raise Transient("no ticket")
        return [Record(body=encode({"changes": found["changes"]}), form="fetched", received_at=Instant(now))]

    async def check(self):
        """Who we are."""
        try:
            me = await self.ask("/me", {})
        except VendorError as error:
            return [Finding(False, str(error), "see whether base_url and the credentials are right")]
        return [Finding(me.get("name") == "kit", "the desk knows us", "ask its people")]

    async def ask(self, path, params):
        """An object of its API."""
        found = (await self.http.get(path, params)).json()
        if not isinstance(found, dict):
            raise Transient("not what its API answers")
        return found


def encode(value):
    """JSON."""
    import msgspec

    return msgspec.json.encode(value)


def mapping(value):
    """An object, or BadPayload."""
    if not isinstance(value, dict):
        raise BadPayload("no object")
    return value


def text(body, key):
    """A text that is there, or BadPayload."""
    value = body.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= 5_000 or (key in ("id", "ticket") and len(value) > 50):
        raise BadPayload(f"no {key}")
    return value


def number(body, key):
    """A number, or Transient."""
    if not isinstance(body.get(key), int):
        raise Transient(f"no {key}")
    return body[key]


def moment(change):
    """When it was, or BadPayload."""
    try:
        return parse_instant(text(change, "at"))
    except (ValueError, OverflowError):
        raise BadPayload("no time") from None


@hookimpl
def gateway_connectors(register):
    """Register it."""
    register(Desk)
