"""Files below a folder, in an order that a second walk gives again.

The files of a folder come before its sub-folders, both sorted by their raw bytes; a folder of more than
50,000 entries is not sorted but streamed in the file system's order. Every regular file counts, hidden
ones too. Links to files are followed. Links to folders are followed after everything else, each real
folder once: so loops end, and a folder that is also reached by a link is listed under its own name. Links
to what is listed already are left out, and noted. Patterns (`globs`) walk by the same rule.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Protocol

from bscore.errors import BscoreError
from bscore.inputs.manifest import encode_item
from bscore.inputs.skipped import DANGLING, GONE, REPEATED, SPECIAL, UNREADABLE, Skipped, shown

#: A folder with more entries is streamed, unsorted: sorting would hold back its first file.
HUGE_FOLDER = 50_000
#: Records in one chunk: the first chunks are small, slow file systems keep them small.
_FIRST_CHUNK, _LARGEST_CHUNK = 16, 1024
_SLOW_CHUNK_S = 0.02

_NOTHING: frozenset[int] = frozenset()

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
            self._skipped.add(self.path, GONE)
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
        except OSError as error:
            self._skipped.add(entry.path, GONE if isinstance(error, FileNotFoundError) else UNREADABLE)
            return None

    def _other(self, entry: os.DirEntry[bytes]) -> bytes | None:
        if not entry.is_symlink():
            if self._wanted is None or self._wanted(entry.name):
                self._skipped.add(entry.path, SPECIAL)
            return None
        try:
            status = entry.stat()
        except OSError as error:
            if self._wanted is None or self._wanted(entry.name):
                leads_nowhere = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
                self._skipped.add(entry.path, DANGLING if leads_nowhere else UNREADABLE)
            return None
        if stat.S_ISDIR(status.st_mode):
            self.links.append(entry.name)
            return None
        if self._wanted is not None and not self._wanted(entry.name):
            return None
        if stat.S_ISREG(status.st_mode):
            return encode_item(entry.path, status.st_size, status.st_mtime_ns)
        self._skipped.add(entry.path, SPECIAL)
        return None


#: Which parts of a pattern a folder's entries may match next; None: everything below is wanted.
State = frozenset[int] | None


class Rule(Protocol):
    """Which files and folders are wanted, by the state of the folder that holds them."""

    def file(self, folder: bytes, name: bytes, state: frozenset[int]) -> bool:
        """Whether a file in a folder of this state is wanted."""

    def folder(self, folder: bytes, name: bytes, state: frozenset[int]) -> State:
        """The state of a sub-folder; an empty one when nothing in it can be wanted."""


class Walk:
    """A walk of folders and of the links in them, each real folder once for each part of a state.

    Remembers only where it began and which links it followed: what those trees hold is told by their paths.
    """

    def __init__(self, skipped: Skipped, rule: Rule | None = None) -> None:
        self._skipped = skipped
        self._rule = rule
        #: The roots of the trees that were walked, by their real paths, each with its states.
        self._done: dict[bytes, list[State]] = {}
        self._waiting: deque[tuple[bytes, bytes, State]] = deque()

    def records(self, root: bytes, state: State) -> Records:
        """Records of every wanted file, in chunks. Raises InputError for a folder that cannot be read."""
        self._waiting.append((root, os.path.realpath(root), state))
        while self._waiting:
            path, real, state = self._waiting.popleft()
            if self._is_left(state, self._listed(real)):
                yield from self._tree(path, real, state)
                self._done.setdefault(real, []).append(state)
            else:
                self._skipped.add(path, REPEATED)

    def _tree(self, path: bytes, real: bytes, state: State) -> Records:
        # Iterators, not folders: millions of sub-folders must not mean millions of copies of a long path.
        stack: list[Iterator[tuple[bytes, bytes, State]]] = [iter([(path, real, state)])]
        while stack:
            following = next(stack[-1], None)
            if following is None:
                stack.pop()
                continue
            path, here, state = following
            listed = _NOTHING
            if self._done:
                so_far = self._listed(here)
                if so_far is None or not self._is_left(state, so_far):
                    continue
                listed = so_far
            folder = Folder(path, self._skipped, self._wanted(path, state, listed))
            yield from folder.records()
            for link, below in self._following(path, folder.links, state):
                self._waiting.append((link, os.path.realpath(link), below))
            if folder.folders:
                stack.append(self._below(path, here, folder.folders, state))

    @staticmethod
    def _is_left(state: State, listed: State) -> bool:
        """Whether a folder of this state holds anything that is not listed."""
        return listed is not None and (state is None or not state <= listed)

    def _wanted(self, path: bytes, state: State, listed: frozenset[int]) -> Callable[[bytes], bool] | None:
        rule = self._rule
        if rule is None or (state is None and not listed):
            return None
        if state is None:
            return lambda name: not rule.file(path, name, listed)
        left = state - listed
        return lambda name: rule.file(path, name, left)

    def _following(self, path: bytes, names: Iterable[bytes], state: State) -> Iterator[tuple[bytes, State]]:
        for name in names:
            below = self._state_below(path, name, state)
            if below is None or below:
                yield os.path.join(path, name), below

    def _state_below(self, path: bytes, name: bytes, state: State) -> State:
        return None if state is None or self._rule is None else self._rule.folder(path, name, state)

    def _below(
        self, path: bytes, real: bytes, names: list[bytes], state: State
    ) -> Iterator[tuple[bytes, bytes, State]]:
        for name in names:
            below = None if state is None else self._state_below(path, name, state)
            if below is None or below:
                yield os.path.join(path, name), os.path.join(real, name), below

    def _listed(self, real: bytes) -> State:
        """The parts for which a folder was walked already, in the trees that hold it; None: for all."""
        found: frozenset[int] = _NOTHING
        names: list[bytes] = []
        above = real
        while self._done:
            for state in self._done.get(above, ()):
                for name in reversed(names):
                    state = self._state_below(above, name, state)
                if state is None:
                    return None
                found |= state
            parent, name = os.path.split(above)
            if parent == above:
                break
            names.append(name)
            above = parent
        return found


def walk_folder(root: bytes, skipped: Skipped) -> Records:
    """Records of every file below `root`, in chunks. Raises InputError for a folder that cannot be read."""
    return Walk(skipped).records(root, None)
