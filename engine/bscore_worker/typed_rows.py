"""Rows that keep their types on the way: frames of plain values, keyed by their mini-batch.

A frame is u64 payload bytes, u64 mini-batch, u32 chunk, payload. The payload is a pickle (protocol 4) of
builtins; the few other types that rows may hold stand in it as calls of `revive` below, which the reader,
bscore.scoring.row_reader, knows and nothing else.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from typing import Any, Iterator, Tuple

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


class NotPlainError(Exception):
    """A row holds something that is neither plain nor one of the known types."""


def revive(kind: str, *parts: Any) -> Any:
    """Only its name is ever pickled: the reader puts its own function in this place."""
    raise NotImplementedError(kind)


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
        parts = _numpy_parts(obj) or _pandas_parts(obj)
        if parts:
            return revive, parts
        if kind.__module__ == "zoneinfo":
            return revive, ("zone", str(obj))
        raise NotPlainError("%s.%s" % (kind.__module__, kind.__qualname__))


def _numpy_parts(value: Any) -> Tuple[Any, ...]:
    """How a numpy value or array travels; nothing for other values. Raises NotPlainError."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
        return ()
    masked: Any = sys.modules.get("numpy.ma")
    if masked is not None and isinstance(value, masked.MaskedArray):
        raise NotPlainError("a masked array")
    if value.dtype.names or (value.dtype.hasobject and isinstance(value, numpy.generic)):
        raise NotPlainError("a numpy value of type %s" % (value.dtype,))
    if value.dtype.hasobject:
        return "objects", value.shape, value.ravel().tolist()
    kind = "scalar" if isinstance(value, numpy.generic) else "array"
    return kind, value.dtype.str, value.shape, value.tobytes()


def _pandas_parts(value: Any) -> Tuple[Any, ...]:
    """How a moment or a missing value of pandas travels; nothing for other values."""
    pandas: Any = sys.modules.get("pandas")
    if pandas is None:
        return ()
    if value is pandas.NaT or value is pandas.NA:
        return ("NaT" if value is pandas.NaT else "NA",)
    if isinstance(value, pandas.Timestamp):
        return "Timestamp", value.value, getattr(value, "unit", "ns"), value.tz and str(value.tz)
    if isinstance(value, pandas.Timedelta):
        return "Timedelta", value.value, getattr(value, "unit", "ns")
    return ()


def pieces(mini_batch: int, returned: Any, is_frame: bool) -> Iterator[bytes]:
    """The frames of what run() returned. Raises NotPlainError, naming the type that cannot be kept."""
    for chunk, first in enumerate(range(0, len(returned), CHUNK_ROWS)):
        part: Tuple[Any, ...]
        if is_frame:
            whole = len(returned) <= CHUNK_ROWS
            part = _table(returned if whole else returned.iloc[first : first + CHUNK_ROWS])
        else:
            part = _list(returned[first : first + CHUNK_ROWS])
        payload = _packed(part)
        yield HEAD.pack(len(payload), mini_batch, chunk) + payload


def _packed(value: Any) -> bytes:
    buffer = io.BytesIO()
    _Packer(buffer, 4).dump(value)
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


def _table(frame: Any) -> Tuple[Any, ...]:
    columns = [_column(series) for _, series in frame.items()]
    index = frame.index
    if type(index).__name__ == "RangeIndex":
        labels: Tuple[Any, ...] = ("range", index.start, index.stop, index.step, index.name)
    elif index.nlevels > 1:
        labels = ("tuples", list(index.names), index.tolist())
    else:
        labels = ("labels", index.name, _column(index.to_series()))
    return "table", list(frame.columns), list(frame.columns.names), labels, columns


def _column(series: Any) -> Tuple[Any, ...]:
    """Numbers, truth values and times as raw bytes, everything else as a list with the name of its type.

    Behind those of a categorical column stand its categories, and whether they are ordered.
    """
    dtype = series.dtype
    if str(dtype) == "category":
        return "category", str(dtype), series.tolist(), dtype.categories.tolist(), bool(dtype.ordered)
    if getattr(dtype, "kind", "O") in "biufcmM" and hasattr(dtype, "newbyteorder"):
        return "raw", dtype.str, series.to_numpy().tobytes()
    return "list", str(dtype), series.tolist()


def shown_types() -> str:
    """What rows may hold, in words."""
    return "builtins, numpy values and arrays, dates and times, Decimal, UUID, pandas Timestamps"
