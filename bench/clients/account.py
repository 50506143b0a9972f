"""The account that the foreign clients read: a simulator in this process, and what is to be found in it."""

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway_zendesk.simulator import CLIENT_ID, ZendeskSimulator
from gateway_zendesk.simulator.oauth import ADMIN_EMAIL
from gateway_zendesk.simulator.routes import ARCHIVED_AFTER_MS

from gateway.plugin import DAY_MS

EMAIL: Final = ADMIN_EMAIL
DAYS: Final = 200
PAGE: Final = 100
SHIM: Final = Path(__file__).parent / "shim"
PATIENCE_S: Final = 600.0
Ids = list[Any]


@dataclass(slots=True)
class Account:
    """One account, as long as it listens."""

    simulator: ZendeskSimulator
    base: str
    client_secret: str

    @classmethod
    async def opened(cls, tickets: int) -> "Account":
        """An account with so many tickets, the oldest 200 days old."""
        simulator = ZendeskSimulator(seed=1, export_per_minute=None, plan_per_minute=None, page_size=PAGE)
        settings = await simulator.start(_now, None)
        simulator.seed(tickets, since=_now() - DAYS * DAY_MS)
        return cls(simulator, settings["base_url"], settings["client_secret"])

    @property
    def token(self) -> str:
        """An administrator's API token."""
        return self.simulator.api_token

    @property
    def oauth(self) -> dict[str, str]:
        """The OAuth client."""
        return {"client_id": CLIENT_ID, "client_secret": self.client_secret}

    def exported(self) -> Ids:
        """The tickets in the export, but for those of the AI agents, for which nobody asks."""
        tickets = (self.simulator.account.ticket(id) for id in self.simulator.account.ids())
        return [ticket.id for ticket in tickets if ticket is not None and ticket.support_type == "agent"]

    def listed(self) -> Ids:
        """The tickets in lists: neither deleted nor archived."""
        tickets = (self.simulator.account.ticket(id) for id in self.simulator.account.ids())
        old = _now() - ARCHIVED_AFTER_MS
        return [
            ticket.id
            for ticket in tickets
            if ticket is not None and not ticket.gone and (ticket.status != "closed" or ticket.updated > old)
        ]

    def users(self) -> Ids:
        """Everybody."""
        return list(self.simulator.account.users)

    def rated(self) -> Ids:
        """The ratings."""
        tickets = (self.simulator.account.ticket(id) for id in self.simulator.account.ids())
        return [ticket.rating.id for ticket in tickets if ticket is not None and ticket.rating and not ticket.gone]

    def audits(self, tickets: Iterable[int]) -> Ids:
        """The entries of these tickets' logs."""
        return [audit["id"] for id in tickets for audit in self._log(id)]

    def comments(self, tickets: Iterable[int]) -> Ids:
        """The comments of these tickets."""
        entries = (entry for id in tickets for audit in self._log(id) for entry in audit["events"])
        return [entry["id"] for entry in entries if entry["type"] == "Comment"]

    def kept(self, tickets: Iterable[int]) -> Ids:
        """Those of these tickets that are not deleted."""
        found = (self.simulator.account.ticket(id) for id in tickets)
        return [ticket.id for ticket in found if ticket is not None and not ticket.gone]

    def requester(self, ticket: int) -> int:
        """Who wrote a ticket."""
        return self.simulator.account.whole(ticket).requester

    def email(self, user: int) -> str | None:
        """Their address."""
        return self.simulator.account.users[user].email

    def _log(self, ticket: int) -> list[dict[str, Any]]:
        whole = self.simulator.account.whole(ticket)
        return [] if whole.gone else whole.log or []


async def run(account: Account, *command: str | Path) -> tuple[int, str, str]:
    """Run a foreign client, led to the account: exit code, output, errors."""
    environment: Mapping[str, str] = {**os.environ, "CLIENTS_BASE": account.base, "PYTHONPATH": str(SHIM)}
    process = await asyncio.create_subprocess_exec(
        *map(str, command), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace")


def _now() -> int:
    return int(time.time() * 1000)
