"""On a bad day of Stripe's nothing wrong is told: the enricher and the connector say that it can't be had, and why."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from gateway_payments.purse import Purse
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.lookup import StripePurse
from gateway_payments.stripe.simulator import StripeSimulator

from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng
from gateway.plugin import (
    Context,
    Customer,
    Permanent,
    RateLimited,
    Ref,
    Transient,
    Unauthorized,
    VendorError,
    VendorHttp,
    VendorResponse,
)
from gateway.plugin.account import open_account
from gateway.testing.clock import StoryClock

LIES = 14
"""Twice as many as the account has."""

WHO = Customer(email="ada@customer.example")


class Gate:
    """The client, which lets the account begin to lie before a certain question."""

    def __init__(self, day: "Day", http: VendorHttp) -> None:
        self._day, self._http = day, http

    async def get(self, *asked: Any) -> VendorResponse:
        """One more question."""
        self._day.asked += 1
        if self._day.asked == self._day.lies_from:
            self._day.simulator.fault("lying")
        return await self._http.get(*asked)


class Day:
    """An account in which one customer has paid twice and disputed once, and who asks it."""

    def __init__(self) -> None:
        self.clock = StoryClock()
        self.simulator = StripeSimulator(seed=2)
        self.asked = self.lies_from = 0
        self._closing: list[Callable[[], Awaitable[None]]] = []

    async def begin(self) -> None:
        """Open the account."""
        self._settings = dict(await self.simulator.start(self.clock.now, None))
        self._closing.append(self.simulator.stop)
        bought: dict[str, Any] = {"email": "ada@customer.example", "name": "Ada", "currency": "eur"}
        charges = [self.simulator.sell(at=self.clock.now(), amount=amount, **bought) for amount in (12_900, 500)]
        self.dispute = self.simulator.dispute(charges[0], at=self.clock.now(), reason="fraudulent")
        self.purse: StripePurse = self._made(StripePurse, "api_key", "base_url")
        self.connector: Stripe = self._made(Stripe, *self._settings)

    async def end(self) -> None:
        """Close everything."""
        for close in self._closing:
            await close()

    def _made(self, kind: Any, *names: str) -> Any:
        settings = kind.settings_type.model_validate({name: self._settings[name] for name in names})
        http = open_account(kind, settings, reach=PRIVATE_TOO, clock=self.clock, rng=SeededRng(1))
        self._closing.insert(0, http.aclose)
        gate: Any = Gate(self, http)
        return kind("stripe", settings, Context(gate))

    async def looked_up(self) -> Purse:
        """What the enricher says."""
        return await self.purse.lookup(WHO, self.clock.now())

    async def fetched(self) -> list[bytes]:
        """What the connector reads of the dispute, as it is stored."""
        records = await self.connector.fetch(Ref("dispute", self.dispute), self.clock.now())
        return [record.body for record in records]


def told(story: Callable[[Day], Awaitable[None]]) -> None:
    """Tell a story."""

    async def run() -> None:
        day = Day()
        try:
            await day.begin()
            await story(day)
        finally:
            await day.end()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("down", Transient),
        ("error_500", Transient),
        ("rate_limited", RateLimited),
        ("revoked", Unauthorized),
        ("forbidden", Permanent),
        ("lock_timeout", RateLimited),
    ],
)
def test_a_bad_day_is_an_error_of_its_kind(fault: str, kind: type[VendorError]) -> None:
    """And on the next day all is as it was."""

    async def story(day: Day) -> None:
        before = await day.looked_up()
        assert (before.payments, before.paid, before.open_disputes, before.disputed) == (2, 134.0, 1, 129.0)
        day.simulator.fault(fault)
        if fault == "lock_timeout":  # a list locks nothing
            assert await day.looked_up() == before
        else:
            with pytest.raises(kind):
                await day.looked_up()
        if fault == "forbidden":  # what may not be read is done without
            assert await day.fetched() == []
        else:
            with pytest.raises(kind):
                await day.fetched()
        day.simulator.fault(fault, on=False)
        day.clock.pass_(120)
        after = await day.looked_up()
        assert after == before
        assert len(await day.fetched()) == 1

    told(story)


def test_no_lie_is_taken_for_an_answer() -> None:
    """HTML, other objects, other types, half of an object: each is ill weather, to be asked again."""

    async def story(day: Day) -> None:
        before = await day.looked_up()
        day.simulator.fault("lying")
        for _ in range(LIES):
            for ask in (day.looked_up, day.fetched):
                with pytest.raises(Transient):
                    await ask()
                day.clock.pass_(120)
        day.simulator.fault("lying", on=False)
        assert await day.looked_up() == before

    told(story)


def test_a_lie_in_the_middle_is_none_either() -> None:
    """Whichever of the questions of a look-up is answered by one, all of it is unknown."""

    async def story(day: Day) -> None:
        before = await day.looked_up()
        questions, day.asked = day.asked, 0
        assert questions > 3
        for place in range(1, questions + 1):
            day.asked, day.lies_from = 0, place
            with pytest.raises(Transient):
                await day.looked_up()
            day.simulator.fault("lying", on=False)
            day.clock.pass_(120)
        day.lies_from = 0
        assert await day.looked_up() == before

    told(story)
