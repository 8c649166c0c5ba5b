"""Values and tables out of their plain parts (bscore_worker.plain_tables), by the numpy and pandas here.

What this pandas has no type for becomes the nearest one that it has.
"""

from __future__ import annotations

import datetime
import importlib
from typing import Any, Callable, Dict, List, Sequence, Tuple

Parts = Tuple[Any, ...]
#: What pandas calls a column that holds any objects.
OBJECT = "object"
#: Frequencies by their older names, which newer pandas refuses.
_FREQUENCIES = {"A": "Y", "H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns"}


def revive(kind: str, *parts: Any) -> Any:
    """The value of these parts. Raises KeyError for an unknown kind, and what numpy and pandas raise."""
    return _REVIVERS[kind](*parts)


def _numpy() -> Any:
    import numpy

    return numpy


def _pandas() -> Any:
    import pandas

    return pandas


def array(dtype: str, shape: Tuple[int, ...], data: bytes) -> Any:
    """An array of numpy that may be written to."""
    np = _numpy()
    kind = np.dtype(dtype)
    if not kind.itemsize:
        return np.zeros(shape, kind)
    return np.frombuffer(data, kind).reshape(shape).copy()


def objects(shape: Tuple[int, ...], values: List[Any]) -> Any:
    """An array of any objects."""
    np = _numpy()
    made = np.empty(len(values), object)
    made[:] = values
    return made.reshape(shape)


def _moment(value: int, unit: str, zone: Any) -> Any:
    np, pd = _numpy(), _pandas()
    return _in_zone(pd.Timestamp(np.datetime64(value, unit)), zone)


def _timestamp(value_ns: int, unit: str, zone: Any) -> Any:
    pd = _pandas()
    moment: Any = pd.Timestamp(value_ns, unit="ns")
    return _in_zone(moment.as_unit(unit) if hasattr(moment, "as_unit") else moment, zone)


def _in_zone(moment: Any, zone: Any) -> Any:
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(_zone_of(zone))


def _zone_of(zone: Any) -> Any:
    """A time zone in words of pandas."""
    return datetime.timezone(datetime.timedelta(seconds=zone)) if isinstance(zone, int) else zone


def _span(value: int, unit: str) -> Any:
    np, pd = _numpy(), _pandas()
    return pd.Timedelta(np.timedelta64(value, unit))


def _timedelta(value_ns: int, unit: str) -> Any:
    pd = _pandas()
    span: Any = pd.Timedelta(value_ns, unit="ns")
    return span.as_unit(unit) if hasattr(span, "as_unit") else span


def _missing(name: str) -> Any:
    pd = _pandas()
    return getattr(pd, name)


def _zone(name: Any) -> Any:
    """A time zone for the standard library; Python before 3.9 has only what pandas brings along."""
    if isinstance(name, int):
        return _zone_of(name)
    try:
        return importlib.import_module("zoneinfo").ZoneInfo(name)
    except ImportError:
        return importlib.import_module("dateutil.tz").gettz(name)


def _frequency(name: str) -> Any:
    pd = _pandas()
    try:
        return pd.PeriodDtype(name)
    except ValueError:
        count = len(name) - len(name.lstrip("0123456789"))
        stem, dash, anchor = name[count:].partition("-")
        return pd.PeriodDtype(name[:count] + _FREQUENCIES[stem] + dash + anchor)


def _period(ordinal: int, frequency: str) -> Any:
    np = _numpy()
    return _periods((), np.array([ordinal], "i8").tobytes(), frequency)[0]


def _interval(left: Any, right: Any, closed: str) -> Any:
    pd = _pandas()
    return pd.Interval(left, right, closed)


def column(stored: Sequence[Parts]) -> Any:
    """The values of a column, with the type it had; of several parts one behind the other."""
    pd = _pandas()
    kind, common = stored[0][0], stored[0][1]
    if kind == "raw":
        return array(common, (-1,), b"".join([one[2] for one in stored]))
    if kind in ("list", "category"):
        return _listed(stored)
    if kind == "text":
        return _text(common, [value for one in stored for value in one[2]])
    if kind == "masked":
        data, missing = b"".join([one[3] for one in stored]), b"".join([one[4] for one in stored])
        return _masked(common, array(stored[0][2], (-1,), data), array("|b1", (-1,), missing))
    if kind == "codes" and any(repr(one[3:]) != repr(stored[0][3:]) for one in stored):
        return pd.array([value for one in stored for value in _codes(*one[1:])], dtype="category")
    made = [_KINDS[one[0]](*one[1:]) for one in stored]
    if len(made) == 1:
        return made[0]
    return pd.concat([pd.Series(one) for one in made], ignore_index=True).array


def _listed(stored: Sequence[Parts]) -> Any:
    pd = _pandas()
    dtype: Any = stored[0][1]
    values = [value for one in stored for value in one[2]]
    if dtype == OBJECT:
        return objects((len(values),), values)
    if stored[0][0] == "category" and len({repr(one[3:]) for one in stored}) == 1:
        dtype = pd.CategoricalDtype(*stored[0][3:])
    try:
        return pd.array(values, dtype=dtype)
    except TypeError:
        # A type of somebody's that is not here.
        return objects((len(values),), values)


def _text(flavour: str, values: List[Any]) -> Any:
    pd = _pandas()
    if flavour == "string":
        return pd.array(values, dtype="string")
    if int(pd.__version__.partition(".")[0]) >= 3:
        return pd.array(values, dtype=pd.StringDtype(na_value=float("nan")))
    return objects((len(values),), [float("nan") if value is None else value for value in values])


def _masked(name: str, values: Any, missing: Any) -> Any:
    pd = _pandas()
    if name == "boolean":
        return pd.arrays.BooleanArray(values, missing)
    if values.dtype.kind != "f":
        return pd.arrays.IntegerArray(values, missing)
    if hasattr(pd.arrays, "FloatingArray"):
        return pd.arrays.FloatingArray(values, missing)
    values[missing] = float("nan")
    return values


def _codes(dtype: str, data: bytes, categories: Parts, ordered: bool) -> Any:
    pd = _pandas()
    return pd.Categorical.from_codes(array(dtype, (-1,), data), index([categories]), ordered=ordered)


def _moments(common: Tuple[str, Any], data: bytes) -> Any:
    pd = _pandas()
    moments = pd.DatetimeIndex(array(common[0], (-1,), data))
    return moments.tz_localize("UTC").tz_convert(_zone_of(common[1])).array


def _periods(_common: Any, data: bytes, frequency: str = "") -> Any:
    pd = _pandas()
    return pd.arrays.PeriodArray(array("<i8", (-1,), data), dtype=_frequency(frequency or _common))


def _intervals(common: Tuple[Any, ...], left: Parts, right: Parts) -> Any:
    pd = _pandas()
    return pd.arrays.IntervalArray.from_arrays(column([left]), column([right]), closed=common[0])


def _sparse(_common: str, fill_value: Any, dense: Parts) -> Any:
    pd = _pandas()
    return pd.arrays.SparseArray(column([dense]), fill_value=fill_value)


def _arrow(name: str, inner: Parts) -> Any:
    pd = _pandas()
    made = column([inner])
    try:
        return pd.Series(made).astype(name).array
    except (TypeError, ImportError, ValueError, NotImplementedError):
        return made


def index(stored: Sequence[Parts]) -> Any:
    """Row labels of one table."""
    pd = _pandas()
    (labels,) = stored
    if labels[0] == "range":
        return pd.RangeIndex(labels[1], labels[2], labels[3], name=labels[4] if len(labels) > 4 else None)
    if labels[0] == "tuples":
        if not labels[2]:
            return pd.MultiIndex.from_arrays([[]] * len(labels[1]), names=labels[1])
        return pd.MultiIndex.from_tuples(labels[2], names=labels[1])
    return _labels(column([labels[2]]), labels[1])


def _labels(values: Any, name: Any) -> Any:
    """An index of values, which stay what they are where they are objects."""
    pd = _pandas()
    as_they_are = object if getattr(values.dtype, "hasobject", False) else None
    return pd.Index(values, name=name, dtype=as_they_are)


def column_names(names: List[Any], level_names: List[Any]) -> Any:
    """The index of a table's columns."""
    pd = _pandas()
    if len(level_names) > 1:
        return pd.MultiIndex.from_tuples(names, names=level_names)
    return pd.Index(names, name=level_names[0], tupleize_cols=False)


def table(names: List[Any], level_names: List[Any], labels: Parts, columns: List[Parts], *attrs: Any) -> Any:
    """A DataFrame; `attrs` is one dict where there is one."""
    pd = _pandas()
    rows = index([labels])
    data = {place: _kept(column([one]), rows) for place, one in enumerate(columns)}
    frame = pd.DataFrame(data, index=rows)
    frame.columns = column_names(names, level_names)
    if attrs:
        frame.attrs.update(attrs[0])
    return frame


def _kept(values: Any, rows: Any) -> Any:
    """Values as a table takes them: of an array of objects pandas 3 would guess a type."""
    if getattr(values.dtype, "hasobject", False):
        return _pandas().Series(values, index=rows, dtype=object)
    return values


def _series(name: Any, labels: Parts, values: Parts) -> Any:
    pd = _pandas()
    rows = index([labels])
    return pd.Series(_kept(column([values]), rows), index=rows, name=name)


#: Columns that are made one part at a time.
_KINDS: Dict[str, Callable[..., Any]] = {
    "codes": _codes,
    "moments": _moments,
    "periods": _periods,
    "intervals": _intervals,
    "sparse": _sparse,
    "arrow": _arrow,
}
_REVIVERS: Dict[str, Callable[..., Any]] = {
    "array": array,
    "scalar": lambda dtype, shape, data: array(dtype, shape, data)[()],
    "objects": objects,
    "moment": _moment,
    "span": _span,
    "period": _period,
    "interval": _interval,
    "Timestamp": _timestamp,
    "Timedelta": _timedelta,
    "NaT": lambda: _missing("NaT"),
    "NA": lambda: _missing("NA"),
    "zone": _zone,
    "table": table,
    "series": _series,
    "index": lambda labels: index([labels]),
    "column": lambda stored: column([stored]),
}
