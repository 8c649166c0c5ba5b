"""A shutdown() that fails: in the result, and counted where the monitor counts errors."""

from __future__ import annotations

from pathlib import Path

from bscore.logtree import paths
from bscore_tui.reading.rows import error_rows
from bscore_tui.views.errors import counted
from real_runs import ECHO, make_job, run_here, run_of


def test_a_failing_shutdown_stands_in_the_result_and_among_the_errors(tmp_path: Path) -> None:
    script = ECHO + "def shutdown(): raise OSError('disk is full')\n"
    job = make_job(tmp_path, script, workers=1)
    assert run_here(job) == 0
    result = (job.tree / paths.JOB_RESULT).read_text()
    assert "Completed." in result
    assert "shutdown() of the script failed in 127.0.0.1/process000: OSError: disk is full" in result
    (row,) = error_rows(run_of(job))
    assert (row.what, row.phase, counted(row)) == (
        "shutdown(): OSError: disk is full",
        "shutdown()",
        "1 worker",
    )
