"""Trees beside each other in a folder: when each was begun, and which stand near one in time."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from bscore.logtree import paths

#: Entries of a folder looked at, whatever they are.
_MAX_ENTRIES = 5_000


def begun(tree: Path) -> tuple[int, str]:
    """When the files say that a tree was begun (nanoseconds since 1970, 0 for unknown), and its name."""
    for name in (paths.README, paths.JOB_FILE, "logs"):
        try:
            return os.stat(tree / name).st_mtime_ns, tree.name
        except OSError:
            continue
    return 0, tree.name


def neighbours(tree: Path, before: int, behind: int) -> list[Path]:
    """So many trees of the same folder begun before this one and behind it, by their files' times.

    None where the folder cannot be read.
    """
    try:
        with os.scandir(tree.parent) as entries:
            found = [tree.parent / entry.name for entry in islice(entries, _MAX_ENTRIES)]
    except OSError:
        return []
    known = sorted(
        (moment, other) for other in {*found, tree} if (moment := begun(other))[0] or other == tree
    )
    own = next(number for number, (_, other) in enumerate(known) if other == tree)
    return [other for _, other in known[max(own - before, 0) : own + behind + 1] if other != tree]
