"""The small desk with one thing wrong with it, many times over: each stands beside the check that must notice."""

import asyncio
import hmac
import json
import logging
import random
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count

from gateway_desk import Desk, DeskSettings, sign
from gateway_desk.simulator import DeskSimulator
from msgspec.structs import replace as changed
from pydantic import BaseModel, ConfigDict

from gateway.plugin import (
    Accepted,
    ContactOpened,
    Fetch,
    Finding,
    Instant,
    Limit,
    MessageAdded,
    Page,
    RateLimited,
    Record,
    Ref,
    Refused,
    Transient,
    Unauthorized,
    VendorError,
)

TABLE = []
"""The id of a check, and a connector that fails it."""


def breaks(id):
    """Note a broken connector, or a broken simulator of a good one."""

    def noted(kind):
        simulated = staticmethod(lambda settings, seed: kind(seed))
        whole = type(kind.__name__, (Desk,), {"simulator": simulated}) if issubclass(kind, DeskSimulator) else kind
        TABLE.append((id, whole))
        return kind

    return noted


def with_settings(**more):
    """A desk whose settings have fields more, each with a description unless it says otherwise."""
    annotations = {name: kind for name, (kind, _) in more.items()}
    body = {name: value for name, (_, value) in more.items()}
    made = type("Settings", (DeskSettings,), {"__annotations__": annotations, **body, "__module__": __name__})
    return type("WithSettings", (Desk,), {"settings_type": made})


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("plugin-named")
class Capital(Desk):
    """A name that can't stand in a file."""

    plugin = "My Desk"


@breaks("plugin-named")
class Silent(Desk):
    __doc__ = ""


TABLE.append(("settings-described", with_settings(region=(str, "eu"))))
TABLE.append(("settings-secrets", with_settings(api_key=(str, "plain"))))
TABLE.append(("settings-secrets", with_settings(password=(str, "plain"))))
TABLE.append(("settings-strict", with_settings(model_config=(object, ConfigDict(extra="ignore", frozen=True)))))
TABLE.append(("settings-strict", with_settings(model_config=(object, ConfigDict(hide_input_in_errors=False)))))


class Placeless(BaseModel):
    """Nobody can say where the desk is."""


TABLE.append(("settings-base-url", type("Fixed", (Desk,), {"settings_type": Placeless})))
TABLE.append(("readme-settings", with_settings(region=(str, "eu"))))


# ── imports ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("constructor-quiet")
class Early(Desk):
    """It asks for the time before anybody asked it."""

    def __init__(self, name, settings, context):
        super().__init__(name, settings, context)
        self.began = time.time()


@breaks("constructor-quiet")
class Reading(Desk):
    """It reads a file."""

    def __init__(self, name, settings, context):
        super().__init__(name, settings, context)
        with open(__file__, encoding="utf-8") as file:
            self.source = file.read()


# ── normalize ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("samples-say")
class Mute(Desk):
    """It says nothing of a webhook."""

    def normalize(self, record):
        if record.form != "push":
            yield from super().normalize(record)


@breaks("samples-say")
class Trusting(Desk):
    """It says something of what it doesn't know."""

    def said(self, change, rev):
        if change.get("kind") == "moved":
            return iter([ContactOpened(id="x", at=0, ref=Ref("a", "b"), kind="ticket", channel="email")])
        return super().said(change, rev)


def rewritten(rewrite):
    """A desk whose events are rewritten."""

    def said(self, change, rev):
        for event in Desk.said(self, change, rev):
            yield rewrite(event, self)

    return type("Rewritten", (Desk,), {"said": said})


_numbers = count()
for _id, _rewrite in (
    ("samples-events", lambda event, desk: changed(event, id="")),
    ("samples-events", lambda event, desk: changed(event, id="change:None")),
    ("samples-events", lambda event, desk: changed(event, id="x" * 201)),
    ("samples-events", lambda event, desk: changed(event, id="same")),
    ("samples-events", lambda event, desk: changed(event, at=Instant(1))),
    ("normalize-pure", lambda event, desk: changed(event, id=f"{event.id}:{next(_numbers)}")),
    ("normalize-pure", lambda event, desk: changed(event, at=Instant(time.time_ns() // 1_000_000 * 0 + event.at))),
    ("normalize-pure", lambda event, desk: random.random() and event),
):
    TABLE.append((_id, rewritten(_rewrite)))


@breaks("normalize-pure")
class Received(Desk):
    """It takes the time of receipt for the time of the fact."""

    def normalize(self, record):
        for item in super().normalize(record):
            yield item if isinstance(item, Fetch) else changed(item, at=record.received_at)


@breaks("normalize-shapes")
class Hasty(Desk):
    """It takes keys for granted."""

    def said(self, change, rev):
        assert change["id"]
        return super().said(change, rev)


@breaks("normalize-hostile")
class Plain(Desk):
    """It reads JSON without the door's help."""

    def normalize(self, record):
        json.loads(record.body)
        yield from super().normalize(record)


@breaks("normalize-text")
class Western(Desk):
    """It knows one alphabet."""

    def said(self, change, rev):
        str(change.get("text")).encode("latin-1")
        return super().said(change, rev)


# ── the simulator ─────────────────────────────────────────────────────────────────────────────────────────────────────
TABLE.append(("simulator-there", type("Alone", (), {k: v for k, v in vars(Desk).items() if k != "simulator"})))


@breaks("simulator-there")
class Still(DeskSimulator):
    """Nothing happens in it."""

    acts = frozenset()


@breaks("simulator-works")
class Unpushed(DeskSimulator):
    """It sends no webhooks."""

    def push(self, change):
        pass


@breaks("simulator-works")
class Failing(Desk):
    """Its pull doesn't work."""

    async def pull(self, stream, cursor, now):
        raise RuntimeError("no")


@breaks("simulator-clean")
class Lingering(DeskSimulator):
    """A task of it goes on."""

    async def stop(self):
        await super().stop()
        self.task = asyncio.get_running_loop().create_task(asyncio.Event().wait())


@breaks("simulator-clean")
class Patient(DeskSimulator):
    """It takes any fault."""

    def fault(self, name, *, on=True):
        pass


@breaks("simulator-repeats")
class Random(DeskSimulator):
    """Its seed means nothing."""

    def __init__(self, seed):
        super().__init__(random.getrandbits(32))

    def add(self, at, ticket, kind, **more):
        return super().add(at + self.random.randrange(1_000), ticket, kind, **more)


@breaks("simulator-faults")
class Kind(DeskSimulator):
    """It is never bad."""

    faults = frozenset()


@breaks("simulator-truth")
class Ignorant(DeskSimulator):
    """It knows nothing."""

    def truth(self):
        return []


# ── webhooks ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("webhooks-accepted")
class Closed(Desk):
    """It refuses all."""

    def receive(self, request):
        return Refused(401, "no")


@breaks("webhooks-accepted")
class Later(Desk):
    """Its records were received at another time."""

    def record(self, request):
        return changed(super().record(request), received_at=Instant(0))


@breaks("webhooks-accepted")
class Stamping(Desk):
    """It reads the clock."""

    def record(self, request):
        time.time()
        return super().record(request)


@breaks("webhooks-unproved")
class Public(Desk):
    """It accepts what has no signature."""

    def receive(self, request):
        if "x-desk-signature" not in request.headers:
            return Accepted([])
        return super().receive(request)


@breaks("webhooks-unproved")
class Ascii(Desk):
    """It compares text that isn't ASCII."""

    def receive(self, request):
        hmac.compare_digest(request.headers.get("x-desk-signature", ""), "x")
        return super().receive(request)


@breaks("webhooks-unproved")
class Forbidden(Desk):
    """It answers with the wrong status."""

    def receive(self, request):
        receipt = super().receive(request)
        return replace(receipt, status=400) if isinstance(receipt, Refused) else receipt


@breaks("webhooks-secret")
class Unset(Desk):
    """Without a secret, everybody may come."""

    def receive(self, request):
        return super().receive(request) if self.settings.webhook_secret else Accepted([self.record(request)])


@breaks("webhooks-secret")
class Talkative(Desk):
    """It tells what it expected."""

    def receive(self, request):
        receipt = super().receive(request)
        if isinstance(receipt, Refused) and self.settings.webhook_secret:
            return Refused(401, f"expected by {self.settings.webhook_secret[0].get_secret_value()}")
        return receipt


class Lax(Desk):
    """A desk whose webhooks are proved in some other way."""

    tolerance_ms = 300_000

    def receive(self, request):
        second = request.headers.get("x-desk-time", "")
        if not (second.isascii() and second.isdigit() and len(second) < 13):
            return Refused(401, "no time")
        if abs(int(second) * 1000 - request.received_at) > self.tolerance_ms:
            return Refused(401, "not now")
        given = request.headers.get("x-desk-signature", "").encode("utf-8", "replace")
        if not any(hmac.compare_digest(given, self.due(one, second, request).encode()) for one in self.secrets()):
            return Refused(401, "no")
        return Accepted([self.record(request)])

    def due(self, secret, second, request):
        return sign(secret, second, request.body)

    def secrets(self):
        return self.settings.webhook_secret or ()


@breaks("webhooks-body")
class Unsigned(Lax):
    """Only the body's beginning counts."""

    def receive(self, request):
        receipt = super().receive(request)
        return receipt if isinstance(receipt, Accepted) else super().receive(replace(request, body=request.body[:-1]))


@breaks("webhooks-replay")
class Timeless(Lax):
    """An old request is as good as a new one."""

    tolerance_ms = 10**12


@breaks("webhooks-skew")
class Strict(Lax):
    """Clocks may not differ."""

    tolerance_ms = 10_000


@breaks("webhooks-rotation")
class First(Lax):
    """Only the first secret counts."""

    def secrets(self):
        return (self.settings.webhook_secret or ())[:1]


@breaks("webhooks-doubled")
class Constant(Desk):
    """All deliveries have one key."""

    def record(self, request):
        return changed(super().record(request), key="delivery")


@breaks("webhooks-doubled")
class Counted(Desk):
    """A delivery has another key each time."""

    def record(self, request):
        return changed(super().record(request), key=str(request.received_at))


# ── pulling ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("pull-ends")
class Endless(Desk):
    """There is always more."""

    async def pull(self, stream, cursor, now):
        page = await super().pull(stream, cursor, now)
        position, reached = page.cursor.split(":")
        return replace(page, more=True, cursor=f"0{position}:{reached}" if page.cursor == cursor else page.cursor)


@breaks("pull-resumes")
class Remembering(Desk):
    """Where it is, it keeps to itself."""

    place = None

    async def pull(self, stream, cursor, now):
        page = await super().pull(stream, self.place or cursor, now)
        self.place = page.cursor
        return page


@breaks("pull-empty")
class Forgetful(Desk):
    """A page without records leaves no cursor."""

    async def pull(self, stream, cursor, now):
        page = await super().pull(stream, cursor, now)
        return page if page.records or cursor else replace(page, cursor=None)


@breaks("pull-again")
class Snapshot(Desk):
    """What was received is part of the id."""

    def normalize(self, record):
        for item in super().normalize(record):
            yield item if isinstance(item, Fetch) else changed(item, id=f"{item.id}:{record.key}")


@breaks("pull-all-said")
class Choosy(Desk):
    """Some rows say nothing."""

    def normalize(self, record):
        return (item for item in super().normalize(record) if isinstance(item, Fetch | ContactOpened))


@breaks("pull-all-said")
class Raising(Desk):
    """Some rows raise."""

    def said(self, change, rev):
        if change["kind"] == "message":
            raise KeyError("text")
        return super().said(change, rev)


@breaks("pull-reached")
class Unreached(Desk):
    """It doesn't know how far it has come."""

    async def pull(self, stream, cursor, now):
        return replace(await super().pull(stream, cursor, now), reached=None)


@breaks("pull-reached")
class Future(Desk):
    """It is ahead of its time."""

    async def pull(self, stream, cursor, now):
        return replace(await super().pull(stream, cursor, now), reached=now + 1_000)


@breaks("fetch-strange")
class Wandering(Desk):
    """It looks up whatever the id says."""

    async def fetch(self, ref, now):
        await self.ask(f"/tickets/{ref.id}", {})
        return []


# ── the truth ─────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("truth-pulled")
class Partial(Desk):
    """It leaves out what agents say."""

    def normalize(self, record):
        agents = (item for item in super().normalize(record))
        return (item for item in agents if not (isinstance(item, MessageAdded) and item.author.kind == "agent"))


TABLE.append(
    ("truth-pulled", rewritten(lambda event, desk: changed(event, text="") if hasattr(event, "text") else event))
)


@breaks("truth-pushed")
class Thin(Desk):
    """It doesn't look up what a thin webhook names."""

    def normalize(self, record):
        return (item for item in super().normalize(record) if not isinstance(item, Fetch))


@breaks("truth-converges")
class Twofold(Desk):
    """A webhook names a fact otherwise than a row."""

    def said(self, change, rev):
        for event in super().said(change, rev):
            yield event if rev else changed(event, id=f"push:{event.id}", at=Instant(event.at + 1_000))


@breaks("truth-late")
class Impatient(Desk):
    """What is older than what it has seen, it has seen."""

    async def pull(self, stream, cursor, now):
        page = await super().pull(stream, cursor, now)
        if cursor is None:
            return page
        seen = int(cursor.split(":")[1])
        fresh = [one for one in page.records if json.loads(one.body)["change"]["at"] > _text(seen)]
        return replace(page, records=fresh)


def _text(instant):
    from gateway.plugin import format_instant

    return format_instant(instant)


@breaks("apart")
class Common(Desk):
    """What one account has seen, no other may see."""

    seen: dict = {}

    def normalize(self, record):
        for item in super().normalize(record):
            if (
                isinstance(item, Fetch)
                or self.seen.setdefault(item.id, self.settings.base_url) == self.settings.base_url
            ):
                yield item


# ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("http-client")
class Inventing(Desk):
    """Its rows come from nowhere."""

    async def pull(self, stream, cursor, now):
        body = b'{"change": {"id": "1", "ticket": "1", "at": "2026-03-02T08:00:00Z", "kind": "opened"}}'
        return Page([Record(body=body, form="row", key="1", received_at=Instant(now))], "1", False)

    async def fetch(self, ref, now):
        return []


def asking(id, catch):
    """A desk whose every question is asked by way of `catch(ask)`."""

    class Asking(Desk):
        async def ask(self, path, params):
            return await catch(lambda: super(Asking, self).ask(path, params))

    TABLE.append((id, Asking))


async def _wrapped(ask):
    try:
        return await ask()
    except VendorError as error:
        raise RuntimeError("it failed") from error


async def _all_later(ask):
    try:
        return await ask()
    except VendorError:
        raise Transient("later") from None


async def _no_wait(ask):
    try:
        return await ask()
    except RateLimited:
        raise Transient("later") from None


async def _empty(ask):
    try:
        return await ask()
    except VendorError:
        return {"changes": [], "position": 10**6, "more": False}


asking("http-statuses", _wrapped)
asking("http-statuses", _all_later)
asking("http-retry-after", _no_wait)
asking("http-broken", _empty)
asking("http-redirects", _all_later)


# ── access ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("access-renewed")
class Eager(Desk):
    """It asks for tokens itself."""

    async def ask(self, path, params):
        with suppress(VendorError):
            await self.http.post("/token")
        return await super().ask(path, params)


@breaks("access-refused")
class Anybody(DeskSimulator):
    """It gives a token to whoever asks."""

    async def token(self, request):
        from aiohttp import web

        self.tokens.add("anybody")
        return web.json_response({"access_token": "anybody", "token_type": "bearer", "expires_in": 3600})


@breaks("access-refused")
class Stubborn(Desk):
    """It tries again."""

    async def ask(self, path, params):
        for _ in range(20):
            try:
                return await super().ask(path, params)
            except Unauthorized as error:
                last = error
        raise last


@breaks("check-tells")
class Content(Desk):
    """All is always well."""

    async def check(self):
        return [Finding(True, "all is well")]


@breaks("check-tells")
class Nervous(Desk):
    """It raises."""

    async def check(self):
        return [Finding(True, (await self.ask("/me", {}))["nickname"])]


@breaks("check-tells")
class Terse(Desk):
    """It gives no hint."""

    async def check(self):
        return [replace(finding, hint="") for finding in await super().check()]


@breaks("secrets-hidden")
class Printing(Desk):
    """It prints a secret."""

    async def pull(self, stream, cursor, now):
        print(self.settings.client_secret.get_secret_value())
        return await super().pull(stream, cursor, now)


@breaks("secrets-hidden")
class Logging(Desk):
    """It logs a secret."""

    async def check(self):
        logging.getLogger("desk").warning("asking with %s", self.settings.client_secret.get_secret_value())
        return await super().check()


@breaks("secrets-hidden")
class Shown(Desk):
    """Its repr shows a secret."""

    def __repr__(self):
        return f"Desk({self.settings.webhook_secret[0].get_secret_value()})"


# ── limits ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@breaks("limits-declared")
class Boundless(Desk):
    """Its limits are none."""

    @staticmethod
    def limits(settings):
        return ()


@breaks("limits-declared")
class Twice(Desk):
    """Two limits have one name."""

    @staticmethod
    def limits(settings):
        return (Limit("all", 1), Limit("all", 2))


class Counting(DeskSimulator):
    """It allows ten requests a minute."""

    async def changes(self, request):
        self.times = [at for at in getattr(self, "times", []) if at > self.now() - 60_000]
        if len(self.times) >= 10:
            return {}, 429
        self.times.append(self.now())
        return await super().changes(request)

    def guarded(self, answer):
        from aiohttp import web

        inner = super().guarded(answer)

        async def handler(request):
            if answer == self.changes and request.headers.get("authorization", "")[7:] in self.tokens:
                found = await answer(request)
                return web.json_response(found[0], status=found[1] if len(found) > 1 else 200)
            return await inner(request)

        return handler


@breaks("limits-kept")
class Optimistic(Desk):
    """Its vendor allows less than it says."""

    @staticmethod
    def simulator(settings, seed):
        return Counting(seed)
