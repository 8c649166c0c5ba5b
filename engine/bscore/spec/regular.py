"""Files in folders that others can write to: only a regular one is opened, and nothing is waited for.

A named pipe in the place of a file would hold up whoever opens it for ever, a device has no end.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from pathlib import Path


def open_regular(
    path: str | os.PathLike[str], flags: int = os.O_RDONLY, mode: int = 0o664, dir_fd: int | None = None
) -> int:
    """A descriptor, as `os.open` gives it. Raises OSError for anything but a regular file, too.

    A device may be written to: it takes what it gets, or refuses it.
    """
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, mode, dir_fd=dir_fd)
    found, writes = os.fstat(descriptor).st_mode, bool(flags & os.O_ACCMODE)
    if not stat.S_ISREG(found) and not (writes and stat.S_ISCHR(found)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    if writes:
        # A program that inherits it may look at its flags.
        os.set_blocking(descriptor, True)
    return descriptor


def read_regular(path: str | os.PathLike[str], most: int, *, links: bool = True) -> bytes:
    """All bytes of a regular file of at most so many; a link is followed where `links` says so.

    Raises OSError, also for a larger file.
    """
    descriptor = open_regular(path, os.O_RDONLY if links else os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, "rb", buffering=0) as file:
        parts: list[bytes] = []
        left = most + 1
        while left > 0 and (part := file.read(min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
    if left <= 0:
        raise OSError(errno.EFBIG, f"it holds more than {most:,} bytes", os.fspath(path))
    return b"".join(parts)


def remove_folder(path: str | os.PathLike[str]) -> None:
    """Remove a folder with all that it holds; of anything else in its place, that. Raises OSError."""
    # Python opens what it takes for the folder: a named pipe would hold it up.
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        Path(path).unlink()
