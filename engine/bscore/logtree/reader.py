"""Lines out of files that grow, shrink, are replaced or vanish; bytes in, whole lines out.

Law: how the bytes are cut into chunks changes nothing about the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bscore.logtree.source import Source

#: Longer lines are cut here and flagged; the rest up to their newline is skipped.
LONG_LINE_BYTES = 64 * 1024
#: What one poll reads of one file at most, so that one busy file cannot starve the others.
POLL_BYTES = 256 * 1024
#: Bytes before the offset that must still be there, else the file is another one.
_WITNESS_BYTES = 64
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """A whole line without its line end (LF or CRLF), and the file offset where it starts."""

    offset: int
    data: bytes
    #: The line was longer than `LONG_LINE_BYTES`; `data` is its beginning.
    long: bool = False

    @property
    def text(self) -> str:
        """The line as text; bytes that are not UTF-8 become U+FFFD. Not yet safe for a terminal."""
        return self.data.decode("utf-8", "replace")


class LineReader:
    """Cuts bytes into lines; what stands behind the last newline waits for more."""

    __slots__ = ("_carry", "_offset", "_skipping")

    def __init__(self, offset: int = 0) -> None:
        self._carry = b""
        self._offset = offset
        self._skipping = False

    @property
    def rest(self) -> bytes:
        """The unfinished last line so far (empty inside a line that was already cut)."""
        return self._carry

    @property
    def offset(self) -> int:
        """Where the unfinished last line starts."""
        return self._offset

    def feed(self, data: bytes) -> list[Line]:
        """The lines that these bytes finish, in order."""
        lines: list[Line] = []
        if self._skipping:
            end = data.find(b"\n")
            if end < 0:
                self._offset += len(data)
                return lines
            self._offset += end + 1
            self._skipping = False
            data = data[end + 1 :]
        pieces = data.split(b"\n")
        pieces[0] = self._carry + pieces[0]
        self._carry = pieces.pop()
        for piece in pieces:
            lines.append(_line(self._offset, piece))
            self._offset += len(piece) + 1
        if len(self._carry) > LONG_LINE_BYTES:
            lines.append(_line(self._offset, self._carry))
            self._offset += len(self._carry)
            self._carry = b""
            self._skipping = True
        return lines


def _line(offset: int, piece: bytes) -> Line:
    long = len(piece) > LONG_LINE_BYTES
    piece = piece[:LONG_LINE_BYTES] if long else piece.removesuffix(b"\r")
    if offset == 0:
        for bom in _BOMS:
            piece = piece.removeprefix(bom)
    return Line(offset, piece, long)


class Change(StrEnum):
    """What happened to a tailed file besides growing."""

    NOTHING = "nothing"
    #: It has fewer bytes than were read, or other ones; reading began anew.
    TRUNCATED = "truncated"
    #: Another file took its name; reading began anew.
    REPLACED = "replaced"
    #: It is not there (any more).
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class TailBatch:
    """The lines one poll found; `generation` counts how often reading began anew."""

    path: str
    generation: int
    lines: list[Line]
    change: Change
    #: There is more to read at once.
    more: bool


class Tail:
    """Follows one file of a source; call `poll` whenever it may have changed."""

    __slots__ = (
        "_generation", "_gone", "_identity", "_offset", "_path", "_reader", "_source", "_there", "_witness",
    )  # fmt: skip

    def __init__(self, source: Source, path: str, offset: int = 0) -> None:
        """`offset` is where to begin: the start of a line."""
        self._source = source
        self._path = path
        self._offset = offset
        self._reader = LineReader(offset)
        self._generation = 0
        self._identity = 0
        self._witness = b""
        self._there = False
        self._gone = False

    @property
    def offset(self) -> int:
        """Bytes read so far of the present generation."""
        return self._offset

    @property
    def rest(self) -> bytes:
        """The unfinished last line so far."""
        return self._reader.rest

    def poll(self, limit: int = POLL_BYTES) -> TailBatch:
        """Read at most `limit` new bytes."""
        entry = self._source.stat(self._path)
        if entry is None or entry.is_dir:
            change = Change.VANISHED if self._there else Change.NOTHING
            self._there, self._gone = False, self._gone or self._there
            return TailBatch(self._path, self._generation, [], change, more=False)
        change = Change.NOTHING
        if self._gone or (self._identity and entry.identity != self._identity):
            change = self._restart(Change.REPLACED)
        elif entry.size < self._offset:
            change = self._restart(Change.TRUNCATED)
        self._there, self._gone, self._identity = True, False, entry.identity
        if entry.size == self._offset:
            return TailBatch(self._path, self._generation, [], change, more=False)
        data = self._read(limit)
        if data is None:
            change = self._restart(Change.TRUNCATED)
            data = self._read(limit) or b""
        self._offset += len(data)
        self._witness = (self._witness + data)[-_WITNESS_BYTES:]
        more = len(data) == limit and entry.size > self._offset
        return TailBatch(self._path, self._generation, self._reader.feed(data), change, more)

    def _read(self, limit: int) -> bytes | None:
        """New bytes; None where the bytes before them are not those read earlier."""
        known = self._witness
        data = self._source.read(self._path, self._offset - len(known), limit + len(known))
        return data[len(known) :] if data.startswith(known) else None

    def _restart(self, change: Change) -> Change:
        self._offset = 0
        self._reader = LineReader()
        self._generation += 1
        self._witness = b""
        return change
