"""Rows that keep their types on the way: frames of plain values, keyed by their mini-batch.

A frame is u64 payload bytes, u64 mini-batch, u32 chunk, payload. The payload is a pickle (protocol 4) of
builtins; the few other types that rows may hold stand in it as calls of `revive` below, which the reader,
bscore.scoring.row_reader, lets pass and nothing else.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from typing import Any, Iterator, Tuple

from bscore_worker import revived
from bscore_worker.plain_tables import NotPlainError, plain_parts, table_parts

HEAD = struct.Struct("<QQI")
#: Rows of a frame.
CHUNK_ROWS = 10_000

#: Types of the standard library that pickle as a call with plain arguments; the reader lets them pass.
STANDARD = frozenset(
    [("datetime", name) for name in ("datetime", "date", "time", "timedelta", "timezone")]
    + [("decimal", "Decimal"), ("uuid", "UUID"), ("fractions", "Fraction"), ("builtins", "complex")]
    + [("builtins", "bytearray"), ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "range")]
    + [("collections", "OrderedDict")]
)


def revive(kind: str, *parts: Any) -> Any:
    """The value of these parts; this name is what stands in pickles."""
    return revived.revive(kind, *parts)


_IS_3_7 = tuple(sys.version_info) < (3, 8)


class _Packer(pickle.Pickler):
    """Lets builtins pass at full speed and is asked about everything else."""

    def reducer_override(self, obj: Any) -> Any:
        if obj is revive:
            return NotImplemented
        kind = type(obj)
        if isinstance(obj, type):
            if (obj.__module__, obj.__qualname__) not in STANDARD:
                raise NotPlainError("the class %s.%s" % (obj.__module__, obj.__qualname__))
            return NotImplemented
        if (kind.__module__, kind.__qualname__) in STANDARD:
            return NotImplemented
        parts = plain_parts(obj)
        if parts:
            return revive, parts
        raise NotPlainError("%s.%s" % (kind.__module__, kind.__qualname__))


def pieces(mini_batch: int, returned: Any, is_frame: bool) -> Iterator[bytes]:
    """The frames of what run() returned. Raises NotPlainError, naming the type that cannot be kept."""
    for chunk, first in enumerate(range(0, len(returned), CHUNK_ROWS)):
        part: Tuple[Any, ...]
        if is_frame:
            whole = len(returned) <= CHUNK_ROWS
            part = table_parts(returned if whole else returned.iloc[first : first + CHUNK_ROWS])
        else:
            part = _list(returned[first : first + CHUNK_ROWS])
        payload = _packed(part)
        yield HEAD.pack(len(payload), mini_batch, chunk) + payload


class _ByType:
    """Asks the packer where Python 3.7 looks for how a type is pickled; it knows no reducer_override."""

    def __init__(self, packer: _Packer) -> None:
        self._packer = packer

    def __getitem__(self, kind: type) -> Any:
        if (kind.__module__, kind.__qualname__) in STANDARD:
            raise KeyError(kind)
        return self._packer.reducer_override


def _packed(value: Any) -> bytes:
    buffer = io.BytesIO()
    packer: Any = _Packer(buffer, 4)
    if _IS_3_7:
        packer.dispatch_table = _ByType(packer)
    packer.dump(value)
    return buffer.getvalue()


def _list(rows: Any) -> Tuple[Any, ...]:
    """Rows that are all alike numpy values travel as one array."""
    numpy: Any = sys.modules.get("numpy")
    first = rows[0]
    if numpy is not None and isinstance(first, (numpy.ndarray, numpy.generic)):
        kind, dtype, shape = type(first), first.dtype, first.shape
        plain = kind.__module__ == "numpy" and not dtype.hasobject and not dtype.names
        if plain and all(type(row) is kind and row.dtype == dtype and row.shape == shape for row in rows):
            return "alike", numpy.array(rows)
    return "list", list(rows)


def shown_types() -> str:
    """What rows may hold, in words."""
    return "builtins, numpy values and arrays, dates and times, Decimal, UUID, pandas Timestamps"
