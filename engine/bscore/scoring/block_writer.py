"""Values and tables as items: cut into mini-batches, each written once as one pickled block."""

from __future__ import annotations

import io
import itertools
import pickle
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from bscore.errors import UsageError
from bscore.inputs.ready import write_slices
from bscore_worker.blocks import ENTRY, INDEX_ENDING, PICKLE_PROTOCOL
from bscore_worker.plain_tables import NotPlainError, plain_parts
from bscore_worker.typed_rows import revive

VALUES, ROWS = "items", "rows"


def write_values(
    checkpoint: Path, path: Path, values: Iterable[Any], mini_batch_size: int, *, plain: bool = False
) -> set[str]:
    """Write values one block per mini-batch; names of `__main__` that the blocks refer to.

    `plain`: tables and arrays as parts that other versions of numpy and pandas understand.
    Takes from an iterator as it goes. Raises UsageError for none, or for a value that cannot be pickled.
    """
    return _write(checkpoint, path, VALUES, _lists(values, mini_batch_size), plain=plain)


def write_table(
    checkpoint: Path, path: Path, frame: Any, mini_batch_size: int, *, plain: bool = False
) -> set[str]:
    """Write a DataFrame's rows one block per mini-batch, as `write_values` does."""
    slices = (frame.iloc[first : first + mini_batch_size] for first in range(0, len(frame), mini_batch_size))
    return _write(checkpoint, path, ROWS, slices, plain=plain)


def _lists(values: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(values)
    while part := list(itertools.islice(rest, size)):
        yield part


def _write(checkpoint: Path, path: Path, kind: str, parts: Iterable[Any], *, plain: bool) -> set[str]:
    names: set[str] = set()
    with path.open("xb") as data, Path(f"{path}{INDEX_ENDING}").open("xb") as index:
        path.chmod(0o600)
        extent = write_slices(
            checkpoint, kind, _sizes(parts, data, index, names, _PlainPickler if plain else _Pickler)
        )
    if not extent.items:
        raise UsageError("There is nothing to score: inputs holds no items.")
    return names


def _sizes(
    parts: Iterable[Any], data: IO[bytes], index: IO[bytes], names: set[str], pickler: type[_Pickler]
) -> Iterator[int]:
    """Write block after block; the number of items of each."""
    end = items = 0
    for part in parts:
        buffer = io.BytesIO()
        try:
            pickler(buffer, names).dump(part)
        except Exception as error:
            which = (
                f"One of the items {items} to {items + len(part) - 1}" if len(part) > 1 else f"Item {items}"
            )
            raise UsageError(
                f"{which} cannot be pickled: {error}.",
                remedy="Give plain values, or paths, or objects of classes that can be pickled.",
            ) from error
        end += data.write(buffer.getbuffer())
        index.write(ENTRY.pack(end))
        items += len(part)
        yield len(part)
    data.flush()
    index.flush()


class _Pickler(pickle.Pickler):
    """Notes which names of `__main__` the values need in a worker."""

    def __init__(self, file: io.BytesIO, names: set[str]) -> None:
        super().__init__(file, PICKLE_PROTOCOL)
        self._names = names

    def reducer_override(self, obj: Any) -> Any:
        """Only looks."""
        if getattr(obj, "__module__", None) == "__main__" and hasattr(obj, "__qualname__"):
            name = obj.__qualname__.partition(".")[0]
            if name in vars(sys.modules["__main__"]):
                self._names.add(name)
        return NotImplemented


class _PlainPickler(_Pickler):
    """Writes what belongs to numpy and pandas as plain parts."""

    def reducer_override(self, obj: Any) -> Any:
        """The parts, where there are any."""
        try:
            parts = plain_parts(obj)
        except NotPlainError:
            parts = ()
        return (revive, parts) if parts else super().reducer_override(obj)
