"""The chart of feelings: one line from the first turn to the last, at the height of its value."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.tui.widgets.feelings import ROWS, column, row_of, steps

LINE = set("─╭╮╰╯│")


@given(
    values=st.lists(st.floats(min_value=-5, max_value=15), min_size=1, max_size=60),
    width=st.integers(min_value=1, max_value=90),
    later=st.integers(min_value=0, max_value=20),
)
@settings(max_examples=80, deadline=None)
def test_the_line_is_unbroken_and_at_the_height_of_the_last_value(values, width, later):
    points = tuple(enumerate(values))
    last = len(values) - 1 + later
    grid = steps(points, last, width)
    assert len(grid) == ROWS
    assert all(len(row) == width for row in grid)
    heights = []
    for x in range(width):
        drawn = [y for y in range(ROWS) if grid[y][x] != " "]
        assert drawn == list(range(drawn[0], drawn[-1] + 1)), "no gaps in a column"
        assert {grid[y][x] for y in drawn} <= LINE
        heights.append((drawn[0], drawn[-1]))
    for (top, bottom), (next_top, next_bottom) in itertools.pairwise(heights):
        assert top <= next_bottom and next_top <= bottom, "neighbouring columns meet"
    if width > 1:
        assert row_of(values[-1]) in range(heights[-1][0], heights[-1][1] + 1)


def test_a_step_is_drawn_at_its_turn():
    grid = ["".join(row) for row in steps([(0, 5), (4, 10), (8, 0)], 8, 9)]
    assert grid == ["    ╭───╮", "    │   │", "────╯   │", "        │", "        ╰"]


def test_turns_are_spread_over_the_width():
    assert [column(turn, 4, 9) for turn in range(5)] == [0, 2, 4, 6, 8]
    assert column(0, 0, 9) == 0
