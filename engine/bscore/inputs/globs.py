"""Files that match a pattern: `*`, `?`, `[…]` within a name, `**` over any number of folders.

As in shells: a leading dot is only matched by a dot, `**` does not follow links to folders. A folder
that the whole pattern matches stands for every file below it. Order as in `walk`, each file once.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator

from bscore.inputs.skipped import Skipped
from bscore.inputs.walk import Folder, Records, walk_folder

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

    def folder(
        self, folder: bytes, name: bytes, state: frozenset[int], *, link: bool
    ) -> frozenset[int] | None:
        """The state of a sub-folder; None when the whole pattern matches it."""
        following: set[int] = set()
        for part in state:
            stars = self._regexes[part] is None
            if (stars and link) or not self._matches(folder, name, part):
                continue
            if stars:
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
            self._skipped.add(os.path.join(folder, name))
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
    stack: list[Iterator[tuple[bytes, frozenset[int] | None]]] = [iter([(path, pattern.start())])]
    while stack:
        following = next(stack[-1], None)
        if following is None:
            stack.pop()
            continue
        path, state = following
        if state is None:
            yield from walk_folder(path, skipped)
            continue
        folder = _matching(path, state, pattern, skipped)
        yield from folder.records()
        stack.append(_below(folder, state, pattern))


def _matching(path: bytes, state: frozenset[int], pattern: Pattern, skipped: Skipped) -> Folder:
    return Folder(path, skipped, lambda name: pattern.file(path, name, state))


def _below(
    folder: Folder, state: frozenset[int], pattern: Pattern
) -> Iterator[tuple[bytes, frozenset[int] | None]]:
    links = set(folder.links)
    names = sorted([*folder.folders, *folder.links]) if links else folder.folders
    for name in names:
        following = pattern.folder(folder.path, name, state, link=name in links)
        if following is None or following:
            yield os.path.join(folder.path, name), following
