"""Hear packets of captures, fold them in memory leg by leg, and offer what has become known: once a call, and at each
change of its state.

Laws. Nobody is answered. What comes from a source that isn't allowed, proves itself wrongly, is too much or can't be
read is counted and left. Memory has a bound: a leg that was offered may be forgotten at any time, since what is stored
of it is joined with whatever comes later.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from gateway.plugin import BadPayload, ByteStream, Instant, Record, Source, same_secret
from gateway_telephony_sip.facts import Call, Leg, Recording, join, join_legs
from gateway_telephony_sip.hep import SIP, read_frame, read_hep
from gateway_telephony_sip.message import BadHep, BadSip, Captured, Message
from gateway_telephony_sip.peers import Peers
from gateway_telephony_sip.sip import read_sip

LOST: Final = "lost"
"""The word for packets that the system dropped, because nobody read them soon enough."""

FACTS: Final = "facts"
"""The key under which a record holds facts."""

OFFER_EVERY_S: Final = 0.05
SETTLE_MS: Final = 250
"""A leg is first offered so long after its first packet: what belongs to the same call, and comes a little later, is
then told with it."""

NO_INVITE_MS: Final = 2_000
"""A leg of which no INVITE came is offered after so long: the store may know it from before a restart."""

MOVED_MS: Final = 10_000
"""Signs of life alone are offered again after so long."""

IDLE_MS: Final = 600_000
"""A leg is forgotten when nothing came for so long; the store has it."""

LEGS_MAX: Final = 50_000
"""Legs in memory. Of more, those that were silent for longest are forgotten, unless they are still to be offered."""

OFFER_MAX: Final = 500
"""Records of one offer."""


class Shelf(Protocol):
    """What keeps what is offered, as an `Ear` does."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        ...

    async def emit(self, records: Sequence[Record]) -> bool:
        """Have records stored; False: nothing was kept."""
        ...


@dataclass(slots=True)
class _Heard:
    """A leg in memory: as it is known, as it was last offered, and since when the rest waits."""

    leg: Leg
    began_at: int
    heard_at: int
    offered: Leg | None = None
    waits_since: int | None = None


@dataclass(slots=True)
class Capture:
    """What is heard and not stored yet. `read` says what a message shows of its leg, `recording` names the header that
    holds a recording's address."""

    peers: Peers
    key: str | None
    read: Callable[[Message, Captured, int], tuple[str, Leg] | None]
    count: Callable[[str], None]
    recording: Callable[[Message], Recording | None] = lambda message: None
    counts: dict[str, int] = field(default_factory=dict)
    """What was heard since the start, by its kind: for people who look after the gateway."""

    _lost: int = 0
    _legs: OrderedDict[str, _Heard] = field(default_factory=OrderedDict)
    _waiting: dict[str, _Heard] = field(default_factory=dict)
    _more: dict[str, tuple[int, Call]] = field(default_factory=dict)

    def heard(self, data: bytes, source: Source, now: int) -> None:
        """Take one packet, which came just now."""
        if self.peers.heard(source[0], len(data), now):
            self.note(self._take(data, now))

    async def serve(self, stream: ByteStream, now: Callable[[], int]) -> None:
        """Take the packets of a connection. One that isn't framed as HEPv3 ends it: nothing behind could be found."""
        while self.peers.heard(stream.source[0], 0, now()):
            try:
                packet = await read_frame(stream)
            except BadHep as error:
                self.note(error.kind)
                return
            self.heard(packet, stream.source, now())

    def also(self, call_id: str, more: Call, now: int) -> None:
        """Take what else is known of a call than what its packets show: what the redirect server chose, a recording."""
        if call_id not in self._more and len(self._more) >= LEGS_MAX:
            self.note("dropped")  # the store has refused for long
            return
        since, known = self._more.get(call_id, (now, Call()))
        self._more[call_id] = (since, join(known, more))

    async def offer(self, shelf: Shelf, *, all: bool = False) -> None:
        """Have stored what has become known, as far as it has settled; with `all`, whether it has or not."""
        now = shelf.now()
        ready = [call_id for call_id, heard in self._waiting.items() if all or _is_settled(heard, now)]
        for begin in range(0, len(ready), OFFER_MAX):
            part = ready[begin : begin + OFFER_MAX]
            offered = {call_id: self._waiting[call_id].leg for call_id in part}
            records = [
                _record(Call(legs={id: leg}), id, _received_at(self._waiting[id])) for id, leg in offered.items()
            ]
            if not await shelf.emit(records):
                return
            for call_id, leg in offered.items():
                self._offered(call_id, leg)
        await self._offer_more(shelf)
        self._forget(now)

    def waits(self) -> int:
        """How many legs are still to be offered."""
        return len(self._waiting)

    def _take(self, data: bytes, now: int) -> str:
        """Take what one packet shows; the word that it is counted by."""
        try:
            captured = read_hep(data)
        except BadHep as error:
            return error.kind
        if self.key is not None and not same_secret(captured.key.decode("utf-8", "replace"), self.key):
            return "refused_key"
        if captured.kind != SIP:
            return "not_sip"
        try:
            message = read_sip(captured.payload)
        except BadSip:
            return "bad_sip"
        found = self.read(message, captured, now)
        if found is None:
            return "no_call"
        recording = self.recording(message)
        if recording is not None:
            self.also(found[0], Call(recordings=(recording,)), now)
        return self._join(*found, now)

    def _join(self, call_id: str, leg: Leg, now: int) -> str:
        heard = self._legs.get(call_id)
        if heard is None:
            if len(self._legs) >= LEGS_MAX and not self._drop_silent():
                return "dropped"
            heard = self._legs[call_id] = _Heard(leg, now, now)
        else:
            self._legs.move_to_end(call_id)
            joined = join_legs(heard.leg, leg)
            heard.heard_at = now
            if joined is heard.leg:
                return "heard_again"
            heard.leg = joined
        if heard.waits_since is None and _is_news(heard):
            heard.waits_since = now
            self._waiting[call_id] = heard
        return "heard"

    def _offered(self, call_id: str, leg: Leg) -> None:
        """A leg has been stored as it was offered; what has come meanwhile goes on waiting."""
        heard = self._waiting[call_id]
        heard.offered = leg
        if not _is_news(heard):
            heard.waits_since = None
            del self._waiting[call_id]

    async def _offer_more(self, shelf: Shelf) -> None:
        known = list(self._more.items())
        for begin in range(0, len(known), OFFER_MAX):
            part = known[begin : begin + OFFER_MAX]
            if not await shelf.emit([_record(call, id, since) for id, (since, call) in part]):
                return
            for call_id, offered in part:
                if self._more[call_id] is offered:  # else more has come meanwhile, and goes on waiting
                    del self._more[call_id]

    def _forget(self, now: int) -> None:
        """Let go of legs that have been silent for long."""
        while self._legs:
            call_id, heard = next(iter(self._legs.items()))
            if heard.waits_since is not None or now - heard.heard_at < IDLE_MS:
                return
            del self._legs[call_id]

    def _drop_silent(self) -> bool:
        """Make room for one more leg; False where all that are silent for longest are still to be offered."""
        for call_id in self._silent():
            del self._legs[call_id]
            return True
        return False

    def _silent(self) -> Iterator[str]:
        for number, (call_id, heard) in enumerate(self._legs.items()):
            if heard.waits_since is None:
                yield call_id
            if number >= OFFER_MAX:
                return

    def lost(self, number: int) -> int:
        """Take how many packets the system has dropped before they could be read; how many more than last time. A
        socket that was opened anew counts from 0."""
        more, self._lost = number - (self._lost if number >= self._lost else 0), number
        if more:
            self.counts[LOST] = self.counts.get(LOST, 0) + more
        return more

    def note(self, what: str) -> None:
        """Count something that was heard, by its kind."""
        self.counts[what] = self.counts.get(what, 0) + 1
        self.count(what)


def _is_settled(heard: _Heard, now: int) -> bool:
    """Whether a leg may be offered now."""
    if heard.offered is not None:
        return True
    return now - heard.began_at >= (SETTLE_MS if heard.leg.invites else NO_INVITE_MS)


def _received_at(heard: _Heard) -> int:
    """When what is offered came in: of a leg that nobody knows yet the last of it, else it would be judged twice, first
    as of its INVITE; of one that is known what has waited for longest, for which time must not have passed."""
    if heard.offered is None or heard.waits_since is None:
        return heard.heard_at
    return heard.waits_since


def _is_news(heard: _Heard) -> bool:
    """Whether a leg is known to be more than a sign of life beyond what was offered."""
    leg, offered = heard.leg, heard.offered
    if offered is None:
        return True
    moved = max(leg.progressed_at - offered.progressed_at, leg.alive_at - offered.alive_at)
    return (
        moved >= MOVED_MS
        or msgspec.structs.replace(leg, progressed_at=offered.progressed_at, alive_at=offered.alive_at) != offered
    )


def _record(call: Call, call_id: str, received_at: int) -> Record:
    """What is known, as a record. The key names the content: what is offered twice is stored once."""
    return Record(body=write_facts(call), key=f"call:{call_id}", exact=True, received_at=Instant(received_at))


def write_facts(call: Call) -> bytes:
    """The body of such a record. The facts lie in it as one text under an id's key: telephone numbers and names of
    dialogs look like card numbers too often, and nothing that people have written is among them."""
    return msgspec.json.encode({FACTS: msgspec.json.encode(call).decode()})


def read_facts(body: bytes) -> Call:
    """What `write_facts` was given. Raises BadPayload."""
    try:
        return msgspec.json.decode(msgspec.json.decode(body, type=dict[str, str])[FACTS], type=Call)
    except (msgspec.MsgspecError, KeyError, ValueError, RecursionError) as error:
        raise BadPayload(f"not the facts of a call: {error}") from None
