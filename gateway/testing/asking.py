"""An enricher at work: its stand-in on loopback, a told clock, and the real HTTP client over the kit's transport."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from gateway.kernel.rng import SeededRng
from gateway.plugin import Context, Customer, VendorError, VendorHttp
from gateway.plugin.account import open_account
from gateway.testing.check import Unmet
from gateway.testing.clock import StoryClock
from gateway.testing.places import told as told_error
from gateway.testing.places import where, where_raised
from gateway.testing.settings import token_urls, validated
from gateway.testing.subject import Subject
from gateway.testing.transport import KitTransport

NAME: Final = "kit"
"""The enricher's name in every story."""

ENDS_S: Final = 20.0
"""A look-up that takes longer, where nobody waits for anything, hangs."""


@dataclass(slots=True)
class Asker:
    """Who asks the enricher."""

    kind: Any
    settings: BaseModel
    clock: StoryClock
    transport: KitTransport
    http: VendorHttp
    enricher: Any
    customers: list[Customer]
    """Whom the stand-in knows."""

    heard: list[str] = field(default_factory=list)
    """What was said of failures."""

    async def ask(self, customer: Customer, what: str = "a look-up") -> Any:
        """What it says of a customer, or the VendorError that it raises; anything else is Unmet, as is an answer of
        another type."""
        try:
            async with asyncio.timeout(ENDS_S):
                facts = await self.enricher.lookup(customer, self.clock.now())
        except VendorError as error:
            self.heard.append(f"{error!r} {error} {error.args!r} {error.__cause__!r}")
            return error
        except TimeoutError:
            raise self.unmet(f"{what} comes to no end") from None
        except Exception as error:  # foreign code: whatever it raises is what was found
            place = where_raised(self.kind, error, "lookup")
            raise Unmet(f"{what} raises {told_error(error)}, and may raise a VendorError only", where=place) from None
        if type(facts) is not self.kind.facts_type:
            raise self.unmet(f"{what} gives {type(facts).__name__}, and should give {self.kind.facts_type.__name__}")
        return facts

    async def found(self, customer: Customer, what: str) -> Any:
        """What it says of a customer; a VendorError is Unmet."""
        facts = await self.ask(customer, what)
        if isinstance(facts, VendorError):
            raise self.unmet(f"{what} raises {told_error(facts)}")
        return facts

    def unmet(self, what: str, *members: str) -> Unmet:
        """A failure in the method of that name."""
        return Unmet(what, where=where(self.kind, *(members or ("lookup",))))


@asynccontextmanager
async def asker(subject: Subject, change: Mapping[str, Any] | None = None) -> AsyncIterator[Asker]:
    """An enricher and its stand-in; `change` of the settings that this gives."""
    kind, clock = subject.kind, StoryClock()
    stand_in = kind.simulator(None, 1)
    try:
        values = {**await stand_in.start(clock.now, None), **(change or {})}
        settings = validated(kind, values)
        transport = KitTransport(clock, token_urls(kind, settings))
        http = open_account(kind, settings, clock=clock, rng=SeededRng(1), transport=transport)
        try:
            enricher = kind(NAME, settings, Context(http))
            yield Asker(kind, settings, clock, transport, http, enricher, list(stand_in.customers()))
        finally:
            await http.aclose()
    finally:
        await stand_in.stop()
