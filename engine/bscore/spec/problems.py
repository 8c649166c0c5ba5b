"""Mistakes in what the user asked for: all of them at once, each with its place.

Owns how a mistake is worded and ordered; knows nothing of options or YAML.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bscore.errors import UsageError

_GIVEN_LENGTH = 160
_HEAD = 50
#: A document may hold thousands of names, and as many wrong ones.
_LISTED = 20
_COMPARED = 300


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: `line` and `column` count from 1; 0 means the whole source."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


COMMAND_LINE = Place("command line")
SET = Place("--set")
#: Flags of the command line that set an option, by the option's name.
FLAGS = {
    "mini_batch_size": Place("--mini-batch-size"),
    "max_concurrency_per_instance": Place("--workers"),
    "commit_interval": Place("--commit-interval"),
    "start": Place("--start"),
}
#: What stands there wins over documents and arguments.
OVERRIDES = frozenset({SET, *FLAGS.values()})


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what was given, what was expected, and a near match.

    `what` says what is wrong where "given …, expected …" would not be enough.
    """

    file: str
    line: int
    column: int
    where: str
    given: str | None = None
    expected: str = ""
    near: str = ""
    what: str = ""

    def __str__(self) -> str:
        parts = [self.what] if self.what else []
        if self.given is not None:
            parts.append(f"given {shown(self.given)}")
        if self.expected:
            parts.append(f"expected {self.expected}")
        text = ", ".join(parts)
        if self.near:
            text += f"; did you mean {shown(self.near)}?"
        place = Place(self.file, self.line, self.column)
        return _visible(f"{place}: {self.where}: {text}" if self.where else f"{place}: {text}")


def problem_at(
    place: Place, where: str, *, given: str | None = None, expected: str = "", near: str = "", what: str = ""
) -> Problem:
    """A problem at a place."""
    return Problem(place.file, place.line, place.column, where, given, expected, near, what)


class SpecError(UsageError):
    """The job cannot be understood; `problems` holds every mistake found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(unique, key=lambda p: (p.file, p.line, p.column)))
        super().__init__("\n".join(map(str, self.problems)))


def shown(text: str) -> str:
    """A value as a message shows it: quoted, control characters escaped, a long one without its middle."""
    # Of a path the end says most.
    return repr(text if len(text) <= _GIVEN_LENGTH else f"{text[:_HEAD]}…{text[_HEAD + 1 - _GIVEN_LENGTH :]}")


def one_of(names: Sequence[str]) -> str:
    """What is expected where it must be one of some names; of very many the first."""
    return "one of " + ", ".join(names[:_LISTED]) + (" ..." if len(names) > _LISTED else "")


def near_match(given: str, known: Sequence[str]) -> str:
    """The known word nearest to the given one, or "" where none is near."""
    by_plain = {_plain(word): word for word in reversed(known[:_COMPARED])}
    plain = _plain(given[:_GIVEN_LENGTH])
    # Letters that changed places weigh more for difflib than a wrong one does.
    swapped = [word for word in by_plain if len(word) > 1 and sorted(word) == sorted(plain)]
    found = swapped[-1:] or difflib.get_close_matches(plain, list(by_plain), n=1, cutoff=0.65)
    return by_plain[found[0]] if found else ""


def _visible(text: str) -> str:
    """Control characters as escapes: a document's text must not steer the terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").lstrip("_")
