"""Typed rows on their way: what comes back, what is refused, what a damaged file says."""

from __future__ import annotations

import pickle
import pickletools
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from bscore.errors import TreeError
from bscore.scoring.block_writer import write_table, write_values
from bscore.scoring.row_reader import read_frames
from bscore_worker import revived
from bscore_worker.answers import Judge, RejectedReturnError
from bscore_worker.blocks import Blocks
from bscore_worker.plain_tables import NotPlainError
from bscore_worker.typed_rows import CHUNK_ROWS, HEAD, pieces
from odd_tables import odd_table

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


LABELS = {
    "counted": pd.RangeIndex(3, 10),
    "days": pd.date_range("2020-01-01", periods=7, tz="UTC", name="day"),
    "pairs": pd.MultiIndex.from_tuples([(n % 2, str(n)) for n in range(7)], names=["k", None]),
    "words": pd.Index(list("abcdefg"), name="id"),
    "any": pd.Index(["a", 1, None, 2.5, "b", "c", "d"], dtype=object),
    "twice": pd.Index([5, 3, 1, 2, 2, 9, 9]),
}


@pytest.mark.parametrize("labels", LABELS)
def test_a_table_for_another_interpreter_names_nothing_of_numpy_or_pandas(
    tmp_path: Path, labels: str
) -> None:
    """Its block loads with builtins and `revive`, and is the same table again, also as rows."""
    table = odd_table().set_index(LABELS[labels])
    table.attrs["from"] = "a test"
    path = tmp_path / "blocks"
    write_table(tmp_path, path, table, 7, plain=True)
    texts = [text for _, text, _ in pickletools.genops(path.read_bytes()) if isinstance(text, str)]
    assert [text for text in texts if text.startswith(("numpy", "pandas"))] == []
    back = Blocks(str(path)).load(0)
    pd.testing.assert_frame_equal(back, table, check_freq=False)
    assert back.attrs == table.attrs
    back.iloc[0, 0] = 9
    files = write(tmp_path / "rows", (0, table.iloc[:3]), (1, table.iloc[3:]))
    pd.testing.assert_frame_equal(read_frames(files, ordered=True), table, check_freq=False)


def test_values_for_another_interpreter_come_back_as_they_were(tmp_path: Path) -> None:
    table = odd_table()
    values = [
        *table.iloc[0],
        *table.iloc[1],
        table,
        table["kind"],
        table["text"].array,
        np.ma.array([1], mask=[True]),
    ]
    values += [
        np.str_("a"),
        np.array(["a", None], object),
        pd.Index(["a"]),
        pd.Timestamp.max,
        {"a": np.int8(3)},
    ]
    values += [datetime(2020, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")), datetime(2020, 7, 1, tzinfo=UTC)]
    write_values(tmp_path, tmp_path / "blocks", values, len(values), plain=True)
    back = Blocks(str(tmp_path / "blocks")).load(0)
    assert [type(value) for value in back] == [type(value) for value in values]
    assert list(map(repr, back)) == list(map(repr, values))


def test_what_this_pandas_has_no_type_for_becomes_the_nearest_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    months = revived.revive("column", ("periods", "A-DEC", np.array([50], "i8").tobytes()))
    assert str(months.dtype) == "period[Y-DEC]"
    text = ("text", "str", ["a", None])
    monkeypatch.setattr(pd, "__version__", "2.2.0")
    assert revived.revive("column", text).dtype == object
    assert list(revived.revive("column", ("list", "nobodys_type", ["a"]))) == ["a"]
    floats = ("masked", "Float64", "<f8", np.array([1.5, 0.0]).tobytes(), np.array([False, True]).tobytes())
    monkeypatch.delattr(pd.arrays, "FloatingArray")
    assert repr(list(revived.revive("column", floats))) == "[np.float64(1.5), np.float64(nan)]"
