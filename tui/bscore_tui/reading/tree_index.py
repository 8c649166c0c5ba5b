"""The block indexes of all logs of a tree, made in the background, those that changed last first."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from bscore.logtree.source import Source
from bscore_tui.reading.ahead import Ahead
from bscore_tui.reading.blocks import BlockIndex

#: After so long the tree is looked through for new files; where there are none, after twice that, and so on.
LOOK_S = 5.0
MAX_LOOK_S = 60.0
MAX_FILES = 20_000
_FOLDER = "logs"


class TreeIndex:
    """Indexes a slice per `poll`; belongs to one thread, its answers may be read from others."""

    def __init__(
        self, source: Source, cache: Path | None, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._source, self._cache, self._monotonic_s = source, cache, monotonic_s
        self._indexes: dict[str, BlockIndex] = {}
        self._pending: deque[str] = deque()
        self._looked_s = float("-inf")
        self._pause_s = LOOK_S
        self._ahead: Ahead | None = None

    def begin_ahead(self) -> None:
        """Index what is there now in a process beside this one; only before there are threads."""
        self._ahead = Ahead(self._encoded)

    def _encoded(self) -> Iterator[bytes]:
        for path in self._changed():
            index = BlockIndex(self._source, path, self._cache)
            while index.grow():
                continue
            yield index.encoded()

    def _take_ahead(self, ahead: Ahead) -> None:
        data, end = ahead.data(), 0
        while (decoded := BlockIndex.decoded(self._source, self._cache, data, end)) is not None:
            index, end = decoded
            self._indexes[index.path] = index
        ahead.drop(end)
        if ahead.ended:
            self._ahead = None

    def poll(self, budget: int) -> bool:
        """Index at most about so many bytes; whether there is more to do at once."""
        if self._ahead is not None:
            self._take_ahead(self._ahead)
            return False
        if not self._pending and self._monotonic_s() - self._looked_s >= self._pause_s:
            self._looked_s = self._monotonic_s()
            self._pending.extend(self._changed())
            self._pause_s = LOOK_S if self._pending else min(2 * self._pause_s, MAX_LOOK_S)
        while self._pending and budget > 0:
            path = self._pending[0]
            index = self._indexes.get(path)
            if index is None:
                index = self._indexes[path] = BlockIndex(self._source, path, self._cache)
            before = index.nbytes
            if not index.grow(budget):
                self._pending.popleft()
            budget -= max(index.nbytes - before, 4096)
        return bool(self._pending)

    def _changed(self) -> list[str]:
        """Logs with bytes that are not indexed, the one written last first."""
        found: list[tuple[int, str]] = []
        folders = [_FOLDER]
        seen = 0
        while folders and seen < MAX_FILES:
            folder = folders.pop()
            for entry in self._source.list(folder):
                path = f"{folder}/{entry.name}"
                seen += 1
                if entry.is_dir:
                    folders.append(path)
                elif entry.size and (
                    (known := self._indexes.get(path)) is None or known.nbytes != entry.size
                ):
                    found.append((-entry.mtime_ns, path))
        return [path for _, path in sorted(found)]

    def close(self) -> None:
        """End the process beside this one, if there is one."""
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None

    def known(self, path: str) -> BlockIndex | None:
        """The index of a file, as far as it is."""
        return self._indexes.get(path)

    def errors(self, path: str) -> int | None:
        """Errors in a file as far as it is indexed; None while it is not."""
        index = self._indexes.get(path)
        return None if index is None else sum(index.errors)

    @property
    def nbytes(self) -> int:
        """Bytes indexed so far."""
        return sum(index.nbytes for index in list(self._indexes.values()))
