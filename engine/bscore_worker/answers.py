"""What run() returned, judged by the original's rules and made ready bytes (reference 1.8-1.11, 3.1-3.2)."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

from bscore_worker.traces import plain, shown
from bscore_worker.wire import MAX_INLINE_BYTES

#: Rows formatted at a time, so that a huge return value does not stand in memory three times over.
_CHUNK_ROWS = 10_000


class RejectedReturnError(Exception):
    """run() returned something the original refuses."""


class ShortReturnError(Exception):
    """run() returned fewer elements than items, and such returns are tried again."""


class Verdict(NamedTuple):
    """An accepted return value; `spool` names the file that holds the rows in place of `body`."""

    returned: int
    rows: int
    nbytes: int
    body: bytes
    header: bytes
    spool: str


class Judge:
    """Judges return values and formats their rows.

    `to_csv` are keyword arguments over the original's; `spool` is the beginning of the names of spool files.
    """

    def __init__(
        self, append_row: bool, header: bool, to_csv: Dict[str, Any], retry_short: bool, spool: str
    ) -> None:
        self._append_row = append_row
        self._retry_short = retry_short
        self._spool = spool
        self._spooled = 0
        wanted = {
            key: value for key, value in to_csv.items() if key not in ("path_or_buf", "mode", "compression")
        }
        names = wanted.pop("header", False)
        self._names = names or header
        self._encoding = wanted.pop("encoding", None) or "utf-8"
        self._to_csv = dict({"sep": " ", "index": False}, **wanted)
        self._header_of: Tuple[Any, bytes] = (None, b"")

    def __call__(self, returned: Any, items: int) -> Verdict:
        """Accept it, or raise RejectedReturnError, ShortReturnError, or what formatting raises."""
        if isinstance(returned, (list, tuple)):
            count, is_frame = len(returned), False
        elif _is_frame(returned):
            count, is_frame = len(returned), True
        else:
            raise RejectedReturnError(
                "The run() method in the entry script accepts and should return a list or a pandas "
                "DataFrame. The actual type of output '%s' is %s."
                % (shown(returned), plain(str(type(returned))))
            )
        if count < items and self._retry_short:
            raise ShortReturnError("run() returned %d elements for %d items." % (count, items))
        if not self._append_row or not count:
            return Verdict(count, 0, 0, b"", b"", "")
        if is_frame:
            body, nbytes, spool = self._gather(self._frame_pieces(returned))
            return Verdict(count, count, nbytes, body, self._header(returned), spool)
        if count <= _CHUNK_ROWS:
            body = _encode("\n".join(map(str, returned)) + "\n")
            if len(body) <= MAX_INLINE_BYTES:
                return Verdict(count, count, len(body), body, b"", "")
            body, nbytes, spool = self._gather(iter([body]))
        else:
            body, nbytes, spool = self._gather(_list_pieces(returned))
        return Verdict(count, count, nbytes, body, b"", spool)

    def _frame_pieces(self, frame: Any) -> Iterator[bytes]:
        for first in range(0, len(frame), _CHUNK_ROWS):
            text = frame.iloc[first : first + _CHUNK_ROWS].to_csv(header=False, **self._to_csv)
            yield text.encode(self._encoding, "surrogateescape")

    def _header(self, frame: Any) -> bytes:
        """The line of column names where it is wanted; remembered, since it hardly ever changes."""
        if not self._names:
            return b""
        columns = list(frame.columns)
        if self._header_of[0] != columns:
            text = frame.iloc[:0].to_csv(header=self._names, **self._to_csv)
            self._header_of = (columns, text.encode(self._encoding, "surrogateescape"))
        return self._header_of[1]

    def _gather(self, pieces: Iterator[bytes]) -> Tuple[bytes, int, str]:
        """(body, bytes, spool file): small rows in one piece, others in a file."""
        held: List[bytes] = []
        size = 0
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > MAX_INLINE_BYTES:
                name = self._new_spool(held, pieces)
                return b"", os.stat(name).st_size, name
        return b"".join(held), size, ""

    def _new_spool(self, held: List[bytes], pieces: Iterator[bytes]) -> str:
        self._spooled += 1
        name = "%s.%d.rows" % (self._spool, self._spooled)
        fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                for piece in held:
                    file.write(piece)
                del held[:]
                for piece in pieces:
                    file.write(piece)
        except BaseException:
            os.remove(name)
            raise
        return name


def _is_frame(value: Any) -> bool:
    """A DataFrame, without importing pandas: whoever made one has imported it."""
    kind = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return isinstance(kind, type) and isinstance(value, kind)


def is_array(value: Any) -> bool:
    """A numpy array that has elements to iterate over."""
    kind = getattr(sys.modules.get("numpy"), "ndarray", None)
    return isinstance(kind, type) and isinstance(value, kind) and bool(value.ndim)  # type: ignore[attr-defined]  # numpy, which is not ours to import


def _list_pieces(returned: Any) -> Iterator[bytes]:
    for first in range(0, len(returned), _CHUNK_ROWS):
        yield _encode("\n".join(map(str, returned[first : first + _CHUNK_ROWS])) + "\n")


def _encode(text: str) -> bytes:
    try:
        # Undecodable bytes of a path come back as they were.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")
