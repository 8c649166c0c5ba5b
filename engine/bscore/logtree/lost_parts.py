"""Part files that no longer hold what was committed: a resume would not find these rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from bscore.core.state import Run


def lost_parts(run: Run, part_of: Callable[[int], Path]) -> Iterator[tuple[Path, int | None, int]]:
    """Each part file that is gone or too short: its path, its bytes (None: gone), and those committed.

    `part_of` names the part file of a term.
    """
    for part in run.parts:
        if part.nbytes:
            path = part_of(part.term)
            size = path.stat().st_size if path.is_file() else None
            if size is None or size < part.nbytes:
                yield path, size, part.nbytes
