"""A clock's line without its path: what the state alone knows, and what is to come. With its path: the contact page."""

from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from gateway.model.judgement import Clock
from gateway.rules.calendar import ALWAYS, Calendar
from gateway.rules.policy import Mark, SlaRule
from gateway.web.pages.drawing.clockline import clock_line
from tests.web.worlds import NOW, D, M

UTC = ZoneInfo("UTC")


def rule(calendar: Calendar = ALWAYS, target: int = 60 * M) -> SlaRule:
    return SlaRule("rule", "first_reply", target, calendar, marks=(Mark("50%", target // 2),))


def clock(**fields: object) -> Clock:
    made = {"metric": "first_reply", "started_by": "e", "started_at": NOW, "since": NOW, "instance": 1, "rule": "rule"}
    return Clock(**{**made, **fields})  # type: ignore[arg-type]


@given(
    st.integers(0, 10 * D),
    st.one_of(st.none(), st.integers(0, 10 * D)),
    st.one_of(st.none(), st.integers(0, 10 * D)),
    st.booleans(),
    st.integers(1, 5 * D),
)
def test_a_drawing_stays_on_its_line(
    passed: int, met: int | None, breached: int | None, runs: bool, target: int
) -> None:
    """Whatever a clock has been through: parts without gap or overlap, none empty, signs in order, nothing outside."""
    shown = clock(
        runs=runs,
        met_at=None if met is None else NOW + min(met, passed),
        breached_at=None if breached is None else NOW + min(breached, passed),
        breached_due=None if breached is None else NOW + min(breached, passed),
    )
    line = clock_line(shown, rule(target=target), None, NOW + passed, UTC)

    assert (line.start, line.parts[0].start, line.parts[-1].end) == (NOW, NOW, line.end)
    assert all(one.end == other.start for one, other in zip(line.parts, line.parts[1:], strict=False))
    assert all(part.start < part.end and 0 <= part.x <= part.x + part.width <= 100.001 for part in line.parts)
    assert [sign.x for sign in line.signs] == sorted(sign.x for sign in line.signs)
    assert all(0 <= sign.x <= 100 for sign in line.signs)


def test_what_is_to_come() -> None:
    """What is left and the closed hours on the way; the warning and the deadline ahead; nothing of it once it broke."""
    opens = Calendar("office", lambda first, last: [(NOW, NOW + 10 * M), (NOW + 40 * M, NOW + 95 * M)])
    line = clock_line(clock(), rule(opens), None, NOW + 5 * M, UTC)

    assert [(part.kind, (part.end - part.start) // M) for part in line.parts[:-1]] == [
        ("untold", 5),
        ("left", 5),
        ("closed", 30),
        ("left", 50),
    ]
    assert [(sign.kind, (sign.at - NOW) // M) for sign in line.signs] == [("now", 5), ("to warn", 60), ("due", 90)]
    broken = clock(breached_at=NOW + 60 * M, breached_due=NOW + 60 * M, breached_rule="rule")
    late = clock_line(broken, rule(), None, NOW + 90 * M, UTC)
    assert [part.kind for part in late.parts] == ["untold", "rest"]
    assert [sign.kind for sign in late.signs] == ["breach", "now"]


def test_very_many_hours_to_come_are_one_part() -> None:
    """The first and the last ones are drawn; what is between them is one part that says how many it stands for."""
    hours = [(NOW + number * 60 * M, NOW + number * 60 * M + 30 * M) for number in range(1_000)]
    line = clock_line(clock(), rule(Calendar("halves", lambda first, last: hours), 400 * 30 * M), None, NOW, UTC)
    untold = [part for part in line.parts if part.kind == "untold"]

    assert len(line.parts) < 150
    assert [part.words for part in untold] == ["340 open times to come, and the closed hours between them"]
    assert all(one.end == other.start for one, other in zip(line.parts, line.parts[1:], strict=False))
