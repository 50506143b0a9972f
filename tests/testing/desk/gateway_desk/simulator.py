"""The desk that isn't there: a log of changes, a position in it, and webhooks."""

import json
from random import Random

import aiohttp
from aiohttp import web

from gateway.plugin import ContactOpened, MessageAdded, Person, Ref, StatusChanged, format_instant, parse_instant
from gateway_desk import sign

SECRET = "desk-webhook-secret"


class DeskSimulator:
    """An account of it."""

    acts = frozenset({"open", "write", "answer", "solve"})
    faults = frozenset({"lose", "duplicate", "reorder", "late_commit", "revoked"})
    page_size = 100

    def __init__(self, seed):
        self.random = Random(seed)
        self.log, self.late, self.tickets, self.tokens, self.on = [], [], [], set(), set()
        self.asked = 0
        self.posts = []
        self.secret = f"client-secret-{self.random.getrandbits(64):016x}"

    async def start(self, now, push_to):
        """Listen."""
        self.now, self.push_to = now, push_to
        app = web.Application()
        app.router.add_post("/token", self.token)
        for path, answer in (("/position", self.position), ("/changes", self.changes), ("/me", self.me)):
            app.router.add_get(path, self.guarded(answer))
        app.router.add_get("/tickets/{id}", self.guarded(self.ticket))
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.session = aiohttp.ClientSession()
        url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        return {"base_url": url, "webhook_secret": SECRET, "client_id": "kit", "client_secret": self.secret}

    async def stop(self):
        """Stop."""
        await self.session.close()
        await self.runner.cleanup()

    def seed(self, count, *, since):
        """Tickets with an answer each."""
        for number in range(count):
            at = since + number * 1000
            self.add(at, self.new(), "opened")
            self.add(at + 500, self.tickets[-1], "message", by="agent", text="Hello")

    def act(self, name):
        """Something happens."""
        if name not in self.acts:
            raise ValueError(name)
        if name != "open" and not self.tickets:
            return None
        ticket = self.new() if name == "open" else self.random.choice(self.tickets)
        told = {
            "open": {"kind": "opened"},
            "write": {"kind": "message", "by": "customer", "text": "Any news? 👩‍👩‍👧"},
            "answer": {"kind": "message", "by": "agent", "text": "Soon."},
            "solve": {"kind": "status", "to": "solved"},
        }[name]
        self.push(self.add(self.now(), ticket, **told))
        return Ref("ticket", ticket)

    def fault(self, name, *, on=True):
        """Something is wrong."""
        if name not in self.faults:
            raise ValueError(name)
        if name == "revoked":
            self.tokens.clear()
        (self.on.add if on else self.on.discard)(name)
        if name == "late_commit" and not on:
            self.log, self.late = self.log + self.late, []

    async def settled(self):
        """Send what is to be sent."""
        posts, self.posts = self.posts, []
        for body in posts:
            second = str(self.now() // 1000)
            headers = {"x-desk-time": second, "x-desk-signature": sign(SECRET, second, body)}
            async with self.session.post(self.push_to, data=body, headers=headers) as answer:
                await answer.read()

    def truth(self):
        """What is true."""
        return [true(change) for change in self.log + self.late]

    def new(self):
        """Another ticket."""
        self.tickets.append(str(len(self.tickets) + 1))
        return self.tickets[-1]

    def add(self, at, ticket, kind, **more):
        """Write a change down, or keep it back."""
        id = str(len(self.log) + len(self.late) + 1)
        change = {"id": id, "ticket": ticket, "at": format_instant(at), "kind": kind, **more}
        (self.late if "late_commit" in self.on and len(self.late) < 2 else self.log).append(change)
        return change

    def push(self, change):
        """Tell of a change; of a status only that there is one."""
        if self.push_to is not None and "lose" not in self.on:
            thin = change["kind"] == "status"
            told = {"ticket": change["ticket"]} if thin else {"change": change}
            self.posts.append(json.dumps({"delivery": f"d{change['id']}", **told}).encode())

    def guarded(self, answer):
        """Only for who has a token."""

        async def handler(request):
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                return web.json_response({}, status=401)
            return web.json_response(*await answer(request))

        return handler

    async def token(self, request):
        """A token for the right secret."""
        if (await request.post()).get("client_secret") != self.secret:
            return web.json_response({"error": "invalid_client"}, status=401)
        token = f"token-{self.random.getrandbits(128):032x}"
        self.tokens.add(token)
        return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    async def me(self, request):
        """Who asks."""
        return ({"name": "kit"},)

    async def position(self, request):
        """Where changes since an instant begin."""
        since = int(request.query["since"])
        early = [place for place, change in enumerate(self.log) if parse_instant(change["at"]) >= since]
        return ({"position": min(early, default=len(self.log))},)

    async def changes(self, request):
        """A page of the log."""
        after = int(request.query["after"])
        page = self.log[after : after + self.page_size]
        place = after + len(page)
        return ({"changes": page, "position": place, "more": place < len(self.log)},)

    async def ticket(self, request):
        """A ticket's changes."""
        found = [change for change in self.log if change["ticket"] == request.match_info["id"]]
        return ({"changes": found},) if found else ({},)


def true(change):
    """A change as an event."""
    common = {
        "id": f"change:{change['id']}",
        "at": parse_instant(change["at"]),
        "ref": Ref("ticket", change["ticket"]),
    }
    if change["kind"] == "opened":
        return ContactOpened(kind="ticket", channel="email", **common)
    if change["kind"] == "status":
        return StatusChanged(to=change["to"], **common)
    return MessageAdded(author=Person(kind=change["by"]), text=change["text"], **common)
