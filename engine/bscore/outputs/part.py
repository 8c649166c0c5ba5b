"""A part file: the rows of one term, appended beside the final file and never rewritten.

After a failed write or fsync nobody knows what the kernel kept, so the file refuses every further use.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress

from bscore.errors import StorageError, in_words
from bscore.spec.regular import open_regular

#: Buffers that one writev takes (IOV_MAX of Linux and macOS).
_IOV_MAX = 1024
#: So much is copied together rather than handed over piece by piece.
_JOIN_BYTES = 1 << 20
_COPY_BYTES = 1 << 30


class PartFile:
    """One part file, open for appending. Every method raises StorageError once a write or fsync has failed.

    So does a sync that finds the file removed or cut by somebody else.

    A new one is created exclusively; `existing` opens one of an earlier term, to cut it.
    """

    def __init__(self, path: str | os.PathLike[str], *, existing: bool = False) -> None:
        self.path = os.fspath(path)
        flags = os.O_WRONLY | os.O_NOFOLLOW
        try:
            self._fd = open_regular(self.path, flags if existing else flags | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError as error:
            raise StorageError(
                f"{self.path} is already there: another job or term writes, or wrote, to it.",
                remedy="Resume that job, remove the file, or choose another output.",
            ) from error
        except OSError as error:
            raise in_words(error, self.path) from error
        #: Bytes in the file, those included that are not on the disk yet.
        self.size = os.lseek(self._fd, 0, os.SEEK_END)
        self._failure: StorageError | None = None

    def append(self, chunks: Sequence[bytes]) -> None:
        """Append chunks of rows one after the other."""
        self._whole()
        if len(chunks) > 1 and sum(map(len, chunks)) <= _JOIN_BYTES:
            chunks = [b"".join(chunks)]
        views = [memoryview(chunk) for chunk in chunks if chunk]
        at = 0
        try:
            while at < len(views):
                group = views[at : at + _IOV_MAX]
                written = os.writev(self._fd, group)
                self.size += written
                for view in group:
                    if written < len(view):
                        views[at] = view[written:]
                        break
                    written -= len(view)
                    at += 1
        except OSError as error:
            raise self._failed(error) from error

    def append_spool(self, path: str | os.PathLike[str]) -> int:
        """Append a whole file, then remove it; returns its size in bytes."""
        self._whole()
        try:
            spool = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise StorageError(
                f"Rows were promised in {os.fspath(path)}, which cannot be read: {error.strerror}."
            ) from error
        try:
            copied = copy_into(spool, self._fd, os.fstat(spool).st_size)
            self.size += copied
        except OSError as error:
            raise self._failed(error) from error
        finally:
            os.close(spool)
        with suppress(FileNotFoundError):
            os.remove(path)
        return copied

    def sync(self) -> None:
        """Bring everything appended so far to the disk; may run in another thread than `append`."""
        self._usable()
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise self._failed(error) from error
        self._whole()

    def truncate(self, nbytes: int) -> None:
        """Cut what is beyond the last commit. Raises StorageError when the file is shorter than that."""
        self._usable()
        if nbytes > self.size:
            raise StorageError(
                f"{self.path} has {self.size} bytes, but {nbytes} were committed: rows are lost.",
                remedy="Start a new job: this one cannot be resumed.",
            )
        try:
            os.ftruncate(self._fd, nbytes)
            self.size = os.lseek(self._fd, nbytes, os.SEEK_SET)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Close the file, without syncing; closing twice is harmless."""
        descriptor, self._fd = self._fd, -1
        self._failure = self._failure or StorageError(f"{self.path} is closed.")
        if descriptor >= 0:
            os.close(descriptor)

    def _whole(self) -> None:
        """Raise where the file was removed, or cut: what is appended then would stand behind a hole."""
        self._usable()
        before = self.size
        try:
            status = os.fstat(self._fd)
        except OSError as error:
            raise self._failed(error) from error
        if status.st_nlink and status.st_size >= before:
            return
        what = "cut" if status.st_nlink else "removed"
        self._failure = StorageError(
            f"{self.path} was {what} by somebody else while it was written: rows of this job are lost.",
            remedy="Start a new job: this one cannot be resumed.",
        )
        raise self._failure

    def _usable(self) -> None:
        if self._failure is not None:
            raise StorageError(self._failure.message, remedy=self._failure.remedy)

    def _failed(self, error: OSError) -> StorageError:
        self._failure = in_words(error, self.path)
        return self._failure


def copy_into(source: int, target: int, nbytes: int) -> int:
    """Copy `nbytes` from one file's position to another's; returns `nbytes`.

    Raises OSError; EIO when the source ends early.
    """
    left = nbytes
    ways = [_copy_range, _send, _read_write]
    while left:
        try:
            count = ways[0](source, target, min(left, _COPY_BYTES))
        except OSError as error:
            if error.errno not in _NOT_THIS_WAY or len(ways) == 1:
                raise
            ways.pop(0)
            continue
        if count == 0 and len(ways) > 1:
            # Some file systems answer 0 where they cannot; the plain way tells the truth.
            ways.pop(0)
            continue
        if count == 0:
            raise OSError(errno.EIO, f"the source ended {left} bytes early")
        left -= count
    return nbytes


_NOT_THIS_WAY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF}


def _copy_range(source: int, target: int, nbytes: int) -> int:
    return os.copy_file_range(source, target, nbytes)


def _send(source: int, target: int, nbytes: int) -> int:
    return os.sendfile(target, source, None, nbytes)


def _read_write(source: int, target: int, nbytes: int) -> int:
    data = memoryview(os.read(source, min(nbytes, 1 << 20)))
    count = len(data)
    while data:
        data = data[os.write(target, data) :]
    return count
