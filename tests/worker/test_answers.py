"""Judging return values and describing exceptions, in this process."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bscore_worker.answers import Judge, RejectedReturnError, ShortReturnError
from bscore_worker.script import Script, ScriptError, find, takes_two
from bscore_worker.streams import CountedFile
from bscore_worker.traces import describe, plain


def judge(tmp_path: Path, **changes: Any) -> Judge:
    values = {
        "append_row": True,
        "header": False,
        "to_csv": {},
        "retry_short": False,
        "spool": str(tmp_path / "s"),
    }
    return Judge(**{**values, **changes})


class Hostile:
    """Raises wherever it is looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    __str__ = __repr__


def test_a_value_whose_repr_raises_is_still_rejected_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        RejectedReturnError, match=r"'<Hostile whose repr\(\) raised RuntimeError>' is <class"
    ):
        judge(tmp_path)(Hostile(), 1)


def test_a_refused_value_comes_with_a_remedy_that_works_and_fits_a_report(tmp_path: Path) -> None:
    import numpy as np
    import pandas as pd

    refused: list[tuple[Any, str, Any]] = [
        (pd.Series(["x" * 30] * 50), "Return its .tolist()", lambda value: value.tolist()),
        (pd.Series([1]), "or a DataFrame", lambda value: value.to_frame()),
        (pd.Index([1, 2]), "Return its .tolist()", lambda value: value.tolist()),
        (np.array(5), "It is one value: return a list", lambda value: [value.item()]),
        (np.float64(0.5), "It is one value: return a list", lambda value: [value]),
        (None, "without a return statement", lambda value: [value]),
        ("text", "Return a list with one element per item", lambda value: [value]),
        ({"a": 1}, "Return a list of rows", lambda value: [value]),
        ({1, 2}, "Return list(...) of it", list),
        (map(str, [1]), "Return list(...) of it", list),
        (7, "Return a list with one element per item", lambda value: [value]),
    ]
    for value, remedy, repaired in refused:
        with pytest.raises(RejectedReturnError) as caught:
            judge(tmp_path)(value, 1)
        assert remedy in str(caught.value)
        assert len(f"ValueError: {caught.value}") <= 300, "no report cuts it"
        assert "\n" not in str(caught.value)
        judge(tmp_path)(repaired(value), 1)


@pytest.mark.parametrize(
    ("method", "remedy"),
    [("to_pandas", ".to_pandas()."), ("toarray", ".toarray().tolist()."), ("numpy", ".numpy().tolist().")],
)
def test_tables_and_tensors_of_other_libraries_have_a_way_of_their_own(
    tmp_path: Path, method: str, remedy: str
) -> None:
    foreign = type("Foreign", (), {method: None, "__iter__": lambda _self: iter(())})()
    with pytest.raises(RejectedReturnError, match=re.escape(remedy)):
        judge(tmp_path)(foreign, 1)


def test_an_element_that_cannot_be_written_fails_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        judge(tmp_path)(["fine", Hostile()], 2)
    many: list[Any] = ["y" * 200] * 20_000
    with pytest.raises(RuntimeError):
        judge(tmp_path)([*many, Hostile()], 2)
    assert list(tmp_path.iterdir()) == []


def test_rows_up_to_a_mebibyte_stay_in_the_frame_and_others_do_not(tmp_path: Path) -> None:
    judged = judge(tmp_path)
    inside = judged(["y" * (2**20 - 1)], 1)
    assert (len(inside.body), inside.nbytes, inside.spool) == (2**20, 2**20, "")
    outside = judged(["y" * 2**20], 1)
    assert (outside.body, outside.nbytes) == (b"", 2**20 + 1)
    assert Path(outside.spool).stat().st_size == 2**20 + 1


def test_a_spool_that_cannot_be_written_is_an_error_not_lost_rows(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        judge(tmp_path, spool=str(tmp_path / "missing" / "s"))(["y" * 2**20], 1)


def test_a_big_dataframe_is_written_in_slices_that_nobody_can_see(tmp_path: Path) -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": range(25_000), "b": ["x y", None, 'q"'] * 8333 + ["z"]})
    verdict = judge(tmp_path, to_csv={"index": True})(frame, 25_000)
    assert verdict.body.decode() == frame.to_csv(sep=" ", header=False, index=True)
    assert verdict.rows == 25_000


def test_short_is_told_apart_only_where_it_is_asked_for(tmp_path: Path) -> None:
    assert judge(tmp_path)([1], 2).returned == 1
    with pytest.raises(ShortReturnError, match="1 elements for 2 items"):
        judge(tmp_path, retry_short=True)([1], 2)


class MeanText(str):
    __slots__ = ()

    def __reduce__(self) -> Any:
        raise RuntimeError("not to be pickled")


def test_what_crosses_is_plain_text_whatever_the_exception_holds() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError(MeanText("mean \udcff")) from first
    except ValueError as error:
        name, message, trace, place = describe(error, str(Path(__file__).parent))
    assert (name, message) == ("ValueError", "mean \\udcff")
    assert "KeyError: 'first'" in trace
    assert place.startswith("test_answers.py:")
    assert place.endswith("in test_what_crosses_is_plain_text_whatever_the_exception_holds")
    assert all(type(text) is str for text in (name, message, trace, place))
    pickle.dumps((name, message, trace, place))


def test_an_exception_whose_message_raises_is_described() -> None:
    class AwfulError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no message")

    name, message, _trace, _place = describe(AwfulError(), "/code")
    assert name.endswith("AwfulError")
    assert message == "<the message of this exception raised RuntimeError>"


def test_long_text_is_cut_in_its_middle() -> None:
    cut = plain("a" * 5000 + "b" * 5000, 100)
    assert cut.startswith("a" * 50)
    assert cut.endswith("b" * 50)
    assert "9900 characters cut" in cut


@pytest.mark.parametrize(
    ("run", "two"),
    [
        (lambda a: a, False),
        (lambda a, b: (a, b), True),
        (lambda *a: a, True),
        (lambda a, *, b=1: (a, b), False),
        (lambda a, b=None: (a, b), True),
        (len, False),
        (dict.get, True),
        ("".join, False),
    ],
)
def test_the_second_argument_is_passed_where_it_is_accepted(run: Any, two: bool) -> None:
    assert takes_two(run) is two


class Adds:
    def __call__(self, a: Any, b: int = 5) -> Any:
        return a, b


@pytest.mark.parametrize(
    ("run", "context"),
    [
        (lambda a, b: (a, b), True),
        (lambda a, b=None: (a, b), True),
        (lambda *a: a, True),
        (lambda a, b=5: (a, b), False),
        (lambda a, b=...: (a, b), False),
        (Adds(), False),
        (dict.get, True),
    ],
)
def test_a_function_of_a_notebook_keeps_what_its_second_parameter_has(run: Any, context: bool) -> None:
    """`lambda batch, model=model: ...` is how a value is kept; a script's run() gets the context, as ever."""
    assert Script({"run": run}, "the notebook").takes_context is context
    assert Script(SimpleNamespace(run=run), "score.py").takes_context is True


@pytest.mark.parametrize("entry", ["missing.py", "", ".", "a..b", "../x"])
def test_an_entry_script_that_is_not_there_is_named(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ScriptError, match="No scoring script"):
        find(str(tmp_path), entry)


def test_bytes_are_counted_and_what_others_wrote_is_caught_up_with(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with path.open("ab", buffering=0) as file:
        raw = CountedFile(file.fileno(), "<out>")
        assert raw.written == 3
        raw.write(b"new")
        file.write(b"theirs")
        assert raw.written == 6
        raw.resync()
        assert raw.written == 12
        raw.close()
        assert file.write(b"still open")
