"""The template of an enricher with one thing wrong with it, many times over, beside the check that must notice."""

import asyncio
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict

import gateway.cli.plugin.new as new
from gateway.plugin import Customer, Finding, Limit, NoAuth, Permanent, Transient, Unauthorized, VendorError
from gateway.testing.find import in_folder

SHOP = Path(new.__file__).parent / "template_enricher"
GOOD = in_folder(SHOP)
Shop = GOOD.kind
Facts = Shop.facts_type
Settings = Shop.settings_type
StandIn = type(Shop.simulator(None, 1))

TABLE = []
"""The id of a check, and an enricher that fails it."""


def breaks(id):
    """Note a broken enricher."""

    def noted(kind):
        TABLE.append((id, kind))
        return kind

    return noted


def saying(fields, default=None):
    """A shop whose facts have these fields, too."""
    body = {name: default for name in fields}
    made = type("Odd", (Facts,), {"__annotations__": dict(fields), **body, "__module__": __name__}, frozen=True)
    return type("Saying", (Shop,), {"facts_type": made})


def standing_in(**members):
    """A shop whose stand-in is another."""
    kind = type("Other", (StandIn,), members)
    return type("StandingIn", (Shop,), {"simulator": staticmethod(lambda settings, seed: kind())})


def finding(look):
    """A shop whose look-ups are done so: `look(shop, customer, now)`."""

    async def lookup(self, customer, now):
        return await look(self, customer, now)

    return type("Finding_", (Shop,), {"lookup": lookup})


def good(shop, customer, now):
    """The look-up as it should be."""
    return Shop.lookup(shop, customer, now)


# ── settings and imports ──────────────────────────────────────────────────────────────────────────────────────────────
def with_settings(**more):
    """A shop whose settings have fields more."""
    body = {name: value for name, (_, value) in more.items()}
    annotations = {name: kind for name, (kind, _) in more.items()}
    made = type("More", (Settings,), {"__annotations__": annotations, **body, "__module__": __name__})
    return type("WithSettings", (Shop,), {"settings_type": made})


TABLE.append(("plugin-named", type("Capital", (Shop,), {"plugin": "My Shop", "__doc__": "A shop."})))
TABLE.append(("settings-described", with_settings(region=(str, "eu"))))
TABLE.append(("settings-secrets", with_settings(api_key=(str, "plain"))))
TABLE.append(("settings-strict", with_settings(model_config=(object, ConfigDict(extra="ignore", frozen=True)))))
TABLE.append(("readme-settings", with_settings(region=(str, "eu"))))


class Placeless(BaseModel):
    """Nobody can say where the shop is."""


TABLE.append(("settings-base-url", type("Fixed", (Shop,), {"settings_type": Placeless})))


@breaks("constructor-quiet")
class Early(Shop):
    """It asks for the time before anybody asked it."""

    def __init__(self, name, settings, context):
        super().__init__(name, settings, context)
        self.began = time.time()


# ── facts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
TABLE.append(("facts-typed", saying({"extra": dict[str, int]})))
TABLE.append(("facts-typed", saying({"extra": Any})))
TABLE.append(("facts-typed", saying({"extra": int | str})))
TABLE.append(("facts-typed", saying({"extra": list[list[int]]})))
TABLE.append(("facts-typed", saying({"extra": bytes})))
TABLE.append(("facts-typed", saying({"package": int}, 0)))
TABLE.append(("facts-typed", saying({"lastOrder": str}, "")))


class Needy(msgspec.Struct, kw_only=True):
    """Facts that can't be made of nothing."""

    known: bool


TABLE.append(("facts-defaults", type("Bare", (Shop,), {"facts_type": Needy})))
TABLE.append(("facts-described", saying({"extra": int}, 0)))


# ── look-ups ──────────────────────────────────────────────────────────────────────────────────────────────────────────
TABLE.append(("stand-in-there", type("Alone", (), {k: v for k, v in vars(Shop).items() if k != "simulator"})))
TABLE.append(("stand-in-there", standing_in(customers=lambda self: [])))
TABLE.append(("stand-in-there", standing_in(customers=lambda self: 1 / 0)))


@breaks("lookup-known")
class Blind(Shop):
    """It finds nobody."""

    async def lookup(self, customer, now):
        return Facts()


@breaks("lookup-known")
class Elsewhere(Shop):
    """It knows without asking."""

    async def lookup(self, customer, now):
        return Facts(known=bool(customer.known), orders=3)


async def mistyped(shop, customer, now):
    return msgspec.structs.replace(await good(shop, customer, now), orders="12")


async def fickle(shop, customer, now):
    facts = await good(shop, customer, now)
    return msgspec.structs.replace(facts, orders=facts.orders + now % 60_000) if facts.known else facts


async def untyped(shop, customer, now):
    return msgspec.to_builtins(await good(shop, customer, now))


async def wordy(shop, customer, now):
    facts = await good(shop, customer, now)
    return msgspec.structs.replace(facts, customer_id="x" * 20_000) if facts.known else facts


for _look in (mistyped, fickle, untyped, wordy):
    TABLE.append(("lookup-known", finding(_look)))


async def strict(shop, customer, now):
    facts = await good(shop, customer, now)
    if not facts.known:
        raise Permanent("nobody knows this customer")
    return facts


async def curious(shop, customer, now):
    if not customer.known:
        await shop._http.get("/people")
    return await good(shop, customer, now)


async def friendly(shop, customer, now):
    facts = await good(shop, customer, now)
    return Facts(known=True) if customer.handles and not facts.known else facts


async def named(shop, customer, now):
    return Facts(customer_id=customer.email or "") if customer.email else await good(shop, customer, now)


TABLE.append(("lookup-unknown", finding(curious)))
TABLE.append(("lookup-unknown", finding(friendly)))
TABLE.append(("lookup-known", finding(strict)))


async def by_path(shop, customer, now):
    if customer.id and "\x00" not in customer.id and customer.id.isascii() and customer.id.isprintable():
        with suppress(VendorError):
            await shop._http.get(f"/me/{customer.id}")
    return await good(shop, customer, now)


async def trusting(shop, customer, now):
    if "'" in (customer.id or ""):
        return Facts(known=True)
    return await good(shop, customer, now)


async def naive(shop, customer, now):
    (customer.phone or "").encode()
    return await good(shop, customer, now)


for _look in (by_path, trusting, naive):
    TABLE.append(("lookup-hostile", finding(_look)))


async def careless(shop, customer, now):
    if not customer.known:
        return Facts()
    try:
        answer = (await shop._http.get("/people", {"email": customer.email or ""})).json()
    except UnicodeError:
        return Facts()
    people = answer["people"]
    return Facts(known=True, orders=people[0]["orders"]) if people else Facts()


async def believing(shop, customer, now):
    if not customer.known:
        return Facts()
    answer = (await shop._http.get("/people", {"email": customer.email or ""})).json()
    try:
        return Facts(known=True, orders=answer["people"][0]["orders"])
    except (LookupError, TypeError):
        raise Transient("odd") from None


def by_email(look):
    """A shop that knows people by e-mail only."""
    kind = type("ByEmail", (StandIn,), {"customers": lambda self: [Customer(email="ada@customer.example")]})
    made = finding(look)
    made.simulator = staticmethod(lambda settings, seed: kind())
    return made


TABLE.append(("lookup-shapes", by_email(careless)))
TABLE.append(("lookup-shapes", by_email(believing)))


async def endless(shop, customer, now):
    for _ in range(40 if customer.known else 0):
        await shop._http.get("/people", {"email": "ada@customer.example"})
    return await good(shop, customer, now)


async def whole(shop, customer, now):
    if not customer.known:
        return Facts()
    body = (await shop._http.get("/people", {"email": customer.email or ""})).body
    return Facts(known=True, customer_id=body.decode())


TABLE.append(("lookup-bounded", finding(endless)))
TABLE.append(("lookup-bounded", by_email(whole)))


async def late(shop, customer, now):
    return msgspec.structs.replace(await good(shop, customer, now), known_days=int(time.time()) * 0)


async def by_chance(shop, customer, now):
    random.random()
    return await good(shop, customer, now)


TABLE.append(("lookup-pure", finding(late)))
TABLE.append(("lookup-pure", finding(by_chance)))


# ── bad days ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def forgiving(*errors):
    """A shop that takes these errors for nobody."""

    async def look(shop, customer, now):
        try:
            return await good(shop, customer, now)
        except errors:
            return Facts()

    return finding(look)


async def told_otherwise(shop, customer, now):
    try:
        return await good(shop, customer, now)
    except VendorError as error:
        raise Transient(f"something: {type(error).__name__}") from None


async def raising(shop, customer, now):
    try:
        return await good(shop, customer, now)
    except VendorError:
        raise RuntimeError("oh") from None


async def insisting(shop, customer, now):
    for _ in range(20):
        with suppress(Unauthorized):
            return await good(shop, customer, now)
    return await good(shop, customer, now)


async def clinging(shop, customer, now):
    try:
        return await good(shop, customer, now)
    except asyncio.CancelledError:
        return Facts()


async def leaving(shop, customer, now):
    shop.task = asyncio.ensure_future(asyncio.Event().wait())
    try:
        facts = await good(shop, customer, now)
    except VendorError:
        shop.task.cancel()
        raise
    shop.task.cancel()
    return facts


TABLE.append(("unavailable-statuses", forgiving(Permanent)))
TABLE.append(("unavailable-statuses", finding(told_otherwise)))
TABLE.append(("unavailable-statuses", finding(raising)))
TABLE.append(("unavailable-broken", forgiving(Transient)))
TABLE.append(("unavailable-waits", finding(told_otherwise)))
TABLE.append(("unavailable-redirects", finding(told_otherwise)))
TABLE.append(("unavailable-refused", forgiving(Unauthorized)))
TABLE.append(("unavailable-refused", finding(insisting)))
TABLE.append(("lookup-known", type("Open", (Shop,), {"auth": staticmethod(lambda settings: NoAuth())})))
TABLE.append(("unavailable-cancelled", finding(clinging)))
TABLE.append(("unavailable-cancelled", finding(leaving)))


@breaks("unavailable-checked")
class Content(Shop):
    """All is well, whatever happens."""

    async def check(self):
        return [Finding(True, "all is well")]


@breaks("unavailable-checked")
class Gruff(Shop):
    """It says that something is wrong, and not what to do."""

    async def check(self):
        return [one if one.ok else Finding(False, one.what) for one in await super().check()]


@breaks("unavailable-hides")
class Loud(Shop):
    """It tells its key."""

    def __init__(self, name, settings, context):
        super().__init__(name, settings, context)
        self.key = settings.token.get_secret_value()

    async def lookup(self, customer, now):
        try:
            return await super().lookup(customer, now)
        except VendorError:
            raise Transient(f"{self.key} is refused") from None


async def gossiping(shop, customer, now):
    try:
        return await good(shop, customer, now)
    except VendorError:
        raise Transient(f"nothing is known of {customer.email}") from None


TABLE.append(("unavailable-hides", finding(gossiping)))
TABLE.append(("unavailable-limits", type("Free", (Shop,), {"limits": staticmethod(lambda settings: ())})))


@breaks("unavailable-limits")
class Tight(Shop):
    """Its limits allow less than a look-up needs."""

    @staticmethod
    def limits(settings):
        return [Limit("all", 1, 3_600.0, ("/people",))]

    async def lookup(self, customer, now):
        facts = await super().lookup(customer, now)
        return await super().lookup(customer, now) if facts.known else facts
