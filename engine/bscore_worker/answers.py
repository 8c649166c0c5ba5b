"""What run() returned, judged by the original's rules and made ready bytes (reference 1.8-1.11, 3.1-3.2)."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

from bscore_worker.plain_tables import NotPlainError
from bscore_worker.row_shape import RowShape
from bscore_worker.row_text import Rows, encode_row_text, frame_keywords
from bscore_worker.traces import plain, shown
from bscore_worker.typed_rows import pieces as typed_pieces
from bscore_worker.typed_rows import shown_types
from bscore_worker.wire import MAX_INLINE_BYTES, Message

#: Rows formatted at a time, so that a huge return value does not stand in memory three times over.
_CHUNK_ROWS = 10_000
#: Characters of a return value that was refused.
_SHOWN_CHARACTERS = 60


class RejectedReturnError(Exception):
    """run() returned something the original refuses."""


class ShortReturnError(Exception):
    """run() returned fewer elements than items, and such returns are tried again."""


class Verdict(NamedTuple):
    """An accepted return value; `spool` names the file that holds the rows in place of `body`.

    `said` are messages about the shape of the rows, which go ahead of the answer.
    """

    returned: int
    rows: int
    nbytes: int
    body: bytes
    header: bytes
    spool: str
    said: Tuple[Message, ...] = ()


class Judge:
    """Judges return values and formats their rows.

    `to_csv` are keyword arguments over the original's; `spool` is the beginning of the names of spool files.
    `typed`: rows keep their types (bscore_worker.typed_rows) in place of becoming text.
    """

    def __init__(
        self,
        append_row: bool,
        header: bool,
        to_csv: Dict[str, Any],
        retry_short: bool,
        spool: str,
        typed: bool = False,
    ) -> None:
        self._append_row = append_row
        self._typed = typed
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
        self._shape = RowShape(self._to_csv, self._encoding, "index" not in wanted)

    def __call__(self, returned: Any, items: int, mini_batch: int = -1) -> Verdict:
        """Accept it, or raise RejectedReturnError, ShortReturnError, or what formatting raises."""
        if isinstance(returned, (list, tuple)):
            count, is_frame = len(returned), False
        elif _is_frame(returned):
            count, is_frame = len(returned), True
        else:
            raise RejectedReturnError(_refused(returned))
        if count < items and self._retry_short:
            raise ShortReturnError("run() returned %d elements for %d items." % (count, items))
        if not self._append_row or not count:
            return Verdict(count, 0, 0, b"", b"", "")
        if self._typed:
            return self._typed_rows(returned, mini_batch, is_frame)
        if is_frame:
            return self._frame_rows(returned, mini_batch)
        if count <= _CHUNK_ROWS:
            body = self._list_text(returned)
            if len(body) <= MAX_INLINE_BYTES:
                said = self._shape.of_list(returned, mini_batch)
                return Verdict(count, count, len(body), body, b"", "", said)
            pieces = iter([body])
        else:
            pieces = self._list_pieces(returned)
        with self._rows() as rows:
            for piece in pieces:
                rows.write(piece)
            held, said = rows.held(), self._shape.of_list(returned, mini_batch)
            return Verdict(count, count, rows.nbytes, held, b"", rows.spool, said)

    def _list_text(self, elements: Any) -> bytes:
        text = "\n".join(map(str, elements)) + "\n"
        self._shape.look(text, len(elements))
        return encode_row_text(text)

    def _list_pieces(self, returned: Any) -> Iterator[bytes]:
        for first in range(0, len(returned), _CHUNK_ROWS):
            yield self._list_text(returned[first : first + _CHUNK_ROWS])

    def _typed_rows(self, returned: Any, mini_batch: int, is_frame: bool) -> Verdict:
        try:
            with self._rows() as rows:
                for piece in typed_pieces(mini_batch, returned, is_frame):
                    rows.write(piece)
                count, held = len(returned), rows.held()
                said = self._shape.of_typed(returned, mini_batch) if is_frame else ()
                return Verdict(count, count, rows.nbytes, held, b"", rows.spool, said)
        except NotPlainError as error:
            raise RejectedReturnError(
                "run() returned a row that holds %s; rows may hold %s. Return a dict or a tuple of its parts."
                % (plain(str(error)), shown_types())
            ) from None

    def _rows(self, look: Optional[Callable[[bytes], int]] = None) -> Rows:
        self._spooled += 1
        return Rows("%s.%d.rows" % (self._spool, self._spooled), look)

    def _frame_rows(self, frame: Any, mini_batch: int) -> Verdict:
        """The rows as pandas writes them to a file: it formats in groups of its own (reference 3.2)."""
        count, header = len(frame), self._header(frame)
        with self._rows(self._shape.look_at_piece) as rows:
            with rows.text(self._encoding) as text:
                frame.to_csv(text, header=False, **frame_keywords(frame, self._to_csv))
            held, said = rows.held(), self._shape.of_frame(frame, rows.lines, mini_batch)
            return Verdict(count, count, rows.nbytes, held, header, rows.spool, said)

    def _header(self, frame: Any) -> bytes:
        """The line of column names where it is wanted; remembered, since it hardly ever changes."""
        if not self._names:
            return b""
        columns = list(frame.columns)
        if self._header_of[0] != columns:
            text = frame.iloc[:0].to_csv(header=self._names, **frame_keywords(frame, self._to_csv))
            self._header_of = (columns, encode_row_text(text, self._encoding))
        return self._header_of[1]


def _refused(returned: Any) -> str:
    """The original's sentence, with a remedy behind it that a report still has room for."""
    text = " ".join(shown(returned).split())
    if len(text) > _SHOWN_CHARACTERS:
        text = text[: _SHOWN_CHARACTERS - 3] + "..."
    try:
        remedy = _remedy(returned)
    except Exception:
        remedy = ""
    return (
        "The run() method in the entry script accepts and should return a list or a pandas DataFrame. "
        "The actual type of output '%s' is %s. %s" % (text, plain(str(type(returned))), remedy)
    ).rstrip()


def _remedy(returned: Any) -> str:
    if returned is None:
        return "A run() without a return statement returns None."
    if isinstance(returned, (str, bytes)):
        return "Return a list with one element per item."
    if isinstance(returned, dict):
        return "Return a list of rows, one per item."
    if inspect.iscoroutine(returned):
        return "run() cannot be an async function."
    pandas: Any = sys.modules.get("pandas")
    if pandas is not None and isinstance(returned, (pandas.Series, pandas.Index)):
        return "Return its .tolist(), or a DataFrame."
    if hasattr(returned, "tolist") and not getattr(returned, "shape", True):
        return "It is one value: return a list with one element per item."
    for way in ("tolist", "to_pandas", "toPandas"):
        if hasattr(returned, way):
            return "Return its .%s()." % way
    for way in ("toarray", "numpy"):
        if hasattr(returned, way):
            return "Return its .%s().tolist()." % way
    if hasattr(returned, "__iter__"):
        return "Return list(...) of it."
    return "Return a list with one element per item."


def _is_frame(value: Any) -> bool:
    """A DataFrame, without importing pandas: whoever made one has imported it."""
    kind = getattr(sys.modules.get("pandas"), "DataFrame", None)
    return isinstance(kind, type) and isinstance(value, kind)
