"""The chart of feelings: one line from the first turn to the last, at the height of its value."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.grading.debrief import FeelingCurve, Moment
from simulator.tui.widgets.feelings import ROWS, better, came_of, column, row_of, steps


def dots(grid, width):
    """Return the heights that are drawn in each of the two dot columns of every cell."""
    bits = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
    return [
        [
            row * 4 + y
            for row in range(ROWS)
            for y in range(4)
            if grid[row][x // 2] != " " and ord(grid[row][x // 2]) & bits[y][x % 2]
        ]
        for x in range(width * 2)
    ]


@given(
    values=st.lists(st.floats(min_value=-5, max_value=15), min_size=1, max_size=60),
    width=st.integers(min_value=1, max_value=90),
    later=st.integers(min_value=0, max_value=20),
)
@settings(max_examples=60, deadline=None)
def test_the_line_is_unbroken_and_ends_at_the_last_value(values, width, later):
    grid = steps(tuple(enumerate(values)), len(values) - 1 + later, width)
    assert len(grid) == ROWS
    assert all(len(row) == width for row in grid)
    heights = dots(grid, width)
    for drawn in heights:
        assert drawn == list(range(drawn[0], drawn[-1] + 1)), "no gaps in a column"
    for before, after in pairwise(heights):
        assert before[0] <= after[-1] and after[0] <= before[-1], "neighbouring columns meet"
    last = max(0.0, min(10.0, values[-1]))
    assert round((10 - last) / 10 * (ROWS * 4 - 1)) in heights[-1]


def test_half_a_point_can_be_seen():
    before, after = (steps([(0, value)], 1, 4) for value in (5.0, 5.6))
    assert before != after


def test_a_step_is_drawn_at_its_turn():
    heights = dots(steps([(0, 5), (4, 10), (8, 0)], 8, 9), 9)
    assert heights[0] == heights[7] == [10]
    assert heights[8] == list(range(11)), "up to ten"
    assert heights[12] == [0]
    assert heights[-1] == list(range(20)), "down to nothing"


def test_turns_are_spread_over_the_width():
    assert [column(turn, 4, 9) for turn in range(5)] == [0, 2, 4, 6, 8]
    assert column(0, 0, 9) == 0


def test_a_value_is_marked_in_the_row_its_line_is_in():
    for value in (0, 2.4, 5, 7.7, 10):
        [drawn] = {tuple(each) for each in dots(steps([(0, value)], 1, 4), 4)}
        assert drawn[0] // 4 == row_of(value)


def test_a_turn_that_pushed_both_ways_is_marked_by_what_came_of_it():
    """A joke made her surer, the kind limit beside it far less sure: on the whole that went well."""
    moments = tuple(
        Moment(turn=6, by=by, to=to, because=because, because_words=because, role="trainee", quote="Ha!")
        for by, to, because in ((-2.9, 0.8, "names_a_limit_kindly"), (0.5, 1.3, "banters"))
    )
    curve = FeelingCurve(id="misread", means="how sure", good="low", points=((0, 3.7), (6, 1.3)), moments=moments)
    assert not better(curve, moments[-1].by)
    assert better(curve, came_of(curve, 6))
