"""Files that match a pattern: `*`, `?`, `[…]` within a name, `**` over any number of folders.

As in shells a leading dot is only matched by a dot. Links to folders are followed as in `walk`, by `**` too.
A folder that the whole pattern matches stands for every file below it. Order as in `walk`, each file once.
"""

from __future__ import annotations

import fnmatch
import os
import re

from bscore.inputs.skipped import HIDDEN, Skipped
from bscore.inputs.walk import Records, State, Walk

_MAGIC = re.compile(r"[*?\[]")


def is_glob(text: str) -> bool:
    """Whether the text is a pattern; a file of exactly this name comes first."""
    return bool(_MAGIC.search(text)) and not os.path.lexists(text)


def literal_root(pattern: str) -> tuple[str, list[str]]:
    """The folder before the first part with magic (absolute), and the parts from there."""
    parts = [part for part in os.path.abspath(pattern).split("/") if part]
    plain = next((i for i, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    return "/" + "/".join(parts[:plain]), parts[plain:]


class Pattern:
    """The parts of a pattern; a state is the set of parts that a folder's entries may match next."""

    def __init__(self, parts: list[str], skipped: Skipped) -> None:
        self._regexes = [None if part == "**" else re.compile(fnmatch.translate(part)) for part in parts]
        self._dotted = [part.startswith(".") for part in parts]
        self._last = len(parts) - 1
        self._skipped = skipped

    def start(self) -> frozenset[int]:
        """The state of the folder in which the pattern begins."""
        return self._with_empty_stars({0})

    def file(self, folder: bytes, name: bytes, state: frozenset[int]) -> bool:
        """Whether a file in a folder of this state matches the whole pattern."""
        return self._last in state and self._matches(folder, name, self._last)

    def folder(self, folder: bytes, name: bytes, state: frozenset[int]) -> State:
        """The state of a sub-folder; None when the whole pattern matches it."""
        following: set[int] = set()
        for part in state:
            if not self._matches(folder, name, part):
                continue
            if self._regexes[part] is None:
                following.add(part)
            elif part == self._last:
                return None
            else:
                following.add(part + 1)
        return self._with_empty_stars(following)

    def _matches(self, folder: bytes, name: bytes, part: int) -> bool:
        text = os.fsdecode(name)
        regex = self._regexes[part]
        if regex is not None and regex.match(text) is None:
            return False
        if text.startswith(".") and not self._dotted[part]:
            self._skipped.add(os.path.join(folder, name), HIDDEN)
            return False
        return True

    def _with_empty_stars(self, state: set[int]) -> frozenset[int]:
        for part in sorted(state):
            while part < self._last and self._regexes[part] is None:
                part += 1
                state.add(part)
        return frozenset(state)


def walk_glob(text: str, skipped: Skipped) -> Records:
    """Records of every file that matches, in chunks. Raises InputError for a folder that cannot be read."""
    root, parts = literal_root(text)
    path = os.fsencode(root)
    if not os.path.isdir(path):
        return
    pattern = Pattern(parts, skipped)
    yield from Walk(skipped, pattern).records(path, pattern.start())
