"""A stand-in for Yourvendor on a loopback port: tickets with a log, a list by time of change, and signed webhooks.

It knows the truth of its account. Write it after the vendor's documentation, not after the connector: what both have
misread in the same way, no test finds.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import Any, ClassVar

import aiohttp
from aiohttp import web

from gateway import plugin as gw

LATE_MS = 20_000
"""With the fault `late_commit`, a change is shown so late: within what the connector reads again."""

TRIES = 3
Ticket = dict[str, Any]


class YourvendorSimulator:
    """One account. `page_size` is how many tickets a page of the list has."""

    acts: ClassVar[frozenset[str]] = frozenset({"open", "customer_writes", "agent_writes", "solve"})
    faults: ClassVar[frozenset[str]] = frozenset({"lose", "duplicate", "reorder", "late_commit"})

    def __init__(self, seed: int) -> None:
        self.page_size = 100
        self._random = Random(seed)  # noqa: S311 - the same for the same seed, on purpose
        self._key = self._random.randbytes(32)
        self._token = f"{self._random.getrandbits(128):032x}"
        self._versions: dict[str, list[tuple[int, Ticket]]] = {}
        self._faults: set[str] = set()
        self._entries = 0
        self._held: list[tuple[str, bytes]] = []
        self._webhooks: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def start(self, now: gw.NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Listen; webhooks go to `push_to`. Returns the settings that point a connector here."""
        self._now, self._push_to = now, push_to
        app = web.Application()
        app.router.add_get("/me", self._me)
        app.router.add_get("/tickets", self._list)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._sender = asyncio.create_task(self._send())
        return {
            "base_url": f"http://127.0.0.1:{self._runner.addresses[0][1]}",
            "allow_private": True,
            "token": self._token,
            "webhook_secret": f"whsec_{b64encode(self._key).decode()}",
        }

    async def stop(self) -> None:
        """Stop listening and sending."""
        self._sender.cancel()
        with suppress(asyncio.CancelledError):
            await self._sender
        await self._runner.cleanup()

    # ── What happens in the account ──

    def seed(self, count: int, *, since: int) -> None:
        """Let tickets with a history be there; no webhook tells of them."""
        step = max(1, (self._now() - since) // max(count, 1))
        for number in range(count):
            at = since + number * step
            ticket = self._opened(at)
            self._logged(ticket, min(at + 60_000, self._now()), what="message", by="agent", text="Please try again.")

    def act(self, name: str) -> gw.Ref | None:
        """Let one of `acts` happen now."""
        if name not in self.acts:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name == "open":
            ticket = self._opened(self._now())
        elif not self._versions:
            return None
        else:
            _, ticket = self._versions[self._random.choice(list(self._versions))][-1]
            if name == "solve":
                ticket = self._logged(ticket, self._now(), what="status", to="solved")
            else:
                by = name.partition("_")[0]
                ticket = self._logged(ticket, self._now(), what="message", by=by, text=f"The {by} writes.")
        self._tell(ticket)
        return gw.Ref("ticket", ticket["id"])

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of `faults` on or off."""
        if name not in self.faults:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(self.faults))}")
        (self._faults.add if on else self._faults.discard)(name)

    def truth(self) -> Sequence[gw.Event]:
        """What a perfect connector must have said by now."""
        return [event for versions in self._versions.values() for event in _true(versions[-1][1])]

    def _opened(self, at: int) -> Ticket:
        number = str(1001 + len(self._versions))
        ticket = {
            "id": number,
            "created_at": gw.format_instant(at),
            "updated_at": gw.format_instant(at),
            "subject": f"Ticket {number}",
            "channel": self._random.choice(["mail", "form", "chat", "pigeon"]),
            "customer": {"id": f"c{number}", "name": "Ada Customer", "email": f"ada{number}@customer.example"},
            "log": [],
        }
        self._versions[number] = []
        return self._logged(ticket, at, what="message", by="customer", text="Nothing works.")

    def _logged(self, ticket: Ticket, at: int, **entry: Any) -> Ticket:
        """A new version of a ticket, with one more entry in its log. Two versions never have the same time."""
        ticket, self._entries = deepcopy(ticket), self._entries + 1
        if ticket["log"]:
            at = max(at, gw.parse_instant(ticket["updated_at"]) + 1)
        ticket["updated_at"] = gw.format_instant(at)
        ticket["log"].append({"id": self._entries, "at": ticket["updated_at"], **entry})
        shown_at = at + LATE_MS if "late_commit" in self._faults else at
        self._versions[ticket["id"]].append((shown_at, ticket))
        return ticket

    # ── Webhooks, signed as Standard Webhooks are ──

    def _tell(self, ticket: Ticket) -> None:
        webhook = f"evt_{self._random.getrandbits(64):016x}", json.dumps({"ticket": ticket}).encode()
        if self._push_to is None or "lose" in self._faults:
            return
        ready = [webhook, *self._held]
        self._held = []
        if "reorder" in self._faults and len(ready) == 1:
            self._held = ready  # it goes out behind the next one
            return
        for one in ready:
            for _ in range(2 if "duplicate" in self._faults else 1):
                self._webhooks.put_nowait(one)

    async def settled(self) -> None:
        """Come back when every webhook was sent, lost or given up."""
        while self._held:
            self._webhooks.put_nowait(self._held.pop())
        await self._webhooks.join()

    async def _send(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
            while True:
                id, body = await self._webhooks.get()
                for turn in range(TRIES):
                    await asyncio.sleep(0.2 * turn)
                    if await self._posted(session, id, body):
                        break
                self._webhooks.task_done()

    async def _posted(self, session: aiohttp.ClientSession, id: str, body: bytes) -> bool:
        timestamp = str(self._now() // gw.SECOND_MS)
        proof = gw.hmac_sha256(self._key, f"{id}.{timestamp}.".encode() + body)
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{b64encode(proof).decode()}",
        }
        try:
            async with session.post(str(self._push_to), data=body, headers=headers) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    # ── The API ──

    def _known(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise web.HTTPUnauthorized(text='{"error": "unknown token"}', content_type="application/json")

    async def _me(self, request: web.Request) -> web.Response:
        self._known(request)
        return web.json_response({"name": "Gateway", "role": "reader"})

    async def _list(self, request: web.Request) -> web.Response:
        self._known(request)
        try:
            behind = gw.parse_instant(request.query["since"]), request.query.get("after", "")
        except (KeyError, ValueError):
            raise web.HTTPBadRequest(text='{"error": "since"}', content_type="application/json") from None
        shown = [[ticket for at, ticket in versions if at <= self._now()] for versions in self._versions.values()]
        rows = sorted((_place(known[-1]), known[-1]) for known in shown if known and _place(known[-1]) > behind)
        page = [ticket for _, ticket in rows[: self.page_size]]
        return web.json_response({"tickets": page, "more": len(rows) > len(page)})


def _place(ticket: Ticket) -> tuple[int, str]:
    return gw.parse_instant(ticket["updated_at"]), ticket["id"]


def _true(ticket: Ticket) -> Sequence[gw.Event]:
    ref, changed = gw.Ref("ticket", ticket["id"]), gw.parse_instant(ticket["updated_at"])
    channels: dict[str, gw.Channel] = {"mail": "email", "form": "web", "chat": "chat", "pigeon": "other"}
    events: list[gw.Event] = [
        gw.ContactOpened(
            id=f"{ref.id}:opened",
            at=gw.parse_instant(ticket["created_at"]),
            ref=ref,
            kind="ticket",
            channel=channels[ticket["channel"]],
        ),
        gw.ContactObserved(
            id=f"{ref.id}:seen:{ticket['updated_at']}",
            at=changed,
            ref=ref,
            subject=ticket["subject"],
            customer=gw.Customer(**ticket["customer"]),
        ),
    ]
    for entry in ticket["log"]:
        id, at = f"log:{entry['id']}", gw.parse_instant(entry["at"])
        if entry["what"] == "status":
            events.append(gw.StatusChanged(id=id, at=at, ref=ref, sequence=entry["id"], to="solved"))
        else:
            author = gw.Person(kind="agent" if entry["by"] == "agent" else "customer")
            events.append(
                gw.MessageAdded(id=id, at=at, ref=ref, sequence=entry["id"], author=author, text=entry["text"])
            )
    return events
