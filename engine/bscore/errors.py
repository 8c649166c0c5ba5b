"""The errors a person sees.

Every error says what was given, what was expected and what to do. They are printed in one place,
`cli.main`, which also turns `exit_code` into the exit code of the process.
"""

from __future__ import annotations

import errno
import os


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


class TreeError(BscoreError):
    """A log tree cannot be read: it is not one, or it was damaged."""


def in_words(error: OSError, path: str | os.PathLike[str]) -> StorageError:
    """The error with its path and, where there is one, its remedy."""
    where = os.path.dirname(os.path.abspath(path))
    remedies = {
        errno.ENOSPC: f"The disk of {where} is full: free some space, then resume the job.",
        errno.EDQUOT: f"The quota on {where} is used up: free some space, then resume the job.",
        errno.EROFS: f"{where} is read-only: mount it writable, then resume the job.",
        errno.EACCES: f"Make {where} writable for this user, then resume the job.",
        errno.EPERM: f"Make {where} writable for this user, then resume the job.",
        errno.EIO: "The disk reports an error: check it before the job is resumed.",
        errno.EFBIG: f"The file system or `ulimit -f` allows no larger file in {where}.",
        errno.ENOLCK: f"The file system of {where} has no locks: keep jobs elsewhere, by $BSCORE_HOME.",
    }
    remedy = remedies.get(error.errno or 0, "Resume the job when this is put right.")
    return StorageError(f"{os.fspath(path)} cannot be written: {error.strerror}.", remedy=remedy)
