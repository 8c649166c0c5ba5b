"""The overview of a job tells the likely end, never what is left divided by the rate, and nothing unknown."""

from __future__ import annotations

from pathlib import Path

from bscore.core import events as e
from bscore.logtree import paths
from bscore.master.overview import Overview
from timed_runs import START_US, TimedRun, constant


def told(tree: Path) -> list[str]:
    """What the overview says of the progress, without its times."""
    lines = (tree / paths.OVERVIEW).read_text().splitlines()
    return [line.split(" ", 1)[1] for line in lines if "Processed " in line]


def test_the_end_is_the_likely_one_and_left_out_while_unknown(tmp_path: Path) -> None:
    timed = TimedRun(1, constant, 24, 8)
    overview = Overview(tmp_path, timed.run)
    timed.play_to(2)
    overview.tick(timed.run, timed.now)
    timed.play_to(9)
    overview.tick(timed.run, timed.now)
    overview.close(timed.run)
    assert told(tmp_path) == [
        "Processed 2 of 24 mini batches in 0:00:10.",
        "Processed 9 of 24 mini batches in 0:00:20. Estimated remaining time 0:00:10.",
    ]


def test_far_ends_are_estimated_once_a_line(tmp_path: Path) -> None:
    timed = TimedRun(1, constant, 2000, 2)
    overview = Overview(tmp_path, timed.run)
    for _ in range(25):
        timed.play_to(timed.run.over + 2)
        overview.tick(timed.run, timed.now)
    assert [line.split()[1] for line in told(tmp_path)] == ["2", "4", "6", "30"]
    overview.close(timed.run)


def test_after_a_resume_the_time_is_that_since_the_job_began(tmp_path: Path) -> None:
    timed = TimedRun(1, constant, 50, 2)
    timed.play_to(12)
    timed.happen(e.Committed(timed.now, timed.run.events, 9 * 12, 12, 0))
    at = START_US + 600_000_000
    timed.happen(e.TermStarted(at, "timed", 2, 1, "0", "host", "boot", 8, 0))
    timed.happen(e.NodeJoined(at, "n", "h", 1, 100, 2))
    for worker, first in (("n/process002", 12), ("n/process003", 13)):
        timed.happen(e.WorkerStarting(at, worker, 1))
        timed.happen(e.WorkerReady(at, worker, 1_000, "3.11"))
        timed.happen(e.Assigned(at, worker, ((first, 1),)))
    overview = Overview(tmp_path, timed.run)
    now = at + 10_000_000
    timed.happen(e.Finished(now, "n/process002", 12, 1, at, 10**10, 1, 10**10, 1, 1, 1, 9, 0, 0, -1))
    overview.tick(timed.run, now)
    overview.close(timed.run)
    [line] = told(tmp_path)
    assert line.startswith("Processed 13 of 50 mini batches in 0:10:10. Estimated remaining time 0:03:")


def test_a_run_that_ended_early_has_nothing_left(tmp_path: Path) -> None:
    timed = TimedRun(1, constant, 50, 2)
    overview = Overview(tmp_path, timed.run)
    timed.play_to(12)
    ended = e.RunEnded(timed.now, e.Outcome.CANCELED, "canceled by ada", "")
    timed.happen(ended)
    overview.hear(ended, timed.run)
    overview.close(timed.run)
    assert told(tmp_path) == ["Processed 12 of 50 mini batches in 0:01:00."]
