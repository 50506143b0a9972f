"""What may happen at the exchange: whole calls that have just come to their end, and steps of calls that are under way.

A whole call is dated back, so that its last packet is of now: its past is told in one breath, as a capturer does that
was out of reach for a while. A step happens now, to a call that it can happen to.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from gateway_telephony_sip.simulator.calls import CROSSED_MS, REFUSALS, BehindExchange, Call, Outcome
from gateway_telephony_sip.simulator.dialog import Phone

SECOND: Final = 1_000
SHORT_S: Final = 5
"""Who gives up sooner hasn't waited; the connector's own default."""

EXPERT: Final = Phone("2001", "192.0.2.40")
SESSION_S: Final = 1_800

Whole = Callable[[Random, int, int], Call]
"""A script: chance, the call's number, and when it ends."""


def _begun(chance: Random, number: int, now: int, lasts_s: int, kind: type[Call] = Call) -> Call:
    return kind(chance, number, now - lasts_s * SECOND)


def answered(chance: Random, number: int, now: int) -> Call:
    """Somebody waits a little, and is helped; the caller presses a key in between."""
    wait, talk = chance.randrange(6, 60), chance.randrange(30, 240)
    call = _begun(chance, number, now, wait + talk)
    _answer(call, wait)
    call.press(call.notes.opened_at + (wait + 10) * SECOND)
    call.hang_up(now, by_caller=chance.random() < 0.5)
    return call


def abandoned(chance: Random, number: int, now: int) -> Call:
    """Somebody waits, and gives up."""
    return _given_up(chance, number, now, chance.randrange(20, 150))


def short_abandoned(chance: Random, number: int, now: int) -> Call:
    """Somebody hangs up at once."""
    return _given_up(chance, number, now, chance.randrange(2, SHORT_S))


def refused(outcome: Outcome) -> Whole:
    """A call that comes to nothing."""

    def script(chance: Random, number: int, now: int) -> Call:
        wait = chance.randrange(2, 30)
        call = _begun(chance, number, now, wait)
        call.arrive(call.notes.opened_at)
        if outcome in ("no_answer", "declined"):
            call.ring(call.notes.opened_at + SECOND)
        call.refuse(now, outcome)
        return call

    return script


def held(chance: Random, number: int, now: int) -> Call:
    """The agent asks somebody, twice; from the second time nobody comes back."""
    wait, first, second = chance.randrange(5, 40), chance.randrange(10, 60), chance.randrange(10, 60)
    call = _begun(chance, number, now, wait + 20 + first + 20 + second)
    _answer(call, wait)
    at = call.notes.opened_at + (wait + 20) * SECOND
    call.hold(at)
    call.resume(at + first * SECOND)
    call.hold(at + (first + 20) * SECOND)
    call.hang_up(now)
    return call


def transferred(chance: Random, number: int, now: int) -> Call:
    """The agent hands the call to an expert, and leaves."""
    wait, talk = chance.randrange(5, 40), chance.randrange(20, 90)
    call = _begun(chance, number, now, wait + talk + 3)
    _answer(call, wait)
    call.transfer(now - 3 * SECOND, EXPERT)
    call.hang_up(now, by_caller=False)
    return call


def lost(chance: Random, number: int, now: int) -> Call:
    """It was answered, and nothing more is seen of it, until its session timer has run out."""
    wait = chance.randrange(5, 40)
    call = _begun(chance, number, now, wait + SESSION_S + 60)
    _answer(call, wait, expires_s=SESSION_S)
    return call


def silent(chance: Random, number: int, now: int) -> Call:
    """It rang, and nothing more is seen of it, for longer than telephones ring."""
    call = _begun(chance, number, now, chance.randrange(200, 400))
    call.arrive(call.notes.opened_at)
    call.ring(call.notes.opened_at + SECOND)
    return call


def glare(chance: Random, number: int, now: int) -> Call:
    """The caller gives up in the instant in which the agent answers."""
    wait = chance.randrange(8, 60)
    call = _begun(chance, number, now, wait)
    call.arrive(call.notes.opened_at)
    call.ring(call.notes.opened_at + SECOND)
    call.cross(now - CROSSED_MS)
    return call


def forked(chance: Random, number: int, now: int) -> Call:
    """Three telephones ring; one of them answers."""
    wait, talk = chance.randrange(5, 30), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + talk)
    at = call.notes.opened_at
    call.arrive(at)
    call.fork(at)
    call.ring(at + SECOND)
    call.answer(at + wait * SECOND)
    call.drop_forks(at + wait * SECOND)
    call.hang_up(now)
    return call


def behind_exchange(chance: Random, number: int, now: int) -> Call:
    """An exchange stands between, with two Call-IDs."""
    wait, talk = chance.randrange(5, 40), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + talk, BehindExchange)
    _answer(call, wait)
    call.hang_up(now, by_caller=chance.random() < 0.5)
    return call


def queued(chance: Random, number: int, now: int) -> Call:
    """It waits in the queue before a telephone rings."""
    wait, talk = chance.randrange(20, 120), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + 6 + talk)
    at = call.notes.opened_at
    call.arrive(at)
    call.queue(at + SECOND)
    call.ring(at + wait * SECOND)
    call.answer(at + (wait + 6) * SECOND)
    call.hang_up(now)
    return call


def private(chance: Random, number: int, now: int) -> Call:
    """The caller hides its number (RFC 3325: `Privacy: id`)."""
    wait, talk = chance.randrange(5, 40), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + talk)
    at = call.notes.opened_at
    call.arrive(at, private=True)
    call.ring(at + SECOND)
    call.answer(at + wait * SECOND)
    call.hang_up(now)
    return call


def proved(chance: Random, number: int, now: int) -> Call:
    """The proxy asks the carrier for credentials first (407)."""
    wait, talk = chance.randrange(5, 40), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + talk)
    at = call.notes.opened_at
    call.arrive(at, passed_on=False)
    call.prove(at + 30)
    call.ring(at + SECOND)
    call.answer(at + wait * SECOND)
    call.hang_up(now)
    return call


def repeated(chance: Random, number: int, now: int) -> Call:
    """Answers go astray, so that everything is sent again (RFC 3261, 17.1.1.2)."""
    wait, talk = chance.randrange(8, 40), chance.randrange(30, 120)
    call = _begun(chance, number, now, wait + talk)
    _answer(call, wait)
    call.again()
    call.hang_up(now)
    return call


WHOLE: Final[dict[str, Whole]] = {
    "answered": answered,
    "abandoned": abandoned,
    "short_abandoned": short_abandoned,
    **{str(outcome): refused(outcome) for outcome in REFUSALS},
    "held": held,
    "transferred": transferred,
    "lost": lost,
    "silent": silent,
    "glare": glare,
    "forked": forked,
    "behind_exchange": behind_exchange,
    "queued": queued,
    "private": private,
    "proved": proved,
    "repeated": repeated,
}
"""Whole calls, by the name of the act."""


def _ring(call: Call, at: int) -> None:
    call.arrive(at)
    call.ring(at)


STEPS: Final[dict[str, tuple[str, Callable[[Call, int], None]]]] = {
    "ring": ("comes", _ring),
    "answer": ("waits", lambda call, at: call.answer(at)),
    "give_up": ("waits", lambda call, at: call.give_up(at, short_s=SHORT_S)),
    "hold": ("talks", lambda call, at: call.hold(at)),
    "resume": ("held", lambda call, at: call.resume(at)),
    "hang_up": ("talks", lambda call, at: call.hang_up(at)),
}
"""Steps: the state of the calls that they can happen to (`comes`: to a new one), and what they do."""


def _answer(call: Call, wait_s: int, *, expires_s: int = 0) -> None:
    """The call comes, rings, and is answered after a wait."""
    at = call.notes.opened_at
    call.arrive(at)
    call.ring(at + SECOND)
    call.answer(at + wait_s * SECOND, expires_s=expires_s)


def _given_up(chance: Random, number: int, now: int, wait_s: int) -> Call:
    call = _begun(chance, number, now, wait_s)
    call.arrive(call.notes.opened_at)
    call.ring(call.notes.opened_at + SECOND)
    call.give_up(now, short_s=SHORT_S)
    return call
