"""Is a contact what its journal says, and has just that been said of it which follows? What is kept against a replay.

Laws. The state is that of a replay up to the state's own `as_of`, and to any later instant up to which nothing was
due. Announcements less corrections are what that replay implies. A checkpoint is a state that the replay passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from gateway.model.instant import format_instant
from gateway.model.judgement import Implied, LedgerEntry, State
from gateway.rules.advance import Judged, Sourced, in_order
from gateway.rules.differing import Differing, differing, plain
from gateway.rules.parting import parting
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is kept and doesn't follow, or follows and isn't kept, in words.

    `path` is its place, such as `state.clocks[0].met_at` or `ledger[msg_…]`; `kept` and `replayed` are what stands
    there, as plain values. `at` is the instant from which on they differ, as far as it is known, `event` the event
    that happened then, if any.
    """

    path: str
    words: str
    kept: Any = None
    replayed: Any = None
    at: int | None = None
    event: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a contact: its state, what has been said of it, and its checkpoints by their `as_of`."""

    state: State | None
    ledger: Mapping[str, LedgerEntry] = field(default_factory=dict)
    checkpoints: Mapping[int, State] = field(default_factory=dict)


def disproofs(kept: Kept, events: Sequence[Sourced], policies: Timeline, until: int) -> Iterator[Difference]:
    """Where what is kept is not what the events imply up to `until`, which is at or after the state's `as_of`.

    `policies` are those by which the contact has been judged.
    """
    judged = replay(events, policies, until)
    yield from _of_state(kept.state, judged.state, events, policies, until)
    yield from _of_ledger(kept.ledger, judged.implied, events)
    for as_of, passed in sorted(kept.checkpoints.items()):
        yield from _of_checkpoint(as_of, passed, kept.state, judged, events, policies)


# ── The state ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_state(
    kept: State | None, replayed: State | None, events: Sequence[Sourced], policies: Timeline, until: int
) -> Iterator[Difference]:
    if kept is None or replayed is None:
        if kept is not None:
            yield Difference("state", "it is kept as opened, and no opening of it is in the journal", kept=plain(kept))
            yield from _lost(kept, 0, events)
        elif replayed is not None:
            words = "it is kept as unopened, and its opening is in the journal"
            opened = int(replayed.contact.opened_at)
            yield Difference("state", words, replayed=plain(replayed), at=opened, event=replayed.opened_by)
        return
    replayed = replace(replayed, future=waiting_after(events, until))
    found = list(differing(kept, replayed))
    if not found:
        return
    wrong = "not what its journal says"
    yield _told("state", found[0], wrong, *_parted(kept, found[0].path, events, policies, until))
    yield from (_told("state", one, wrong) for one in found[1:])
    yield from _lost(kept, replayed.events, events)


def _lost(kept: State, replayed: int, events: Sequence[Sourced]) -> Iterator[Difference]:
    """Events that a state was made of, or speaks of, and that aren't there."""
    lost = sorted(_spoken_of(kept) - {sourced.event.id for sourced in events})
    if kept.events > replayed or lost:
        words = f"it was made of {_count(kept.events)}, and the journal has {_count(len(events))}"
        named = f": {', '.join(map(repr, lost))} is spoken of and isn't there" if lost else ""
        yield Difference("journal", f"{words}{named}", kept=kept.events, replayed=replayed)


def _count(events: int) -> str:
    return "1 event" if events == 1 else f"{events} events"


def waiting_after(events: Sequence[Sourced], instant: int) -> tuple[int, ...]:
    """The instants of events that are known and have not happened by then."""
    return tuple(sorted({int(sourced.event.at) for sourced in events if sourced.event.at > instant}))


def _spoken_of(state: State) -> set[str]:
    """The events that a state names."""
    named = {state.opened_by, state.position[3], *state.pending.values()}
    # A hand-over may have been brought by a policy.
    named |= {clock.started_by for clock in state.clocks if clock.metric != "handover_reply"}
    return named if state.waiting is None else {*named, state.waiting[1]}


def _told(where: str, one: Differing, words: str, at: int | None = None, event: str = "") -> Difference:
    path = f"{where}.{one.path}" if one.path else where
    return Difference(path, words, kept=one.one, replayed=one.other, at=at, event=event)


def _parted(
    kept: State, path: str, events: Sequence[Sourced], policies: Timeline, until: int
) -> tuple[int | None, str]:
    found = parting(kept, path, in_order(events), policies, until)
    return (None, "") if found is None else (found.at, found.event)


# ── The ledger ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_ledger(
    ledger: Mapping[str, LedgerEntry], implied: Sequence[Implied], events: Sequence[Sourced]
) -> Iterator[Difference]:
    following = {one.id: one for one in implied}
    for id, one in following.items():
        entry = ledger.get(id)
        if entry is None or not entry.stands:
            words = f"{_named(one)} follows and isn't said" + ("" if entry is None else ": it was taken back")
            yield Difference(f"ledger[{id}]", words, replayed=plain(one), at=one.at, event=_event_at(events, one.at))
            continue
        if entry.at != one.at:
            words = f"{_named(one)} is said as of another instant"
            yield Difference(f"ledger[{id}].at", words, kept=entry.at, replayed=one.at, at=min(entry.at, one.at))
        # Who was called, and by which policy, is that of the day on which it was said: a late event changes neither.
        for name, kept, replayed in (("type", entry.type, one.type), ("rule", entry.rule, one.rule)):
            if kept != replayed:
                words = f"{_named(one)} is said as something else"
                yield Difference(f"ledger[{id}].{name}", words, kept=kept, replayed=replayed, at=one.at)
    for id, entry in sorted(ledger.items(), key=lambda item: (item[1].at, item[0])):
        if entry.stands and id not in following:
            words = f"{_named(entry)} is said and doesn't follow"
            yield Difference(f"ledger[{id}]", words, kept=plain(entry), at=entry.at, event=_event_at(events, entry.at))


def _named(one: Implied | LedgerEntry) -> str:
    return f"{one.type}{f' by {one.rule}' if one.rule else ''} at {format_instant(one.at)}"


def _event_at(events: Sequence[Sourced], instant: int) -> str:
    """The last event of an instant; empty where none happened."""
    there = in_order(sourced for sourced in events if sourced.event.at == instant)
    return there[-1].event.id if there else ""


# ── Checkpoints ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _of_checkpoint(
    as_of: int, passed: State, kept: State | None, judged: Judged, events: Sequence[Sourced], policies: Timeline
) -> Iterator[Difference]:
    path = f"checkpoint[{format_instant(as_of)}]"
    if passed.as_of != as_of:
        yield Difference(f"{path}.as_of", "it is kept under another instant", kept=as_of, replayed=passed.as_of)
        return
    if kept is None or as_of > kept.as_of:
        yield Difference(path, "it lies behind the state", kept=as_of, replayed=kept.as_of if kept else None)
        return
    there = next((state for state in judged.checkpoints if state.as_of == as_of), None)
    if there is None:
        there = replay(events, policies, as_of).state
    if there is None:
        yield Difference(path, "no opening had happened by then", kept=plain(passed))
        return
    # What was waited for then depends on what was known then.
    ones, others = (replace(state, future=(), kept_at_event=0) for state in (passed, there))
    for one in differing(ones, others):
        yield _told(path, one, "the replay passes another state", as_of)
