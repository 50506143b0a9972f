"""The breach timeline's geometry: nothing outside, no overlap in a row, the urgent first, what is left out counted."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model.instant import parse_instant
from gateway.rules.calendar import ALWAYS, Calendar, resolved
from gateway.rules.card import CardDue
from gateway.rules.policy import Mark, SlaRule
from gateway.web.pages.drawing.axis import Axis
from gateway.web.pages.drawing.lanes import ROWS_MAX, Point, Promise, closed_hours, lane, warnings_of

NOW = parse_instant("2026-03-02T09:00:00Z")
M, H = 60_000, 3_600_000
WINDOW = Axis(NOW - 4 * H, NOW + 4 * H)
OFFICE = resolved("office", [(NOW - 30 * H, NOW - 24 * H), (NOW - H, NOW + 3 * H), (NOW + 20 * H, NOW + 28 * H)])

instants = st.integers(NOW - 50 * H, NOW + 50 * H)


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    start, due = sorted((draw(instants), draw(instants)))
    breached = due <= NOW and draw(st.booleans())
    points = tuple(Point("step", at, "step") for at in draw(st.lists(instants, max_size=3)))
    return Promise(str(start), "t", start, due, breached, "w", draw(st.sampled_from(["", "office", "late"])), points)


@settings(max_examples=40)
@given(st.lists(promises(), max_size=40), st.integers(1, ROWS_MAX))
def test_bars_stay_inside_and_apart(given: list[Promise], rows_max: int) -> None:
    """Everything within 0 to 100 percent; bars of a row apart; all but those left out are there, once."""
    drawn = lane("t1", given, WINDOW, NOW, {"office": OFFICE}, rows_max)

    assert len(drawn.bars) + drawn.left_out == len(given)
    assert drawn.rows <= rows_max
    rows: dict[int, list[tuple[float, float]]] = {}
    for bar in drawn.bars:
        assert 0 <= bar.row < drawn.rows
        assert 0 <= bar.x < bar.x + bar.width <= 100.001
        assert bar.x <= bar.late_x <= bar.x + bar.width + 0.001
        assert abs(bar.late_x + bar.late_width - bar.x - bar.width) < 0.01
        assert all(0 <= placed.x <= 100 for placed in bar.points)
        assert [placed.x for placed in bar.points] == sorted(placed.x for placed in bar.points)
        assert 0 <= bar.label_x <= bar.label_x + bar.label_width <= 100.001
        signs = [bar.label_x, bar.label_x + bar.label_width, *(placed.x for placed in bar.points)]
        rows.setdefault(bar.row, []).append((min([bar.x, *signs]), max([bar.x + bar.width, *signs])))
    for row in rows.values():
        for (_, end), (x, _) in zip(sorted(row), sorted(row)[1:], strict=False):
            assert end < x


@settings(max_examples=30)
@given(st.lists(promises(), max_size=30))
def test_the_urgent_come_first(given: list[Promise]) -> None:
    """What comes behind takes nobody's place: the first ones are drawn alike with and without the rest."""
    alone = lane("t1", given[:10], WINDOW, NOW, {})
    together = lane("t1", given, WINDOW, NOW, {})

    assert together.bars[: len(alone.bars)] == alone.bars


@given(st.lists(st.tuples(instants, st.integers(1, 30 * H)), max_size=12))
def test_closed_hours_are_what_isnt_open(spans: list[tuple[int, int]]) -> None:
    """Inside, in order, apart; as much as isn't open."""
    table: list[tuple[int, int]] = []
    for start, length in sorted(spans):
        if not table or table[-1][1] < start:
            table.append((start, start + length))
    calendar = resolved("c", table)
    closed = closed_hours(calendar, WINDOW)

    assert all(x >= 0 and x + width <= 100.001 and width > 0 for x, width in closed)
    assert [x for x, _ in closed] == sorted(x for x, _ in closed)
    open_share = calendar.elapsed(WINDOW.start, WINDOW.end) / (WINDOW.end - WINDOW.start) * 100
    assert abs(sum(width for _, width in closed) + open_share - 100) < 0.05


def test_what_is_always_open_has_no_closed_hours() -> None:
    """Nor has what isn't known."""
    assert closed_hours(ALWAYS, WINDOW) == ()
    assert closed_hours(None, WINDOW) == ()


def test_the_calendar_of_most_is_hatched() -> None:
    """It is named, so that the page can say whose hours they are."""
    one = Promise("a", "t", NOW, NOW + H, False, "w", "office")
    drawn = lane(
        "t1", [one, one, Promise("b", "t", NOW, NOW + H, False, "w", "always")], WINDOW, NOW, {"office": OFFICE}
    )

    assert drawn.calendar == "office"
    assert drawn.closed == ((0.0, 37.5), (87.5, 12.5))


def due(start: int, at: int, target: int) -> CardDue:
    return CardDue(at, "first_reply", "r", start, target)


def rule(target: int, calendar: Calendar, *marks: int) -> SlaRule:
    return SlaRule("r", "first_reply", target, calendar, marks=tuple(Mark(f"{mark}", mark) for mark in marks))


def test_warnings_follow_from_a_deadline() -> None:
    """All of them where the clock ran all the time; after a pause only those to come, where they will be."""
    steady = warnings_of(due(NOW - H, NOW + H, 2 * H), rule(2 * H, ALWAYS, H // 2, 90 * M), ALWAYS, NOW)
    paused = warnings_of(due(NOW - 2 * H, NOW + H, 2 * H), rule(2 * H, ALWAYS, H // 2, 90 * M), ALWAYS, NOW)

    assert [(point.at, point.words) for point in steady] == [
        (NOW - 30 * M, f"warning at {H // 2}"),
        (NOW + 30 * M, f"warning to come at {90 * M}"),
    ]
    assert [point.at for point in paused] == [NOW + 30 * M]
    assert warnings_of(due(NOW, NOW + H, H), rule(2 * H, ALWAYS, H), ALWAYS, NOW) == []
    assert warnings_of(due(NOW, NOW + H, H), None, ALWAYS, NOW) == []


def test_warnings_of_a_target_that_is_the_clocks_own() -> None:
    """Shares and times before the end are of what the clock has; what is longer than that was due at the start."""
    marks = (
        Mark("50%", 0, Fraction(1, 2)),
        Mark("30m before", -30 * M, Fraction(1)),
        Mark("9h before", -9 * H, Fraction(1)),
    )
    own = SlaRule("r", "deadline", None, ALWAYS, marks=marks)

    found = warnings_of(CardDue(NOW + H, "deadline", "r", NOW - H, 2 * H), own, ALWAYS, NOW)

    assert [(point.at - NOW, point.words) for point in found] == [
        (0, "warning at 50%"),
        (30 * M, "warning to come at 30m before"),
        (-H, "warning at 9h before"),
    ]
