"""The shape of rows as one worker sees it: their columns, where these change, and what readers stumble on.

Rows are written as they come, below those of other mini-batches. A worker knows its own ones only, so it says
each change and leaves the comparison to the master.
"""

from __future__ import annotations

import io
import re
import sys
from typing import Any, Dict, List, Set, Tuple
from zlib import crc32

from bscore_worker.row_text import ESCAPED
from bscore_worker.traces import plain
from bscore_worker.wire import Message

#: Names that travel, and characters of each; count and digest stand for all of them.
MAX_NAMES = 100
MAX_NAME_CHARACTERS = 60
#: Different lengths of the rows of one list that are told apart.
MAX_LENGTHS = 5

_QUOTE_NONE = 3
#: Form, names, count, digest of elements that are no rows of their own.
_VALUES: Tuple[Any, ...] = ("values", (), 1, 0)
_SINGLE = frozenset([str, int, float, bool, dict, bytes, type(None)])
_REPR = r"\bnp\.(?:\w*(?:int|float|complex)\d+|bool_?|str_|datetime64|timedelta64)\("
_NUMPY_REPR, _NUMPY_REPR_BYTES = re.compile(_REPR), re.compile(_REPR.encode())
#: Where str.splitlines() splits and readers of files do not.
_SEPARATORS = ("\x85", "\u2028", "\u2029")
_SEPARATORS_BYTES = re.compile(b"\xc2\x85|\xe2\x80[\xa8\xa9]")


class RowShape:
    """Remembers what was said; a change, and a thing to note, is said once. `to_csv` is for DataFrames.

    `drops_index`: nobody asked for rows without their index.
    """

    def __init__(self, to_csv: Dict[str, Any], encoding: str, drops_index: bool = False) -> None:
        self._drops_index = drops_index
        self._chosen = to_csv.get("columns") is not None
        self._with_index = bool(to_csv.get("index"))
        self._utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        own_lines = to_csv.get("lineterminator") or to_csv.get("line_terminator") or "\n"
        self._plain_lines = own_lines == "\n" and self._utf8
        self._quotes = to_csv.get("quoting") != _QUOTE_NONE
        self._escaped = ESCAPED[0]
        self._labels: Any = None
        self._said: Tuple[Any, ...] = ()
        self._found: Set[str] = set()
        self._noted: Set[str] = set()

    def look(self, text: str, rows: int) -> None:
        """Look at the text of so many elements of a list."""
        if "\r" in text or text.count("\n") != rows:
            self._found.add("line-breaks")
        if "(" in text and "np." in text and _NUMPY_REPR.search(text):
            self._found.add("numpy-reprs")
        if not text.isascii() and any(mark in text for mark in _SEPARATORS):
            self._found.add("separators")

    def look_at_piece(self, piece: bytes) -> int:
        """Look at a piece of the text of a DataFrame; the number of its lines."""
        if not self._utf8:
            return 0
        if b"\r" in piece and self._plain_lines:
            if _quotes_returns():
                self._plain_lines = False
            else:
                self._found.add("carriage-returns")
        if b"np." in piece and _NUMPY_REPR_BYTES.search(piece):
            self._found.add("numpy-reprs")
        if _SEPARATORS_BYTES.search(piece):
            self._found.add("separators")
        return piece.count(b"\n")

    def of_list(self, rows: Any, mini_batch: int) -> Tuple[Message, ...]:
        """What there is to say of a list that was written; nothing where its rows cannot be compared."""
        if ESCAPED[0] != self._escaped:
            self._count_escaped()
        first = rows[0]
        if type(first) in _SINGLE:
            said = _VALUES
            if self._said is said and not self._found:
                return ()
        else:
            try:
                said = _lengths(rows) if isinstance(first, (list, tuple)) or is_array(first) else _VALUES
            except Exception:
                return ()
        return () if said == self._said and not self._found else self._news(said, mini_batch)

    def of_frame(self, frame: Any, lines: int, mini_batch: int) -> Tuple[Message, ...]:
        """What there is to say of a DataFrame that was written and has so many lines; as above."""
        if ESCAPED[0] != self._escaped:
            self._count_escaped()
        if self._plain_lines and lines != len(frame):
            self._found.add("quoted-line-breaks" if self._quotes else "line-breaks")
        try:
            if self._drops_index and _says_something(frame.index):
                self._drops_index = False
                self._found.add("index")
            said = self._table(frame)
        except Exception:
            return ()
        return () if said == self._said and not self._found else self._news(said, mini_batch)

    def of_typed(self, frame: Any, mini_batch: int) -> Tuple[Message, ...]:
        """What there is to say of a DataFrame whose rows are joined by column names; as above."""
        try:
            labels = frame.columns.tolist()
            if self._said and labels == self._labels:
                return ()
            said = ("named", *_named(sorted(plain(str(label)) for label in labels)))
        except Exception:
            return ()
        self._labels = labels
        return () if said == self._said else self._news(said, mini_batch)

    def _count_escaped(self) -> None:
        self._escaped = ESCAPED[0]
        self._found.add("escaped-bytes")

    def _table(self, frame: Any) -> Tuple[Any, ...]:
        """A table as it is said; where to_csv chooses the columns itself, they are always the same."""
        if self._chosen:
            return "table", (), -1, 0
        labels = frame.columns.tolist()
        if self._with_index:
            labels = ["(index)" if name is None else name for name in frame.index.names] + labels
        if self._said and self._said[0] == "table" and labels == self._labels:
            return self._said
        self._labels = labels
        return ("table", *_named([plain(str(label)) for label in labels]))

    def _news(self, said: Tuple[Any, ...], mini_batch: int) -> Tuple[Message, ...]:
        news: Tuple[Message, ...] = ()
        if said != self._said:
            self._said = said
            news = (("columns", mini_batch, *said),)
        fresh = sorted(self._found - self._noted)
        self._noted.update(fresh)
        self._found.clear()
        return news + tuple(("noted", mini_batch, code) for code in fresh)


def _says_something(index: Any) -> bool:
    """Whether row labels are more than numbers that pandas gave the rows."""
    return index.dtype.kind not in "iu" or index.name is not None


def _named(names: List[str]) -> Tuple[Any, ...]:
    """The first names, how many there are, and a digest of all."""
    digest = crc32("\n".join(names).encode())
    return tuple(_cut(name) for name in names[:MAX_NAMES]), len(names), digest


def _cut(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARACTERS else name[: MAX_NAME_CHARACTERS - 1] + "…"


def _lengths(rows: Any) -> Tuple[Any, ...]:
    """Rows that are lists or tuples, by how many elements they have."""
    try:
        lengths = set(map(len, rows))
    except TypeError:
        lengths = {len(row) for row in rows if hasattr(row, "__len__")}
    if len(lengths) == 1:
        return "rows", (), lengths.pop(), 0
    shown = [str(length) for length in sorted(lengths)]
    cut = len(shown) > MAX_LENGTHS
    names = tuple(shown[: MAX_LENGTHS - 1] + shown[-1:]) if cut else tuple(shown)
    return "mixed", names, len(shown), crc32(" ".join(shown).encode())


def is_array(value: Any) -> bool:
    """A numpy array that has elements to iterate over."""
    kind = getattr(sys.modules.get("numpy"), "ndarray", None)
    return isinstance(kind, type) and isinstance(value, kind) and bool(value.ndim)  # type: ignore[attr-defined]  # numpy, which is not ours to import


def _quotes_returns() -> bool:
    """Whether this Python's csv module, which pandas writes with, quotes a carriage return (3.13 does)."""
    import csv

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["a\rb"])
    return '"' in text.getvalue()
