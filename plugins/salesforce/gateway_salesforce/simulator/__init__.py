"""A Salesforce org on a loopback port: people act in it, it pushes ids and answers the REST API, and knows the truth.

One simulator serves demonstrations and tests. Acts may be dated in the past, so that a story can begin before it is
told; `fault` makes the org as unpleasant as the real one can be.
"""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any, ClassVar, Final

from aiohttp import web
from pydantic import SecretStr

from gateway.plugin import FAULTS as COMMON_FAULTS
from gateway.plugin import SECOND_MS, Event, NowFunction, Ref
from gateway_salesforce.simulator.acts import ACTS, Acts
from gateway_salesforce.simulator.api import PAGE_MAX, PAGE_MIN, Api
from gateway_salesforce.simulator.limits import Daily
from gateway_salesforce.simulator.oauth import Doorman, keys
from gateway_salesforce.simulator.org import Org
from gateway_salesforce.simulator.people import USERNAME, People
from gateway_salesforce.simulator.push import Pusher
from gateway_salesforce.simulator.seeding import seed
from gateway_salesforce.simulator.server import Server
from gateway_salesforce.simulator.story import truth

FAULTS: Final[Mapping[str, str]] = {
    **COMMON_FAULTS,
    "short_ids": "webhooks say ids of fifteen characters",
    "short_pages": "a page has fewer rows than it could have, and more follow",
    "not_acceptable": "every other query is answered 406",
    "query_timeout": "a query whose rows lie too far apart in time takes too long",
    "daily_limit": "the requests of a day are spent",
    "concurrent_limit": "too many requests take long at once",
    "unrecoverable": "no session is known any more, whatever tokens are given",
    "hidden_fields": "fields are hidden from the user who reads",
    "missing_objects": "the org has no messaging and no telephony",
    "error_500": "every answer is 500",
    "unavailable": "every answer is 503, in JSON",
    "down": "every answer is 503, in HTML",
    "slow": "every answer takes a while",
    "truncate": "every answer breaks off in its middle",
}
"""What can be wrong with an org."""

CLIENT_ID: Final = "3MVG9.simulated.app"
GRANTS: Final = ("jwt_bearer", "client_credentials")
_REFS: Final = {"500": "case", "0Mw": "session", "0LQ": "call"}


class SalesforceSimulator(Acts):
    """One org. `grant`: one of GRANTS, of which `start` gives the settings; either is good. `daily_limit`: requests in
    a day.

    `page_size`, of a query, may be set until the org is started; `nested_size`: how many of what hangs on a row are
    told with it. `timeout_s`: which stretch of time is too long under `query_timeout`. `slow_s`: how long an answer
    takes under `slow`.
    """

    acts: ClassVar[frozenset[str]] = ACTS
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(
        self,
        settings: Any = None,
        seed: int = 0,
        *,
        grant: str = GRANTS[0],
        daily_limit: int = 100_000,
        page_size: int = PAGE_MAX,
        nested_size: int = PAGE_MIN,
        timeout_s: int = 3_600,
        slow_s: float = 1.0,
    ) -> None:
        if grant not in GRANTS:
            raise ValueError(f"{grant!r} is no grant: there are {', '.join(GRANTS)}")
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        given = getattr(settings, "webhook_secret", None)
        key = base64.b64encode(self._random.randbytes(32)).decode()
        self._secret: SecretStr = given[0] if given else SecretStr(f"whsec_{key}")
        self._client_secret = f"{self._random.getrandbits(256):064X}"
        self._grant, self._daily_limit = grant, daily_limit
        self.page_size = page_size
        self._sizes = {"nested_size": nested_size, "timeout_ms": timeout_s * SECOND_MS, "slow_s": slow_s}
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
        if self._grant == "jwt_bearer":
            access = {"username": USERNAME, "private_key": keys()[0]}
        else:
            access = {"client_secret": self._client_secret}
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "webhook_secret": self._secret.get_secret_value(),
            "grant": self._grant,
            "client_id": CLIENT_ID,
            **access,
        }

    def _begin(self, now: NowFunction) -> None:
        """An org with nobody's cases."""
        self.now = now
        self.org = Org(now)
        self.people = People(self.org)
        self.pusher = Pusher(now, self._faults, self._secret, self._random)
        doorman = Doorman(
            now,
            CLIENT_ID,
            self._client_secret,
            self._random,
            self._faults,
            self.people.organization,
            self.people.reader,
        )
        daily = Daily(now, self._daily_limit, self._faults)
        shared = (self.org, self.people, doorman, daily, self.pusher, self._random, self._faults)
        self.api = Api(*shared, page_size=self.page_size, **self._sizes)  # type: ignore[arg-type]

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
        """Switch one of FAULTS on or off. `revoked` happens once, when it is switched on."""
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(FAULTS))}")
        if name == "revoked":
            if on:
                self.api.doorman.sessions.clear()
            return
        (self._faults.add if on else self._faults.discard)(name)
        self.org.late = "late_commit" in self._faults

    def truth(self) -> list[Event]:
        """What a perfect connector must say, at least."""
        return truth(self.org, self.people)

    def seed(self, count: int, *, since: int) -> None:
        """Let cases, sessions and calls be there, each with a history of its own; no webhook tells of them."""
        seed(self.desk, count, since)

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now, to a row that it can happen to; which case, session or call; None if none."""
        id = self._act(name)
        return None if id is None else Ref(_REFS[id[:3]], id)
