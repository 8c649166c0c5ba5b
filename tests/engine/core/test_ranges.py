"""Ranges behave as a set of integers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bscore.core.ranges import Ranges, as_pairs, from_pairs

SMALL = st.integers(0, 40)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "range"]), SMALL, st.integers(0, 12)))


@given(STEPS)
def test_any_sequence_of_changes_agrees_with_a_set(steps: list[tuple[str, int, int]]) -> None:
    ranges, model = Ranges(), set[int]()
    for what, value, length in steps:
        if what == "add":
            assert ranges.add(value) == (value not in model)
            model.add(value)
        elif what == "remove":
            assert ranges.remove(value) == (value in model)
            model.discard(value)
        else:
            ranges.add_range(value, value + length)
            model.update(range(value, value + length))
        assert len(ranges) == len(model)
        assert list(ranges) == sorted(model)
        assert all((v in ranges) == (v in model) for v in range(60))
        pairs = ranges.pairs()
        assert all(a[1] < b[0] for a, b in pairwise(pairs)), "neighbours are joined"
    assert Ranges(ranges.pairs()) == ranges


@given(st.lists(SMALL))
def test_pairs_keep_the_order_of_ids(ids: list[int]) -> None:
    assert list(from_pairs(as_pairs(ids))) == ids
