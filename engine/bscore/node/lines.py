"""Log files made of whole lines, and their times.

A file holds complete lines at every moment: one write per call, and what a full disk cuts is taken back.
"""

from __future__ import annotations

import os
import time

from bscore.node.clock import Clock
from bscore.spec.within import open_within


class LineFile:
    """A file of lines with one writer; opened O_APPEND, its folder in a tree made on the way."""

    def __init__(self, tree: str, path: str, mode: int = 0o644) -> None:
        self.path = path
        self._fd = open_within(tree, path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, mode)

    def write(self, data: bytes) -> int:
        """Append whole lines; returns the offset where they begin. Raises OSError, having added nothing."""
        offset = os.fstat(self._fd).st_size
        self.add(data, offset)
        return offset

    def add(self, data: bytes, size: int | None = None) -> None:
        """Append whole lines where nobody asks for their offset."""
        written = os.write(self._fd, data)
        if written == len(data):
            return
        before = os.fstat(self._fd).st_size - written if size is None else size
        try:
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def close(self) -> None:
        """Close it; a second time changes nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def append(tree: str, path: str, data: bytes, mode: int = 0o644) -> int:
    """Append whole lines to a file of a tree that is written rarely; returns the offset where they begin."""
    file = LineFile(tree, path, mode)
    try:
        return file.write(data)
    finally:
        file.close()


class Stamps:
    """Times as text, from microseconds UTC; the second last asked for is remembered.

    So is the last time in a log: all that is heard in one wake-up has the same.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._second = -1
        self._log = ""
        self._iso = ""
        self._logged = (-1, "")

    def _turn_to(self, second: int) -> None:
        moment = time.gmtime(second)
        self._second = second
        self._log = time.strftime("%Y-%m-%d %H:%M:%S", moment)
        self._iso = time.strftime("%Y-%m-%dT%H:%M:%S", moment)

    def log(self, at_us: int) -> str:
        """`2021-04-13 03:23:05,649`, as in the original's system logs (reference 4.3)."""
        if at_us != self._logged[0]:
            second, us = divmod(at_us, 1_000_000)
            if second != self._second:
                self._turn_to(second)
            self._logged = at_us, f"{self._log},{us // 1000:03d}"
        return self._logged[1]

    def iso(self, at_us: int) -> str:
        """`2020-10-24T02:59:16.472606`, as in the original's tables (reference 4.4)."""
        second, us = divmod(at_us, 1_000_000)
        if second != self._second:
            self._turn_to(second)
        return f"{self._iso}.{us:06d}"


def one_line(text: str) -> str:
    """Foreign text that must stay on its line: line ends and other control characters escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
