"""The door that isn't there: what happens at it is sent by UDP, and by TCP for every third visitor."""

import asyncio
import socket
from random import Random

from gateway.plugin import CallAnswered, CallEnded, ContactOpened, Instant, Ref


class BellSimulator:
    """A door."""

    acts = frozenset({"arrive", "enter", "leave"})
    faults = frozenset({"lose", "duplicate", "reorder"})
    sends = True

    def __init__(self, seed):
        self.random = Random(seed)
        self.visits, self.on, self.writer = {}, set(), None
        self.framed = []

    async def start(self, now, push_to):
        """Choose the ports."""
        self.now = now
        self.ports = {}
        for word, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)):
            with socket.socket(socket.AF_INET, kind) as tried:
                tried.bind(("127.0.0.1", 0))
                self.ports[word] = tried.getsockname()[1]
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return {**self.ports, "allow": ["127.0.0.1"]}

    async def stop(self):
        """Stop."""
        self.out.close()
        if self.writer is not None:
            self.writer.close()

    async def settled(self):
        """Send what waits."""
        framed, self.framed = self.framed, []
        if framed and self.writer is None:
            _, self.writer = await asyncio.open_connection("127.0.0.1", self.ports["tcp"])
        if framed:
            self.writer.write(b"".join(framed))
            await self.writer.drain()

    def seed(self, count, *, since):
        """Nobody tells of what was before."""

    def act(self, name):
        """Something happens."""
        if name not in self.acts:
            raise ValueError(name)
        if name == "arrive":
            visit = f"{len(self.visits) + 1}-{self.random.getrandbits(32):08x}"
            self.visits[visit] = {"rang": self.now()}
            self.send(visit, "rang")
        else:
            what = "let_in" if name == "enter" else "left"
            visit = next((id for id, seen in self.visits.items() if not {what, "left"} & seen.keys()), None)
            if visit is None:
                return None
            self.visits[visit][what] = self.now()
            self.send(visit, what)
        return Ref("visit", visit)

    def send(self, visit, what):
        """Say it."""
        data = f"{visit} {what} {self.visits[visit][what]}".encode()
        if int(visit.partition("-")[0]) % 3 == 0:
            self.framed.append(len(data).to_bytes(2, "big") + data)
        else:
            self.out.sendto(data, ("127.0.0.1", self.ports["udp"]))

    def fault(self, name, *, on=True):
        """Something is wrong."""
        if name not in self.faults:
            raise ValueError(name)
        (self.on.add if on else self.on.discard)(name)

    def truth(self):
        """What happened."""
        kinds = {"let_in": CallAnswered, "left": CallEnded}
        events = []
        for id, seen in self.visits.items():
            ref = Ref("visit", id)
            for what, at in seen.items():
                named = {"id": f"{id}:{what}", "at": Instant(at), "ref": ref}
                if what == "rang":
                    events.append(ContactOpened(kind="call", channel="other", **named))
                else:
                    events.append(kinds[what](**named))
        return events
