"""A simulated account with one customer, who paid, disputes a payment and failed to pay: whom the enricher finds."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.plugin import DAY_MS, MINUTE_MS, Customer, NowFunction
from gateway_payments.stripe.simulator import StripeSimulator
from gateway_payments.stripe.simulator.cards import TOKENS, VISA

EMAIL = "ada@customer.example"
PHONE = "+442071838750"
_DECLINED = TOKENS["pm_card_chargeDeclined"]


class Patron:
    """The stand-in of the enricher."""

    def __init__(self, seed: int) -> None:
        self.stripe = StripeSimulator(None, seed)
        self._id = ""

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen, with Ada in the account. Returns the settings that point an enricher here."""
        values = await self.stripe.start(now, None)
        at, desk = now() - 40 * DAY_MS, self.stripe.desk
        ada = desk.customer(at, email=EMAIL, name="Ada", phone=PHONE)
        self._id = str(ada["id"])
        desk.attempt(desk.intend(at, 4_900, "eur", ada), at, VISA)
        charge = desk.attempt(desk.intend(at + DAY_MS, 12_900, "eur", ada), at + DAY_MS, VISA)
        desk.dispute(charge, now() - DAY_MS, "product_not_received")
        desk.attempt(desk.intend(now() - MINUTE_MS, 900, "jpy", ada), now() - MINUTE_MS, _DECLINED)
        return {name: values[name] for name in ("base_url", "allow_private", "api_key")}

    def customers(self) -> Sequence[Customer]:
        """Ada, by each identity alone."""
        return [Customer(id=self._id), Customer(email=EMAIL), Customer(phone=PHONE)]

    async def stop(self) -> None:
        """Stop listening."""
        await self.stripe.stop()
