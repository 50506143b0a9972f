"""What is known of a call: facts that only ever grow, so that any order of arrival, and any repetition, ends the same.

Laws. Every field is joined by a minimum, a maximum or a union, bounded by keeping the smallest: commutative,
associative, idempotent. A join that brings nothing new gives the very value that was known (`is`). Nothing here says
what a call became; `dialog.py` and `call.py` read that from the facts. Times are milliseconds since the epoch, as the
emitter of a packet has them. Bodies, credentials and key material never come in: of a body only the direction of the
media is kept, of a NOTIFY the code that it tells.

No fact holds a cycle, so the collector passes them over (`gc=False`): with 14,000 legs in memory each of its rounds
stopped everything for 0.2 s, in which packets are lost; now for 0.01 s.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, Struct
from msgspec.structs import astuple, replace

LoggedWhat = Literal[
    "started", "entered", "ringing", "connected", "answered", "abandoned", "left", "transferred", "ended"
]
"""What a log says happened: `entered` and `left` a queue, `connected` to an agent, `answered` by the exchange."""

LoggedBy = Literal["queue_log", "cdr", "redirect"]

Moment = Annotated[int, Meta(ge=946_684_800_000, lt=1 << 42)]
"""When something was seen: from the year 2000 to the year 2109. Kept facts that say otherwise can't be used."""

Since = Annotated[int, Meta(ge=0, lt=1 << 42)]
"""The same, or 0: never."""

Number = Annotated[int, Meta(ge=0, lt=1 << 31)]

LEGS_MAX = 256
"""Legs of one call that are kept: those with the smallest Call-IDs. A rank that never changes keeps the join lawful.
But it may drop the caller's own, so there is room for all that the core joins: it takes 256 names of one object. A
queue that rings ten telephones at once has so many legs in a quarter of an hour."""

LOGGED_MAX = 32
"""Lines that are kept of what one log says of one thing: the earliest, of ends the latest. A queue that rings all its
agents again and again writes thousands, and none of them may push out the answer or the end."""

RECORDINGS_MAX = 16
NAMES_MAX = 16
TEXT_MAX = 120
"""Characters of a text that facts keep."""


class Fact(Struct, frozen=True, order=True, array_like=True, gc=False):
    """Something that was seen. Two that differ in `at` alone are one, seen again: a retransmission, or another copy.

    `by` is the number of who captured it: clocks of two emitters differ, and durations are taken from one of them.
    """

    at: Moment
    by: int


class Invite(Fact, frozen=True, order=True, array_like=True, gc=False):
    """An INVITE that opens a dialog (it has no To-tag), on one hop. `left`: hops it may still go (Max-Forwards)."""

    from_tag: str
    cseq: Number
    branch: str
    left: Number
    vias: Number
    source: str
    target: str
    caller: str = ""
    called: str = ""
    original: str = ""
    redirecting: str = ""
    private: bool = False
    replaces: str = ""
    referred_by: str = ""
    records: bool = False
    """It calls a recorder (RFC 7866, 6.1.1): nobody who is part of the conversation."""


class Glimpse(Fact, frozen=True, order=True, array_like=True, gc=False):
    """Who calls whom, from an answer to the INVITE: for a leg whose INVITE was lost on its way to us.

    Once an INVITE is seen no leg keeps any: that one says whether the caller wants to be known, an answer doesn't.
    """

    from_tag: str
    caller: str
    called: str


class Rung(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A provisional response from 101 to 199."""

    code: Number
    from_tag: str
    cseq: Number


class Final(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A final response to INVITE or REFER, on one hop; to UPDATE where it refuses. `expires`: of the session, in s."""

    code: Number
    method: str
    from_tag: str
    cseq: Number
    branch: str = ""
    vias: Number = 0
    to_tag: str = ""
    agent: str = ""
    expires: Number = 0
    q850: Number = 0


class Acked(Fact, frozen=True, order=True, array_like=True, gc=False):
    """An ACK. One with a branch of its own is for a 2xx, which may be all that shows it (RFC 3261, 17.1.1.3)."""

    from_tag: str
    to_tag: str
    cseq: Number
    branch: str


class Cancelled(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A CANCEL, on one hop: its branch is that of the INVITE which it takes back (RFC 3261, 9.1)."""

    from_tag: str
    cseq: Number
    branch: str
    sip_cause: Number = 0
    q850: Number = 0


class Hung(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A BYE."""

    from_tag: str
    to_tag: str
    q850: Number = 0


class Offer(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A re-INVITE, an UPDATE, an ACK that has what they lack: the direction of its media, empty where it has none."""

    method: str
    from_tag: str
    cseq: Number
    direction: str = ""


class Referred(Fact, frozen=True, order=True, array_like=True, gc=False):
    """A REFER; `replaces`: the Call-ID of the dialog whose place the new call takes (an attended transfer)."""

    from_tag: str
    cseq: Number
    target: str
    replaces: str = ""


class Notified(Fact, frozen=True, order=True, array_like=True, gc=False):
    """What a NOTIFY says of a REFER; `refer` is that one's CSeq, 0 where it isn't told (RFC 3515, 2.4.6)."""

    from_tag: str
    to_tag: str
    refer: Number
    code: Number


class Logged(Struct, frozen=True, order=True, array_like=True, gc=False):
    """One line of a log about the call: the exchange's own, or our redirect server's.

    `call` names the call as the log does (`asterisk:<linkedid>`, or a Call-ID). `reason` of `ended` says how, in the
    words of `call.py`'s outcomes, or who hung up (`caller`, `agent`).
    """

    at: Moment
    what: LoggedWhat
    by: LoggedBy
    queue: str = ""
    agent: str = ""
    reason: str = ""
    caller: str = ""
    called: str = ""
    call: str = ""


class Recording(Struct, frozen=True, order=True, array_like=True, gc=False):
    """Where a recording of the call lies; the gateway never reads it. `retention` names the class of how long."""

    url: str
    encrypted: bool = False
    retention: str = ""


class Leg(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the packets of one Call-ID have shown; the tuples are sorted sets, bounded by `BOUNDS`."""

    names: tuple[str, ...] = ()
    """Names that it shares with other legs of the same call, sorted; its own Call-ID isn't among them."""

    invites: tuple[Invite, ...] = ()
    glimpses: tuple[Glimpse, ...] = ()
    rung: tuple[Rung, ...] = ()
    finals: tuple[Final, ...] = ()
    acks: tuple[Acked, ...] = ()
    cancels: tuple[Cancelled, ...] = ()
    byes: tuple[Hung, ...] = ()
    offers: tuple[Offer, ...] = ()
    refers: tuple[Referred, ...] = ()
    notifies: tuple[Notified, ...] = ()
    progressed_at: Since = 0
    """The last provisional response, 100 too."""

    alive_at: Since = 0
    """The last re-INVITE or UPDATE: whoever refreshes a session lives (RFC 4028)."""


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is known of one call: its legs by Call-ID, lines of logs, recordings; the tuples are sorted sets."""

    legs: dict[str, Leg] = {}
    logged: tuple[Logged, ...] = ()
    recordings: tuple[Recording, ...] = ()


BOUNDS: dict[str, int] = {
    "invites": 24,
    "glimpses": 4,
    "rung": 16,
    "finals": 48,
    "acks": 8,
    "cancels": 24,
    "byes": 8,
    "offers": 256,
    "refers": 8,
    "notifies": 16,
}
"""So many facts of each kind a leg keeps: the earliest. Of finals so many of each method, good and bad: a session that
is refreshed every 90 s has its answers by the hundred, and none of them may push out what became of a REFER. As many
offers as such a session has in six hours."""

_BOUNDS = tuple(BOUNDS.items())
_Seen = TypeVar("_Seen", bound=Fact)
_Kept = TypeVar("_Kept", bound=str | Logged | Recording)


def join_legs(known: Leg, more: Leg) -> Leg:
    """What both have seen; `known` itself where `more` brings nothing."""
    if known is more:
        return known
    new: dict[str, object] = {}
    for kind, at_most in _BOUNDS:
        seen = getattr(more, kind)
        if seen:
            had = getattr(known, kind)
            if kind == "glimpses" and (known.invites or more.invites):
                continue
            both = earliest(had, seen, at_most, _sort_of if kind == "finals" else None)
            if both is not had:
                new[kind] = both
    if known.glimpses and more.invites:
        new["glimpses"] = ()
    if more.names and more.names != known.names:
        names = _smallest(known.names, more.names, NAMES_MAX)
        if names is not known.names:
            new["names"] = names
    if more.progressed_at > known.progressed_at:
        new["progressed_at"] = more.progressed_at
    if more.alive_at > known.alive_at:
        new["alive_at"] = more.alive_at
    return replace(known, **new) if new else known


def join(known: Call, more: Call) -> Call:
    """What both know of the call; `known` itself where `more` brings nothing."""
    if known is more:
        return known
    legs = _legs(known.legs, more.legs)
    logged = _lines(known.logged, more.logged)
    recordings = _smallest(known.recordings, more.recordings, RECORDINGS_MAX)
    if legs is known.legs and logged is known.logged and recordings is known.recordings:
        return known
    return Call(legs=legs, logged=logged, recordings=recordings)


def _legs(known: dict[str, Leg], more: dict[str, Leg]) -> dict[str, Leg]:
    new = {}
    for id, leg in more.items():
        had = known.get(id)
        both = leg if had is None else join_legs(had, leg)
        if both is not had:
            new[id] = both
    if not new:
        return known
    kept = dict(sorted({**known, **new}.items())[:LEGS_MAX])
    return known if kept == known else kept


def _sort_of(final: Final) -> tuple[str, bool]:
    return final.method, final.code >= 300


def earliest(
    known: tuple[_Seen, ...], more: tuple[_Seen, ...], at_most: int, sort: Callable[[Any], object] | None = None
) -> tuple[_Seen, ...]:
    """The union in which each fact has its earliest time; of too many, the earliest, of each `sort` if there are any.

    It is lawful: what is dropped for want of room has `at_most` smaller ones before it, and these only get smaller.
    """
    if not known:
        return more
    if len(more) == 1 and more[0] in known:
        return known
    found = {astuple(fact)[1:]: fact for fact in known}
    new = False
    for fact in more:
        what = astuple(fact)[1:]
        had = found.get(what)
        if had is None or fact.at < had.at:
            found[what] = fact
            new = True
    if not new:
        return known
    kept = tuple(sorted(found.values())[:at_most]) if sort is None else _of_each(found.values(), at_most, sort)
    return known if kept == known else kept


def _of_each(found: Iterable[_Seen], at_most: int, sort: Callable[[Any], object]) -> tuple[_Seen, ...]:
    counts: dict[object, int] = {}
    kept = []
    for fact in sorted(found):
        kind = sort(fact)
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= at_most:
            kept.append(fact)
    return tuple(kept)


def _lines(known: tuple[Logged, ...], more: tuple[Logged, ...]) -> tuple[Logged, ...]:
    """The union, sorted; of too many that say the same thing, those that count (see `logs.py`)."""
    if not more or known == more:
        return known
    if len(known) + len(more) <= LOGGED_MAX:
        return _smallest(known, more, LOGGED_MAX)
    alike: dict[tuple[str, str], list[Logged]] = {}
    for line in sorted({*known, *more}):
        alike.setdefault((line.by, line.what), []).append(line)
    kept = (lines[-LOGGED_MAX:] if what == "ended" else lines[:LOGGED_MAX] for (_, what), lines in alike.items())
    both = tuple(sorted(line for lines in kept for line in lines))
    return known if both == known else both


def _smallest(known: tuple[_Kept, ...], more: tuple[_Kept, ...], at_most: int) -> tuple[_Kept, ...]:
    """The union, sorted; of too many, the smallest."""
    if not more or known == more:
        return known
    if not known:
        return more
    both: set[_Kept] = {*known, *more}
    kept = tuple(sorted(both)[:at_most])
    return known if kept == known else kept
