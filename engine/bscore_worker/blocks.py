"""Items that are no files: values or rows of a table, written once, one pickled block per mini-batch.

The file of blocks has a neighbour `<name>.index`: where each block ends, as u64. A worker reads only the
blocks of the mini-batches it is given.
"""

from __future__ import annotations

import os
import pickle
import struct
from typing import Any, Callable

from bscore_worker.minibatch import MiniBatch

INDEX_ENDING = ".index"
ENTRY = struct.Struct("<Q")
#: Readable by every Python that may run a script.
PICKLE_PROTOCOL = 4


class Blocks:
    """The reader. Raises OSError when the files are not there.

    `keep` gives the number under which a descriptor is kept.
    """

    def __init__(self, path: str, keep: Callable[[int], int] = int) -> None:
        self._path = path
        self._data = keep(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        self._index = keep(os.open(path + INDEX_ENDING, os.O_RDONLY | os.O_CLOEXEC))

    def load(self, mini_batch: int) -> Any:
        """What run() is handed: a list of values, or a DataFrame. Raises what unpickling raises, EOFError."""
        skip = min(mini_batch, 1)
        ends = self._read(self._index, (1 + skip) * ENTRY.size, (mini_batch - skip) * ENTRY.size)
        start = ENTRY.unpack_from(ends)[0] if skip else 0
        stop = ENTRY.unpack_from(ends, skip * ENTRY.size)[0]
        block = pickle.loads(self._read(self._data, stop - start, start))  # noqa: S301  # the user's own values
        return MiniBatch(block) if type(block) is list else block

    def _read(self, fd: int, nbytes: int, offset: int) -> bytes:
        data = os.pread(fd, nbytes, offset)
        while len(data) < nbytes:
            more = os.pread(fd, nbytes - len(data), offset + len(data))
            if not more:
                raise EOFError("%s ends early: %d bytes were expected at %d" % (self._path, nbytes, offset))
            data += more
        return data
