"""Numbers and durations keep to the width of their column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore_tui.views.layout import fit, width_of
from bscore_tui.views.styles import ASCII, UNICODE, Glyphs, Options, text_of
from bscore_tui.views.words import count, duration, figure, memory_of, span, span_in


@pytest.mark.parametrize(
    ("seconds", "width", "text"),
    [
        (18, 6, "0:18"),
        (3599, 6, "59:59"),
        (3727, 6, "1h 02m"),
        (3727, 7, "1:02:07"),
        (45_000, 7, "12h 30m"),
        (45_000, 6, "12h30"),
        (97_200, 6, "1d 03h"),
        (97_200, 9, "1 d 03:00"),
        (900_000, 7, "10d 10h"),
        (900_000, 6, "10d10h"),
        (86_400 * 400, 6, "400 d"),
    ],
)
def test_a_duration_is_told_as_exactly_as_its_column_allows(seconds: int, width: int, text: str) -> None:
    assert span_in(seconds, width) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0.0 ms"),
        (2e-6, "<0.1 ms"),
        (0.0009, "0.9 ms"),
        (0.67, "670 ms"),
        (11.6, "11.6 s"),
        (72.0, "1:12"),
    ],
)
def test_a_time_that_passed_is_never_told_as_none(seconds: float | None, text: str) -> None:
    assert duration(seconds, Options()) == text


@given(seconds=st.floats(0, 3e9), width=st.integers(6, 12))
def test_no_duration_is_wider_than_its_column(seconds: float, width: int) -> None:
    assert len(span_in(seconds, width)) <= width
    assert len(span(seconds)) > width or span_in(seconds, width) == span(seconds)


@given(value=st.integers(0, 10**13), width=st.integers(4, 20))
def test_no_number_is_wider_than_its_column(value: int, width: int) -> None:
    text = figure(value, width, Options())
    assert len(text) <= max(width, 6)
    if len(count(value, Options())) <= width:
        assert text == count(value, Options())


def test_memory_of_large_nodes_needs_no_more_room_than_of_small_ones() -> None:
    sizes = [7_000, 99_000, 512_000, 1_500_000]
    assert all(len(memory_of(size * 0.9, size, Options())) <= 12 for size in sizes)


@given(
    parts=st.lists(st.text(st.sampled_from("ab 漢é"), max_size=9), max_size=6),
    width=st.integers(1, 30),
    glyphs=st.sampled_from([UNICODE, ASCII]),
)
def test_a_line_is_exactly_as_wide_as_asked_and_tells_that_it_was_cut(
    parts: list[str], width: int, glyphs: Glyphs
) -> None:
    fitted = fit([(part, "text") for part in parts], width, Options(glyphs=glyphs))
    assert width_of(fitted) == width
    whole, shown = "".join(parts).rstrip(), text_of(fitted).rstrip()
    if shown != whole:
        assert shown.endswith(glyphs.ellipsis[:width])
        assert whole.startswith(shown.removesuffix(glyphs.ellipsis[:width]))
