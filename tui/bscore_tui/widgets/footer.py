"""Which key of the last row a column belongs to; the row itself is drawn by a view."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

_WIDE = 100


def entry_at(entries: Sequence[tuple[str, str]], width: int, column: int) -> int | None:
    """The number of the entry drawn in a column; None between two."""
    gap = 3 if width >= _WIDE else 2
    start = 1
    for number, (key, label) in enumerate(entries):
        end = start + cell_len(key) + (1 + cell_len(label) if label else 0)
        if end > width:
            return None
        if start <= column < end:
            return number
        start = end + gap
    return None
