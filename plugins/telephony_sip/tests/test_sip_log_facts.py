"""Lines of logs among the facts of a call: bounded, whatever a log says, and never at the cost of what counts."""

from functools import reduce

from gateway_telephony_sip.call import became
from gateway_telephony_sip.facts import LOGGED_MAX, Call, Logged, LoggedWhat, join
from gateway_telephony_sip.rules import Rules
from hypothesis import given
from hypothesis import strategies as st

T = 1_772_441_280_000
LINES = st.builds(
    Logged,
    at=st.integers(T, T + 99),
    what=st.sampled_from(["started", "ringing", "ended"]),
    by=st.sampled_from(["queue_log", "cdr"]),
)


def line(at_s: int, what: LoggedWhat, reason: str = "") -> Call:
    """A line of queue_log, so many seconds after the first."""
    return Call(logged=(Logged(T + at_s * 1000, what, "queue_log", "sales", "PJSIP/7", reason),))


def test_a_queue_that_rings_all_for_long_loses_neither_answer_nor_end() -> None:
    """Forty agents that ring every five seconds for half an hour, then one who answers."""
    rings = [line(5 * turn, "ringing") for turn in range(360)]
    agents = [
        Call(logged=tuple(Logged(ring.logged[0].at, "ringing", "queue_log", agent=str(n)) for n in range(40)))
        for ring in rings
    ]
    facts = reduce(join, [line(0, "entered"), *agents, line(1_800, "connected"), line(1_860, "ended", "agent")], Call())
    told = became(facts, Rules())

    assert told is not None and told.answered is not None
    assert (told.answered.at, told.end.at, told.end.ended_by) == (T + 1_800_000, T + 1_860_000, "agent")
    assert len(facts.logged) == LOGGED_MAX + 3


def test_of_many_ends_the_latest_are_kept() -> None:
    """A row for each attempt: the call has ended when the last of them has."""
    facts = reduce(join, [line(at, "ended", "agent") for at in range(500)], Call())

    assert facts.logged[-1].at == T + 499_000
    assert len(facts.logged) == LOGGED_MAX


@given(st.lists(st.lists(LINES, max_size=60), min_size=3, max_size=3))
def test_lines_are_joined_in_any_order(parts: list[list[Logged]]) -> None:
    """Commutative, associative, idempotent, beyond the bound too; what brings nothing gives what was known."""
    one, two, three = (reduce(join, [Call(logged=(line,)) for line in part], Call()) for part in parts)

    assert join(one, two) == join(two, one)
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, one) == one
    both = join(one, two)
    assert join(both, two) is both
