"""What the simulated account's API knows of itself: who may do what, how often it was asked, what is wrong today."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final

from gateway.plugin import DAY_MS, SECOND_MS, NowFunction, same_secret
from gateway_payments.stripe.simulator import errors, till
from gateway_payments.stripe.simulator.account import Account
from gateway_payments.stripe.simulator.desk import Desk
from gateway_payments.stripe.simulator.errors import Failure
from gateway_payments.stripe.simulator.push import Endpoint, Pusher

READS: Final = frozenset(
    {
        "account",
        "balance",
        "charges",
        "customers",
        "disputes",
        "early_fraud_warnings",
        "events",
        "payment_intents",
        "payment_methods",
        "payouts",
        "refunds",
        "reviews",
        "verification_sessions",
        "webhook_endpoints",
    }
)
"""The permissions to read, by what is read."""


@dataclass(slots=True)
class Used:
    """An idempotency key: for which request it was used, when, and what that was answered, once it is."""

    what: str
    at: int
    answer: tuple[int, bytes] | None = None


@dataclass(slots=True)
class Api:
    """One account's API. `secret_key` may everything; `restricted_key` may read, as far as `reads` goes.

    `per_second`: so many requests it takes in one second of its clock, or any number. `slow_ms`: how long an answer
    takes under the fault `slow`, by that clock.
    """

    account: Account
    desk: Desk
    pusher: Pusher
    now: NowFunction
    chance: Random
    faults: set[str]
    secret_key: str
    restricted_key: str
    reads: frozenset[str] = READS
    per_second: int | None = None
    slow_ms: int = 60 * SECOND_MS
    calls: Counter[str] = field(default_factory=Counter)
    """How often each path was asked for."""

    keys: dict[str, Used] = field(default_factory=dict)
    lies: int = 0
    quick: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while answers aren't slow."""

    _requests: int = 0
    _second: tuple[int, int] = (0, 0)

    def request_id(self) -> str:
        """The name of the next request."""
        self._requests += 1
        return f"req_{self._requests:014d}"

    def let_in(self, key: str | None, part: str, *, writes: bool) -> None:
        """Whether who shows this key may read or write that part. Raises Failure."""
        if not key:
            raise errors.no_key()
        shown = f"{key[:8]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * len(key)
        whole = same_secret(key, self.secret_key)
        if not whole and not same_secret(key, self.restricted_key):
            raise errors.wrong_key(shown)
        if "revoked" in self.faults:
            raise errors.expired_key(shown)
        if "forbidden" in self.faults or not (whole or (not writes and part in self.reads)):
            raise errors.not_permitted(shown, f"rak_{part.removesuffix('s')}_{'write' if writes else 'read'}")

    def count(self) -> None:
        """One more request. Raises Failure for one too many."""
        if "rate_limited" in self.faults:
            raise errors.limited("global-rate")
        second = self.now() // SECOND_MS
        so_far = self._second[1] if self._second[0] == second else 0
        self._second = (second, so_far + 1)
        if self.per_second is not None and so_far >= self.per_second:
            raise errors.limited("global-rate")

    def use(self, key: str, what: str) -> Used:
        """Take an idempotency key for a request; with its answer, if that was given already. Raises Failure."""
        if len(key) > 255:
            raise Failure(400, "Idempotency keys can be up to 255 characters long", type="idempotency_error")
        now = self.now()
        used = self.keys.get(key)
        if used is None or used.at + DAY_MS <= now:
            used = self.keys[key] = Used(what, now)
        elif used.what != what:
            raise errors.key_used(key)
        elif used.answer is None:
            raise errors.key_in_use(key)
        return used

    def subscribe(self, url: str, secret: str | None = None, events: tuple[str, ...] = ("*",)) -> Endpoint:
        """Send webhooks to an address from now on, signed with a secret."""
        created = self.now() // SECOND_MS
        row = till.webhook_endpoint(self.account.new_id("we"), created, url, list(events))
        self.account.add(row)
        found = Endpoint(row, [(secret or new_secret(self.chance), None)])
        self.pusher.endpoints[row["id"]] = found
        return found


def new_secret(chance: Random) -> str:
    """A secret to sign webhooks with."""
    return f"whsec_{chance.getrandbits(192):048x}"
