"""The moment a result gets its name: complete, on the disk, and never over another file.

Every step may be the last before a crash; doing all of it again gives the same result. What stands under
the final name is recognised as ours by its size and by every part that is still there: same file, or
same bytes at its place.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress

from bscore.errors import StorageError, in_words
from bscore.outputs.part import copy_into
from bscore.spec.regular import open_regular

#: A part file, and how many bytes of it count.
Part = tuple[str, int]

_RENAME_NOREPLACE = 1
_AT_FDCWD = -100
_CANNOT = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV, errno.EINVAL}
_COMPARED_BYTES = 1 << 20


def no_step(name: str) -> None:
    """Nothing happens between the steps, outside tests."""


def temporary_name(final: str) -> str:
    """Where several parts are put together, beside the final file."""
    folder, name = os.path.split(final)
    return os.path.join(folder, f".{name}.publish")


def publish(
    parts: Sequence[tuple[str | os.PathLike[str], int]],
    final: str | os.PathLike[str],
    step: Callable[[str], None] = no_step,
) -> None:
    """Put the parts, in order, under the final name; then remove them.

    `parts` are (path, bytes that count). `step` is told the name of each step after it was done.
    Raises StorageError when another file has the name, a part is missing, or the folder refuses.
    """
    target = os.fspath(final)
    listed = [(os.fspath(path), nbytes) for path, nbytes in parts]
    try:
        if not _is_published(listed, target):
            _give_name(listed, target, step)
            step("named")
        _sync_folder(target)
        step("folder synced")
        for path in (temporary_name(target), *(path for path, _ in listed)):
            with suppress(FileNotFoundError):
                os.remove(path)
                step(f"removed {os.path.basename(path)}")
        _sync_folder(target)
    except OSError as error:
        raise in_words(error, target) from error


def _give_name(parts: list[Part], final: str, step: Callable[[str], None]) -> None:
    for path, nbytes in parts:
        _check_part(path, nbytes)
    if _is_handed_over(parts):
        source = parts[0][0]
        _sync_file(source)
    else:
        source = temporary_name(final)
        _join(parts, source)
        step("joined")
    name_without_overwriting(source, final)


def _is_handed_over(parts: list[Part]) -> bool:
    """Whether a part becomes the final file itself, and is no copy of it.

    Only a job of a single term may do that: a frozen master of an earlier term still holds its part open,
    and must not be able to write into the published file.
    """
    return len(parts) == 1 and os.path.exists(parts[0][0]) and os.stat(parts[0][0]).st_size == parts[0][1]


def _check_part(path: str, nbytes: int) -> None:
    size = os.stat(path).st_size if os.path.exists(path) else -1
    if size < nbytes:
        have = "is missing" if size < 0 else f"has only {size} bytes"
        raise StorageError(
            f"The rows cannot be published: {path} {have}, {nbytes} were committed.",
            remedy="Start a new job: rows of this one are lost.",
        )


def _join(parts: list[Part], temporary: str) -> None:
    with suppress(FileNotFoundError):
        os.remove(temporary)
    target = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        for path, nbytes in parts:
            source = open_regular(path)
            try:
                copy_into(source, target, nbytes)
            finally:
                os.close(source)
        os.fdatasync(target)
    except OSError:
        # A half copy would only keep a full disk full.
        os.remove(temporary)
        raise
    finally:
        os.close(target)


def name_without_overwriting(source: str, final: str) -> None:
    """Give `source` the name `final` as well, unless something has it. Raises StorageError, OSError."""
    try:
        os.link(source, final, follow_symlinks=False)
    except FileExistsError:
        raise _taken(final) from None
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
        rename_without_overwriting(source, final)


def rename_without_overwriting(source: str, final: str) -> None:
    """As `name_without_overwriting`, where there are no hard links. Raises StorageError, OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise _refused(source, final)
    flags = ctypes.c_uint(_RENAME_NOREPLACE)
    if libc.renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(final), flags) == 0:
        return
    number = ctypes.get_errno()
    if number == errno.EEXIST:
        raise _taken(final)
    if number in _CANNOT:
        raise _refused(source, final)
    raise OSError(number, os.strerror(number), final)


def _taken(final: str) -> StorageError:
    return StorageError(
        f"{final} is already there and is not this job's; it was left as it is.",
        remedy="Move it away, then resume the job: its rows are kept in the part files beside it.",
    )


def _refused(source: str, final: str) -> StorageError:
    return StorageError(
        f"The file system of {final} can neither link nor rename without overwriting.",
        remedy=f"The rows are complete in {source}: copy that file to where you want it.",
    )


def _is_published(parts: list[Part], final: str) -> bool:
    """Whether the final name is taken by exactly these rows. Raises StorageError when by something else."""
    try:
        status = os.lstat(final)
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode) or status.st_size != sum(nbytes for _, nbytes in parts):
        raise _taken(final)
    if _is_handed_over(parts) and not os.path.samestat(os.stat(parts[0][0]), status):
        raise _taken(final)
    offset = 0
    for path, nbytes in parts:
        if not _stands_at(path, nbytes, final, offset):
            raise _taken(final)
        offset += nbytes
    return True


def _stands_at(path: str, nbytes: int, final: str, offset: int) -> bool:
    """Whether a part stands in the final file; one that was removed already did."""
    try:
        part = open(open_regular(path), "rb")  # noqa: SIM115  # closed by the `with` below
    except FileNotFoundError:
        return True
    with part, open(open_regular(final), "rb") as whole:
        if os.path.sameopenfile(part.fileno(), whole.fileno()):
            return True
        whole.seek(offset)
        left = nbytes
        while left:
            data = part.read(min(left, _COMPARED_BYTES))
            if not data or data != whole.read(len(data)):
                return False
            left -= len(data)
    return True


def _sync_file(path: str) -> None:
    descriptor = open_regular(path)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: str) -> None:
    descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems know no fsync of folders; their rename is durable or nothing is.
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
            raise
    finally:
        os.close(descriptor)
