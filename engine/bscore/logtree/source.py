"""Where the bytes of a log tree come from: a folder of this machine, or a dictionary.

What vanishes between two calls is an answer (None, b"", no entries), never an exception; so is a
path that leads out of the tree, because paths are also read out of logs that strangers wrote.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bscore.spec.regular import open_regular


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder; `identity` changes when another file takes the name (0: not known)."""

    name: str
    is_dir: bool
    size: int
    mtime_ns: int
    identity: int = 0


class Source(Protocol):
    """A log tree to read. Paths are relative to its root, with `/`; `""` is the root."""

    def list(self, folder: str) -> list[Entry]:
        """The files and folders in a folder, by name; none if it is not there."""
        ...

    def stat(self, path: str) -> Entry | None:
        """One file or folder; None if it is not there."""
        ...

    def read(self, path: str, offset: int, n: int) -> bytes:
        """At most `n` bytes from `offset`; b"" behind the end or if the file is not there."""
        ...


def inside(path: str) -> bool:
    """Whether a path stays in its tree: relative, no `..`, nothing the system would refuse."""
    return not path.startswith("/") and "\0" not in path and ".." not in path.split("/")


class LocalSource:
    """A tree below a folder of this machine's file system."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.fspath(root)

    @property
    def root(self) -> str:
        """The folder."""
        return self._root

    def list(self, folder: str) -> list[Entry]:
        """As `Source.list`; links to folders, sockets and pipes are left out."""
        if not inside(folder):
            return []
        found: list[Entry] = []
        try:
            with os.scandir(os.path.join(self._root, folder)) as entries:
                for entry in entries:
                    known = _entry_of(entry)
                    if known is not None:
                        found.append(known)
        except (OSError, ValueError):
            return []
        return sorted(found, key=lambda entry: entry.name)

    def stat(self, path: str) -> Entry | None:
        """As `Source.stat`."""
        if not inside(path):
            return None
        try:
            status = os.stat(os.path.join(self._root, path))
        except (OSError, ValueError):
            return None
        return _entry(path.rpartition("/")[2], status)

    def read(self, path: str, offset: int, n: int) -> bytes:
        """As `Source.read`; only regular files are read, so that a pipe cannot block."""
        if not inside(path) or n <= 0 or offset < 0:
            return b""
        try:
            descriptor = open_regular(os.path.join(self._root, path))
        except (OSError, ValueError):
            return b""
        try:
            return os.pread(descriptor, n, offset)
        except OSError:
            return b""
        finally:
            os.close(descriptor)


def _entry_of(entry: os.DirEntry[str]) -> Entry | None:
    try:
        if entry.is_symlink() and entry.is_dir():
            return None
        return _entry(entry.name, entry.stat())
    except OSError:
        return None


def _entry(name: str, status: os.stat_result) -> Entry | None:
    is_dir = modes.S_ISDIR(status.st_mode)
    if not is_dir and not modes.S_ISREG(status.st_mode):
        return None
    size = 0 if is_dir else status.st_size
    return Entry(name, is_dir, size, status.st_mtime_ns, hash((status.st_dev, status.st_ino)))


class MemorySource:
    """A tree in a dictionary of path and content; the dictionary may change while it is read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def list(self, folder: str) -> list[Entry]:
        """As `Source.list`."""
        prefix = f"{folder}/" if folder else ""
        names = {path[len(prefix) :].partition("/")[0] for path in self._files if path.startswith(prefix)}
        found = [self.stat(prefix + name) for name in sorted(names)]
        return [entry for entry in found if entry is not None]

    def stat(self, path: str) -> Entry | None:
        """As `Source.stat`; times and identities are not known."""
        name = path.rpartition("/")[2]
        data = self._files.get(path)
        if data is not None:
            return Entry(name, is_dir=False, size=len(data), mtime_ns=0)
        prefix = f"{path}/" if path else ""
        if any(known.startswith(prefix) for known in self._files):
            return Entry(name, is_dir=True, size=0, mtime_ns=0)
        return None

    def read(self, path: str, offset: int, n: int) -> bytes:
        """As `Source.read`."""
        if n <= 0 or offset < 0:
            return b""
        return self._files.get(path, b"")[offset : offset + n]
