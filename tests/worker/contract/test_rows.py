"""append_row byte for byte: what pandas itself would write into the output (reference 3.1-3.4)."""

from __future__ import annotations

import csv
import datetime
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bscore_worker.answers import Judge, Verdict
from bscore_worker.row_text import frame_keywords


def judged(folder: Path, returned: Any, **changes: Any) -> Verdict:
    values = {"append_row": True, "header": False, "to_csv": {}, "retry_short": False}
    return Judge(spool=str(folder / "s"), **{**values, **changes})(returned, 1)


def written(verdict: Verdict) -> bytes:
    return Path(verdict.spool).read_bytes() if verdict.spool else verdict.body


def as_the_original(folder: Path, frame: pd.DataFrame, **keywords: Any) -> bytes:
    """What to_csv puts into a file with the original's keywords."""
    path = folder / "original.csv"
    frame.to_csv(path, **{"header": False, "index": False, "sep": " ", "mode": "a", **keywords})
    data = path.read_bytes()
    path.unlink()
    return data


HARD = pd.DataFrame(
    {
        "file": ["a.png", "b c.png", 'q"uote', "line\nbreak", "cr\rlf\r\n", "tab\t", "", "ümlaut 日本 🎈"],
        "score": [0.1, 1 / 3, 1e-300, 1e22, float("nan"), float("inf"), -0.0, 123456789.123456789],
        "label": ["x", None, "y", "", "NA", "nan", "None", "0"],
        "flag": [True, False] * 4,
        "when": pd.to_datetime(["2020-01-01", None, "2021-02-03"] + ["2020-01-01"] * 5),
        "whole": pd.array([1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
        "kind": pd.Categorical(["a", "b", None, "a", "a", "b", "b", "a"]),
        "list": [[1, "a"], {"k": 1}, (1,), 1.5, "s", None, b"x", datetime.date(2020, 1, 2)],
    }
)


@pytest.mark.parametrize(
    "to_csv",
    [
        {},
        {"sep": ","},
        {"sep": ",", "index": True},
        {"sep": "\t", "na_rep": "NULL"},
        {"float_format": "%.3f", "decimal": ","},
        {"quoting": csv.QUOTE_ALL},
        {"quoting": csv.QUOTE_NONE, "escapechar": "\\"},
        {"columns": ["score", "file"], "date_format": "%d.%m.%Y"},
        {"lineterminator": "\r\n", "doublequote": False, "escapechar": "!"},
    ],
    ids=str,
)
def test_a_frame_is_written_as_pandas_writes_it_to_a_file(tmp_path: Path, to_csv: dict[str, Any]) -> None:
    assert written(judged(tmp_path, HARD, to_csv=to_csv)) == as_the_original(tmp_path, HARD, **to_csv)


@pytest.mark.slow
def test_a_long_frame_falls_into_the_groups_of_pandas_and_into_a_file(tmp_path: Path) -> None:
    """Dates are written with or without a time by what else stands in the same group of rows."""
    days = pd.to_datetime(["2020-01-01"]).append(pd.to_datetime(["2020-01-01 10:00"]))
    frame = pd.DataFrame({"n": range(60_000), "when": [days[0]] * 59_999 + [days[1]], "text": "x y"})
    verdict = judged(tmp_path, frame)
    assert verdict.spool
    assert (verdict.rows, verdict.nbytes) == (60_000, Path(verdict.spool).stat().st_size)
    assert written(verdict) == as_the_original(tmp_path, frame)


def test_a_frame_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    frame = pd.DataFrame({"a": ["y" * 100] * 30_000, "b": [None] * 29_999 + [Hostile()]})
    with pytest.raises(RuntimeError):
        judged(tmp_path, frame)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["line_terminator", "lineterminator"])
def test_the_line_end_is_understood_in_the_words_of_old_and_new_pandas(tmp_path: Path, word: str) -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    assert written(judged(tmp_path, frame, to_csv={word: ";"})) == b"1;2;"


def test_an_old_pandas_is_asked_in_its_own_words() -> None:
    class OldFrame:
        def to_csv(self, path: Any, line_terminator: str = "\n") -> None: ...

    assert frame_keywords(OldFrame(), {"lineterminator": ";", "sep": ","}) == {
        "line_terminator": ";",
        "sep": ",",
    }


@pytest.mark.parametrize(
    ("to_csv", "header"),
    [
        ({}, b'a "b c" \xc3\xbc\n'),
        ({"sep": ","}, "a,b c,ü\n".encode()),
        ({"sep": ",", "index": True}, ",a,b c,ü\n".encode()),
        ({"sep": ",", "index": True, "index_label": "row"}, "row,a,b c,ü\n".encode()),
        ({"columns": ["b c"]}, b'"b c"\n'),
        ({"header": ["x", "y", "z"]}, b"x y z\n"),
    ],
    ids=str,
)
def test_the_header_goes_by_the_same_keywords(tmp_path: Path, to_csv: dict[str, Any], header: bytes) -> None:
    frame = pd.DataFrame({"a": [1], "b c": [2], "ü": [3]})
    verdict = judged(tmp_path, frame, header=True, to_csv=to_csv)
    assert verdict.header == header
    assert judged(tmp_path, frame, to_csv={k: v for k, v in to_csv.items() if k != "header"}).header == b""


def test_where_pandas_writes_the_names_itself_header_and_rows_are_what_it_writes(tmp_path: Path) -> None:
    columns = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")])
    frame = pd.DataFrame([[1, 2], [3, 4]], columns=columns)
    verdict = judged(tmp_path, frame, header=True)
    assert verdict.header + verdict.body == as_the_original(tmp_path, frame, header=True)


@pytest.mark.parametrize(
    ("returned", "rows"),
    [
        (["a b", 'say "x"', "two\nlines", "", "ü🎈"], 'a b\nsay "x"\ntwo\nlines\n\nü🎈\n'.encode()),
        ([None, float("nan"), 1e22, -0.0], b"None\nnan\n1e+22\n-0.0\n"),
        (["raw \udcff", "odd \ud800"], b"raw \\xff\nodd \\ud800\n"),
        (("in", "a", "tuple"), b"in\na\ntuple\n"),
        ([pd.NaT, pd.Timestamp("2020-01-01"), pd.NA], b"NaT\n2020-01-01 00:00:00\n<NA>\n"),
    ],
)
def test_an_element_is_written_as_its_str_and_nothing_is_quoted(
    tmp_path: Path, returned: Any, rows: bytes
) -> None:
    assert written(judged(tmp_path, returned)) == rows


ODD = "\udcff.png"


@pytest.mark.parametrize(
    ("returned", "settings"),
    [
        ([ODD], {}),
        ((ODD, "a"), {}),
        ([(ODD, 1), [ODD], {ODD: 1}], {}),
        (["y" * 2**20, ODD], {}),
        ([ODD] * 20_000, {}),
        (pd.DataFrame({"file": [ODD, "\ud83d"]}, dtype=object), {}),
        (pd.DataFrame({ODD: [1]}), {"header": True}),
        (pd.DataFrame({"a": [1]}, index=pd.Index([ODD], dtype=object)), {"to_csv": {"index": True}}),
        (pd.DataFrame({"a": [ODD]}, dtype=object), {"to_csv": {"encoding": "latin-1"}}),
        (pd.DataFrame({"a": [1]}), {"header": True, "to_csv": {"header": [ODD]}}),
    ],
)
def test_undecodable_bytes_are_text_in_an_output_that_is_utf_8(
    tmp_path: Path, returned: Any, settings: dict[str, Any]
) -> None:
    """Whatever path a name takes into the output."""
    verdict = judged(tmp_path, returned, **settings)
    data = verdict.header + written(verdict)
    assert "ff.png" in data.decode()


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame(), pd.DataFrame(columns=["a", "b"]), pd.DataFrame({"a": []})],
    ids=["0x0", "0x2", "0x1"],
)
def test_an_empty_frame_gives_no_rows_and_no_header(tmp_path: Path, frame: pd.DataFrame) -> None:
    verdict = judged(tmp_path, frame, header=True)
    assert (verdict.body, verdict.header, verdict.rows, verdict.returned) == (b"", b"", 0, 0)


def test_nothing_is_formatted_where_rows_are_not_wanted(tmp_path: Path) -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError("no")

    verdict = judged(tmp_path, [Hostile(), Hostile()], append_row=False)
    assert (verdict.returned, verdict.rows, verdict.body) == (2, 0, b"")


def noted(verdict: Verdict) -> list[str]:
    return [message[2] for message in verdict.said if message[0] == "noted"]


@pytest.mark.parametrize(
    ("returned", "codes"),
    [
        (["a", "b 1", (1, 2.5), {"np": 1}, "np.float64", "ü\tc"], []),
        (["two\nlines"], ["line-breaks"]),
        (["a", "carriage\rreturn"], ["line-breaks"]),
        ([("x", np.float64(1.0))], ["numpy-reprs"]),
        ([[np.int32(3)], "f"], ["numpy-reprs"]),
        ([np.float64(1.0), str(np.float32(2))], []),
        (["a\u2028b"], ["separators"]),
        (["a", ODD], ["escaped-bytes"]),
        (pd.DataFrame({"a": ["x y", 'q"', "ü", None], "b": 1.5}), []),
        (pd.DataFrame({"a": ["two\nlines"]}), ["quoted-line-breaks"]),
        (pd.DataFrame({"a": ["x\ry"]}), [] if sys.version_info >= (3, 13) else ["carriage-returns"]),
        (pd.DataFrame({"a": [1]}, index=["one.txt"]), ["index"]),
        (pd.DataFrame({"a": [1], "b": [2]}).set_index("a"), ["index"]),
        (pd.DataFrame({"a": [1], "b": [2], "c": [3]}).set_index(["a", "b"]), ["index"]),
        (pd.DataFrame({"a": [1, 2, 3]}).iloc[::2], []),
        (pd.DataFrame({"a": ["x\u2028y"]}), ["separators"]),
        (pd.DataFrame({"a": [[np.float64(1.0)]]}), ["numpy-reprs"]),
        (pd.DataFrame({"a": [ODD]}, dtype=object), ["escaped-bytes"]),
    ],
)
def test_rows_that_readers_stumble_on_are_noted(tmp_path: Path, returned: Any, codes: list[str]) -> None:
    verdict = judged(tmp_path, returned)
    assert noted(verdict) == codes
    read = pd.read_csv(
        io.BytesIO(written(verdict)), sep="\x01" if type(returned) is list else " ", header=None
    )
    splits = {"line-breaks", "carriage-returns"}.intersection(codes)
    assert (len(read) != len(returned)) is bool(splits), "the note is true"


def test_a_thing_is_noted_once_and_rows_in_a_file_are_looked_at_too(tmp_path: Path) -> None:
    judge = Judge(True, False, {}, False, str(tmp_path / "s"))
    big = ["y" * 200] * 20_000
    assert noted(judge([*big, "two\nlines"], 1)) == ["line-breaks"]
    assert noted(judge(["two\nlines"], 1)) == []
    frame = pd.DataFrame({"a": [*big, "two\nlines"]})
    assert noted(judge(frame, 1)) == ["quoted-line-breaks"]


@pytest.mark.parametrize(
    "to_csv",
    [{"lineterminator": "\r\n"}, {"index": False}, {"index": True}, {"encoding": "utf-16"}, {"quoting": 1}],
)
def test_keywords_of_the_user_are_no_reason_for_a_note(tmp_path: Path, to_csv: dict[str, Any]) -> None:
    frame = pd.DataFrame({"a": ["x", "y"]}, index=pd.Index([1, 2], name="n" if "index" in to_csv else None))
    assert noted(judged(tmp_path, frame, to_csv=to_csv)) == []
