"""The redirect server's transactions: datagrams and the time in, datagrams out. No socket, no clock, no chance.

Laws (RFC 3261, sections 8.2, 8.3, 9.2, 17.2; RFC 6026 changes nothing here, as no 2xx ever answers an INVITE):

    an INVITE                    -> 302, kept: the same bytes to each repetition, and again by Timer G, until the ACK
    an ACK                       -> nothing, ever; what it acknowledges is kept a little longer, and silent
    a CANCEL                     -> 200 where the INVITE is known (its final answer stands), else 481
    an OPTIONS                   -> 200
    any other method             -> 405
    a response, a keep-alive, what can't be read, what isn't allowed or comes too fast -> nothing

All but INVITE is answered without being kept: the tag of To is a keyed hash of the request, so that its repetition gets
the same bytes all the same (section 8.2.7). A final answer is decided at once, hence neither a 100 nor a 487 exists.
What can't be decided is sent to the default target: a caller is never turned away because of us.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.plugin import Source
from gateway_telephony_sip.message import BadSip, Message
from gateway_telephony_sip.peers import Network, Peer, Peers
from gateway_telephony_sip.redirect.answers import ALLOWED, Headers, answer, redirection
from gateway_telephony_sip.redirect.request import Asked, asked_of
from gateway_telephony_sip.redirect.targets import Targets, place
from gateway_telephony_sip.sip import read_sip

T1_MS: Final = 500
"""The round trip that RFC 3261, section 17.1.1.1, assumes: Timer G begins with it."""

T2_MS: Final = 4_000
"""The longest wait between two repetitions of a final answer."""

TIMER_H_MS: Final = 64 * T1_MS
"""How long an ACK is waited for."""

TIMER_I_MS: Final = 5_000
"""How long an INVITE that was acknowledged is known still: over UDP, T4."""

KEPT_MAX: Final = 20_000
"""INVITEs that are kept at once: 600 a second for as long as Timer H, if nobody ever acknowledged. Beyond, an INVITE
is answered with the default target and not kept."""

SHARE: Final = 0.75
"""Of these, what one source may have."""

DUE_MAX: Final = 500
"""Repetitions that one call of `due` gives; the others come with the next."""

OF_CALL_MAX: Final = 16
"""Answers of one call that are kept at once. Whoever asks for it more often than that goes in a circle."""

UNDERSTOOD: Final = frozenset({"100rel", "histinfo", "precondition", "timer"})
"""Extensions that a caller may require: all of them bind only who rings or answers (RFC 3262, 7044, 3312, 4028)."""

Choose = Callable[[Message, Source], Targets]
"""Where an INVITE is sent. What it raises is counted, and the default target taken; so it is for no targets."""

Datagrams = list[tuple[bytes, Source]]


@dataclass(slots=True, eq=False)
class _Kept:
    """An INVITE that was answered: Completed until its ACK, Confirmed after (section 17.2.1)."""

    answer: bytes
    to: Source
    peer: Peer
    call: str
    given: frozenset[str]
    ends_ms: int
    next_ms: int
    wait_ms: int = T1_MS
    confirmed: bool = False


class Table:
    """All that is known of INVITEs that were answered lately. `key`: for the tags, the same for as long as can be."""

    def __init__(
        self,
        choose: Choose,
        default: Targets,
        *,
        allow: Sequence[Network],
        key: bytes,
        per_second: int = 5_000,
        kept_max: int = KEPT_MAX,
        count: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._choose = choose
        self._default = default
        self._key = key
        self._kept_max = kept_max
        self._count = count
        self._peers = Peers(allow, per_second, count)
        self._kept: dict[bytes, _Kept] = {}
        self._timers: list[tuple[int, bytes]] = []
        self._calls: dict[str, list[_Kept]] = {}
        self._last = 0
        self._behind = 0
        """How far the clock that we are told from was set back, all in all: timers know only ever later times."""

    def __len__(self) -> int:
        """INVITEs that are kept."""
        return len(self._kept)

    @property
    def next_due(self) -> int | None:
        """When `due` may have something to send or to forget, in milliseconds since the epoch; None: never."""
        return self._timers[0][0] - self._behind if self._timers else None

    def receive(self, data: bytes, source: Source, now_ms: int) -> Datagrams:
        """What a datagram is answered with: nothing, or one datagram. Never raises, whatever the datagram holds."""
        now_ms = self._time(now_ms)
        peer = self._peers.heard(source[0], len(data), now_ms)
        if peer is None:
            return []
        if not data.strip(b"\r\n\t \0"):
            self._count("keep_alive")
            return []
        try:
            message = read_sip(data)
            if not message.is_request:
                self._count("response")
                return []
            asked = asked_of(message, source, self._key)
        except BadSip:
            self._count("unreadable")
            return []
        told = self._answer(asked, peer, now_ms)
        if told is None:
            return []
        if not peer.spend(len(told)):
            self._count("held_back")
            return []
        return [(told, asked.reply_to)]

    def due(self, now_ms: int) -> Datagrams:
        """Final answers to be repeated now (Timer G); what has waited long enough is forgotten (Timers H and I)."""
        now_ms = self._time(now_ms)
        found: Datagrams = []
        while self._timers and self._timers[0][0] <= now_ms and len(found) < DUE_MAX:
            at, mark = heapq.heappop(self._timers)
            kept = self._kept.get(mark)
            if kept is None or kept.next_ms != at:
                continue  # a timer that an ACK has put off
            if kept.ends_ms <= now_ms:
                self._forget(mark, kept)
                continue
            kept.wait_ms = min(2 * kept.wait_ms, T2_MS)
            self._set(mark, kept, min(now_ms + kept.wait_ms, kept.ends_ms))
            if kept.peer.spend(len(kept.answer)):
                self._count("repeated")
                found.append((kept.answer, kept.to))
            else:
                self._count("held_back")
        return found

    def _time(self, now_ms: int) -> int:
        if now_ms + self._behind < self._last:
            self._behind = self._last - now_ms
        self._last = now_ms + self._behind
        return self._last

    def _answer(self, asked: Asked, peer: Peer, now_ms: int) -> bytes | None:
        method = asked.message.method
        if method == "ACK":
            self._acknowledge(asked.mark, now_ms)
            return None
        if asked.fault:
            self._count("bad_request")
            return answer(asked, 400, asked.fault)
        if method == "INVITE":
            kept = self._kept.get(asked.mark)
            if kept is None:
                return self._invited(asked, peer, now_ms)
            self._count("again")
            return None if kept.confirmed else kept.answer
        self._count(method.lower() if method in ALLOWED else "other_method")
        if method == "CANCEL":
            # 9.2: known, with a final answer sent, the CANCEL has no effect but its own 200.
            return answer(asked, 200 if asked.mark in self._kept else 481)
        if method == "OPTIONS":
            return answer(asked, 481 if asked.within else 200)
        return answer(asked, 405)

    def _acknowledge(self, mark: bytes, now_ms: int) -> None:
        kept = self._kept.get(mark)
        if kept is not None and not kept.confirmed:
            kept.confirmed = True
            kept.ends_ms = now_ms + TIMER_I_MS
            self._set(mark, kept, kept.ends_ms)

    def _invited(self, asked: Asked, peer: Peer, now_ms: int) -> bytes | None:
        """The final answer to a new INVITE, kept; None where it would be longer than a datagram of ours may be."""
        full = len(self._kept) >= self._kept_max or peer.kept >= self._kept_max * SHARE
        given: Targets = ()
        status, more = self._refusal(asked)
        if not status:
            given = self._ahead(asked, self._default if full else self._chosen(asked))
        told = redirection(asked, given) if given else answer(asked, status or 482, headers=more)
        if told is None:
            self._count("too_long")
            return None
        self._count("sent_on" if given else "turned_away")
        if full:
            self._count("not_kept")
            return told
        places = frozenset(place(target.uri) for target in given)
        kept = _Kept(told, asked.reply_to, peer, asked.call, places, now_ms + TIMER_H_MS, now_ms)
        self._kept[asked.mark] = kept
        if given:
            self._calls.setdefault(asked.call, []).append(kept)
        peer.kept += 1
        self._set(asked.mark, kept, now_ms + T1_MS)
        return told

    def _refusal(self, asked: Asked) -> tuple[int, Headers]:
        """Why an INVITE isn't redirected at all, in the order of section 8.2; status 0: it is."""
        if asked.within:
            return 481, ()  # 12.2.2: we have no dialogs
        if asked.message.target.partition(":")[0].lower() not in ("sip", "sips", "tel"):
            return 416, ()
        if asked.hops == 0:
            return 483, ()
        if strange := [name for name in asked.required if name.lower() not in UNDERSTOOD]:
            return 420, (("unsupported", ", ".join(strange)),)
        return (482, ()) if self._is_back(asked) else (0, ())

    def _is_back(self, asked: Asked) -> bool:
        """Whether a call asks for where we have sent it already: it is turned away before anything is chosen, lest two
        targets send it to and fro."""
        answers = self._calls.get(asked.call, ())
        asked_for = place(asked.message.target)
        return len(answers) >= OF_CALL_MAX or any(asked_for in kept.given for kept in answers)

    def _chosen(self, asked: Asked) -> Targets:
        try:
            return self._choose(asked.message, asked.source) or self._default
        except Exception:  # whatever keeps the rules from choosing, the caller is sent somewhere
            self._count("choice_failed")
            return self._default

    def _ahead(self, asked: Asked, chosen: Targets) -> Targets:
        """The targets, or the default ones, where the call hasn't been yet; none: it goes in a circle. Section 8.3
        forbids to redirect to what was asked for.
        """
        been = {place(asked.message.target), *map(place, asked.been)}
        for targets in (chosen, self._default):
            if left := tuple(target for target in targets if place(target.uri) not in been):
                return left
        return ()

    def _set(self, mark: bytes, kept: _Kept, at_ms: int) -> None:
        kept.next_ms = at_ms
        heapq.heappush(self._timers, (at_ms, mark))

    def _forget(self, mark: bytes, kept: _Kept) -> None:
        if not kept.confirmed:
            self._count("not_acknowledged")
        del self._kept[mark]
        kept.peer.kept -= 1
        if kept.given:
            answers = self._calls[kept.call]
            answers.remove(kept)
            if not answers:
                del self._calls[kept.call]
