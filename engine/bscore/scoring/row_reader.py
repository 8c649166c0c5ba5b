"""Rows with their types, out of the frames that workers wrote (bscore_worker.typed_rows).

Nothing but builtins and the few types named there comes out of a file: it cannot make this process run code.
"""

from __future__ import annotations

import io
import mmap
import pickle
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from bscore.errors import StorageError, TreeError
from bscore_worker import revived, typed_rows
from bscore_worker.revived import column
from bscore_worker.typed_rows import HEAD, STANDARD


class _Place(NamedTuple):
    """Where the payload of one frame stands: file, mini-batch, chunk, offset, bytes."""

    file: int
    mini_batch: int
    chunk: int
    offset: int
    nbytes: int


def read_frames(files: Sequence[tuple[Path, int]], *, ordered: bool) -> Any:
    """All rows of files, of each so many bytes: a DataFrame where run() returned DataFrames, else a list.

    `ordered`: in the order of the inputs, else as they were finished. Where run() returned both lists and
    DataFrames the rows of the latter stand in the list as dicts.
    Raises TreeError for a file that holds something else, StorageError when it cannot be read.
    """
    maps = [_mapped(path) for path, _ in files]
    try:
        places = [
            place
            for number, (path, nbytes) in enumerate(files)
            for place in _places(number, maps[number], nbytes, path)
        ]
        if ordered:
            places.sort(key=lambda place: (place.mini_batch, place.chunk))
        parts = [_load(maps[place.file], place, files[place.file][0]) for place in places]
    finally:
        for one in maps:
            one.close()
    if parts and all(part[0] == "table" for part in parts):
        return _joined(parts)
    return [row for part in parts for row in _rows_of(part)]


def _mapped(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                return io.BytesIO()
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise StorageError(f"The rows in {path} cannot be read: {error.strerror}.") from error


def _bytes(source: Any, offset: int, nbytes: int) -> bytes:
    source.seek(offset)
    data: bytes = source.read(nbytes)
    return data


def _places(number: int, source: Any, nbytes: int, path: Path) -> Iterator[_Place]:
    offset = 0
    while offset < nbytes:
        head = _bytes(source, offset, HEAD.size)
        if len(head) < HEAD.size:
            raise _damaged(path, offset)
        size, mini_batch, chunk = HEAD.unpack(head)
        offset += HEAD.size
        if offset + size > nbytes:
            raise _damaged(path, offset)
        yield _Place(number, mini_batch, chunk, offset, size)
        offset += size


def _damaged(path: Path, offset: int) -> TreeError:
    return TreeError(f"{path} holds no typed rows at byte {offset}.", remedy="Restore it, or score again.")


def _load(source: Any, place: _Place, path: Path) -> tuple[Any, ...]:
    payload = _bytes(source, place.offset, place.nbytes)
    try:
        part: tuple[Any, ...] = _Reader(io.BytesIO(payload)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TreeError(f"{path} holds no typed rows at byte {place.offset}: {error}.") from error
    if not isinstance(part, tuple) or not part or part[0] not in ("list", "alike", "table"):
        raise _damaged(path, place.offset)
    return part


class _Reader(pickle.Unpickler):
    """Reads builtins and the known types, refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        """A type by its name. Raises UnpicklingError for one that is not known."""
        if (module, name) == (typed_rows.__name__, "revive"):
            return revived.revive
        if (module, name) in STANDARD:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} may not stand in rows")


def _rows_of(part: tuple[Any, ...]) -> list[Any]:
    if part[0] == "table":
        records: list[Any] = _joined([part]).to_dict("records")
        return records
    rows: list[Any] = list(part[1])
    return rows


def _joined(parts: list[tuple[Any, ...]]) -> Any:
    """One DataFrame out of tables, column by column; where their columns differ pandas aligns them."""
    import pandas as pd

    shapes = {(repr(part[1]), tuple(_stored_as(one) for one in part[4])) for part in parts}
    if len(shapes) > 1:
        frame = pd.concat([_joined([part]) for part in parts], ignore_index=True)
        frame.index = _index([part[3] for part in parts])
        return frame
    _, names, level_names, _, columns = parts[0]
    data = {place: column([part[4][place] for part in parts]) for place in range(len(columns))}
    frame = pd.DataFrame(data, index=_index([part[3] for part in parts]))
    frame.columns = revived.column_names(names, level_names)
    return frame


def _stored_as(stored: tuple[Any, ...]) -> tuple[str, Any]:
    return stored[0], stored[1]


def _index(stored: list[tuple[Any, ...]]) -> Any:
    """The row labels. A table that was only counted through gives no labels of its own."""
    import pandas as pd

    if all(one[0] == "range" for one in stored):
        return _range_index(stored)
    kinds = {one[0] for one in stored}
    if kinds == {"tuples"}:
        return pd.MultiIndex.from_tuples([label for one in stored for label in one[2]], names=stored[0][1])
    if kinds == {"labels"} and len({_stored_as(one[2]) for one in stored}) == 1:
        return pd.Index(column([one[2] for one in stored]), name=stored[0][1])
    return pd.Index([label for one in stored for label in _labels(one)], name=_common_name(stored))


def _common_name(stored: list[tuple[Any, ...]]) -> Any:
    """What all call their labels; None where they do not agree."""
    names = [one[1] if one[0] != "range" else one[4] if len(one) > 4 else None for one in stored]
    return names[0] if all(name == names[0] for name in names) else None


def _range_index(stored: list[tuple[Any, ...]]) -> Any:
    """Counted on where ranges follow each other, counted anew where all count from the same number."""
    import pandas as pd

    ranges = [range(*one[1:4]) for one in stored]
    name = _common_name(stored)
    step = ranges[0].step
    if all(one.step == step for one in ranges) and all(
        before.start + len(before) * step == after.start for before, after in pairwise(ranges)
    ):
        return pd.RangeIndex(ranges[0].start, ranges[-1].start + len(ranges[-1]) * step, step, name=name)
    in_order = sorted(ranges, key=lambda one: one.start)
    if step == 1 and any(before.stop > after.start for before, after in pairwise(in_order)):
        return pd.RangeIndex(sum(map(len, ranges)), name=name)
    return pd.Index([label for one in ranges for label in one], name=name)


def _labels(stored: tuple[Any, ...]) -> list[Any]:
    if stored[0] == "range":
        return list(range(*stored[1:4]))
    if stored[0] == "tuples":
        return list(stored[2])
    return list(column([stored[2]]))
