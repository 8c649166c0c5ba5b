"""Writing into a log tree: whole lines appended, whole files replaced, errors that name the file."""

from __future__ import annotations

import contextlib
import errno
import os
from collections import OrderedDict
from typing import Self

from bscore.errors import StorageError
from bscore.spec.regular import open_regular
from bscore.spec.within import FILE_MODE, folder_within, open_within

#: Descriptors kept open at most; a node with 100 workers appends to some hundred files, few of them often.
OPEN_FILES = 128
_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EIO: "the disk reports an input/output error",
}


class TreeWriter:
    """Writes files below a root; one instance belongs to one thread.

    Every method raises StorageError; a descriptor that failed once is never used again.
    """

    def __init__(self, root: str | os.PathLike[str], *, open_files: int = OPEN_FILES) -> None:
        self._root = os.fspath(root)
        self._open: OrderedDict[str, int] = OrderedDict()
        self._open_files = open_files

    def append(self, path: str, data: bytes, *, private: bool = False) -> None:
        """Append whole lines at once, making the file and its folders; `private`: for the owner alone."""
        descriptor = self._descriptor(path, private=private)
        written = 0
        try:
            written = os.write(descriptor, data)
            while written < len(data):
                written += os.write(descriptor, data[written:])
        except OSError as error:
            self._forget(path, torn_bytes=written)
            raise _storage_error("append to", self._root, path, error) from error

    def put(self, path: str, offset: int, data: bytes, *, private: bool = False) -> None:
        """Write bytes at an offset of a file, making it; the same bytes twice change nothing."""
        try:
            descriptor = open_within(self._root, path, os.O_WRONLY | os.O_CREAT, _mode(private))
            try:
                while data:
                    written = os.pwrite(descriptor, data, offset)
                    data, offset = data[written:], offset + written
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _storage_error("write", self._root, path, error) from error

    def sync(self, path: str) -> None:
        """Return once everything appended to this file so far is on the disk."""
        descriptor = self._descriptor(path)
        try:
            os.fdatasync(descriptor)
        except OSError as error:
            self._forget(path)
            raise _storage_error("sync", self._root, path, error) from error

    def replace(self, path: str, data: bytes, *, private: bool = False) -> None:
        """Give a file this content, all at once: a reader sees the old one or the new one."""
        folder, _, name = path.rpartition("/")
        temporary = f".{name}.{os.getpid()}.tmp"
        try:
            with folder_within(self._root, folder) as parent:
                try:
                    _write_file(temporary, data, _mode(private), parent)
                    os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
                except OSError:
                    with contextlib.suppress(OSError):
                        os.unlink(temporary, dir_fd=parent)
                    raise
        except OSError as error:
            raise _storage_error("write", self._root, path, error) from error
        self._forget(path)

    def close(self) -> None:
        """Close every descriptor; the writer may be used again."""
        while self._open:
            _, descriptor = self._open.popitem()
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _descriptor(self, path: str, *, private: bool = False) -> int:
        descriptor = self._open.get(path)
        if descriptor is not None:
            self._open.move_to_end(path)
            return descriptor
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            descriptor = open_within(self._root, path, flags, _mode(private))
        except OSError as error:
            raise _storage_error("open", self._root, path, error) from error
        self._open[path] = descriptor
        if len(self._open) > self._open_files:
            _, oldest = self._open.popitem(last=False)
            with contextlib.suppress(OSError):
                os.close(oldest)
        return descriptor

    def _forget(self, path: str, torn_bytes: int = 0) -> None:
        """Close a file; take back the part of a line that a failed append left."""
        descriptor = self._open.pop(path, None)
        if descriptor is None:
            return
        with contextlib.suppress(OSError):
            if torn_bytes:
                os.ftruncate(descriptor, os.fstat(descriptor).st_size - torn_bytes)
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _mode(private: bool) -> int:
    return 0o600 if private else FILE_MODE


def _write_file(name: str, data: bytes, mode: int, parent: int) -> None:
    descriptor = open_regular(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode, dir_fd=parent)
    try:
        written = 0
        while written < len(data):
            written += os.write(descriptor, data[written:])
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _storage_error(verb: str, root: str, path: str, error: OSError) -> StorageError:
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    remedy = "Resume the job when this is put right."
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        remedy = f"Free space below {root}, then resume the job."
    return StorageError(f"Cannot {verb} {os.path.join(root, path)}: {reason}.", remedy=remedy)
