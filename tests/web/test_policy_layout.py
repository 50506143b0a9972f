"""The drawing of the policy map: nothing touches anything, whatever stands in it."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.web.pages.policy_layout import COLUMN, GUTTER, STRAIGHT, Area, Box, Group, Link, layout

SHAPES = st.lists(st.lists(st.lists(st.integers(1, 4), max_size=5), min_size=1, max_size=2), min_size=1, max_size=4)
ENDS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.none() | st.integers(0, 10**7), st.text(max_size=20)),
    max_size=40,
)


def built(shape: list[list[list[int]]]) -> list[list[Group]]:
    """Columns of boxes with so many lines."""
    return [
        [
            Group(f"g{place}", tuple(Box(f"{column}/{place}/{index}", lines) for index, lines in enumerate(boxes)))
            for place, boxes in enumerate(groups)
        ]
        for column, groups in enumerate(shape)
    ]


@settings(max_examples=40)
@given(SHAPES, ENDS)
def test_nothing_overlaps(shape: list[list[list[int]]], ends: list[tuple[int, int, int | None, str]]) -> None:
    """Boxes, words on links and the straight parts of links, all of it inside of the drawing."""
    columns = built(shape)
    keys = [box.key for groups in columns for group in groups for box in group.boxes] or [""]
    links = [Link(keys[one % len(keys)], keys[other % len(keys)], count, word) for one, other, count, word in ends]
    drawn = layout(columns, links)
    whole = Area(0, 0, drawn.width, drawn.height)
    boxes = list(drawn.boxes.values())
    words = [link.word for link in drawn.links if link.word is not None]
    for one, other in combinations([*boxes, *words], 2):
        assert not one.touches(other)
    for link in drawn.links:
        for word in words:
            if word is not link.word:
                assert not link.straight.touches(word)
        assert link.end[0] - link.start[0] == GUTTER
        assert not any(link.straight.touches(box) for box in boxes)
    for area in [*boxes, *words]:
        assert area.x >= 0
        assert area.y >= 0
        assert area.right <= whole.right
        assert area.bottom <= whole.bottom


def test_only_neighbours_are_linked() -> None:
    """Whatever else is asked for is left out, and nothing raises."""
    columns = [[Group("a", (Box("a", 1),))], [Group("b", (Box("b", 1),))], [Group("c", (Box("c", 1),))]]
    drawn = layout(columns, [Link("a", "b", 3), Link("a", "c"), Link("b", "a"), Link("a", "x"), Link("x", "a")])
    assert [(link.link.source, link.link.target) for link in drawn.links] == [("a", "b")]
    assert layout([], []).boxes == {}


def test_a_link_is_as_thick_as_it_is_used() -> None:
    """By the square root, so that what is used little can still be seen."""
    columns = [[Group("a", (Box("a", 1),))], [Group("b", (Box("b", 1), Box("c", 1), Box("d", 1)))]]
    often, seldom, never = layout(columns, [Link("a", "b", 100), Link("a", "c", 1), Link("a", "d", 0)]).links
    assert often.stroke > seldom.stroke > never.stroke > 0
    assert often.path.startswith(f"M{2 + COLUMN:g} ")
    assert f"H{2 + COLUMN + STRAIGHT:g}" in often.path
