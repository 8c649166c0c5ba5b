"""Any file of a log tree as records, by offset: nothing has to be indexed, so a gigabyte opens at once.

What the index of the tree knows of a file, it adds: numbers of lines, errors far away, the place of a moment.
A record is a line that begins with a time or a level, with the lines after it that do not. In a file
without such lines every line is a record. Reads are bounded; a search says where its budget ended.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bscore.logtree.drawn import last_drawn
from bscore.logtree.source import Source
from bscore_tui.reading.blocks import BLOCK_BYTES, BlockIndex, stamp_of

if TYPE_CHECKING:
    from bscore_tui.reading.tree_index import TreeIndex

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
#: Every line that one of the two finds holds one of these.
ERROR_WORDS = (b"ERROR", b"Error", b"Traceback", b"Exception", b"FATAL", b"CRITICAL", b"|E|")
WARNING_WORDS = (b"WARN", b"Warning")
#: Whether a piece of a file may hold what is looked for; pieces that do not are passed over whole.
Holds = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line and where it begins; `begins`: it is the first line of a record."""

    offset: int
    data: bytes
    end: int
    begins: bool


class TextFile:
    """Reads lines around an offset."""

    def __init__(self, source: Source, path: str, indexes: TreeIndex | None = None) -> None:
        self._source = source
        self.path = path
        self._indexes = indexes

    @property
    def index(self) -> BlockIndex | None:
        """What is indexed of the file, if anything is."""
        return self._indexes.known(self.path) if self._indexes is not None else None

    def size(self) -> int:
        """Bytes of the file now; 0 if it is not there."""
        entry = self._source.stat(self.path)
        return entry.size if entry is not None and not entry.is_dir else 0

    def forward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """Lines from an offset (the beginning of a line) on; with `holds` so far as one search reads."""
        limit = offset + SEARCH_BYTES
        while True:
            data = self._source.read(self.path, offset, BLOCK)
            if not data or (holds is not None and offset > limit):
                return
            if holds is not None and len(data) == BLOCK and b"\n" in data and not holds(data):
                offset += data.rfind(b"\n") + 1
                continue
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

    def backward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """Lines before an offset (the beginning of a line), the nearest first; `holds` as in `forward`."""
        limit = offset - SEARCH_BYTES
        while offset > 0:
            start = max(0, offset - BLOCK)
            data = self._source.read(self.path, start, offset - start)
            first = 0 if start == 0 else data.find(b"\n", 0, len(data) - 1) + 1
            if not data or (holds is not None and offset < limit):
                return
            if holds is not None and (first or not start) and not holds(data):
                offset = start + first
                continue
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
        """A line longer than a block, by where it begins and ends: its start, or how it was drawn last."""
        data = self._source.read(self.path, begin, min(LONG_LINE, end - begin))
        if b"\r" in data:
            data = self._source.read(self.path, max(begin, end - LONG_LINE), min(LONG_LINE, end - begin))
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

    def line_number(self, offset: int) -> int | None:
        """The number of the line at an offset, from 0; None while that is not indexed."""
        index = self.index
        if index is None or offset > index.nbytes:
            return None
        block, before = index.line_before(offset)
        start = block * BLOCK_BYTES
        return before + self._source.read(self.path, start, max(offset - start, 0)).count(b"\n")

    def far_error(self, offset: int, steps: int) -> int | None:
        """From where to search on for an error that is further away than one search reads."""
        errors = self.index.errors if self.index is not None else ()
        if steps > 0:
            first = max(offset + SEARCH_BYTES, 0) // BLOCK_BYTES
            block = next((block for block in range(first, len(errors)) if errors[block]), None)
            return None if block is None else self._begin_of_line(block * BLOCK_BYTES)
        last = min((offset - SEARCH_BYTES) // BLOCK_BYTES, len(errors) - 1)
        block = next((block for block in range(last, -1, -1) if errors[block]), None)
        return None if block is None else self._end_of_line((block + 1) * BLOCK_BYTES)

    def place_of(self, at: int) -> int | None:
        """The last line that begins with a time up to a moment; None where none does, or none is indexed."""
        stamps = self.index.stamps if self.index is not None else ()
        known = [block for block, stamp in enumerate(stamps) if stamp]
        second = at // 1_000_000
        number = bisect_right(known, second, key=lambda block: stamps[block])
        if not number:
            return None
        found = None
        for line in self.forward(self._begin_of_line(known[number - 1] * BLOCK_BYTES)):
            stamp = stamp_of(line.data)
            if stamp > second:
                break
            found = line.offset if stamp else found
        return found


def words_in(words: tuple[bytes, ...]) -> Holds:
    """Whether a piece holds one of some words."""
    return lambda data: any(word in data for word in words)


def text_in(text: bytes) -> Holds:
    """Whether a piece holds a text (in lower case) in any case."""
    return lambda data: text in data.lower()


def _line(offset: int, data: bytes, end: int) -> TextLine:
    data = last_drawn(data)[:LONG_LINE]
    if offset == 0:
        data = data.removeprefix(b"\xef\xbb\xbf")
    return TextLine(offset, data, end, bool(_PREFIX.match(data)))


def _kept(data: bytes) -> list[bytes]:
    """Lines with their line ends; only LF ends one."""
    pieces = data.split(b"\n")
    rest = pieces.pop()
    return [piece + b"\n" for piece in pieces] + ([rest] if rest else [])
