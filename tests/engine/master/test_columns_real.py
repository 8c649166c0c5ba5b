"""Other columns in one mini-batch: every row is kept, and a finding says where and which."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscore.backends.inline import CounterClock, InlineBackend
from bscore.core import events as e
from bscore.core.columns import FINDING
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.job import load_job
from bscore.master.run import run_job
from real_runs import events_of, make_job, run_here, run_of

FRAMES = """
import pandas as pd
NAMES = {0: ["a", "b"], 1: ["a", "b"], 2: %r, 3: %r}
def run(mini_batch):
    number = int(mini_batch[0][-5:])
    return pd.DataFrame({name: [f"{name}{number}"] for name in NAMES.get(number, ["a", "b"])})
"""
LISTS = """
ROWS = {2: %s, 3: %s}
def run(mini_batch):
    number = int(mini_batch[0][-5:])
    return [ROWS.get(number, (number, "x"))]
"""
#: Raises on its first try wherever the columns are others.
AGAIN = """
import os
import pandas as pd
def run(mini_batch):
    number = int(mini_batch[0][-5:])
    if number == 3:
        try:
            os.close(os.open({mark!r}, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return pd.DataFrame({{"b": [1], "a": [2]}})
        raise ValueError("the first try")
    return pd.DataFrame({{"a": [1], "b": [2]}})
"""
STOPS = """
import os
import pandas as pd
def run(mini_batch):
    number = int(mini_batch[0][-5:])
    if os.path.exists({mark!r}):
        return pd.DataFrame({{"b": [number]}})
    if number == 3:
        raise ValueError("not yet")
    return pd.DataFrame({{"a": [number]}})
"""


def found(tmp_path: Path, script: str, **changes: object) -> tuple[str, list[str]]:
    """The finding of a job of six mini-batches ("" for none), and the rows in its output."""
    job = make_job(tmp_path, script, items=6, mini_batch_size=1, **changes)
    run_job(job, make_backend=InlineBackend, clock=CounterClock())
    text = run_of(job).findings.get(FINDING, "")
    assert (text in (job.tree / paths.JOB_RESULT).read_text()) is True
    return text, (tmp_path / "out" / "predictions.csv").read_text().splitlines()


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("other", [["b", "a"], ["a", "c"], ["a"], ["a", "b", "c"]], ids="-".join)
def test_frames_with_other_columns_are_kept_and_named(
    tmp_path: Path, other: list[str], *, header: bool
) -> None:
    text, rows = found(tmp_path, FRAMES % (other, other), dataframe_header=header)
    assert repr(other) in text
    assert repr(["a", "b"]) in text
    assert len(rows) == 6 + header
    assert " ".join(f"{name}2" for name in other) in rows


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("(1, 2, 3)", "rows of 3 elements"),
        ("[1]", "rows of 1 element"),
        ("'text'", "a list of single values"),
    ],
)
def test_lists_of_rows_of_another_length_are_kept_and_named(tmp_path: Path, other: str, words: str) -> None:
    text, rows = found(tmp_path, LISTS % (other, other))
    assert words in text
    assert "rows of 2 elements" in text
    assert len(rows) == 6


@pytest.mark.parametrize(
    "script",
    [FRAMES % (["a", "b"], ["a", "b"]), LISTS % ("(1, 2)", "[3, 4]"), "def run(batch): return batch"],
    ids=["frames", "rows", "values"],
)
def test_nothing_is_found_where_all_rows_are_alike(tmp_path: Path, script: str) -> None:
    job = make_job(tmp_path, script, items=6, mini_batch_size=1)
    run_job(job, make_backend=InlineBackend, clock=CounterClock())
    assert FINDING not in run_of(job).findings
    (kept,) = [event for event in events_of(job) if isinstance(event, e.ColumnsSeen)]
    assert kept == run_of(job).columns


def test_a_later_try_counts_by_its_own_columns(tmp_path: Path) -> None:
    text, rows = found(tmp_path, AGAIN.format(mark=str(tmp_path / "mark")), workers=1)
    assert "mini-batch 3 returned ['b', 'a'], mini-batch 0 returned ['a', 'b']" in text
    assert len(rows) == 6


def test_rows_of_a_resumed_job_are_compared_with_those_of_its_first_term(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    limits = Limits(tries=1, error_threshold=0)
    script = STOPS.format(mark=str(mark))
    job = make_job(tmp_path, script, items=6, mini_batch_size=1, workers=1, limits=limits)
    assert run_here(job) == 1
    assert FINDING not in run_of(job).findings
    mark.touch()
    run_job(load_job(job.tree), retry_failed=True)
    assert "returned ['b'], mini-batch 0 returned ['a']" in run_of(job).findings[FINDING]


def test_many_shapes_are_one_finding_and_two_records(tmp_path: Path) -> None:
    script = "def run(batch): return [tuple(range(int(batch[0][-5:])))]"
    job = make_job(tmp_path, script, items=300, mini_batch_size=1)
    run_job(job, make_backend=InlineBackend, clock=CounterClock())
    kept = [event for event in events_of(job) if isinstance(event, e.ColumnsSeen | e.FindingMade)]
    assert [type(event) for event in kept] == [e.ColumnsSeen, e.FindingMade]


def test_what_readers_stumble_on_is_said_once(tmp_path: Path) -> None:
    script = "def run(batch): return [f'{path}\\n\u2028 np.float64(1.0)' for path in batch]"
    job = make_job(tmp_path, script, items=20, mini_batch_size=1)
    assert run_here(job) == 0
    found = [event.code for event in events_of(job) if isinstance(event, e.FindingMade)]
    assert sorted(found) == ["rows-line-breaks", "rows-numpy-reprs", "rows-separators"]
    assert "hold line breaks" in (job.tree / paths.JOB_RESULT).read_text()
