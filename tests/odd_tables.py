"""A table with a column of every kind, for tests of how tables travel."""

from __future__ import annotations

import datetime
import decimal
import uuid

import numpy as np
import pandas as pd


def odd_table(rows: int = 7) -> pd.DataFrame:
    """Numbers, text, zones, categories, nullable types, objects; a name twice, names of any type."""
    table = pd.DataFrame(
        {
            "whole": np.arange(rows),
            "half": np.arange(rows) / 2,
            "small": np.arange(rows, dtype="f4"),
            "truth": np.arange(rows) % 2 == 0,
            "text": ["a", "ü", None, "日本", "", "x y", "z"][:rows],
            "objects": pd.Series(["a", 1, None, 2.5, (1, 2), {"k": [1]}, b"x"][:rows], dtype=object),
            "nullable": pd.array([1, None, 3, 4, 5, 6, 7][:rows], dtype="Int64"),
            "maybe": pd.array([True, None, False, True, True, None, False][:rows], dtype="boolean"),
            "string": pd.array(["q", None, "r", "", "t", "u", "v"][:rows], dtype="string"),
            "moment": pd.Series([pd.Timestamp(2020, 1, 1, 0, 0, 0, 7), pd.NaT] * rows)[:rows],
            "berlin": pd.Series([pd.Timestamp(2020, 7, 1, tz="Europe/Berlin"), pd.NaT] * rows)[:rows],
            "east": pd.date_range("2020-01-01T00:00:00+02:00", periods=rows),
            "span": pd.to_timedelta(np.arange(rows), unit="s"),
            "kind": pd.Categorical(["x", "y", None, "x", "z", "z", "y"][:rows], list("zyxw"), ordered=True),
            "month": pd.period_range("2020-01", periods=rows, freq="M"),
            "hour": pd.period_range("2020-01-01", periods=rows, freq="h"),
            "between": pd.interval_range(0, rows),
            "day": [datetime.date(2020, 1, 2)] * rows,
            "exact": [decimal.Decimal("1.5")] * rows,
            "id": [uuid.UUID(int=5)] * rows,
            "array": [np.arange(3)] * rows,
            "sparse": pd.arrays.SparseArray([0, 0, 1, 0, 2, 0, 0][:rows]),
            3: range(rows),
            ("t", 1): range(rows),
            datetime.date(2020, 1, 1): range(rows),
        }
    )
    return pd.concat([table, table[["small"]].rename(columns={"small": "half"})], axis=1)
