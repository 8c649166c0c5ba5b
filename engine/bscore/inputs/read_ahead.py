"""Small reads of a growing file, mostly one behind the other, served from blocks read ahead."""

from __future__ import annotations

import os

from bscore.errors import StorageError

#: Up to here it costs little to read what is not there.
_SURELY_FITS = 1 << 20
_REMEDY = "Resume the job, so that its inputs are listed again."


class ReadAhead:
    """One block of a file. Bytes are read ahead only up to where they are final; a jump reads just itself."""

    def __init__(self, descriptor: int, block_bytes: int) -> None:
        self._descriptor = descriptor
        self._block_bytes = block_bytes
        self._data = b""
        self._start = 0
        self._asked_end = 0

    def read(self, start: int, stop: int, final: int) -> bytes:
        """The bytes from `start` to `stop`; those before `final` never change. Raises StorageError."""
        known_end = self._start + len(self._data)
        if self._start <= start and stop <= known_end:
            self._asked_end = stop
            return self._data[start - self._start : stop - self._start]
        follows = self._is_ahead(start, known_end)
        self._asked_end = stop
        if not follows or stop - start >= self._block_bytes // 2 or stop >= final:
            return pread_all(self._descriptor, stop - start, start)
        block_start = max(0, start - self._block_bytes // 4)
        block = os.pread(self._descriptor, min(self._block_bytes, final - block_start), block_start)
        if len(block) < stop - block_start:
            return pread_all(self._descriptor, stop - start, start)
        self._data, self._start = block, block_start
        return block[start - block_start : stop - block_start]

    def _is_ahead(self, start: int, known_end: int) -> bool:
        """Whether reading goes on from here; several readers who take turns stay a little apart."""
        near = self._block_bytes
        if self._start - near <= start <= known_end + near:
            return start >= self._start
        # A jump: it pays when the read after it comes from there too.
        return abs(start - self._asked_end) <= near


def pread_all(descriptor: int, nbytes: int, offset: int) -> bytes:
    """So many bytes from `offset`. Raises StorageError when the file ends before."""
    end = offset + nbytes
    if nbytes < 0 or (end > _SURELY_FITS and end > os.fstat(descriptor).st_size):
        # A damaged index: no memory holds what it promises.
        raise StorageError(
            f"The manifest is damaged: {nbytes} bytes were expected at {offset}.", remedy=_REMEDY
        )
    data = os.pread(descriptor, nbytes, offset)
    while len(data) < nbytes:
        more = os.pread(descriptor, nbytes - len(data), offset + len(data))
        if not more:
            raise StorageError(
                f"The manifest ends early: {nbytes} bytes were expected at {offset}, {len(data)} are there.",
                remedy=_REMEDY,
            )
        data += more
    return data
