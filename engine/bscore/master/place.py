"""Where a job's directory stands: tells a copy from the directory that was made, or moved.

A copy names the same output, unless that lies in the directory itself. Who went on with it, or deleted it,
would cut or remove the rows of the job that it was copied from.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bscore.errors import UsageError
from bscore.logtree import paths


@dataclass(frozen=True, slots=True)
class Place:
    """The path of a job's directory, and a mark that no other job has; empty for one without."""

    tree: str
    mark: str


def read_place(tree: Path) -> Place | None:
    """What a directory says of its place; None where that is missing or cannot be read."""
    try:
        return Place(**json.loads((tree / paths.PLACE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def settle(tree: Path, *, at: Path | None = None, mark: str = "") -> None:
    """Write down where a directory stands, or will stand, new or moved. Raises OSError.

    `mark` is that of a new one; one that has a mark keeps it.
    """
    before, here = read_place(tree), str((at or tree).resolve())
    if before is not None and before.tree == here:
        return
    place = Place(here, before.mark if before else mark)
    path = tree / paths.PLACE
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(place)) + "\n")
    fresh.replace(path)


def original_of(tree: Path) -> Path | None:
    """The directory that this one is a copy of; None where there is none, as for one that was moved."""
    place = read_place(tree)
    if place is None:
        return None
    original = Path(str(place.tree))
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
            remedy=f"Give {original} to this command. If the copy shall take its place, move that one away.",
        )
