"""From when on a stored state and its history part: the history is told step by step until the stored value is gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gateway.model.judgement import State
from gateway.rules.advance import Sourced, advance, next_due
from gateway.rules.differing import differing
from gateway.rules.timeline import Timeline

STEPS_MAX = 20_000
"""Instants that are looked at; a history that has more is not told from when on it differs."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The instant from which on the history says something else, and the last of its events, if any happened then."""

    at: int
    event: str


def parting(kept: State, path: str, events: Sequence[Sourced], policies: Timeline, until: int) -> Parting | None:
    """From when on a replay of `events`, which are in order, differs from `kept` at `path`.

    That is the instant after the last one at which they agree there; if they never do, that from which on the replay
    says what it says in the end. None where that can't be told.
    """
    last: Parting | None = None
    final: object = None
    agreed = never = True
    for number, (here, state) in enumerate(steps(events, policies, until)):
        if number == STEPS_MAX:
            return None
        value = _differs(kept, state, path)
        if value is None:
            agreed, never = True, False
        elif agreed or (never and value != final):
            agreed, last = False, here
        final = value
    return last


def _differs(kept: State, state: State, path: str) -> object | None:
    """What a state says at a path, or around it, where that differs; None if it agrees."""
    for one in differing(kept, state):
        if one.path == path or path.startswith((f"{one.path}.", f"{one.path}[")):
            return (one.other,)
    return None


def steps(events: Sequence[Sourced], policies: Timeline, until: int) -> Iterator[tuple[Parting, State]]:
    """The states of a history up to `until`, instant by instant: at each at which an event happened, something was due,
    or a policy came into force."""
    state: State | None = None
    happened = (sourced for sourced in events if sourced.event.at <= until)
    for at, group in groupby(happened, key=lambda sourced: int(sourced.event.at)):
        if state is not None:
            for passed in _passing(state, policies, at - 1):
                state = passed
                yield Parting(state.settled, ""), state
        same_instant = list(group)
        state = advance(state, same_instant, policies, at).state
        if state is not None:
            yield Parting(at, same_instant[-1].event.id), state
    if state is not None:
        for passed in _passing(state, policies, until):
            yield Parting(passed.settled, ""), passed


def _passing(state: State, policies: Timeline, until: int) -> Iterator[State]:
    """What time alone makes of a state up to an instant."""
    while True:
        change = policies.after(state.policy_since)
        instants = (next_due(state), None if change is None else change.since)
        at = min((instant for instant in instants if instant is not None), default=until + 1)
        if at > until:
            return
        passed = advance(state, (), policies, at).state
        if passed is None or passed == state:
            return
        state = passed
        yield state
