"""The errors a person sees.

Every error says what was given, what was expected and what to do. They are printed in one place,
`cli.main`, which also turns `exit_code` into the exit code of the process.
"""

from __future__ import annotations


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
