"""Yoursystem for the gateway: who a customer is there, and what was ordered."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, ClassVar

import msgspec
from pydantic import BaseModel, ConfigDict, SecretStr

from gateway import plugin as gw

FORMS = {
    "id": re.compile(r"[A-Za-z0-9-]{1,64}"),
    "email": re.compile(r"[^\s@\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^\s@\x00-\x1f\x7f\ud800-\udfff]{1,255}"),
    "phone": re.compile(r"\+[1-9][0-9]{6,14}"),
}
"""What an identity must look like to be asked for: whoever writes to the helpdesk chooses these texts."""


class YoursystemFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What rules read as `contact.facts.NAME.…`, and agents see. Each has a default: that of somebody unknown."""

    known: bool = False
    """Whether Yoursystem knows the customer."""

    customer_id: str = ""
    """Its id there."""

    since: str = ""
    """Since when: `2024-01-31T09:00:00Z`."""

    known_days: int = 0
    """The same in whole days."""

    orders: int = 0
    """Orders that were paid."""

    last_order_at: str = ""
    """When the last of them was; empty without one."""


class YoursystemSettings(BaseModel):
    """One account of Yoursystem."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str = "https://api.yoursystem.example"
    """Where the API is; another address for sandboxes and stand-ins."""
    token: SecretStr
    """The API's token."""


class Person(msgspec.Struct):
    """A customer as the API tells it: what has another shape is no answer."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    since: str
    orders: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    email: str | None = None
    phone: str | None = None
    last_order_at: str | None = None


class People(msgspec.Struct):
    """The answer of /people."""

    people: list[Person]


class Yoursystem:
    """What Yoursystem knows of a customer."""

    plugin: ClassVar[str] = "yoursystem"
    settings_type: ClassVar[type[BaseModel]] = YoursystemSettings
    facts_type: ClassVar[type[msgspec.Struct]] = YoursystemFacts
    ttl_s: ClassVar[float] = 3_600.0

    def __init__(self, name: str, settings: YoursystemSettings, context: gw.Context) -> None:
        self._http = context.http

    @staticmethod
    def auth(settings: YoursystemSettings) -> gw.Auth:
        return gw.ApiKey(settings.token)

    @staticmethod
    def limits(settings: YoursystemSettings) -> Sequence[gw.Limit]:
        return [gw.Limit("api", requests=300)]

    @staticmethod
    def simulator(settings: YoursystemSettings | None, seed: int) -> gw.StandIn:
        from .simulator import YoursystemStandIn

        return YoursystemStandIn()

    async def lookup(self, customer: gw.Customer, now: int) -> YoursystemFacts:
        for key, value in _identities(customer):
            person = await self._person(key, value)
            if person is not None:
                return _facts(person, now)
        return YoursystemFacts()

    async def check(self) -> Sequence[gw.Finding]:
        try:
            who = (await self._http.get("/me")).json()["name"]
        except (gw.VendorError, LookupError, TypeError) as error:
            return [gw.Finding(False, f"we are nobody there: {error}", "see token and base_url")]
        return [gw.Finding(True, f"we are {who}")]

    async def _person(self, key: str, value: str) -> Person | None:
        answer = await self._http.get("/people", {key: value})
        try:
            people = msgspec.json.decode(answer.body, type=People).people
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise gw.Transient("Yoursystem answered JSON of another shape than its API has") from None
        if any(getattr(person, key) != value for person in people):
            raise gw.Transient("Yoursystem answered with somebody else than was asked for")
        return people[0] if people else None


def _identities(customer: gw.Customer) -> Iterator[tuple[str, str]]:
    """What the customer can be asked for by, the surest first."""
    for key, form in FORMS.items():
        value = getattr(customer, key)
        if value and form.fullmatch(value):
            yield key, value


def _facts(person: Person, now: int) -> YoursystemFacts:
    try:
        since = gw.parse_instant(person.since)
        last = gw.parse_instant(person.last_order_at) if person.last_order_at else None
    except ValueError:
        raise gw.Transient("Yoursystem answered with a time that is none") from None
    return YoursystemFacts(
        known=True,
        customer_id=person.id,
        since=gw.format_instant(since),
        known_days=max(now - since, 0) // gw.DAY_MS,
        orders=person.orders,
        last_order_at="" if last is None else gw.format_instant(last),
    )


@gw.hookimpl
def gateway_enrichers(register: Callable[[type[gw.Enricher]], None]) -> None:
    """Tell the gateway of the enricher."""
    register(Yoursystem)
