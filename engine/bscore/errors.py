"""The errors a person sees.

Every error says what was given, what was expected and what to do. They are printed in one place,
`cli.main`, which also turns `exit_code` into the exit code of the process.
"""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path


class BscoreError(Exception):
    """Something went wrong that a person has to know about.

    `remedy` is the sentence that says what to do; `None` when the message already says it.
    """

    exit_code = 1

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}\n{self.remedy}"

    @property
    def sentences(self) -> str:
        """What went wrong and what to do, for a text that is one line."""
        return str(self).replace("\n", " ")


class UsageError(BscoreError):
    """Wrong use or an invalid job: nothing ran."""

    exit_code = 2


class NotFoundError(UsageError):
    """The job, file or interpreter that was named does not exist."""


class HeldError(UsageError):
    """A living master has this job; nothing was begun."""


class TermLostError(BscoreError):
    """Another master has taken this job over; this one must write nothing more."""


class NotRespondingError(BscoreError):
    """Nobody works on this job although it has not ended."""

    exit_code = 4


class StorageError(BscoreError):
    """A write or fsync failed; the term ends and the descriptor is not used again."""


class GoneError(StorageError):
    """The job's directory was removed, or moved, while its master worked there."""

    def __init__(self, tree: str | os.PathLike[str]) -> None:
        super().__init__(
            f"The job's directory {os.fspath(tree)} was removed or moved while the job ran.",
            remedy="If it was moved, resume the job there; else run it anew: nothing can go on with it.",
        )


class TreeError(UsageError):
    """A log tree cannot be read: it is not one, or it was damaged; nothing ran."""


class NoJournalError(TreeError):
    """There is no journal, or none with a whole record: nothing was done yet."""


def user_name(uid: int) -> str:
    """A user's name; its number where it has none on this host."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def stranger(path: Path) -> str:
    """The name of the user whose a path is; empty where it is this user's own, or cannot be told."""
    try:
        uid = os.lstat(path).st_uid
    except OSError:
        return ""
    return "" if uid == os.geteuid() else user_name(uid)


def not_readable(path: Path, why: str) -> UsageError:
    """What to say of a path that may not be read, with its owner."""
    near = path
    while not os.path.lexists(near) and near != near.parent:
        near = near.parent
    owner = stranger(near)
    whose = f"; it belongs to {owner}" if owner and "too long" not in why else ""
    remedy = f"Ask as {owner}, or have it made readable for you." if owner else "Make it readable first."
    closed = "denied" in why or "permitted" in why
    return UsageError(f"{path} cannot be read: {why}{whose}.", remedy=remedy if closed else None)


def in_words(error: OSError, path: str | os.PathLike[str]) -> StorageError:
    """The error with its path and, where there is one, its remedy."""
    where = os.path.dirname(os.path.abspath(path))
    remedies = {
        errno.ENOSPC: f"The disk of {where} is full: free some space, then resume the job.",
        errno.EDQUOT: f"The quota on {where} is used up: free some space, then resume the job.",
        errno.EROFS: f"{where} is read-only: mount it writable, then resume the job.",
        errno.EACCES: _writable(where),
        errno.EPERM: _writable(where),
        errno.EIO: "The disk reports an error: check it before the job is resumed.",
        errno.EFBIG: f"The file system or `ulimit -f` allows no larger file in {where}.",
        errno.ENOLCK: f"The file system of {where} has no locks: keep jobs elsewhere, by $BSCORE_HOME.",
    }
    remedy = remedies.get(error.errno or 0, "Resume the job when this is put right.")
    return StorageError(f"{os.fspath(path)} cannot be written: {error.strerror}.", remedy=remedy)


def _writable(where: str) -> str:
    owner = stranger(Path(where))
    if owner:
        return f"{where} belongs to {owner}: ask as that user, or have it made writable for you."
    return f"Make {where} writable for this user, then resume the job."


def working_folder() -> Path:
    """The working directory. Raises UsageError where it was removed."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError(_CWD_GONE, remedy=_CWD_REMEDY) from None


def unforeseen(error: OSError) -> BscoreError | None:
    """What to say of a refusal of the system that nobody foresaw; None where only a traceback tells."""
    if not _has_working_folder():
        return UsageError(_CWD_GONE, remedy=_CWD_REMEDY)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return UsageError(
            "Too many files are open: this process may not open another one.",
            remedy="Raise the limit, as with: ulimit -n 1024",
        )
    if "temporary directory" in (error.strerror or ""):
        return UsageError(
            "There is no folder for temporary files: none of $TMPDIR, /tmp, /var/tmp, /usr/tmp can be used.",
            remedy="Set TMPDIR to a folder that you may write to.",
        )
    if error.filename is None or error.errno not in _SYSTEM:
        return None
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    return UsageError(f"{name}: {error.strerror}.", remedy=_SYSTEM[error.errno])


def _has_working_folder() -> bool:
    try:
        os.getcwd()
    except OSError:
        return False
    return True


_CWD_GONE = "The working directory was removed."
_CWD_REMEDY = "Change into a folder that exists."
_SYSTEM = {
    errno.ENAMETOOLONG: "Give a shorter name: a file's has at most 255 bytes, a path 4,095.",
    errno.EACCES: "Make it accessible for this user.",
    errno.EPERM: "Make it accessible for this user.",
    errno.EROFS: "Give a place that can be written.",
    errno.ENOSPC: "Free some space on its disk.",
    errno.EDQUOT: "Free some space: the quota is used up.",
    errno.EFBIG: "Raise the limit of `ulimit -f`.",
    errno.ELOOP: "Look where its links lead.",
}
