"""Files and folders below a directory: never through a link that somebody put in a folder's place.

The directory itself is never made: where it was removed, no half of it comes back. What is made nobody but
the owner and the group may write to, whatever the umask.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from bscore.spec.regular import open_regular

FOLDER_MODE, FILE_MODE = 0o775, 0o664
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC

PathText = str | os.PathLike[str]


@contextmanager
def folder_within(root: PathText, folder: str) -> Iterator[int]:
    """A descriptor of a folder below `root`, made with all between; `""` is the root. Raises OSError."""
    descriptor = os.open(root, _FOLDER)
    try:
        for name in filter(None, folder.split("/")):
            try:
                inner = _opened(name, descriptor)
            except OSError as error:
                raise OSError(error.errno, error.strerror, os.path.join(root, folder)) from error
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _opened(name: str, parent: int) -> int:
    for _ in range(2):
        try:
            return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)
        except FileNotFoundError:
            with suppress(FileExistsError):
                os.mkdir(name, FOLDER_MODE, dir_fd=parent)
        except NotADirectoryError:
            if stat.S_ISLNK(os.lstat(name, dir_fd=parent).st_mode):
                raise OSError(errno.ELOOP, "a link stands in place of a folder") from None
            raise
    return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=parent)


def make_within(root: PathText, folder: str) -> str:
    """Make a folder below `root`, or find it; returns its path. Raises OSError."""
    with folder_within(root, folder):
        return os.path.join(root, folder)


def open_within(root: PathText, path: str, flags: int, mode: int = FILE_MODE) -> int:
    """As `open_regular`, for a file below `root`, whose folders are made. Raises OSError."""
    folder, _, name = path.rpartition("/")
    with folder_within(root, folder) as parent:
        try:
            return open_regular(name, flags, mode, dir_fd=parent)
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.path.join(root, path)) from error
