"""A Freshdesk account on a loopback port: people act in it, it pushes webhooks, answers the API and knows the truth.

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
from gateway_freshdesk.settings import FreshdeskSettings
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.acts import ACTS, Acts
from gateway_freshdesk.simulator.api import Api
from gateway_freshdesk.simulator.limits import Limits, Window
from gateway_freshdesk.simulator.push import Pusher
from gateway_freshdesk.simulator.seeding import seed
from gateway_freshdesk.simulator.server import Server
from gateway_freshdesk.simulator.story import truth

FAULTS: Final[Mapping[str, str]] = {
    **{name: what for name, what in COMMON_FAULTS.items() if name != "revoked"},
    "own_body": "webhooks have a body that somebody wrote: broken JSON where a ticket's words have quotes or lines",
    "form": "webhooks are forms",
    "basic": "webhooks bring their token as the password of HTTP Basic",
    "drift": "the first ticket of each page of a list is changed as soon as it was shown, and moves to the list's end",
    "plan": "the account's plan has no ratings",
    "no_key": "the API key is worthless: 401",
    "html_429": "every answer is 429 in HTML, without a time",
    "bare_429": "every answer is 429 without a Retry-After",
    "error_500": "every answer is 500",
    "down": "every answer is 503 in HTML",
    "truncate": "every answer breaks off in its middle",
}
"""What can be wrong with an account."""


class FreshdeskSimulator(Acts):
    """One account. The limits are credits a minute and lists of tickets a minute, or None.

    `page_size`, the rows of a page at most, and `pages_max`, the last page of a list of tickets, may be set until the
    account is started. `base_url`: what the API's links begin with.
    """

    acts: ClassVar[frozenset[str]] = ACTS
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(
        self,
        settings: FreshdeskSettings | None = None,
        seed: int = 0,
        *,
        per_minute: int | None = 200,
        list_per_minute: int | None = 20,
        page_size: int = 100,
        pages_max: int = 300,
        base_url: str | None = None,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        given = settings.webhook_token[0] if settings is not None and settings.webhook_token else None
        self._token = given or SecretStr(f"{self._random.getrandbits(256):064x}")
        self.api_key = f"{self._random.getrandbits(80):020x}"
        self._windows = Window(per_minute), Window(list_per_minute)
        self.page_size, self.pages_max, self._base_url = page_size, pages_max, base_url
        self._faults: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen on a free loopback port; webhooks go to `push_to`. Returns settings that point a connector here."""
        self.now = now
        self.account = Account(now)
        self.pusher = Pusher(self._faults, self._token, push_to)
        self.api = Api(
            self,
            self.account,
            now,
            self.api_key,
            Limits(now, *self._windows),
            self._faults,
            self.page_size,
            self.pages_max,
            self._base_url,
        )
        self._runner = web.AppRunner(Server(self.api).application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sender = asyncio.get_running_loop().create_task(self.pusher.run())
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "api_key": self.api_key,
            "webhook_token": self._token.get_secret_value(),
        }

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
        self.pusher.url = url

    async def settled(self) -> None:
        """Come back when every webhook has been sent, or given up."""
        await self.pusher.settled()

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of FAULTS on or off."""
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(FAULTS))}")
        (self._faults.add if on else self._faults.discard)(name)
        self.account.late = "late_commit" in self._faults

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
