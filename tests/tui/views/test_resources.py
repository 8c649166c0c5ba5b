"""Samples over cells: every span fits every width, a long sample is a step."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bscore_tui.views.resources import over_cells

VALUES = st.lists(st.none() | st.floats(0, 100), max_size=130)


@given(VALUES, st.none() | st.floats(0.5, 600), st.sampled_from([60, 600]), st.integers(1, 150))
def test_as_many_cells_as_asked(
    values: list[float | None], step_s: float | None, span_s: int, cells: int
) -> None:
    shown = over_cells(values, step_s, span_s, cells)
    assert len(shown) == cells
    known = [value for value in values if value is not None]
    drawn = [value for value in shown if value is not None]
    assert all(min(known) - 1e-9 <= value <= max(known) + 1e-9 for value in drawn)


def test_the_mean_of_several_samples_is_shown() -> None:
    assert over_cells([1.0, 99.0, 2.0, None], 5.0, 20, 2) == [50.0, 2.0]


def test_one_sample_is_a_step_over_several_cells() -> None:
    assert over_cells([10.0, 20.0], 300.0, 600, 4) == [10.0, 10.0, 20.0, 20.0]


def test_what_was_before_the_first_sample_stays_open() -> None:
    assert over_cells([50.0], 5.0, 20, 4) == [None, None, None, 50.0]
