"""The items of a failed mini-batch in words: one may be the culprit, and nobody knows which. Pure."""

from __future__ import annotations

import re

#: How items that are no files are called, a mini-batch of them at once.
_SLICE = re.compile(r"(?:items|rows)\[\d+:\d+\]")


def items_words(first: str, last: str, count: int, printed: str = "") -> str:
    """`item a.csv`, or `items /data/a.csv to d.csv (4)` with the one that was printed last; "" for none."""
    if not first or _SLICE.fullmatch(first):
        return first
    if count <= 1:
        return f"item {first}"
    if last:
        folder = first.rpartition("/")[0] + "/"
        text = f"items {first} to {last.removeprefix(folder)} ({count:,})"
    else:
        text = f"{count:,} items from {first} on"
    return f"{text}, the last one printed is {printed}" if printed else text
