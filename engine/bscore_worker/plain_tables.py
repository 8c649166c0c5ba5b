"""Tables and what they hold as plain parts, which no version of numpy or pandas has to understand.

A column is a tuple: its kind, what two parts of one column have in common, then buffers and plain values.
`bscore_worker.revived` makes tables of them again, with whatever pandas is there.
"""

from __future__ import annotations

import sys
from datetime import timezone, tzinfo
from typing import Any, Tuple

Parts = Tuple[Any, ...]
#: Kinds of numpy types whose memory says everything.
_RAW = "biufcmM"


class NotPlainError(Exception):
    """A value is neither plain nor of one of the known types."""


def plain_parts(value: Any) -> Parts:
    """How a value of numpy or pandas, or a time zone, travels; () for others. Raises NotPlainError."""
    parts = _numpy_parts(value) or _pandas_parts(value)
    if not parts and isinstance(value, tzinfo) and type(value) is not timezone:
        return "zone", zone_parts(value)
    return parts


def _numpy_parts(value: Any) -> Parts:
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


def _pandas_parts(value: Any) -> Parts:
    pandas: Any = sys.modules.get("pandas")
    if pandas is None:
        return ()
    if value is pandas.NaT or value is pandas.NA:
        return ("NaT" if value is pandas.NaT else "NA",)
    if isinstance(value, pandas.Timestamp):
        moment = value.asm8
        return "moment", int(moment.view("i8")), _unit(moment.dtype), zone_parts(value.tz)
    if isinstance(value, pandas.Timedelta):
        span = value.asm8
        return "span", int(span.view("i8")), _unit(span.dtype)
    if isinstance(value, pandas.Period):
        return "period", value.ordinal, value.freqstr
    if isinstance(value, pandas.Interval):
        return "interval", value.left, value.right, value.closed
    if type(value) is pandas.DataFrame:
        return table_parts(value) + ((dict(value.attrs),) if value.attrs else ())
    if type(value) is pandas.Series:
        return "series", value.name, index_parts(value.index), column_parts(value)
    if isinstance(value, pandas.Index):
        return "index", index_parts(value)
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return "column", column_parts(pandas.Series(value))
    return ()


def _unit(dtype: Any) -> str:
    """The `us` of `<M8[us]`."""
    return str(dtype.str[4:-1])


def zone_parts(zone: Any) -> Any:
    """A time zone as its name, or as seconds east of Greenwich. Raises NotPlainError for another one."""
    if zone is None:
        return None
    for attribute in ("key", "zone"):
        name = getattr(zone, attribute, None)
        if isinstance(name, str):
            return name
    try:
        offset = zone.utcoffset(None)
    except Exception:
        offset = None
    if offset is not None:
        return int(offset.total_seconds()) or "UTC"
    file = str(getattr(zone, "_filename", ""))
    if "/" in file:
        return file.rpartition("zoneinfo/")[2].lstrip("/")
    raise NotPlainError("the time zone %r" % (zone,))


def table_parts(frame: Any) -> Parts:
    """A table: column names, names of their levels, row labels, columns."""
    columns = [column_parts(series) for _, series in frame.items()]
    return "table", list(frame.columns), list(frame.columns.names), index_parts(frame.index), columns


def index_parts(index: Any) -> Parts:
    """Row labels: a range, tuples, or a column of labels."""
    if type(index).__name__ == "RangeIndex":
        return "range", index.start, index.stop, index.step, index.name
    if index.nlevels > 1:
        return "tuples", list(index.names), index.tolist()
    return "labels", index.name, column_parts(index.to_series())


def column_parts(series: Any) -> Parts:
    """Numbers, truth values and times as raw bytes; what else there is by the kind of its type."""
    dtype = series.dtype
    if hasattr(dtype, "newbyteorder"):
        if dtype.kind in _RAW:
            return "raw", dtype.str, series.to_numpy().tobytes()
        return "list", str(dtype), series.tolist()
    pack = _KINDS.get(type(dtype).__name__)
    if pack is None:
        pack = _masked if hasattr(dtype, "numpy_dtype") and not hasattr(dtype, "pyarrow_dtype") else _listed
    return pack(series, dtype)


def _listed(series: Any, dtype: Any) -> Parts:
    return "list", str(dtype), series.tolist()


def _masked(series: Any, dtype: Any) -> Parts:
    """The nullable types: values and where there are none."""
    plain = dtype.numpy_dtype
    values, missing = series.array.to_numpy(dtype=plain, na_value=plain.type(0)), series.isna().to_numpy()
    return "masked", str(dtype), plain.str, values.tobytes(), missing.tobytes()


def _category(series: Any, dtype: Any) -> Parts:
    codes = series.cat.codes.to_numpy()
    return "codes", codes.dtype.str, codes.tobytes(), index_parts(dtype.categories), bool(dtype.ordered)


def _zoned(series: Any, dtype: Any) -> Parts:
    moments = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    return "moments", (moments.dtype.str, zone_parts(dtype.tz)), moments.tobytes()


def _text(series: Any, dtype: Any) -> Parts:
    values = series.to_numpy(dtype=object, copy=True)
    values[series.isna().to_numpy()] = None
    # The type that pandas 3 gives to all text is the only one that says nan for what is missing.
    flavour = "str" if isinstance(getattr(dtype, "na_value", None), float) else "string"
    return "text", flavour, values.tolist()


def _periods(series: Any, dtype: Any) -> Parts:
    return "periods", str(dtype)[len("period[") : -1], series.array.asi8.tobytes()


def _intervals(series: Any, _dtype: Any) -> Parts:
    array = series.array
    left, right = column_parts(array.left.to_series()), column_parts(array.right.to_series())
    return "intervals", (array.closed, left[:2], right[:2]), left, right


def _sparse(series: Any, dtype: Any) -> Parts:
    return "sparse", str(dtype), dtype.fill_value, column_parts(series.sparse.to_dense())


def _arrow(series: Any, dtype: Any) -> Parts:
    """As the nearest type that needs no Arrow, and the name of what it was."""
    pandas: Any = sys.modules["pandas"]
    kind, objects = dtype.kind, series.astype(object)
    try:
        if kind in "iufb":
            inner = series.astype("boolean" if kind == "b" else _NULLABLE[kind] + str(8 * dtype.itemsize))
        elif kind in "Mm" and not str(dtype).startswith("date"):
            convert = pandas.to_datetime if kind == "M" else pandas.to_timedelta
            inner = pandas.Series(convert(objects.where(series.notna(), None).tolist()))
        else:
            inner = series.astype("string") if dtype.type is str else objects
    except (TypeError, ValueError):
        inner = objects
    return "arrow", str(dtype), column_parts(inner)


_NULLABLE = {"i": "Int", "u": "UInt", "f": "Float"}
_KINDS = {
    "CategoricalDtype": _category,
    "DatetimeTZDtype": _zoned,
    "StringDtype": _text,
    "PeriodDtype": _periods,
    "IntervalDtype": _intervals,
    "SparseDtype": _sparse,
    "ArrowDtype": _arrow,
}
