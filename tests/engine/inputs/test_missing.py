from array import array
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bscore.inputs.missing import MissingItems, write_missing


def test_nothing_is_missing_before_it_was_said(tmp_path: Path) -> None:
    missing = MissingItems(tmp_path)
    assert not missing
    assert missing.within(0, 10) == []


@given(places=st.lists(st.integers(0, 30), unique=True), start=st.integers(0, 30), items=st.integers(0, 9))
def test_the_missing_of_a_mini_batch_are_found(
    tmp_path_factory: object, places: list[int], start: int, items: int
) -> None:
    folder = tmp_path_factory.mktemp("checkpoint")  # type: ignore[attr-defined]  # a fixture of pytest
    write_missing(folder, array("Q", places))
    missing = MissingItems(folder)
    missing.load()
    assert missing.within(start, start + items) == [p for p in sorted(places) if start <= p < start + items]
    missing.close()
