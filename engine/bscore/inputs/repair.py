"""What an interrupted listing left behind: opened, checked, and cut where it stops to be whole."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from typing import Self

from bscore.errors import StorageError
from bscore.inputs.manifest import (
    BLOCK_BYTES,
    DATA_NAME,
    ENTRY,
    FINISHED_NAME,
    INDEX_NAME,
    Extent,
    write_all,
)
from bscore.inputs.read_ahead import pread_all
from bscore.spec.regular import open_regular

#: Index entries read at once.
_GROUP = 1024


class ManifestFiles:
    """Both files open for appending, under a lock that dies with this process.

    Raises StorageError when another lister is still at work, or the files hold something unexpected.
    """

    def __init__(self, checkpoint_dir: str, *, resume: bool, wait_s: float = 10.0) -> None:
        self._folder = checkpoint_dir
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self.data = open_regular(os.path.join(checkpoint_dir, DATA_NAME), flags, 0o644)
        self.index = open_regular(os.path.join(checkpoint_dir, INDEX_NAME), flags, 0o644)
        try:
            self._lock(wait_s)
            if not resume:
                self._refuse_old()
            self.extent = self._cut_to_whole()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _lock(self, wait_s: float) -> None:
        give_up_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self.data, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > give_up_s:
                    raise StorageError("Another process is still listing the inputs of this job.") from None
                time.sleep(0.02)
            except OSError:
                # No locks on this file system; the lock of the job keeps a second master away.
                return
            else:
                return

    def _refuse_old(self) -> None:
        if os.fstat(self.index).st_size + os.fstat(self.data).st_size:
            raise StorageError(
                f"{self._folder} already holds the manifest of another run.",
                remedy="Resume that job with `bscore job resume`, or use another job name.",
            )

    def _cut_to_whole(self) -> Extent:
        extent = whole_extent(self.data, self.index)
        os.ftruncate(self.index, extent.mini_batches * ENTRY.size)
        os.ftruncate(self.data, extent.nbytes)
        return extent

    def finished(self) -> bool:
        """Whether a listing that ended well wrote exactly what is there."""
        try:
            with open(open_regular(os.path.join(self._folder, FINISHED_NAME)), "rb") as file:
                return file.read(200) == _mark(self.extent)
        except FileNotFoundError:
            return False

    def mark_finished(self, extent: Extent) -> None:
        """Bring both files to the disk, then the mark that says that the listing is complete."""
        os.fdatasync(self.data)
        os.fdatasync(self.index)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        mark = open_regular(os.path.join(self._folder, FINISHED_NAME), flags, 0o644)
        write_all(mark, _mark(extent))
        os.fsync(mark)
        os.close(mark)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        os.fsync(folder)
        os.close(folder)

    def close(self) -> None:
        """Close both files and give the lock back."""
        os.close(self.data)
        os.close(self.index)


def _mark(extent: Extent) -> bytes:
    return b"mini_batches=%d items=%d bytes=%d\n" % extent


def whole_extent(data: int, index: int) -> Extent:
    """How far every index entry is followed by the records it promises.

    After a power failure a file may end early or in zeroes; both show as records that do not fit.
    """
    size = os.fstat(data).st_size
    good = Extent(0, 0, 0)
    blob, blob_at = b"", 0
    for end, items in _entries(index):
        if not good.nbytes < end <= size or items <= good.items:
            break
        if end > blob_at + len(blob):
            blob_at = good.nbytes
            blob = pread_all(data, min(max(BLOCK_BYTES, end - blob_at), size - blob_at), blob_at)
        if not _holds(blob, good.nbytes - blob_at, end - blob_at, items - good.items):
            break
        good = Extent(good.mini_batches + 1, items, end)
    return good


def _entries(index: int) -> Iterator[tuple[int, int]]:
    count = os.fstat(index).st_size // ENTRY.size
    for first in range(0, count, _GROUP):
        raw = pread_all(index, min(_GROUP, count - first) * ENTRY.size, first * ENTRY.size)
        yield from ENTRY.iter_unpack(raw)


def _holds(blob: bytes, start: int, stop: int, items: int) -> bool:
    nuls = blob.count(b"\0", start, stop)
    return nuls == 3 * items and blob[stop - 1] == 0 and blob.find(b"\0\0", start, stop) < 0
