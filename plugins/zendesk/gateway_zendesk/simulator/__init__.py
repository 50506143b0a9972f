"""A Zendesk account on a loopback port: people act in it, it pushes webhooks and answers the API, and knows the truth.

One simulator serves demonstrations and tests. Acts may be dated in the past, so that a story can begin before it is
told; `fault` makes the account as unpleasant as the real one can be.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any, ClassVar, Final

from aiohttp import web
from pydantic import SecretStr

from gateway.plugin import FAULTS as COMMON_FAULTS
from gateway.plugin import Event, NowFunction, Ref
from gateway_zendesk.settings import ZendeskSettings
from gateway_zendesk.simulator.account import Account
from gateway_zendesk.simulator.acts import ACTS, Acts
from gateway_zendesk.simulator.api import Api
from gateway_zendesk.simulator.hooks import Hooks
from gateway_zendesk.simulator.limits import Limits, Window
from gateway_zendesk.simulator.oauth import Doorman
from gateway_zendesk.simulator.push import Pusher
from gateway_zendesk.simulator.seeding import seed
from gateway_zendesk.simulator.server import Server
from gateway_zendesk.simulator.story import truth

FAULTS: Final[Mapping[str, str]] = {
    **COMMON_FAULTS,
    "delay": "webhooks are sent eight minutes late, by the account's clock",
    "no_webhook": "the subscription has vanished, and nothing is sent",
    "html_429": "every answer is 429 in HTML, without a time",
    "bare_429": "every answer is 429 without a Retry-After",
    "absurd_429": "every answer is 429 with a Retry-After that makes no sense",
    "error_500": "every answer is 500",
    "down": "every answer is 503 in HTML",
    "slow": "every answer takes a while",
    "truncate": "every answer breaks off in its middle",
    "repeat_cursor": "the export says that there is more, behind the cursor that it was asked for",
    "null_cursor": "the export has no cursor, whether or not there is more",
    "no_expires_in": "a token doesn't say how long it lives",
    "lost_token": "the answer with a new token is lost, and the old one is gone all the same",
    "no_refresh": "the refresh tokens given so far are worthless too",
    "plan": "the account's plan has no conversations, custom statuses and ratings",
}
"""What can be wrong with an account."""

CLIENT_ID: Final = "simulated"
_AT_ONCE: Final = frozenset({"revoked", "no_refresh"})


class ZendeskSimulator(Acts):
    """One account. `export_lag_s`: how late the export shows a change. The limits are requests a minute, or None.

    `page_size`, of the exports, may be set until the account is started. `slow_s`: how long an answer takes under the
    fault `slow`. `base_url`: what the API's links begin with.
    """

    acts: ClassVar[frozenset[str]] = ACTS
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(
        self,
        settings: ZendeskSettings | None = None,
        seed: int = 0,
        *,
        export_lag_s: int = 60,
        export_per_minute: int | None = 10,
        plan_per_minute: int | None = 700,
        page_size: int = 1_000,
        audits_page_size: int = 100,
        slow_s: float = 1.0,
        base_url: str | None = None,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._client_secret = f"{self._random.getrandbits(256):064x}"
        given = settings.webhook_secret[0] if settings is not None and settings.webhook_secret else None
        self._secret = given or SecretStr(f"{self._random.getrandbits(256):064x}")
        self.api_token = f"{self._random.getrandbits(160):040x}"
        self._export_lag_s = export_lag_s
        self._windows = Window(plan_per_minute), Window(export_per_minute)
        self.page_size = page_size
        self._sizes: dict[str, Any] = {
            "audits_page_size": audits_page_size,
            "slow_s": slow_s,
            "base_url": base_url,
        }
        self._faults: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen on a free loopback port; webhooks go to `push_to`. Returns settings that point a connector here."""
        self._begin(now)
        self.push_to(push_to)
        self._runner = web.AppRunner(Server(self.api).application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sender = asyncio.get_running_loop().create_task(self.pusher.run())
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "webhook_secret": self._secret.get_secret_value(),
            "client_id": CLIENT_ID,
            "client_secret": self._client_secret,
        }

    def _begin(self, now: NowFunction) -> None:
        """An empty account."""
        self.now = now
        self.account = Account(now, self._export_lag_s)
        self.pusher = Pusher(now, self._faults)
        self.hooks = Hooks(self.account, self._random)
        doorman = Doorman(now, CLIENT_ID, self._client_secret, self.api_token, self._random, self._faults)
        limits = Limits(now, *self._windows)
        sizes = {"page_size": self.page_size, **self._sizes}
        self.api = Api(self.account, now, doorman, limits, self.pusher.webhooks, self._faults, **sizes)

    async def stop(self) -> None:
        """Stop listening and pushing; what is not sent yet is dropped."""
        if self._sender is not None:
            self._sender.cancel()
            with suppress(asyncio.CancelledError):
                await self._sender
        if self._runner is not None:
            await self._runner.cleanup()

    def push_to(self, url: str | None) -> None:
        """Send webhooks to `url` from now on, or nowhere."""
        self.pusher.webhooks.clear()
        if url is not None:
            self.api.subscribe(url, self._secret)

    async def settled(self) -> None:
        """Come back when every webhook that is due has been sent, or given up."""
        await self.pusher.settled()

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of FAULTS on or off. `revoked` and `no_refresh` happen once, when they are switched on.

        What is delayed is sent when `delay` is switched off.
        """
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(FAULTS))}")
        if name in _AT_ONCE:
            if on:
                self.api.doorman.access.clear()
            if on and name == "no_refresh":
                self.api.doorman.refresh.clear()
            return
        (self._faults.add if on else self._faults.discard)(name)
        self.account.late = "late_commit" in self._faults
        if name == "delay" and not on:
            self.pusher.release()

    def truth(self) -> list[Event]:
        """What a perfect connector must say, at least."""
        return truth(self.account)

    def seed(self, count: int, *, since: int) -> None:
        """Let tickets be there, each with a history of its own; no webhook tells of them."""
        seed(self.account, count, since)

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now, to a ticket that it can happen to; None if there is none."""
        ticket = self._act(name)
        return None if ticket is None else Ref("ticket", str(ticket))
