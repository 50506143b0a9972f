"""A Stripe account on a loopback port: people pay and dispute in it; it pushes, answers its API, and knows the truth.

One simulator serves demonstrations and tests. Things may be dated in the past, so that a story can begin before it is
told; `fault` makes the account as unpleasant as the real one can be.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from random import Random
from typing import Any, ClassVar, Final

from aiohttp import web

from gateway.plugin import DAY_MS, SECOND_MS, Event, NowFunction, Ref
from gateway.plugin import FAULTS as COMMON_FAULTS
from gateway_payments.stripe.settings import StripeSettings
from gateway_payments.stripe.simulator.account import Account
from gateway_payments.stripe.simulator.acts import ACTS, Acts, history
from gateway_payments.stripe.simulator.api import READS, Api, new_secret
from gateway_payments.stripe.simulator.cards import VISA
from gateway_payments.stripe.simulator.desk import Desk
from gateway_payments.stripe.simulator.push import Endpoint, Pusher
from gateway_payments.stripe.simulator.server import Server
from gateway_payments.stripe.simulator.truth import truth

FAULTS: Final[Mapping[str, str]] = {
    **COMMON_FAULTS,
    "revoked": "no key is taken",
    "forbidden": "no key may read or write anything",
    "rate_limited": "every answer is 429, as to somebody who asks too much",
    "lock_timeout": "every object is being used by somebody else: 429",
    "slow": "every answer takes a minute by the account's clock",
    "error_500": "every answer is Stripe's own error, 500",
    "down": "every answer is 503 in HTML",
    "lying": "every answer is 200, and something else than what was asked for",
    "stale_search": "a search doesn't find what is less than a minute old",
}
"""What can be wrong with an account."""

AGE_MS: Final = 365 * DAY_MS
"""How long the account has been there."""


class StripeSimulator:
    """One account. `per_second`: so many requests its API takes in a second of the clock, or any number.

    `secret_key` may everything, as the company's own shop does; the settings that `start` gives have a restricted key
    that may read.
    """

    acts: ClassVar[frozenset[str]] = frozenset(ACTS)
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(self, settings: StripeSettings | None = None, seed: int = 0, *, per_second: int | None = None) -> None:
        self._chance = Random(seed)  # noqa: S311 - repeatable on purpose
        self.secret_key = f"sk_test_{self._chance.getrandbits(256):064x}"
        self._restricted_key = f"rk_test_{self._chance.getrandbits(256):064x}"
        self._secret = new_secret(self._chance)
        if settings is not None and settings.webhook_secret:
            self._secret = settings.webhook_secret[0].get_secret_value()
        if settings is not None and settings.api_key is not None:
            self._restricted_key = settings.api_key.get_secret_value()
        self._per_second = per_second
        self._faults: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen on a free loopback port; webhooks go to `push_to`. Returns settings that point a connector here."""
        self.now = now
        self.pusher = Pusher(now, Random(self._chance.getrandbits(32)), self._faults)  # noqa: S311
        self.account = Account(now, self._chance, self.pusher.hear, created=(now() - AGE_MS) // SECOND_MS)
        self.desk = Desk(self.account)
        self._acts = Acts(self.account, self.desk, self._chance)
        self.api = Api(
            self.account,
            self.desk,
            self.pusher,
            now,
            self._chance,
            self._faults,
            self.secret_key,
            self._restricted_key,
            per_second=self._per_second,
        )
        if push_to is not None:
            self.api.subscribe(push_to, self._secret)
        self._runner = web.AppRunner(Server(self.api).application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sender = asyncio.get_running_loop().create_task(self.pusher.run())
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "api_key": self._restricted_key,
            "webhook_secret": self._secret,
        }

    async def stop(self) -> None:
        """Stop listening and pushing; what is not sent yet is dropped."""
        self._faults.clear()
        self.api.quick.set()
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender
        if self._runner is not None:
            await self._runner.cleanup()

    def push_to(self, url: str | None) -> Endpoint | None:
        """Send webhooks to `url` from now on, signed with the secret of the settings, or nowhere."""
        self.pusher.endpoints.clear()
        return None if url is None else self.api.subscribe(url, self._secret)

    def permit(self, reads: Collection[str]) -> None:
        """What the restricted key may read from now on, of READS."""
        if strange := sorted(set(reads) - READS):
            raise ValueError(f"{strange[0]!r} can't be read: there are {', '.join(sorted(READS))}")
        self.api.reads = frozenset(reads)

    async def settled(self) -> None:
        """Come back when every webhook that is due has been sent, or given up."""
        await self.pusher.settled()

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of FAULTS on or off."""
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(FAULTS))}")
        (self._faults.add if on else self._faults.discard)(name)
        self.account.late = "late_commit" in self._faults
        (self.api.quick.clear if "slow" in self._faults else self.api.quick.set)()

    def truth(self) -> list[Event]:
        """What a perfect connector must say, at least."""
        return truth(self.account)

    def seed(self, count: int, *, since: int) -> None:
        """Let so many stories have happened; no webhook tells of them."""
        self.pusher.muted = True
        try:
            for _ in history(self._acts, count, since, self.now() - SECOND_MS):
                pass
        finally:
            self.pusher.muted = False

    def sell(self, *, at: int, email: str, name: str, amount: int, currency: str) -> str:
        """Somebody pays so many minor units at `at` (milliseconds, now at the latest); the charge's id.

        Who has the address is a customer already, or becomes one.
        """
        known = (row for row in self.account.rows("customer") if row.get("email") == email)
        who = next(known, None) or self.desk.customer(at, email=email, name=name)
        charge = self.desk.attempt(self.desk.intend(at, amount, currency, who), at, VISA)
        return str(charge["id"])

    def dispute(self, charge: str, *, at: int, reason: str) -> str:
        """Their bank takes the money of a charge back at `at`; the dispute's id. Raises ValueError where it can't."""
        return str(self.desk.dispute(self.account.get("charge", charge), at, reason)["id"])

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now, to something that it can happen to; None if there is none."""
        if name not in ACTS:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(ACTS))}")
        return ACTS[name](self._acts, self.now())
