"""One job at a time writes to an output: a kernel lock beside it, from before a term begins to its end.

The lock dies with its master, so that nothing has to be cleared after a crash: what then stays is an empty
claim on the name, which the next job takes. Rows of a job that has not finished lie in its part files.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bscore.errors import UsageError, in_words
from bscore.spec.regular import open_regular, read_regular

#: What file systems say that have no locks.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_HOLDER_BYTES = 8192
#: Somebody who only looks whether it is free has it for moments.
_LOOKS_S, _RETRY_S = 0.2, 0.01
#: The name that jobs share which write files of their own into one folder.
OWN_FILES = "own-files"


def lock_file(folder: Path, name: str) -> Path:
    """The file that is locked while a job writes to `name` in a folder."""
    return folder / f".{name}.lock"


class Reservation:
    """Outputs that are reserved for one job until `release`, or the death of this process."""

    def __init__(self) -> None:
        self._held: list[tuple[Path, int]] = []

    def take(self, folder: Path, names: Sequence[str], holder: str) -> None:
        """Reserve names in a folder, made where it is missing, for `holder`, which says who writes there.

        What the same holder has reserved already, a master that is frozen, is left to the claim of terms.
        Raises UsageError where another job has one of them, StorageError where nothing can be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                self._take(lock_file(folder, name), folder / name, holder)
        except OSError as error:
            self.release()
            raise in_words(error, error.filename or folder) from error
        except UsageError:
            self.release()
            raise

    def _take(self, path: Path, output: Path, holder: str) -> None:
        while True:
            descriptor = open_regular(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                _lock(descriptor)
            except BlockingIOError:
                other = os.pread(descriptor, _HOLDER_BYTES, 0).decode("utf-8", "replace")
                os.close(descriptor)
                if other == holder:
                    return
                raise _taken(output, other) from None
            except OSError as error:
                os.close(descriptor)
                if error.errno not in _NO_LOCKS:
                    raise
                return
            if _is_still(path, descriptor):
                break
            # Its holder removed it between the opening and the lock.
            os.close(descriptor)
        self._held.append((path, descriptor))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode("utf-8", "surrogateescape"), 0)

    def clear(self, folder: Path, names: Sequence[str], holder: str) -> None:
        """Remove what a master of this holder left there as it died; what somebody has stays."""
        for name in names:
            path = lock_file(folder, name)
            with suppress(OSError, UsageError):
                held = read_regular(path, _HOLDER_BYTES, links=False)
                if held.decode("utf-8", "surrogateescape") == holder:
                    self._take(path, folder / name, holder)
        self.release()

    def release(self) -> None:
        """Let go of everything; safe to call again."""
        while self._held:
            path, descriptor = self._held.pop()
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)


def refuse_reserved(folder: str | os.PathLike[str], name: str) -> None:
    """Raise UsageError where a living job has reserved a name in a folder; reserves nothing."""
    path = lock_file(Path(folder), name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        other = os.pread(descriptor, _HOLDER_BYTES, 0).decode("utf-8", "replace")
        raise _taken(Path(folder, name), other) from None
    except OSError:
        return
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    """Lock for one alone; waits a moment for whoever only looks whether it is free. Raises OSError."""
    deadline = time.monotonic() + _LOOKS_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _taken(output: Path, holder: str) -> UsageError:
    who = f" in {holder.splitlines()[0]}" if holder else ""
    return UsageError(
        f"Another job{who} is writing to {output} just now.",
        remedy="Wait for its end, or choose another output.",
    )
