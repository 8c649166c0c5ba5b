"""Which item of a mini-batch its script named last on stdout: most often the one at which it failed."""

from __future__ import annotations

import re
from collections import Counter

#: Items of larger mini-batches are not looked for, nor is more of a file read than its end.
MAX_ITEMS = 1000
TAIL_BYTES = 1 << 14

#: What makes a name the part of a longer one.
_BEFORE = re.compile(r"[\w.-]")
_BEHIND = re.compile(r"[\w-]|\.\w")


def last_named(path: str, start: int, end: int, items: list[str]) -> str:
    """The item that a file names last between two offsets (-1: not known); "" for none."""
    if len(items) < 2 or 0 <= end <= start:
        return ""
    try:
        with open(path, "rb") as file:
            stop = end if end > 0 else file.seek(0, 2)
            begin = max(start, stop - TAIL_BYTES, 0)
            file.seek(begin)
            text = file.read(max(stop - begin, 0)).decode("utf-8", "backslashreplace")
    except OSError:
        return ""
    names = [item.rpartition("/")[2] for item in items]
    often = Counter(names)
    places = [
        (_last(text, name if name and often[name] == 1 else item), item)
        for item, name in zip(items, names, strict=True)
    ]
    place, item = max(places, key=lambda found: found[0])
    return item if place >= 0 else ""


def _last(text: str, name: str) -> int:
    """Where a name ends that stands there last as a word of its own; -1 for nowhere."""
    at = text.rfind(name)
    while at >= 0:
        if not _BEFORE.search(text[max(at - 1, 0) : at]) and not _BEHIND.match(text, at + len(name)):
            return at + len(name)
        at = text.rfind(name, 0, at)
    return -1
