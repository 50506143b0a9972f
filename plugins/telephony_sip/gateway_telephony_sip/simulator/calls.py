"""One simulated call: what its people do, written as packets, and noted as what a perfect reader must know of it.

The notes are made where things are done, and by nobody who reads packets: that is what lets them judge a reader.
"""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, Literal

from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.simulator.dialog import Asked, Dialog, Headers, Phone, media

Outcome = Literal["answered", "abandoned", "short_abandoned", "busy", "declined", "no_answer", "bad_number", "failed"]
HOTLINE: Final = "+18005550100"
"""The number that customers call."""

AGENTS: Final = tuple(Phone(str(1001 + number), f"192.0.2.{21 + number}") for number in range(6))
GATEWAY_HOST: Final = "198.51.100.7"
"""The carrier's, from which all calls come."""

REFUSALS: Final[dict[Outcome, tuple[int, int]]] = {
    "busy": (486, 17),
    "declined": (603, 21),
    "no_answer": (480, 19),
    "bad_number": (404, 1),
    "failed": (503, 34),
}
"""What is answered to a call that comes to nothing, and its cause in the words of Q.850."""

CROSSED_MS: Final = 40
"""How long a call lasts that was given up and answered at once."""

_FRAGMENT: Final = (("content-type", "message/sipfrag;version=2.0"), ("event", "refer"))


@dataclass(slots=True)
class Notes:
    """What has happened to a call. Times in milliseconds, None for what hasn't happened."""

    id: str
    caller: str | None
    agent: str | None
    opened_at: int
    queued_at: int | None = None
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    outcome: Outcome | None = None
    by_caller: bool | None = None
    crossed: bool = False
    holds: list[list[int]] = field(default_factory=list)
    """Each from and to; one that lasts has its beginning only."""

    transfers: list[int] = field(default_factory=list)
    expires_s: int = 0
    progressed_at: int = 0
    """The last sign of a call that nobody has answered."""

    alive_at: int = 0
    """The last sign of one that somebody has."""


class Call:
    """A customer calls the hotline at an instant. Everything is done at an instant, in the order of time."""

    def __init__(self, chance: Random, number: int, at: int, *, capturer: int = 2001) -> None:
        self.chance = chance
        self.caller = Phone(f"+1202555{100 + chance.randrange(100):04d}", GATEWAY_HOST)
        self.agent = AGENTS[chance.randrange(len(AGENTS))]
        id = f"{number}-{chance.getrandbits(64):016x}@{GATEWAY_HOST}"
        self.dialog = Dialog(chance, id, self.caller, HOTLINE, capturer=capturer)
        self.legs = [self.dialog]
        self.notes = Notes(id, self.caller.user, self.agent.user, at)
        self._sent = 0
        self._asked: Asked | None = None
        self._forks: list[Asked] = []
        self._version = 1

    @property
    def state(self) -> Literal["waits", "talks", "held", "over"]:
        """Where the call is."""
        notes = self.notes
        if notes.ended_at is not None:
            return "over"
        if notes.answered_at is None:
            return "waits"
        return "held" if notes.holds and len(notes.holds[-1]) == 1 else "talks"

    def packets(self) -> list[Captured]:
        """What was seen since the last time."""
        seen = [packet for leg in self.legs for packet in leg.packets]
        for leg in self.legs:
            leg.packets.clear()
        return sorted(seen, key=lambda packet: packet.at or 0)

    def arrive(self, at: int, *, private: bool = False, headers: Headers = (), passed_on: bool = True) -> None:
        """The INVITE, and that the proxy has it; unless it is `passed_on`, no agent hears of it."""
        content, body = media(self.caller)
        identity = f"<sip:{self.caller.user}@carrier.example;user=phone>"
        more: Headers = (("p-asserted-identity", identity), *headers, *content)
        if private:
            self.dialog.anonymous()
            self.notes.caller = None
            more = (("privacy", "id"), *more)
        self._asked = self.dialog.invite(at, self.agent, headers=more, body=body, passed_on=passed_on)
        self.dialog.trying(at, self._asked)
        self.notes.progressed_at = at

    def queue(self, at: int) -> None:
        """Nobody is free: the exchange lets the caller wait (182)."""
        self.dialog.answer(at, self._invite, 182)
        self.notes.queued_at = self.notes.queued_at or at
        self.notes.progressed_at = at

    def ring(self, at: int) -> None:
        """The agent's telephone rings."""
        for asked in (self._invite, *self._forks):
            self.dialog.answer(at, asked, 180)
        self.notes.ringing_at = self.notes.ringing_at or at
        self.notes.progressed_at = at

    def answer(self, at: int, *, expires_s: int = 0, acked: bool = True) -> None:
        """The agent answers."""
        content, body = media(self.agent)
        timer: Headers = (("session-expires", f"{expires_s};refresher=uac"),) if expires_s else ()
        self.dialog.answer(at, self._invite, 200, headers=(*timer, *content), body=body)
        if acked:
            self.dialog.ack(at, self._invite, 200)
        self.notes.answered_at = self.notes.alive_at = at
        self.notes.expires_s = expires_s

    def hold(self, at: int) -> None:
        """The agent puts the caller on hold."""
        self._offer(at, "sendonly", "recvonly")
        self.notes.holds.append([at])

    def resume(self, at: int) -> None:
        """The agent takes the caller back."""
        self._offer(at, "sendrecv", "sendrecv")
        self.notes.holds[-1].append(at)

    def press(self, at: int) -> None:
        """The caller presses keys, which nobody may keep (INFO)."""
        body = b"Signal=4929\r\nDuration=160\r\n"
        headers: Headers = (("content-type", "application/dtmf-relay"), ("authorization", 'Digest response="c0ffee"'))
        info = self.dialog.request(at, "INFO", self.caller, self.agent, headers=headers, body=body)
        self.dialog.answer(at, info, 200)
        self.notes.alive_at = at

    def transfer(self, at: int, target: Phone) -> None:
        """The agent hands the call to somebody (REFER), who takes it a second later."""
        refer = self.dialog.request(at, "REFER", self.agent, self.caller, headers=(("refer-to", f"<{target.uri}>"),))
        self.dialog.answer(at, refer, 202)
        for later, said in ((0, b"SIP/2.0 100 Trying\r\n"), (1_000, b"SIP/2.0 200 OK\r\n")):
            told = self.dialog.request(at + later, "NOTIFY", self.caller, self.agent, headers=_FRAGMENT, body=said)
            self.dialog.answer(at + later, told, 200)
        self.notes.transfers.append(at + 1_000)

    def hang_up(self, at: int, *, by_caller: bool = True) -> None:
        """One side ends the call."""
        by, to = (self.caller, self.agent) if by_caller else (self.agent, self.caller)
        bye = self.dialog.request(at, "BYE", by, to, headers=(("reason", 'Q.850;cause=16;text="Normal"'),))
        self.dialog.answer(at, bye, 200)
        self._end(at, "answered", by_caller=by_caller)

    def give_up(self, at: int, *, short_s: int = 5) -> None:
        """The caller gives up before anybody has answered. Sooner than `short_s` seconds, it hasn't waited."""
        self.dialog.cancel(at, self._invite)
        self.dialog.answer(at, self._invite, 487)
        self.dialog.ack(at, self._invite, 487)
        short = at - self.notes.opened_at < short_s * 1_000
        self._end(at, "short_abandoned" if short else "abandoned", by_caller=True)

    def refuse(self, at: int, outcome: Outcome) -> None:
        """It comes to nothing."""
        status, cause = REFUSALS[outcome]
        self.dialog.answer(at, self._invite, status, headers=(("reason", f"Q.850;cause={cause}"),))
        self.dialog.ack(at, self._invite, status)
        self._end(at, outcome, by_caller=None)

    def cross(self, at: int) -> None:
        """Caller and agent act at once: the CANCEL meets the answer, which counts, and a BYE ends it (glare)."""
        self.dialog.cancel(at, self._invite)
        self.answer(at)
        self.notes.crossed = True
        self.hang_up(at + CROSSED_MS)

    def fork(self, at: int, others: int = 2) -> None:
        """The proxy tries other agents too, all at once."""
        free = [agent for agent in AGENTS if agent != self.agent]
        self._forks = [self.dialog.fork(at, self._invite, agent) for agent in free[:others]]

    def drop_forks(self, at: int) -> None:
        """Somebody has answered: the proxy takes the other branches back."""
        for asked in self._forks:
            reason: Headers = (("reason", 'SIP;cause=200;text="Call completed elsewhere"'),)
            self.dialog.cancel(at, asked, headers=reason, outer=False)
            self.dialog.answer(at, asked, 487, outer=False)
            self.dialog.ack_inner(at, asked)
        self._forks = []

    def prove(self, at: int) -> None:
        """The proxy asks for credentials; the call comes again, with them (407)."""
        challenge: Headers = (("proxy-authenticate", 'Digest realm="exchange.example", nonce="1"'),)
        self.dialog.refuse(at, self._invite, 407, headers=challenge)
        proof: Headers = (("proxy-authorization", 'Digest username="trunk", response="c0ffee"'),)
        self.arrive(at, headers=proof)

    def again(self, times: int = 2) -> None:
        """What was said and isn't sent yet is sent again by its senders, a while later (retransmissions)."""
        for leg in self.legs:
            first = list(leg.packets)
            for number in range(1, times + 1):
                late = 500 * (2**number - 1)
                leg.packets += [_later(packet, late) for packet in first]

    @property
    def _invite(self) -> Asked:
        if self._asked is None:
            raise ValueError("nobody has called yet")
        return self._asked

    def _offer(self, at: int, says: str, answers: str) -> None:
        self._version += 1
        content, body = media(self.agent, says, self._version)
        asked = self.dialog.request(at, "INVITE", self.agent, self.caller, headers=content, body=body)
        content, body = media(self.caller, answers, self._version)
        self.dialog.answer(at, asked, 200, headers=content, body=body)
        self.dialog.ack(at, asked, 200)
        self.notes.alive_at = at

    def _end(self, at: int, outcome: Outcome, *, by_caller: bool | None) -> None:
        notes = self.notes
        notes.ended_at, notes.outcome, notes.by_caller = at, outcome, by_caller
        if notes.holds and len(notes.holds[-1]) == 1:
            notes.holds[-1].append(at)


class BehindExchange(Call):
    """A call behind an exchange that is caller and called at once (B2BUA): the agent's leg has a Call-ID of its own,
    and shares a Session-ID (RFC 7989) with the customer's."""

    def __init__(self, chance: Random, number: int, at: int, *, capturer: int = 2001) -> None:
        super().__init__(chance, number, at, capturer=capturer)
        uuid = f"{chance.getrandbits(128):032x}"
        exchange = Phone("exchange", "192.0.2.2")
        self.notes.agent = None  # the exchange answers in an agent's stead
        self.far = self.agent
        self.agent = exchange
        self.dialog.session(self.caller, uuid)
        self.second = Dialog(chance, f"{chance.getrandbits(64):016x}@{exchange.host}", exchange, self.far.user)
        self.second.session(exchange, uuid)
        self.legs.append(self.second)
        self._second: Asked | None = None

    def ring(self, at: int) -> None:
        """The exchange calls the agent, whose telephone rings; it tells the caller."""
        if self._second is None:
            content, body = media(self.agent)
            self._second = self.second.invite(at - 20, self.far, headers=content, body=body)
        self.second.answer(at, self._second, 180)
        super().ring(at)

    def answer(self, at: int, *, expires_s: int = 0, acked: bool = True) -> None:
        """The agent answers the exchange, and that the caller."""
        if self._second is not None:
            content, body = media(self.far)
            self.second.answer(at, self._second, 200, headers=content, body=body)
            self.second.ack(at, self._second, 200)
        super().answer(at, expires_s=expires_s, acked=acked)

    def hang_up(self, at: int, *, by_caller: bool = True) -> None:
        """Both legs end."""
        by, to = (self.agent, self.far) if by_caller else (self.far, self.agent)
        self.second.answer(at, self.second.request(at, "BYE", by, to), 200)
        super().hang_up(at, by_caller=by_caller)


def _later(packet: Captured, late_ms: int) -> Captured:
    return replace(packet, at=(packet.at or 0) + late_ms)
