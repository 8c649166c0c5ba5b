"""Rows on their way from text to bytes: short ones stay in memory, long ones go to a file."""

from __future__ import annotations

import codecs
import inspect
import io
import os
from typing import IO, Any, Callable, Dict, List, Optional, Tuple

from bscore_worker.wire import MAX_INLINE_BYTES

_ERRORS = "bscore_rows"
#: How many undecodable bytes were written as text so far.
ESCAPED = [0]


def _replace(error: UnicodeError) -> Tuple[Any, int]:
    r"""Undecodable bytes of a path are written as `\xff`, other lone surrogates as `\ud800`: always UTF-8."""
    assert isinstance(error, UnicodeEncodeError)
    one = ord(error.object[error.start])
    if 0xDC80 <= one <= 0xDCFF:
        ESCAPED[0] += 1
        return "\\x%02x" % (one - 0xDC00), error.start + 1
    return ("\\u%04x" if one <= 0xFFFF else "\\U%08x") % one, error.start + 1


codecs.register_error(_ERRORS, _replace)


def encode_row_text(text: str, encoding: str = "utf-8") -> bytes:
    """The bytes of rows; whatever a str may hold can be written."""
    return text.encode(encoding, _ERRORS)


class Rows(io.RawIOBase):
    """Takes bytes; above 1 MiB they go to `path`, which must not exist. It is removed if that fails.

    `look` sees every piece and says how many lines it has.
    """

    def __init__(self, path: str, look: Optional[Callable[[bytes], int]] = None) -> None:
        super().__init__()
        self._path = path
        self._look = look
        self.lines = 0
        self._held: List[bytes] = []
        self._file: Optional[IO[bytes]] = None
        self.nbytes = 0

    @property
    def spool(self) -> str:
        """The file that holds the rows; empty while they are held here."""
        return self._path if self._file is not None else ""

    def held(self) -> bytes:
        """The rows, unless they are in the file, which is whole from now on."""
        if self._file is not None:
            self._file.close()
        return b"".join(self._held)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Take all of it. Raises OSError when the disk does."""
        piece = bytes(data)
        self.nbytes += len(piece)
        if self._look is not None:
            self.lines += self._look(piece)
        if self._file is None and self.nbytes <= MAX_INLINE_BYTES:
            self._held.append(piece)
            return len(piece)
        if self._file is None:
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(fd, "wb")
            self._file.writelines(self._held)
            self._held = []
        self._file.write(piece)
        return len(piece)

    def text(self, encoding: str) -> io.TextIOWrapper:
        """A text file over this one; leaving its `with` writes what it holds."""
        buffered = io.BufferedWriter(_Open(self), MAX_INLINE_BYTES)
        return io.TextIOWrapper(buffered, encoding=encoding, errors=_ERRORS, newline="")

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is not None and self._file is not None:
            self._file.close()
            os.remove(self._path)
        super().__exit__(kind, error, trace)


class _Open(io.RawIOBase):
    """Passes bytes on and stays apart: closing it closes nothing else."""

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any) -> int:
        """Pass on."""
        return self._rows.write(data)


def frame_keywords(frame: Any, given: Dict[str, Any]) -> Dict[str, Any]:
    """Keywords of to_csv in the words of this pandas: `line_terminator` lost its underscore in 1.5."""
    old, new = "line_terminator", "lineterminator"
    if old not in given and new not in given:
        return given
    here = new if new in inspect.signature(frame.to_csv).parameters else old
    return {here if key in (old, new) else key: value for key, value in given.items()}
