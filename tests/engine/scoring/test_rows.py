"""Typed rows on their way: what comes back, what is refused, what a damaged file says."""

from __future__ import annotations

import pickle
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bscore.errors import TreeError
from bscore.scoring.row_reader import read_frames
from bscore_worker import typed_rows
from bscore_worker.answers import Judge, RejectedReturnError
from bscore_worker.typed_rows import CHUNK_ROWS, HEAD, NotPlainError, pieces

FRAME = pd.DataFrame({"a": range(30, 50)})


def write(path: Path, *batches: tuple[int, Any]) -> list[tuple[Path, int]]:
    data = b"".join(
        piece for number, rows in batches for piece in pieces(number, rows, isinstance(rows, pd.DataFrame))
    )
    path.write_bytes(data)
    return [(path, len(data))]


def test_rows_come_back_in_the_order_of_the_inputs_or_as_they_were_finished(tmp_path: Path) -> None:
    many = list(range(2 * CHUNK_ROWS + 1))
    files = write(tmp_path / "rows", (1, ["b"]), (2, many), (0, [uuid.UUID(int=5)]))
    assert read_frames(files, ordered=True) == [uuid.UUID(int=5), "b", *many]
    assert read_frames(files, ordered=False) == ["b", *many, uuid.UUID(int=5)]
    assert read_frames([], ordered=True) == []


def test_only_bytes_that_count_are_read_from_several_parts(tmp_path: Path) -> None:
    (first,) = write(tmp_path / "a", (1, [1, 2]))
    (second,) = write(tmp_path / "b", (0, [0]))
    second[0].write_bytes(second[0].read_bytes() + b"uncommitted")
    assert read_frames([first, second], ordered=True) == [0, 1, 2]


def test_tables_keep_labels_that_mean_something_and_count_others_through(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(6)})
    sliced = write(tmp_path / "s", (1, frame.iloc[3:]), (0, frame.iloc[:3]))
    pd.testing.assert_frame_equal(read_frames(sliced, ordered=True), frame)
    gap = write(tmp_path / "g", (0, frame.iloc[:2]), (1, frame.iloc[4:]))
    assert list(read_frames(gap, ordered=True).index) == [0, 1, 4, 5]
    fresh = write(tmp_path / "f", (0, frame), (1, frame))
    assert list(read_frames(fresh, ordered=True).index) == list(range(12))
    named = frame.set_index(pd.MultiIndex.from_product([["x", "y"], [1, 2, 3]], names=["k", "n"]))
    pd.testing.assert_frame_equal(read_frames(write(tmp_path / "m", (0, named)), ordered=True), named)


@pytest.mark.parametrize("frame", [FRAME, FRAME[::2], FRAME[::-1], FRAME[1::3], FRAME.rename_axis("id")])
def test_row_labels_that_count_in_steps_or_have_a_name_are_kept(frame: pd.DataFrame, tmp_path: Path) -> None:
    cuts = [frame.iloc[first : first + 2] for first in range(0, len(frame), 2)]
    whole = write(tmp_path / "w", *enumerate(cuts))
    pd.testing.assert_frame_equal(read_frames(whole, ordered=True), frame)
    turned = write(tmp_path / "t", *reversed(list(enumerate(cuts))))
    assert list(read_frames(turned, ordered=False).index) == [n for cut in cuts[::-1] for n in cut.index]
    filtered = write(tmp_path / "f", (0, frame.iloc[:2]), (1, frame.iloc[[2, 4, 5]]))
    assert read_frames(filtered, ordered=True).index.name == frame.index.name
    other = write(tmp_path / "o", (0, frame.iloc[2:4]), (1, frame.iloc[4:6].astype(float)))
    assert list(read_frames(other, ordered=True).index) == list(frame.index[2:6])


def test_categories_keep_their_order_where_all_tables_have_the_same(tmp_path: Path) -> None:
    sizes = pd.CategoricalDtype(["small", "large", "huge"], ordered=True)
    frame = pd.DataFrame({"size": pd.Categorical(["large", None, "small", "small"], dtype=sizes)})
    files = write(tmp_path / "s", (0, frame.iloc[:2]), (1, frame.iloc[2:]))
    pd.testing.assert_frame_equal(read_frames(files, ordered=True), frame)
    other = write(tmp_path / "o", (0, frame.iloc[:1]), (1, pd.DataFrame({"size": pd.Categorical(["tiny"])})))
    assert read_frames(other, ordered=True)["size"].tolist() == ["large", "tiny"]


def test_values_of_numpy_that_hold_nothing_come_back(tmp_path: Path) -> None:
    rows = [np.str_(""), np.str_("a"), np.bytes_(b""), np.array([]), np.empty((0, 3), "f4"), np.array([""])]
    found = read_frames(write(tmp_path / "rows", (0, rows)), ordered=True)
    assert [type(row) for row in found] == [type(row) for row in rows]
    assert [row.shape for row in found] == [row.shape for row in rows]
    assert found[:3] == rows[:3]


def test_tables_with_other_columns_are_aligned_and_mixed_returns_become_a_list(tmp_path: Path) -> None:
    other = write(tmp_path / "o", (0, pd.DataFrame({"a": [1]})), (1, pd.DataFrame({"a": ["x"], "b": [2.5]})))
    found = read_frames(other, ordered=True)
    assert list(found["a"]) == [1, "x"]
    assert list(found["b"])[1] == 2.5
    mixed = write(tmp_path / "x", (0, ["text"]), (1, pd.DataFrame({"a": [1]})))
    assert read_frames(mixed, ordered=True) == ["text", {"a": 1}]


def test_alike_numpy_rows_travel_as_one_array(tmp_path: Path) -> None:
    rows = [np.full(3, n, "f4") for n in range(50)]
    files = write(tmp_path / "rows", (0, rows))
    assert files[0][1] < 50 * 3 * 4 + 400
    found = read_frames(files, ordered=True)
    assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(found, rows, strict=True))


class Own:
    """Nothing that rows may hold."""


MASKED = np.ma.MaskedArray([1.5], mask=[True])


@pytest.mark.parametrize("row", [Own(), Own, print, {"deep": [Own()]}, np.array([Own()], object), MASKED])
def test_other_objects_are_refused_by_the_worker_with_their_name(row: Any, tmp_path: Path) -> None:
    with pytest.raises(NotPlainError):
        list(pieces(0, [row], False))
    judge = Judge(True, False, {}, False, str(tmp_path / "spool"), typed=True)
    with pytest.raises(RejectedReturnError, match="rows may hold builtins"):
        judge(["plain"] * 3 + [row], 4, 0)
    assert list(tmp_path.iterdir()) == []


def test_large_rows_go_to_a_spool_file(tmp_path: Path) -> None:
    judge = Judge(True, False, {}, False, str(tmp_path / "spool"), typed=True)
    verdict = judge([b"x" * (1 << 21)], 1, 7)
    assert verdict.body == b""
    found = read_frames([(Path(verdict.spool), verdict.nbytes)], ordered=True)
    assert found == [b"x" * (1 << 21)]


class Runs:
    """Would run code where it is unpickled."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("it-ran"),))


@pytest.mark.parametrize(
    "payload",
    [
        pickle.dumps(("list", [Runs()]), 4),
        pickle.dumps(("list", [Own()]), 4),
        pickle.dumps("no rows", 4),
        pickle.dumps(("strange", []), 4),
        b"no pickle",
    ],
)
def test_a_file_cannot_make_the_reader_run_code(
    payload: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rows"
    path.write_bytes(HEAD.pack(len(payload), 0, 0) + payload)
    with pytest.raises(TreeError, match="holds no typed rows at byte"):
        read_frames([(path, path.stat().st_size)], ordered=True)
    assert not (tmp_path / "it-ran").exists()


def test_a_torn_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    ((path, nbytes),) = write(tmp_path / "rows", (0, [1, 2, 3]))
    for cut in (nbytes - 1, HEAD.size - 1):
        with pytest.raises(TreeError, match="holds no typed rows"):
            read_frames([(path, cut)], ordered=True)


def test_the_name_in_the_pickles_is_never_called() -> None:
    with pytest.raises(NotImplementedError):
        typed_rows.revive("array")
