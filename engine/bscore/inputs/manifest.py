"""The manifest: every item of a job in its order, cut into mini-batches, in two append-only files.

`manifest` holds per item `path NUL size NUL mtime_ns NUL` (raw bytes, -1 for unknown);
`manifest.index` per mini-batch 16 bytes, little endian: where it ends in `manifest`, and the number of
items up to there. A mini-batch exists once its index entry does; bytes beyond the last entry do not count.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple, Self

from bscore.errors import StorageError, in_words
from bscore.inputs.read_ahead import ReadAhead, pread_all
from bscore.spec.regular import open_regular

DATA_NAME = "manifest"
INDEX_NAME = "manifest.index"
FINISHED_NAME = "manifest.finished"
ENTRY = struct.Struct("<QQ")
#: What follows a path of which neither size nor time is known.
UNKNOWN = b"\0-1\0-1\0"
#: Written at once at most; the first blocks are single mini-batches, so that scoring begins at once.
BLOCK_BYTES = 1 << 20
BLOCK_MINI_BATCHES = 1024
#: What the reader holds of each file.
_AHEAD_BYTES = 1 << 18
_AHEAD_ENTRIES = 2048
#: No whole mini-batch waits longer than this for the ones behind it.
FLUSH_AFTER_S = 0.05


class Item(NamedTuple):
    """One item: its path as raw bytes, size in bytes and mtime; -1 where unknown."""

    path: bytes
    size: int
    mtime_ns: int


def encode_item(path: bytes, size: int = -1, mtime_ns: int = -1) -> bytes:
    """The manifest record of one item."""
    return b"%b\0%d\0%d\0" % (path, size, mtime_ns)


def decode_items(records: bytes) -> list[Item]:
    """The items of whole records."""
    fields = records.split(b"\0")
    return [
        Item(path, int(size), int(mtime_ns))
        for path, size, mtime_ns in zip(fields[0:-1:3], fields[1:-1:3], fields[2:-1:3], strict=True)
    ]


def split_records(records: bytes) -> list[bytes]:
    """Whole records, each by itself."""
    fields = records.split(b"\0")
    return [
        b"%b\0%b\0%b\0" % triple
        for triple in zip(fields[0:-1:3], fields[1:-1:3], fields[2:-1:3], strict=True)
    ]


class Extent(NamedTuple):
    """How far a manifest reaches."""

    mini_batches: int
    items: int
    nbytes: int


def _opened(path: str) -> int:
    # O_CREAT: the lister may not have got so far yet when the master opens the manifest.
    try:
        return open_regular(path, os.O_RDONLY | os.O_CREAT, 0o644)
    except OSError as error:
        raise in_words(error, path) from error


class Manifest:
    """The reader: holds two descriptors and nothing per item. Raises StorageError for what is not there."""

    def __init__(self, checkpoint_dir: str | os.PathLike[str]) -> None:
        self._data = _opened(os.path.join(checkpoint_dir, DATA_NAME))
        try:
            self._index = _opened(os.path.join(checkpoint_dir, INDEX_NAME))
        except StorageError:
            os.close(self._data)
            raise
        self._data_ahead = ReadAhead(self._data, _AHEAD_BYTES)
        self._index_ahead = ReadAhead(self._index, _AHEAD_ENTRIES * ENTRY.size)
        self._final = (0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def extent(self) -> Extent:
        """How far the index reaches now."""
        count = os.fstat(self._index).st_size // ENTRY.size
        if count == 0:
            return Extent(0, 0, 0)
        end, items = ENTRY.unpack(pread_all(self._index, ENTRY.size, (count - 1) * ENTRY.size))
        return Extent(count, items, end)

    def mini_batches(self, first: int, count: int, upto: int = 0) -> tuple[list[tuple[int, int]], bytes]:
        """(items, bytes) of each of `count` mini-batches from `first`, and all their records.

        `upto` mini-batches are known to stay as they are, so that they may be read ahead.
        """
        if count <= 0:
            return [], b""
        entries = self._entries(first, count, upto)
        sizes = [
            (items - items_before, end - start) for (start, items_before), (end, items) in pairwise(entries)
        ]
        return sizes, self._records(entries, upto)

    def items_before(self, mini_batch: int) -> int:
        """Items of all mini-batches before this one, which may be the one behind the last."""
        if mini_batch <= 0:
            return 0
        count: int = ENTRY.unpack(pread_all(self._index, ENTRY.size, (mini_batch - 1) * ENTRY.size))[1]
        return count

    def items(self, mini_batch: int) -> list[Item]:
        """The items of one mini-batch."""
        try:
            return decode_items(self.mini_batches(mini_batch, 1)[1])
        except ValueError as error:
            raise StorageError(
                f"The manifest is damaged at mini-batch {mini_batch}: {error}.",
                remedy="Resume the job, so that its inputs are listed again.",
            ) from None

    def names(self, mini_batch: int, upto: int = 0) -> list[str]:
        """Base names of a mini-batch's items, fit to be shown: undecodable bytes are escaped."""
        data = self._records(self._entries(mini_batch, 1, upto), upto)
        records = data.decode("utf-8", "backslashreplace")
        return [path.rpartition("/")[2] for path in records.split("\0")[0:-1:3]]

    def blocks(self) -> Iterator[bytes]:
        """All records up to the present extent, in blocks of whole mini-batches, about 1 MiB each."""
        total, _, nbytes = self.extent()
        step = max(1, BLOCK_BYTES * total // max(1, nbytes))
        for first in range(0, total, step):
            yield self.mini_batches(first, min(step, total - first))[1]

    def sync(self) -> None:
        """Bring both files to the disk."""
        try:
            os.fdatasync(self._data)
            os.fdatasync(self._index)
        except OSError as error:
            raise StorageError(f"The manifest cannot be brought to the disk: {error.strerror}.") from error

    def close(self) -> None:
        """Close both files; closing twice is harmless."""
        for name in ("_data", "_index"):
            descriptor = getattr(self, name)
            setattr(self, name, -1)
            if descriptor >= 0:
                os.close(descriptor)

    def _entries(self, first: int, count: int, upto: int) -> list[tuple[int, int]]:
        skip = min(first, 1)
        size = ENTRY.size
        raw = self._index_ahead.read((first - skip) * size, (first + count) * size, upto * size)
        entries: list[tuple[int, int]] = list(ENTRY.iter_unpack(raw))
        return entries if skip else [(0, 0), *entries]

    def _records(self, entries: list[tuple[int, int]], upto: int) -> bytes:
        """The records between the first and the last of these ends."""
        start, end = entries[0][0], entries[-1][0]
        return self._data_ahead.read(start, end, self._final_bytes(upto) if upto else 0)

    def _final_bytes(self, upto: int) -> int:
        """Where the first `upto` mini-batches end in the data; remembered for the last one asked."""
        if self._final[0] != upto:
            entry = os.pread(self._index, ENTRY.size, (upto - 1) * ENTRY.size)
            self._final = (upto, ENTRY.unpack(entry)[0] if len(entry) == ENTRY.size else 0)
        return self._final[1]


class ManifestWriter:
    """The writer, in the lister: cuts records into mini-batches and appends data before index before `said`.

    `said(mini_batches, items)` is called with totals after each block. Not for two writers at once.
    """

    def __init__(
        self,
        data: int,
        index: int,
        extent: Extent,
        mini_batch_size: int,
        said: Callable[[int, int], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._data_fd, self._index_fd = data, index
        self._size = mini_batch_size
        self._said = said
        self._monotonic_s = monotonic_s
        self._mini_batches, self._items, self._end = extent
        self._pending: list[bytes] = []
        self._data: list[bytes] = []
        self._entries: list[bytes] = []
        self._block = 1
        self._block_bytes = 0
        self._flushed_s = monotonic_s()

    @property
    def extent(self) -> Extent:
        """How far the written mini-batches reach."""
        return Extent(self._mini_batches, self._items, self._end)

    def add(self, records: list[bytes]) -> None:
        """Take records, write the mini-batches that became whole."""
        pending = self._pending
        pending.extend(records)
        size = self._size
        whole = len(pending) - len(pending) % size
        for start in range(0, whole, size):
            self._cut(pending[start : start + size])
        del pending[:whole]
        if self._data and self._monotonic_s() - self._flushed_s >= FLUSH_AFTER_S:
            self.flush()

    def finish(self) -> Extent:
        """Cut what is left into a last, shorter mini-batch; write everything."""
        if self._pending:
            self._cut(self._pending)
            self._pending = []
        self.flush()
        return self.extent

    def flush(self) -> None:
        """Write the whole mini-batches, data before index."""
        if not self._data:
            return
        write_all(self._data_fd, b"".join(self._data))
        write_all(self._index_fd, b"".join(self._entries))
        self._data.clear()
        self._entries.clear()
        self._block_bytes = 0
        self._block = min(self._block * 2, BLOCK_MINI_BATCHES)
        self._flushed_s = self._monotonic_s()
        self._said(self._mini_batches, self._items)

    def _cut(self, records: list[bytes]) -> None:
        blob = b"".join(records)
        self._end += len(blob)
        self._block_bytes += len(blob)
        self._items += len(records)
        self._mini_batches += 1
        self._data.append(blob)
        self._entries.append(ENTRY.pack(self._end, self._items))
        if len(self._data) >= self._block or self._block_bytes >= BLOCK_BYTES:
            self.flush()


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however often the kernel takes only some. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
