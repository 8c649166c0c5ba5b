"""An index of a text file in blocks of 64 KiB: lines, first time stamp, errors. Kept outside the tree.

A gigabyte is indexed in some two seconds; the number of a line in its middle is then one read away.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from array import array
from itertools import accumulate
from pathlib import Path

from bscore.logtree.grammar import GrammarError, read_second
from bscore.logtree.source import Source

BLOCK_BYTES = 64 * 1024
#: What is read at once.
_CHUNK_BYTES = 1024 * 1024
VERSION = 2
_STAMP = re.compile(rb"\n\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
_ERRORS = (b"ERROR", b"Traceback (most recent call last)")
_HEAD_BYTES = 4096
#: Lengths of path and columns; bytes indexed; identity of the file.
_FRAME = struct.Struct("<IIQq")
#: Smaller files are indexed again faster than their cache is read.
MIN_CACHED_BYTES = 8 * 1024 * 1024


class BlockIndex:
    """Grows with its file. Line numbers count from 0; a last line without newline counts once it is there."""

    def __init__(self, source: Source, path: str, cache: Path | None = None) -> None:
        self._source, self.path, self._cache = source, path, cache
        self._forget()
        self._loaded = False

    def _forget(self) -> None:
        #: Newlines in each block; seconds since 1970 of its first stamp (0: none); errors in it.
        self.newlines = array("Q")
        self.stamps = array("Q")
        self.errors = array("L")
        self._ends = array("Q")
        self.nbytes = 0
        self._identity = 0
        self._head = b""

    @property
    def lines(self) -> int:
        """Newlines so far."""
        return self._ends[-1] if self._ends else 0

    def grow(self, budget: int = 16 * 1024 * 1024) -> bool:
        """Index at most so many bytes that are new; whether there are more. Another file is begun anew."""
        entry = self._source.stat(self.path)
        if entry is None:
            self._forget()
            return False
        head = self._source.read(self.path, 0, min(_HEAD_BYTES, entry.size))
        if entry.size < self.nbytes or not head.startswith(self._head[: len(head)]):
            self._forget()
        if entry.identity != self._identity and self._identity:
            self._forget()
        self._identity = entry.identity
        if not self._loaded:
            self._loaded = True
            self._load(head, entry.size)
        self._head = head
        while self.nbytes < entry.size and budget > 0:
            budget -= self._chunk(entry.size)
        if self.nbytes >= entry.size:
            self._save()
        return self.nbytes < entry.size

    def _chunk(self, size: int) -> int:
        """Index some blocks, up to the size of the file; a last block that was not full is done again."""
        start = len(self.newlines) * BLOCK_BYTES
        if self.nbytes % BLOCK_BYTES:
            start -= BLOCK_BYTES
            for column in (self.newlines, self.stamps, self.errors, self._ends):
                column.pop()
        data = self._source.read(self.path, start, min(_CHUNK_BYTES, size - start))
        if not data:
            self.nbytes = start
            return _CHUNK_BYTES
        words = [word for word in _ERRORS if word in data]
        lines = self._ends[-1] if self._ends else 0
        for begin in range(0, len(data), BLOCK_BYTES):
            end = begin + BLOCK_BYTES
            number = data.count(b"\n", begin, end)
            lines += number
            self.newlines.append(number)
            self._ends.append(lines)
            self.stamps.append(_first_stamp(data, begin, end, whole=start + begin == 0))
            self.errors.append(sum(data.count(word, begin, end) for word in words))
        grown = start + len(data) - self.nbytes
        self.nbytes = start + len(data)
        return max(grown, 1)

    def line_before(self, offset: int) -> tuple[int, int]:
        """(block of an offset, newlines before that block)."""
        block = min(offset // BLOCK_BYTES, max(len(self._ends) - 1, 0))
        return block, self._ends[block - 1] if block else 0

    def _key(self, head: bytes) -> Path | None:
        if self._cache is None or self.nbytes < 0:
            return None
        name = hashlib.sha256(
            f"{VERSION} {self.path} ".encode("utf-8", "surrogateescape") + head
        ).hexdigest()[:32]
        return self._cache / f"{name}.idx"

    def _load(self, head: bytes, size: int) -> None:
        path = self._key(head)
        if path is None or size < MIN_CACHED_BYTES or len(head) < _HEAD_BYTES:
            return
        try:
            facts, _, body = path.read_bytes().partition(b"\n")
            known = json.loads(facts)
            blocks, nbytes = int(known["blocks"]), int(known["bytes"])
            if (
                nbytes > size
                or len(body) != blocks * (16 + self.errors.itemsize)
                or known["tail"] != self._tail(nbytes)
            ):
                return
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._take(body, nbytes)

    def _take(self, body: bytes, nbytes: int) -> None:
        """Begin with columns that were made elsewhere."""
        blocks = len(body) // (16 + self.errors.itemsize)
        self.newlines.frombytes(body[: blocks * 8])
        self.stamps.frombytes(body[blocks * 8 : blocks * 16])
        self.errors.frombytes(body[blocks * 16 :])
        self._ends.extend(accumulate(self.newlines))
        self.nbytes = nbytes

    def _columns(self) -> bytes:
        return self.newlines.tobytes() + self.stamps.tobytes() + self.errors.tobytes()

    def encoded(self) -> bytes:
        """Everything known, for another process of this machine: a frame that begins with its own length."""
        body, path = self._columns(), self.path.encode("utf-8", "surrogateescape")
        return _FRAME.pack(len(path), len(body), self.nbytes, self._identity) + path + body

    @classmethod
    def decoded(
        cls, source: Source, cache: Path | None, data: bytes, start: int
    ) -> tuple[BlockIndex, int] | None:
        """The index in the frame at `start`, and where that ends; None while it is not whole."""
        if len(data) < start + _FRAME.size:
            return None
        path, body, nbytes, identity = _FRAME.unpack_from(data, start)
        first = start + _FRAME.size
        end = first + path + body
        if len(data) < end:
            return None
        index = cls(source, data[first : first + path].decode("utf-8", "surrogateescape"), cache)
        index._identity, index._loaded = identity, True
        index._take(data[first + path : end], nbytes)
        return index, end

    def _tail(self, nbytes: int) -> str:
        """A digest of the bytes before the end of what is indexed: another file is not taken for this one."""
        start = max(0, nbytes - _HEAD_BYTES)
        return hashlib.sha256(self._source.read(self.path, start, nbytes - start)).hexdigest()

    def _save(self) -> None:
        path = self._key(self._head)
        if path is None or self.nbytes < MIN_CACHED_BYTES or len(self._head) < _HEAD_BYTES:
            return
        facts = {"blocks": len(self.newlines), "bytes": self.nbytes, "tail": self._tail(self.nbytes)}
        body = self._columns()
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(json.dumps(facts).encode() + b"\n" + body)
            fresh.replace(path)
        except OSError:
            # A cache that cannot be written costs two seconds the next time, nothing else.
            return


def _first_stamp(data: bytes, begin: int, end: int, *, whole: bool) -> int:
    """Seconds since 1970 of the first line that begins in a block with a time; `whole`: of a file."""
    match = _STAMP.search(data, begin, end)
    return (stamp_of(data[:64]) if whole else 0) or (_second(match) if match is not None else 0)


def next_stamp(data: bytes) -> tuple[int, int] | None:
    """(offset, seconds since 1970) of the first line behind a newline that begins with a time."""
    match = _STAMP.search(data)
    return None if match is None else (match.start() + 1, _second(match))


def stamp_of(line: bytes) -> int:
    """Seconds since 1970 of the time a line begins with; 0 where it begins with none."""
    match = _STAMP.match(b"\n" + line[:64])
    return _second(match) if match is not None else 0


def _second(match: re.Match[bytes]) -> int:
    try:
        return max(read_second(f"{match[1].decode()} {match[2].decode()}"), 0)
    except GrammarError:
        return 0


def cache_folder(environ: dict[str, str] | os._Environ[str]) -> Path:
    """Where indexes are kept: $XDG_CACHE_HOME/bscore, or ~/.cache/bscore."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bscore" / "index"
