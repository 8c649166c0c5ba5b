"""Any file of a log tree as records, by offset: nothing is indexed or kept, so a gigabyte opens at once.

A record is a line that begins with a time or a level, with the lines after it that do not. In a file
without such lines every line is a record. Reads are bounded; a search says where its budget ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bscore.logtree.source import Source

BLOCK = 64 * 1024
#: Longer lines are cut here; the rest is skipped.
LONG_LINE = 16 * 1024
#: What one search reads at most.
SEARCH_BYTES = 48 * 1024 * 1024
_PREFIX = re.compile(
    rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\d\d:\d\d:\d\d|\[?(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL|CRITICAL)\b"
)
ERROR = re.compile(rb"\b(?:ERROR|FATAL|CRITICAL|Traceback|[A-Z]\w*(?:Error|Exception)\b)|\|E\|")
WARNING = re.compile(rb"\b(?:WARN|WARNING)\b|[A-Z]\w*Warning\b")


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line and where it begins; `begins`: it is the first line of a record."""

    offset: int
    data: bytes
    end: int
    begins: bool


class TextFile:
    """Reads lines around an offset."""

    def __init__(self, source: Source, path: str) -> None:
        self._source = source
        self.path = path

    def size(self) -> int:
        """Bytes of the file now; 0 if it is not there."""
        entry = self._source.stat(self.path)
        return entry.size if entry is not None and not entry.is_dir else 0

    def forward(self, offset: int) -> Iterator[TextLine]:
        """Lines from an offset (the beginning of a line) on."""
        while True:
            data = self._source.read(self.path, offset, BLOCK)
            if not data:
                return
            pieces = data.split(b"\n")
            rest = pieces.pop()
            for piece in pieces:
                end = offset + len(piece) + 1
                yield _line(offset, piece, end)
                offset = end
            if len(data) < BLOCK:
                if rest:
                    yield _line(offset, rest, offset + len(rest))
                return
            if not pieces:
                end = self._end_of_line(offset + len(rest))
                yield self._long_line(offset, end)
                offset = end

    def backward(self, offset: int) -> Iterator[TextLine]:
        """Lines before an offset (the beginning of a line), the nearest first."""
        while offset > 0:
            start = max(0, offset - BLOCK)
            data = self._source.read(self.path, start, offset - start)
            first = 0 if start == 0 else data.find(b"\n", 0, len(data) - 1) + 1
            if not data:
                return
            if start and not first:
                begin = self._begin_of_line(start)
                yield self._long_line(begin, offset)
                offset = begin
                continue
            lines: list[TextLine] = []
            position = start + first
            for piece in _kept(data[first:]):
                lines.append(_line(position, piece.removesuffix(b"\n"), position + len(piece)))
                position += len(piece)
            yield from reversed(lines)
            offset = start + first

    def _long_line(self, begin: int, end: int) -> TextLine:
        """A line longer than a block, by where it begins and ends."""
        data = self._source.read(self.path, begin, min(LONG_LINE, end - begin))
        return _line(begin, data.removesuffix(b"\n"), end)

    def _begin_of_line(self, offset: int) -> int:
        while offset > 0:
            size = min(BLOCK, offset)
            found = self._source.read(self.path, offset - size, size).rfind(b"\n")
            if found >= 0:
                return offset - size + found + 1
            offset -= size
        return 0

    def _end_of_line(self, offset: int) -> int:
        while data := self._source.read(self.path, offset, BLOCK):
            found = data.find(b"\n")
            if found >= 0:
                return offset + found + 1
            offset += len(data)
        return offset

    def record_start(self, offset: int, most_lines: int = 500) -> int:
        """The first line of the record that a line belongs to."""
        first = next(self.forward(offset), None)
        if first is None or first.begins:
            return offset
        for number, line in enumerate(self.backward(offset)):
            if line.begins:
                return line.offset
            if number >= most_lines:
                break
        return offset

    def record(self, offset: int, most_lines: int = 500) -> list[TextLine]:
        """The lines of a record by its first one."""
        found: list[TextLine] = []
        for line in self.forward(offset):
            if found and (line.begins or not found[0].begins or len(found) >= most_lines):
                break
            found.append(line)
        return found


def _line(offset: int, data: bytes, end: int) -> TextLine:
    data = data[:LONG_LINE].removesuffix(b"\r")
    if offset == 0:
        data = data.removeprefix(b"\xef\xbb\xbf")
    return TextLine(offset, data, end, bool(_PREFIX.match(data)))


def _kept(data: bytes) -> list[bytes]:
    """Lines with their line ends; only LF ends one."""
    pieces = data.split(b"\n")
    rest = pieces.pop()
    return [piece + b"\n" for piece in pieces] + ([rest] if rest else [])
