"""Where a job's directory stands: tells a copy from the directory that was made, or moved.

A copy names the same output, unless that lies in the directory itself. Who went on with it, or deleted it,
would cut or remove the rows of the job that it was copied from.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from bscore.errors import TreeError, UsageError, not_readable
from bscore.logtree import paths
from bscore.logtree.place import Place, decode_place
from bscore.spec.regular import open_regular, read_regular

_MAX_BYTES = 64 * 1024


def read_place(tree: Path) -> Place | None:
    """What a directory says of its place; None where it says nothing, as that of an earlier version.

    Raises TreeError where it cannot be read, UsageError where it may not: whoever then made a new mark would
    lose the job's rows.
    """
    path = tree / paths.PLACE
    try:
        return decode_place(read_regular(path, _MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise not_readable(path, "Permission denied") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise TreeError(
            f"{path} cannot be read: {why}. It tells this job's rows from those of others.",
            remedy="Restore it; its mark also stands in the names of the job's part files, behind the term.",
        ) from None


def write_place(tree: Path, place: Place) -> None:
    """Write down where a directory stands, or will stand; no crash leaves half of it. Raises OSError."""
    path = tree / paths.PLACE
    fresh = path.with_suffix(".new")
    with open(open_regular(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as stream:
        stream.write(json.dumps(asdict(place)) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def original_of(tree: Path) -> Path | None:
    """The directory that this one is a copy of; None where there is none, as for one that was moved.

    Raises TreeError where a place cannot be read.
    """
    place = read_place(tree)
    if place is None:
        return None
    original = Path(place.tree)
    try:
        if original.samefile(tree):
            return None
    except (OSError, ValueError):
        return None
    there = read_place(original)
    return original if there is not None and there.mark == place.mark else None


def refuse_copy(tree: Path) -> None:
    """Raise UsageError when a directory is a copy of one that is still there."""
    original = original_of(tree)
    if original is not None:
        raise UsageError(
            f"{tree} is a copy of {original}, and both would write the same output.",
            remedy=f"Give {original} to this command. If the copy shall take its place, move that one away: "
            "the rows then go with the copy.",
        )
