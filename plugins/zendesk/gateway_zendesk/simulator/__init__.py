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

from gateway.plugin import Event, NowFunction, Ref
from gateway_zendesk.settings import ZendeskSettings
from gateway_zendesk.simulator.account import AGENT, Account, Json
from gateway_zendesk.simulator.push import Pusher, webhooks_of
from gateway_zendesk.simulator.server import Api
from gateway_zendesk.simulator.story import MEDIA, truth

FAULTS: Final = frozenset({"lose", "duplicate", "reorder", "html_429", "down"})
"""What can be wrong: webhooks are lost, doubled or swapped; the API answers 429 in HTML, or is down."""

_PERSON = ("Ada Customer", "ada@customer.example")


class ZendeskSimulator:
    """One account. `export_lag_s`: how late the export shows a change; `export_per_minute`: its budget, or None."""

    acts: ClassVar[frozenset[str]] = frozenset({"open", "customer_comment", "agent_comment", "solve"})
    faults: ClassVar[frozenset[str]] = FAULTS | {"revoked"}

    def __init__(
        self,
        settings: ZendeskSettings | None = None,
        seed: int = 0,
        *,
        export_lag_s: int = 60,
        export_per_minute: int | None = 10,
        page_size: int = 1_000,
        audits_page_size: int = 100,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable on purpose
        self._client_secret = f"{self._random.getrandbits(256):064x}"
        given = settings.webhook_secret[0] if settings is not None and settings.webhook_secret else None
        self._secret = given or SecretStr(f"{self._random.getrandbits(256):064x}")
        self._limits: dict[str, Any] = {
            "export_lag_s": export_lag_s,
            "export_per_minute": export_per_minute,
            "page_size": page_size,
            "audits_page_size": audits_page_size,
        }
        self._faults: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._sender: asyncio.Task[None] | None = None

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen on a free loopback port; webhooks go to `push_to`. Returns settings that point a connector here."""
        self._now = now
        self.account = Account(now)
        self.pusher = Pusher(now, self._secret, self._faults, push_to)
        self.api = Api(self.account, now, "simulated", self._client_secret, self._random, self._faults, **self._limits)
        self._runner = web.AppRunner(self.api.application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sender = asyncio.get_running_loop().create_task(self.pusher.run())
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "webhook_secret": self._secret.get_secret_value(),
            "client_id": "simulated",
            "client_secret": self._client_secret,
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
        self.pusher.push_to = url

    async def settled(self) -> None:
        """Come back when every webhook has been sent, or given up."""
        await self.pusher.settled()

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of FAULTS on or off; `revoked` makes every token worthless, once."""
        if name == "revoked":
            self.api.tokens.clear()
        elif name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(self.faults))}")
        elif on:
            self._faults.add(name)
        else:
            self._faults.discard(name)

    def truth(self) -> list[Event]:
        """What a perfect connector must say, at least."""
        return truth(self.account)

    def seed(self, count: int, *, since: int) -> None:
        """Let tickets be there, each with an answer; no webhook tells of them."""
        step = max(1, (self._now() - since) // max(count, 1))
        for number in range(count):
            at = since + number * step
            audit = self.account.open(at, {"subject": f"Seeded {number}", "via": {"channel": "email"}}, _PERSON, "Help")
            self.account.comment(int(audit["ticket_id"]), at, "Please try again.", public=True, agent=True)

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name == "open":
            return Ref("ticket", str(self.open_ticket()))
        open_ones = [id for id, ticket in self.account.tickets.items() if ticket["status"] not in ("deleted", "closed")]
        if not open_ones:
            return None
        ticket = self._random.choice(open_ones)
        if name == "solve":
            self.set_status(ticket, "solved")
        else:
            getattr(self, name)(ticket)
        return Ref("ticket", str(ticket))

    def open_ticket(
        self,
        *,
        at: int | None = None,
        subject: str = "Help",
        text: str = "Please help me.",
        priority: str | None = None,
        channel: str = "email",
        tags: tuple[str, ...] = (),
        requester: tuple[str, str] = ("Ada Customer", "ada@customer.example"),
        support_type: str = "agent",
    ) -> int:
        """A customer opens a ticket at `at` (ms; default now) by a channel in the API's word. Returns its id."""
        if channel not in MEDIA:
            raise ValueError(f"{channel!r} is no channel: there are {', '.join(sorted(MEDIA))}")
        content = {
            "subject": subject,
            "priority": priority,
            "tags": list(tags),
            "via": {"channel": channel},
            "support_type": support_type,
        }
        moment = self._at(at)
        audit = self.account.open(moment, content, requester, text)
        self._tell(audit, moment)
        return int(audit["ticket_id"])

    def customer_comment(self, ticket: int, text: str = "Any news?", *, at: int | None = None) -> None:
        """The customer writes."""
        moment = self._at(at)
        self._tell(self.account.comment(ticket, moment, text, public=True, agent=False), moment)

    def agent_comment(
        self, ticket: int, text: str = "We are looking into it.", *, public: bool = True, at: int | None = None
    ) -> None:
        """The agent answers, or writes a note."""
        moment = self._at(at)
        self._tell(self.account.comment(ticket, moment, text, public=public, agent=True), moment)

    def set_status(self, ticket: int, status: str, *, at: int | None = None) -> None:
        """The agent sets the status: new, open, pending, hold, solved or closed."""
        self._change(ticket, at, status=status)

    def set_priority(self, ticket: int, priority: str | None, *, at: int | None = None) -> None:
        """The agent sets the priority: urgent, high, normal, low or none."""
        self._change(ticket, at, priority=priority)

    def add_tags(self, ticket: int, *tags: str, at: int | None = None) -> None:
        """The agent adds tags."""
        self._change(ticket, at, tags=list(dict.fromkeys([*self.account.tickets[ticket]["tags"], *tags])))

    def assign(self, ticket: int, *, at: int | None = None) -> None:
        """The agent takes the ticket."""
        self._change(ticket, at, assignee_id=AGENT)

    def delete(self, ticket: int, *, at: int | None = None) -> None:
        """The agent deletes the ticket."""
        moment = self._at(at)
        self._tell(self.account.delete(ticket, moment), moment)

    def scrub(self, ticket: int) -> None:
        """Zendesk scrubs a ticket that was deleted a while ago; no webhook tells of it."""
        self.account.scrub(ticket)

    def _change(self, ticket: int, at: int | None, **values: Any) -> None:
        moment = self._at(at)
        self._tell(self.account.change(ticket, moment, **values), moment)

    def _at(self, at: int | None) -> int:
        return self._now() if at is None else at

    def _tell(self, audit: Json, at: int) -> None:
        ticket = self.account.tickets[audit["ticket_id"]]
        self.pusher.send(list(webhooks_of(audit, ticket, self.account.users, at, self._random)))
