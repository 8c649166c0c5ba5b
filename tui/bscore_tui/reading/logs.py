"""Any file of a tree as lines, by number: random access, search, the next error, records of several lines.

A record is a prefixed line (a time, or a level) with the unprefixed ones behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bscore.logtree.source import Source
from bscore_tui.reading.blocks import BLOCK_BYTES, BlockIndex
from bscore_tui.reading.tree_index import TreeIndex
from bscore_tui.views.pages import FileRow, LogLine
from bscore_tui.views.safe import safe_text

#: Of a longer line only so much is shown.
MAX_LINE_BYTES = 4096
#: A record has at most so many lines.
MAX_RECORD_LINES = 500
_PREFIX = re.compile(rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d|\[?(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_LEVEL = re.compile(rb"\b(ERROR|CRITICAL|FATAL|WARNING|WARN)\b")
_LEVELS = {b"ERROR": "E", b"CRITICAL": "E", b"FATAL": "E", b"WARNING": "W", b"WARN": "W"}


class LogFile:
    """One file. `grow` indexes; the other methods read what is indexed. Not for two threads at once."""

    def __init__(self, source: Source, path: str, cache: Path | None = None) -> None:
        self.path = path
        self._source = source
        self.index = BlockIndex(source, path, cache)

    def grow(self, budget: int = 16 * 1024 * 1024) -> bool:
        """As `BlockIndex.grow`."""
        return self.index.grow(budget)

    @property
    def line_count(self) -> int:
        """Lines known, an unfinished last one included."""
        lines, nbytes = self.index.lines, self.index.nbytes
        return lines + (1 if nbytes and self._source.read(self.path, nbytes - 1, 1) != b"\n" else 0)

    def lines(self, first: int, count: int) -> list[LogLine]:
        """So many lines from a number on; fewer where the file ends."""
        offset = self.offset_of(first)
        found: list[LogLine] = []
        number = max(first, 0)
        while len(found) < count and offset < self.index.nbytes:
            line, behind = self._line(offset)
            found.append(_log_line(number, offset, line))
            number, offset = number + 1, behind
        return found

    def last(self, count: int) -> list[LogLine]:
        """The last lines of what is indexed."""
        return self.lines(max(self.line_count - count, 0), count)

    def _line(self, offset: int) -> tuple[bytes, int]:
        """The beginning of the line at an offset, and the offset behind its newline."""
        data = self._source.read(self.path, offset, MAX_LINE_BYTES)
        end = data.find(b"\n")
        if end >= 0:
            return data[:end], offset + end + 1
        position = offset + len(data)
        while position < self.index.nbytes:
            piece = self._source.read(self.path, position, BLOCK_BYTES * 16)
            end = piece.find(b"\n")
            if end >= 0:
                return data, position + end + 1
            if not piece:
                break
            position += len(piece)
        return data, max(position, offset + 1)

    def offset_of(self, line: int) -> int:
        """Where a line begins; the end of the file for one behind the last."""
        if line <= 0:
            return 0
        block, before = self.index.block_of(line)
        if block >= len(self.index.newlines):
            return self.index.nbytes
        data = self._source.read(self.path, block * BLOCK_BYTES, BLOCK_BYTES)
        position = -1
        for _ in range(line - before):
            position = data.find(b"\n", position + 1)
            if position < 0:
                return self.index.nbytes
        return block * BLOCK_BYTES + position + 1

    def line_at(self, offset: int) -> int:
        """The number of the line that holds an offset."""
        block, before = self.index.line_before(offset)
        start = block * BLOCK_BYTES
        return before + self._source.read(self.path, start, max(offset - start, 0)).count(b"\n")

    def search(self, text: str, line: int, steps: int = 1) -> int | None:
        """The next line (or the one before, steps -1) that holds a text in any case; None for none."""
        needle = text.encode("utf-8", "surrogateescape").lower()
        return self._find(lambda data: _hits(data.lower(), needle), line, steps) if needle else None

    def next_level(self, levels: str, line: int, steps: int = 1) -> int | None:
        """The next line of a level ("E", "EW"), or the one before; None for none."""

        def hits(data: bytes) -> list[int]:
            return [match.start() for match in _LEVEL.finditer(data) if _LEVELS[match[1]] in levels]

        return self._find(hits, line, steps)

    def _find(self, hits: Callable[[bytes], list[int]], line: int, steps: int) -> int | None:
        """Search block by block; a hit belongs to the line it begins in."""
        if steps > 0:
            place = self.offset_of(line + 1)
            end = self.index.nbytes
            while place < end:
                data = self._source.read(self.path, place, BLOCK_BYTES + MAX_LINE_BYTES)
                found = [hit for hit in hits(data) if hit < BLOCK_BYTES]
                if found:
                    return self.line_at(place + found[0])
                place += BLOCK_BYTES
            return None
        limit = self.offset_of(max(line, 0))
        while limit > 0:
            start = max(0, limit - BLOCK_BYTES)
            data = self._source.read(self.path, start, limit - start + MAX_LINE_BYTES)
            found = [hit for hit in hits(data) if start + hit < limit]
            if found:
                return self.line_at(start + found[-1])
            limit = start
        return None

    def record(self, line: int) -> tuple[int, int]:
        """(first line, number of lines) of the record that a line belongs to."""
        first = max(line, 0)
        floor = max(first - MAX_RECORD_LINES, 0)
        before = self.lines(floor, first - floor + 1)
        while before and before[-1].continued and len(before) > 1:
            before.pop()
            first -= 1
        number = 1
        for follower in self.lines(first + 1, MAX_RECORD_LINES):
            if not follower.continued:
                break
            number += 1
        return first, number


def _hits(data: bytes, needle: bytes) -> list[int]:
    found: list[int] = []
    position = data.find(needle)
    while position >= 0:
        found.append(position)
        position = data.find(needle, position + 1)
    return found


def _log_line(number: int, offset: int, data: bytes) -> LogLine:
    level = _LEVEL.search(data[:200])
    return LogLine(
        number,
        offset,
        safe_text(data.removesuffix(b"\r")),
        _LEVELS[level[1]] if level else "",
        _PREFIX.match(data) is None,
    )


def tree_of(source: Source, index: TreeIndex | None = None, most: int = 20_000) -> list[FileRow]:
    """Every file of a tree with its size and, where it is indexed, its errors; folders behind their files."""
    rows: list[FileRow] = []
    pending = [("", 0)]
    while pending and len(rows) < most:
        path, depth = pending.pop()
        if path:
            name = safe_text(path.rpartition("/")[2], 200)
            rows.append(FileRow(path, name, depth - 1, is_dir=True, size=0, mtime=0))
        entries = source.list(path)
        prefix = f"{path}/" if path else ""
        for entry in entries:
            if entry.is_dir or len(rows) >= most:
                continue
            name, full = safe_text(entry.name, 200), prefix + entry.name
            errors = index.errors(full) if index is not None else None
            at = entry.mtime_ns // 1000
            rows.append(FileRow(full, name, depth, is_dir=False, size=entry.size, mtime=at, errors=errors))
        pending += [(prefix + entry.name, depth + 1) for entry in reversed(entries) if entry.is_dir]
    return rows
