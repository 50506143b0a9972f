"""Callers behind a bad network: whatever is lost, doubled or late, each INVITE ends with one answer."""

import heapq
from dataclasses import dataclass, field

from gateway_telephony_sip.headers import tag
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.targets import Targets, ranked
from gateway_telephony_sip.sip import read_sip
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.plugin import Source
from plugins.telephony_sip.tests.redirecting import Peer, request, status

LATE_MAX_MS = 2_000
Fate = tuple[int, ...]
"""When the copies of one datagram arrive, in milliseconds after it was sent; none: it is lost."""

LOST_MAX = 4
"""Datagrams lost each way: with more, a caller would give up (Timer B) before an answer comes."""

fates = st.lists(st.lists(st.integers(0, LATE_MAX_MS), max_size=2).map(tuple), max_size=10).filter(
    lambda ones: ones.count(()) <= LOST_MAX
)


@dataclass
class Caller:
    """A client transaction (RFC 3261, 17.1.1): INVITE by Timer A until there is an answer, an ACK to each answer."""

    name: str
    port: int
    cancels_at: int
    finals: list[bytes] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)
    wait_ms: int = 500

    def message(self, method: str, to_tag: str = "") -> bytes:
        """A request of its transaction."""
        via = f"SIP/2.0/UDP 10.1.1.1:{self.port};branch=z9hG4bK-{self.name}"
        return request(method, via=via, call=self.name, to_tag=to_tag)

    def heard(self, data: bytes) -> bytes | None:
        """Take an answer; the ACK for a final one to the INVITE."""
        answer = read_sip(data)
        if answer.first("cseq") == "1 CANCEL":
            self.cancelled.add(status(answer))
            return None
        self.finals.append(data)
        return self.message("ACK", tag(answer, "to"))


class World:
    """Callers, the server, and a network between them that does to each of its first datagrams what it is told."""

    def __init__(self, callers: list[Caller], out: list[Fate], back: list[Fate]) -> None:
        self.asked: list[str] = []
        self.peer = Peer(self.choose)
        self.callers = {caller.port: caller for caller in callers}
        self.fates = {"out": list(out), "back": list(back)}
        self.now = self.order = 0
        self.coming: list[tuple[int, int, str, int, bytes]] = []
        for caller in callers:
            self.at(0, "timer", caller.port)
            self.at(caller.cancels_at, "cancel", caller.port)

    def choose(self, invite: Message, source: Source) -> Targets:
        """Something else each time, so that a second choice would be seen."""
        self.asked.append(invite.first("call-id"))
        return ranked([(f"sip:agent-{len(self.asked)}@pbx.example", None)])

    def at(self, time: int, what: str, port: int, data: bytes = b"") -> None:
        """Let something happen."""
        self.order += 1
        heapq.heappush(self.coming, (time, self.order, what, port, data))

    def carry(self, way: str, port: int, data: bytes) -> None:
        """Send a datagram on its way."""
        fate = self.fates[way].pop(0) if self.fates[way] else (1,)
        for late in fate:
            self.at(self.now + late, way, port, data)

    def run(self, until: int) -> None:
        """All that happens, in order; the server's own timers in between."""
        while self.now < until:
            due = self.peer.table.next_due
            if due is not None and (not self.coming or due <= self.coming[0][0]):
                self.now = max(self.now, due)
                self.answered(self.peer.table.due(self.now))
            elif self.coming:
                self.now, _, what, port, data = heapq.heappop(self.coming)
                getattr(self, what)(self.callers[port], data)
            else:
                return

    def answered(self, sent: list[tuple[bytes, Source]]) -> None:
        """What the server sends goes out, to callers only."""
        for data, to in sent:
            self.carry("back", to[1], data)

    def timer(self, caller: Caller, data: bytes) -> None:
        """Timer A."""
        if not caller.finals:
            self.carry("out", caller.port, caller.message("INVITE"))
            self.at(self.now + caller.wait_ms, "timer", caller.port)
            caller.wait_ms *= 2

    def cancel(self, caller: Caller, data: bytes) -> None:
        """A caller who hangs up before or after, heedless of what it has heard."""
        self.carry("out", caller.port, caller.message("CANCEL"))

    def out(self, caller: Caller, data: bytes) -> None:
        """A datagram reaches the server."""
        self.answered(self.peer.send(data, self.now, ("10.1.1.1", caller.port)))

    def back(self, caller: Caller, data: bytes) -> None:
        """A datagram reaches a caller."""
        if ack := caller.heard(data):
            self.carry("out", caller.port, ack)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 40_000), min_size=1, max_size=3), fates, fates)
def test_every_invite_ends_with_one_answer(cancels: list[int], out: list[Fate], back: list[Fate]) -> None:
    """Seen at least once, the same bytes each time, chosen once; CANCEL gets 200 or 481; all is forgotten."""
    world = World([Caller(f"call-{n}", 6_000 + n, at) for n, at in enumerate(cancels)], out, back)

    world.run(200_000)

    for caller in world.callers.values():
        assert len(set(caller.finals)) == 1
        assert status(read_sip(caller.finals[0])) == 302
        assert caller.cancelled <= {200, 481}
    assert sorted(world.asked) == sorted(caller.name for caller in world.callers.values())
    assert len(world.peer.table) == 0
    assert world.coming == []
