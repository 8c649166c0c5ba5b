"""Which item of a mini-batch its script named last on stdout: most often the one at which it failed."""

from __future__ import annotations

import re
from collections import Counter

#: Items of larger mini-batches are not looked for, nor is more of a file read than its end.
MAX_ITEMS = 1000
TAIL_BYTES = 1 << 14
MAX_LINES = 200

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
    lines = text.splitlines()[1 if begin > max(start, 0) else 0 :]
    names = [item.rpartition("/")[2] for item in items]
    often = Counter(names)
    called = [name if name and often[name] == 1 else item for item, name in zip(items, names, strict=True)]
    found = [(item, name) for item, name in zip(items, called, strict=True) if name in text]
    for line in reversed(lines[-MAX_LINES:] if found else ()):
        named = [item for item, name in found if name in line and _names(line, name)]
        # A script that prints all of them at once says nothing of where it is.
        if len(named) == 1:
            return named[0]
    return ""


def _names(line: str, name: str) -> bool:
    """Whether a name stands in a line as a word of its own."""
    at = line.find(name)
    while at >= 0:
        if not _BEFORE.search(line[max(at - 1, 0) : at]) and not _BEHIND.match(line, at + len(name)):
            return True
        at = line.find(name, at + 1)
    return False
