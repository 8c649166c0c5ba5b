"""Which items a resume found missing: their places in the manifest, sorted, in a file beside it.

Written by the lister and read by the master that started it, in this machine's byte order; 8 bytes an item.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

from bscore.inputs.read_ahead import pread_all
from bscore.spec.regular import open_regular

MISSING_NAME = "missing"
_PLACE_BYTES = 8


def write_missing(checkpoint_dir: str | os.PathLike[str], places: array[int]) -> None:
    """Write these places, in any order. Raises OSError."""
    if any(after < before for before, after in pairwise(places)):
        places = array("Q", sorted(places))
    path = Path(checkpoint_dir) / MISSING_NAME
    fresh = path.with_suffix(".new")
    with open(open_regular(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as file:
        file.write(places.tobytes())
    fresh.replace(path)


class MissingItems:
    """The reader: a descriptor and nothing per item. Nothing is missing before `load`."""

    def __init__(self, checkpoint_dir: str | os.PathLike[str]) -> None:
        self._path = os.path.join(checkpoint_dir, MISSING_NAME)
        self._places: _Places | None = None

    def __bool__(self) -> bool:
        return self._places is not None

    def load(self) -> None:
        """Read what the lister wrote. Raises OSError."""
        self.close()
        self._places = _Places(open_regular(self._path))

    def within(self, start: int, stop: int) -> list[int]:
        """The missing places from `start` on and before `stop`."""
        places = self._places
        if places is None:
            return []
        found = []
        for index in range(bisect_left(places, start), len(places)):
            place = places[index]
            if place >= stop:
                break
            found.append(place)
        return found

    def close(self) -> None:
        """Forget them."""
        if self._places is not None:
            os.close(self._places.descriptor)
            self._places = None


class _Places:
    """The file as something that can be searched."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._count = os.fstat(descriptor).st_size // _PLACE_BYTES

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> int:
        return array("Q", pread_all(self.descriptor, _PLACE_BYTES, index * _PLACE_BYTES))[0]
