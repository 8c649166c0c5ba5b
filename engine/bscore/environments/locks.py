"""One lock per environment: shared by jobs that use it, exclusive for who builds or deletes it.

The kernel releases it with the last process that holds it; also where the file system is a shared one.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bscore.errors import StorageError


def take(path: Path, *, exclusive: bool, wait: bool) -> int | None:
    """The descriptor that holds the lock until it is closed; None when it is taken and `wait` is False.

    Raises StorageError where the file system knows no locks.
    """
    mode = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB)
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _refused(path, error) from error
        try:
            fcntl.flock(fd, mode)
        except BlockingIOError:
            os.close(fd)
            return None
        except OSError as error:
            os.close(fd)
            raise _refused(path, error) from error
        except BaseException:
            os.close(fd)
            raise
        if _is_still(path, fd):
            return fd
        os.close(fd)


def _is_still(path: Path, fd: int) -> bool:
    """Whether the lock is still the one that others find: who deletes an environment removes its lock."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(fd))


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The lock {path} cannot be taken: {error.strerror}.",
        remedy="Set BSCORE_HOME to a folder that you may write to, on a file system with locks.",
    )
