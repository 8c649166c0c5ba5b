"""append_row with every generation of pandas: the bytes that this very pandas writes to a file."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import bscore
from odd_tables import odd_table
from real_environments import conda_file, python_of
from rigs import Rig

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

SCRIPT = """
    import datetime, os
    import pandas as pd

    FRAMES = [
        pd.DataFrame({
            "file": ["a.png", "b c.png", 'q"uote', "line\\nbreak", "tab\\t", "", "\\u00fcml \\u65e5\\U0001f388", None],
            "score": [0.1, 1 / 3, 1e-300, 1e22, float("nan"), float("inf"), -0.0, 123456789.123456789],
            "small": pd.Series([0.1] * 8, dtype="float32"),
            "flag": [True, False] * 4,
            "when": pd.to_datetime(["2020-01-01", None] + ["2021-02-03"] * 6),
            "whole": pd.array([1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
            "kind": pd.Categorical(["a", "b", None, "a", "a", "b", "b", "a"]),
            "object": [[1, "a"], {"k": 1}, (1,), 1.5, "s", None, b"x", datetime.date(2020, 1, 2)],
        }),
        pd.DataFrame({"n": range(60000), "when": [pd.Timestamp(2020, 1, 1)] * 59999 + [pd.Timestamp(2020, 1, 1, 10)]}),
        pd.DataFrame({"a": ["x y"], "b": [2.0]}),
        pd.DataFrame({"a": []}),
    ]
    def run(mini_batch):
        frame, keywords = FRAMES[int(mini_batch[0])], eval(os.environ["TO_CSV"])
        with open(mini_batch[1], "ab"):
            frame.to_csv(mini_batch[1], **dict({"header": False, "index": False, "sep": " ", "mode": "a"}, **keywords))
        return frame
"""  # noqa: E501  # one line per column reads better

VERSIONS = [
    ("3.8", "pandas==1.0.5", "numpy<1.20"),
    ("3.7", "pandas==1.1.5", "numpy<1.20"),
    ("3.9", "pandas==1.3.5", "numpy<1.23"),
    ("3.10", "pandas==1.5.3", "numpy<2"),
    ("3.12", "pandas==2.2.3"),
    ("3.13", "pandas==3.0.*"),
]
TO_CSV: list[dict[str, object]] = [
    {},
    {"sep": ",", "index": True, "na_rep": "NA", "float_format": "%.3g"},
    {"sep": "\t", "quoting": 1, "date_format": "%d.%m.%Y", "columns": None},
]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version[1])
def test_rows_are_what_this_pandas_writes_to_a_file(tmp_path: Path, version: tuple[str, ...]) -> None:
    python = python_of(conda_file(tmp_path, *version))
    for number, to_csv in enumerate(TO_CSV):
        folder = tmp_path / str(number)
        changes = {"interpreter": str(python), "to_csv": to_csv, "environment": {"TO_CSV": repr(to_csv)}}
        with Rig(folder, SCRIPT, dataframe_header=True, **changes) as rig:
            files = [str(folder / f"oracle{n}") for n in range(4)]
            rig.assign(rig.start(), *([str(n), file] for n, file in enumerate(files)))
            answers = rig.answered(4, 60)
            assert [f.message for f in rig.failures] == []
            for answer, file in zip(answers, files, strict=True):
                rows = Path(answer.spool).read_bytes() if answer.spool else answer.rows
                assert rows == Path(file).read_bytes()
            assert answers[1].spool or to_csv == {}
            if not number:
                assert answers[2].rows == b'"x y" 2.0\n'
                assert answers[2].header == b"a b\n"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version[1])
def test_a_table_goes_to_every_pandas_and_comes_back(
    tmp_path: Path, version: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(tmp_path / "home"))
    (tmp_path / "score.py").write_text("def run(table):\n    return table.copy()\n")
    table = odd_table()
    done = bscore.score(
        script=tmp_path / "score.py",
        inputs=table,
        python=python_of(conda_file(tmp_path, *version)),
        mini_batch_size=3,
        workers=1,
        progress=False,
    )
    assert list(done.rows.index) == list(table.index)
    for (name, before), (name_after, after) in zip(table.items(), done.rows.items(), strict=True):
        assert name_after == name
        assert list(map(repr, after)) == list(map(repr, before))
        kinds = [str(one.dtype).replace("[us", "[ns") for one in (before, after)]
        assert kinds[0] == kinds[1], name


ARROW = """
import datetime
import pandas as pd
import pyarrow as pa
def run(table):
    return pd.DataFrame({
        "i": pd.array([1, None], dtype="int64[pyarrow]"),
        "f": pd.array([1.5, None], dtype="float[pyarrow]"),
        "b": pd.array([True, None], dtype="bool[pyarrow]"),
        "s": pd.array(["a", None], dtype=pd.ArrowDtype(pa.string())),
        "t": pd.array([pd.Timestamp(2020, 1, 1, tz="UTC"), None], dtype="timestamp[us, tz=UTC][pyarrow]"),
        "d": pd.array([datetime.date(2020, 1, 2), None], dtype=pd.ArrowDtype(pa.date32())),
        "l": pd.array([[1, 2], None], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
    })
"""


def test_columns_of_arrow_come_to_a_python_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BSCORE_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "score.py").write_text(ARROW)
    python = python_of(conda_file(tmp_path, "3.12", "pandas==2.2.3", "pyarrow"))
    rows = bscore.score(
        script=tmp_path / "score.py", inputs=[1, 2], python=python, mini_batch_size=2, progress=False
    ).rows
    kinds = [str(dtype).replace("[us", "[ns") for dtype in rows.dtypes]
    assert kinds[:4] == ["Int64", "Float32", "boolean", "string"]
    assert kinds[4:] == ["datetime64[ns, UTC]", "object", "object"]
    assert rows.iloc[0].tolist()[4:6] == [pd.Timestamp(2020, 1, 1, tz="UTC"), date(2020, 1, 2)]
    assert list(rows.iloc[0, 6]) == [1, 2]
    assert rows.iloc[1].isna().all()
