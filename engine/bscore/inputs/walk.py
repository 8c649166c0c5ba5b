"""Files below a folder, in an order that a second walk gives again.

The files of a folder come before its sub-folders, both sorted by their raw bytes; a folder of more than
50,000 entries is not sorted but streamed in the file system's order. Every regular file counts, hidden
ones too. Links to files are followed. Links to folders are followed after everything else, each real
folder once: so loops end, and a folder that is also reached by a link is listed under its own name.
"""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, islice

from bscore.errors import BscoreError
from bscore.inputs.manifest import encode_item
from bscore.inputs.skipped import Skipped, shown

#: A folder with more entries is streamed, unsorted: sorting would hold back its first file.
HUGE_FOLDER = 50_000
#: Records in one chunk: the first chunks are small, slow file systems keep them small.
_FIRST_CHUNK, _LARGEST_CHUNK = 16, 1024
_SLOW_CHUNK_S = 0.02

Records = Iterator[list[bytes]]


class InputError(BscoreError):
    """An input cannot be listed."""


class Folder:
    """One folder being scanned: `records` streams its files, afterwards `folders` and `links` are complete.

    `wanted` chooses files by their name before they are looked at. Raises InputError.
    """

    def __init__(self, path: bytes, skipped: Skipped, wanted: Callable[[bytes], bool] | None = None) -> None:
        self.path = path
        #: Names of real sub-folders and of links to folders, in order.
        self.folders: list[bytes] = []
        self.links: list[bytes] = []
        self._skipped = skipped
        self._wanted = wanted

    def records(self) -> Records:
        """The manifest records of the files, in growing chunks; empty ones show that it goes on."""
        limit = _FIRST_CHUNK
        passed_over = 0
        chunk: list[bytes] = []
        began_s = time.monotonic()
        for entry in self._entries():
            record = self._record(entry)
            if record is None:
                passed_over += 1
                if passed_over % _LARGEST_CHUNK == 0:
                    yield []
                continue
            chunk.append(record)
            if len(chunk) >= limit:
                yield chunk
                now_s = time.monotonic()
                limit = max(1, limit // 2) if now_s - began_s > _SLOW_CHUNK_S else limit * 2
                limit = min(limit, _LARGEST_CHUNK)
                chunk, began_s = [], time.monotonic()
        yield chunk
        if len(self.folders) <= HUGE_FOLDER:
            self.folders.sort()
        self.links.sort()

    def _entries(self) -> Iterator[os.DirEntry[bytes]]:
        try:
            with os.scandir(self.path) as entries:
                first = list(islice(entries, HUGE_FOLDER + 1))
                if len(first) <= HUGE_FOLDER:
                    first.sort(key=lambda entry: entry.name)
                yield from chain(first, entries)
        except FileNotFoundError:
            self._skipped.add(self.path)
        except OSError as error:
            raise InputError(
                f"The folder {shown(self.path)} cannot be read: {error.strerror}.",
                remedy="Make it readable, or leave it out of the inputs.",
            ) from error

    def _record(self, entry: os.DirEntry[bytes]) -> bytes | None:
        try:
            if entry.is_file(follow_symlinks=False):
                if self._wanted is not None and not self._wanted(entry.name):
                    return None
                status = entry.stat(follow_symlinks=False)
                return encode_item(entry.path, status.st_size, status.st_mtime_ns)
            if entry.is_dir(follow_symlinks=False):
                self.folders.append(entry.name)
                return None
            return self._other(entry)
        except OSError:
            self._skipped.add(entry.path)
            return None

    def _other(self, entry: os.DirEntry[bytes]) -> bytes | None:
        if not entry.is_symlink():
            if self._wanted is None or self._wanted(entry.name):
                self._skipped.add(entry.path)
            return None
        try:
            status = entry.stat()
        except OSError:
            if self._wanted is None or self._wanted(entry.name):
                self._skipped.add(entry.path)
            return None
        if stat.S_ISDIR(status.st_mode):
            self.links.append(entry.name)
            return None
        if self._wanted is not None and not self._wanted(entry.name):
            return None
        if stat.S_ISREG(status.st_mode):
            return encode_item(entry.path, status.st_size, status.st_mtime_ns)
        self._skipped.add(entry.path)
        return None


def walk_folder(root: bytes, skipped: Skipped) -> Records:
    """Records of every file below `root`, in chunks. Raises InputError for a folder that cannot be read."""
    done: set[bytes] = set()
    waiting = deque([(root, os.path.realpath(root))])
    while waiting:
        path, real = waiting.popleft()
        if not _listed(real, done):
            done.add(real)
            yield from _walk_tree(path, real, done, waiting, skipped)


def _walk_tree(
    path: bytes, real: bytes, done: set[bytes], waiting: deque[tuple[bytes, bytes]], skipped: Skipped
) -> Records:
    # Iterators, not folders: millions of sub-folders must not mean millions of copies of a long path.
    stack: list[Iterator[tuple[bytes, bytes]]] = [iter([(path, real)])]
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
            continue
        path, here = following
        if here in done and here != real:
            continue
        folder = Folder(path, skipped)
        yield from folder.records()
        for name in folder.links:
            link = os.path.join(path, name)
            waiting.append((link, os.path.realpath(link)))
        if folder.folders:
            stack.append(_below(path, here, folder.folders))


def _below(path: bytes, real: bytes, names: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for name in names:
        yield os.path.join(path, name), os.path.join(real, name)


def _listed(real: bytes, done: set[bytes]) -> bool:
    """Whether the folder lies in a tree that was walked already."""
    while True:
        if real in done:
            return True
        parent = os.path.dirname(real)
        if parent == real:
            return False
        real = parent
