"""Inputs that are gone or new when a job is resumed: what is scored, what counts as failed, what is said."""

from __future__ import annotations

from pathlib import Path

from bscore.core import events as e
from bscore.core.events import FailureKind, Outcome
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.master.run import run_job
from real_runs import (
    events_of,
    expected_rows,
    finish,
    make_job,
    rows_of,
    run_here,
    run_of,
    start_master,
    wait_for,
)

#: Scores the first two mini-batches; the others only once the gate is open.
GATED = """
import os, time
GATE = os.path.join(os.path.dirname(__file__), "gate")
def run(mini_batch):
    while mini_batch[0] >= "/data/item00010" and not os.path.exists(GATE):
        time.sleep(0.01)
    return [os.path.basename(path) for path in mini_batch]
"""
#: One of mini-batch 2, all of mini-batch 4, the very last.
GONE = [12, 20, 21, 22, 23, 24, 59]


def interrupted(folder: Path, **changes: object) -> Job:
    """A job of 12 mini-batches whose master was killed; then inputs went away and a new one came."""
    job = make_job(folder, GATED, **changes)
    master = start_master(job)
    wait_for(lambda: any(isinstance(x, e.Committed) and x.rows for x in events_of(job)))
    master.kill()
    finish(master)
    (folder / "code" / "gate").touch()
    left = [n for n in range(60) if n not in GONE]
    (folder / "items.txt").write_text("".join(f"/data/item{n:05d}\n" for n in left) + "/data/new\n")
    return job


def test_what_is_missing_when_a_job_is_resumed_fails_alone_and_with_its_reason(tmp_path: Path) -> None:
    job = interrupted(tmp_path)
    assert run_here(job) == 0
    wanted = expected_rows(60)
    wanted.subtract({f"item{n:05d}": 1 for n in GONE})
    assert rows_of(job) == +wanted
    run = run_of(job)
    assert (run.items, run.succeeded_items, run.failed_items) == (60, 53, 7)
    assert (list(run.abandoned), run.short) == ([4], 2), "nothing of mini-batch 4 is left to be run"
    (group,) = run.errors.values()
    assert (group.kind, group.count, group.first_mini_batch) == (FailureKind.MISSING, 7, 2)
    assert group.message == "missing when the job was resumed: /data/item00012"
    assert not [x for x in events_of(job) if isinstance(x, e.AttemptFailed)]


def test_what_changed_is_said_with_counts_and_first_names(tmp_path: Path) -> None:
    job = interrupted(tmp_path)
    run_here(job)
    missing = (
        "Inputs missing when the job was resumed: 7, not handed to run(), counted as failed. "
        "First: /data/item00012, /data/item00020, /data/item00021"
    )
    new = "Inputs new since they were listed when the job was resumed: 1, not scored. First: /data/new"
    assert list(run_of(job).findings.values()) == [missing, new]
    for path in (paths.JOB_RESULT, paths.USER_WARNINGS):
        text = (job.tree / path).read_text()
        assert missing in text
        assert new in text


def test_what_is_missing_counts_for_error_threshold(tmp_path: Path) -> None:
    job = interrupted(tmp_path, limits=Limits(error_threshold=5))
    ended = run_job(job)
    assert ended.outcome is Outcome.FAILED
    assert "exceeds error_threshold, 5" in ended.reason


def test_an_item_that_is_there_again_is_scored_with_retry_failed(tmp_path: Path) -> None:
    job = interrupted(tmp_path, limits=Limits(error_threshold=5))
    run_job(job)
    (tmp_path / "items.txt").write_text("".join(f"/data/item{n:05d}\n" for n in range(60)))
    run_job(job, retry_failed=True)
    run = run_of(job)
    assert not run.abandoned
    assert run.outcome is Outcome.COMPLETED
