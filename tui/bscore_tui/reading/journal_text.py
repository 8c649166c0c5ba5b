"""The journals of all terms as one text, by offset; whole, or only the records that are notable.

An offset counts from the beginning of the first term's journal, so that a resumed job reads as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bscore.logtree.journal import terms
from bscore.logtree.source import Source
from bscore.observe import offset_at
from bscore_tui.reading.scan import JournalScan
from bscore_tui.reading.text_file import Holds, TextFile, TextLine

_BATCHES = re.compile(
    rb"\|(?:Assigned|Committed|MiniBatchesCreated|Withdrawn|WithdrawalAsked)(?: |$)"
    rb"|\|WorkerStarting [^\n]* pid=0 "
)
_CHUNK = 64


class JournalText(TextFile):
    """All terms; `every` leaves out what only keeps the books (commits, assignments)."""

    def __init__(self, source: Source, *, books: bool, at: int | None = None) -> None:
        """`at`: as of a moment; None: as it is now."""
        super().__init__(source, "")
        self._books = books
        self._parts: list[tuple[int, str, int | None]] = []
        base = 0
        for term in terms(source):
            upto = term.upto
            if at is not None:
                here = offset_at(source, term.path, at, term.upto)
                upto = here if upto is None else min(upto, here)
            self._parts.append((base, term.path, upto))
            base += upto or 0
        self.path = self._parts[-1][1] if self._parts else ""

    def place(self, offset: int) -> tuple[str, int]:
        """The file of an offset, and the offset in it."""
        found = ("", 0)
        for base, path, _ in self._parts:
            if offset >= base:
                found = (path, offset - base)
        return found

    def offset(self, path: str, local: int) -> int:
        """The offset of a place in a file."""
        return next((base + local for base, known, _ in self._parts if known == path), 0)

    def size(self) -> int:
        """Bytes of all journals."""
        if not self._parts:
            return 0
        base, path, upto = self._parts[-1]
        if upto is not None:
            return base + upto
        entry = self._source.stat(path)
        return base + (entry.size if entry is not None else 0)

    def shown(self, data: bytes) -> bool:
        """Whether a record belongs to what is read."""
        return self._books or _BATCHES.search(data) is None

    def forward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """As `TextFile.forward`, over all terms."""
        for base, path, upto in self._parts:
            if upto is not None and offset >= base + upto:
                continue
            for line in TextFile(self._source, path).forward(max(0, offset - base), holds):
                if upto is not None and line.end > upto:
                    break
                if self.shown(line.data):
                    yield replace(line, offset=base + line.offset, end=base + line.end)

    def backward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """As `TextFile.backward`, over all terms."""
        for base, path, upto in reversed(self._parts):
            if offset <= base:
                continue
            local = offset - base if upto is None else min(offset - base, upto)
            for line in TextFile(self._source, path).backward(local, holds):
                if self.shown(line.data):
                    yield replace(line, offset=base + line.offset, end=base + line.end)


class NotableText(JournalText):
    """Only notable records, found by the scan's index; what is not scanned yet is read as it stands."""

    def __init__(self, source: Source, scan: JournalScan, at: int | None = None) -> None:
        super().__init__(source, books=False, at=at)
        self._scan = scan

    def forward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """The notable records from an offset on."""
        number = self._number(offset)
        while places := self._scan.notable_places(number, _CHUNK):
            for path, local in places:
                begin = self.offset(path, local)
                if begin >= self.size():
                    return
                if begin >= offset:
                    yield self._record(begin)
            number += len(places)

    def backward(self, offset: int, holds: Holds | None = None) -> Iterator[TextLine]:
        """The notable records before an offset, the nearest first."""
        last = self._number(offset)
        while last > 0:
            first = max(0, last - _CHUNK)
            for path, local in reversed(self._scan.notable_places(first, last - first)):
                begin = self.offset(path, local)
                if begin < offset:
                    yield self._record(begin)
            last = first

    def _record(self, begin: int) -> TextLine:
        path, local = self.place(begin)
        line = next(TextFile(self._source, path).forward(local))
        return replace(line, offset=begin, end=begin + line.end - line.offset)

    def _number(self, offset: int) -> int:
        """How many notable records begin before an offset."""
        low, high = 0, self._scan.notable
        while low < high:
            middle = (low + high) // 2
            places = self._scan.notable_places(middle, 1)
            if places and self.offset(*places[0]) < offset:
                low = middle + 1
            else:
                high = middle
        return low
