"""Errors by cause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscore.core.diagnose import common_folder, message_shape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cannot read '/data/a.png'", "cannot read '/data/b c.png'"),
        (
            "index 5 is out of bounds for axis 0 with size 3",
            "index 77 is out of bounds for axis 1 with size 12",
        ),
        ("object at 0x7f3a12", "object at 0x7f3affff"),
        ("No such file: /mnt/x/y/z.csv", "No such file: /mnt/other/z.csv"),
    ],
)
def test_two_occurrences_of_one_error_have_one_shape(one: str, other: str) -> None:
    assert message_shape(one) == message_shape(other)


@pytest.mark.parametrize(("one", "other"), [("bad header", "bad footer"), ("", "x")])
def test_different_errors_keep_different_shapes(one: str, other: str) -> None:
    assert message_shape(one) != message_shape(other)


@given(st.text(max_size=5000))
def test_a_shape_is_short_whatever_the_message(message: str) -> None:
    assert len(message_shape(message)) <= 200


def test_the_common_folder_is_whole_folders_only() -> None:
    assert common_folder("/data/2024/a", "/data/2024/b/x.png") == "/data/2024"
    assert common_folder("/data/ab", "/data/ac/x.png") == "/data"
    assert common_folder("", "/x") == ""
