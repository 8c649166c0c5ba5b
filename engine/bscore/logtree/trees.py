"""Trees beside each other in a folder: how commands name them, when each was begun, which stand near."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from bscore.errors import UsageError
from bscore.logtree import paths

#: Entries of a folder looked at, whatever they are.
_MAX_ENTRIES = 5_000


def jobs_root(environ: Mapping[str, str]) -> Path:
    """The folder of all jobs: $BSCORE_HOME/jobs, or ~/.bscore/jobs. Raises UsageError for an empty HOME."""
    home = environ.get("BSCORE_HOME")
    if not home and environ.get("HOME") == "":
        raise UsageError("HOME is empty, so jobs have no place.", remedy="Set HOME or BSCORE_HOME.")
    place = os.path.expanduser(home or "")  # noqa: PTH111  # pathlib raises for an unknown user
    return (Path(place).absolute() if home else Path.home() / ".bscore") / "jobs"


def called(tree: Path, environ: Mapping[str, str]) -> str:
    """How commands name a tree: by its name in the folder of all jobs, by its path anywhere else.

    A copy elsewhere has the name of its original, which a command must not mean.
    """
    try:
        by_name = tree.name != "last" and tree.samefile(jobs_root(environ) / tree.name)
    except OSError:
        by_name = False
    return tree.name if by_name and not tree.name.startswith("-") else str(tree)


def in_commands(tree: Path) -> str:
    """As `called`, for a command that a person copies into a shell of this environment."""
    return shlex.quote(called(tree, os.environ))


def newest(trees: Sequence[Path]) -> Path | None:
    """What `last` means among trees, the newest first: never the small job of a mini-batch in `job debug`."""
    return next((tree for tree in trees if not (tree / paths.DEBUGGED).exists()), None)


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
