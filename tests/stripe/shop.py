"""A simulated Stripe account by the wall's clock, and Stripe's own client before it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import stripe
from gateway_payments.stripe.simulator import StripeSimulator

from tests.acceptance.process import now_ms


@dataclass(frozen=True)
class Counter:
    """The account, its settings, and clients with the secret key and with the restricted one."""

    simulator: StripeSimulator
    settings: dict[str, Any]
    http: stripe.AIOHTTPClient

    @property
    def shop(self) -> Any:
        """Who sells, and may everything."""
        return self.client(self.simulator.secret_key)

    @property
    def reader(self) -> Any:
        """Who may read."""
        return self.client(self.settings["api_key"])

    def client(self, key: str) -> Any:
        """Stripe's client with a key; it tries nothing again by itself."""
        bases: Any = {"api": self.settings["base_url"]}
        return stripe.StripeClient(key, base_addresses=bases, max_network_retries=0, http_client=self.http).v1


def told(story: Callable[[Counter], Awaitable[None]], *, push_to: str | None = None) -> None:
    """Tell a story in an account of its own."""

    async def run() -> None:
        simulator = StripeSimulator(seed=8)
        settings = dict(await simulator.start(now_ms, push_to))
        http = stripe.AIOHTTPClient()
        try:
            await story(Counter(simulator, settings, http))
        finally:
            await http.close_async()
            await simulator.stop()

    asyncio.run(run())
