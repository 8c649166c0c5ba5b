"""A number with its noun, for whoever says how many."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """So many of them in words: 1 worker, 2,000 mini-batches."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun}{'es' if noun.endswith('ch') else 's'}"
