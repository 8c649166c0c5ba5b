"""Thresholds and limits on real processes, in the original's words; on histories: core/test_policy."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.errors import BscoreError
from bscore.logtree import paths
from real_runs import ECHO, events_of, make_job, processes_of, rows_of, run_here, run_of

#: Every fifth mini-batch of one item raises.
EVERY_FIFTH = """
import time
def run(mini_batch):
    time.sleep(0.001)
    assert int(mini_batch[0][-5:]) % 5, "a fifth"
    return mini_batch
"""
NOTHING = "import time\ndef run(b):\n    time.sleep(0.001)\n    return []\n"
HANGS = "import time\ndef run(b):\n    time.sleep(60)\n"
NO_SUCCEEDED = (
    "No succeeded mini batch item returned from run(). Please check 'response: run()' in "
    "https://aka.ms/batch-inference-documentation."
)


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [
        pytest.param(
            EVERY_FIFTH,
            Limits(tries=1, error_threshold=2),
            "The number of failed items, {}, exceeds error_threshold, 2.",
            id="error_threshold",
        ),
        pytest.param(
            EVERY_FIFTH,
            Limits(tries=1, allowed_failed_count=2),
            "The number of failed mini batches, {}, exceeds allowed_failed_count, 2.",
            id="allowed_failed_count",
        ),
        pytest.param(
            NOTHING,
            Limits(allowed_failed_count=2),
            "The number of failed mini batches, {}, exceeds allowed_failed_count, 2.",
            id="allowed_failed_count of short returns",
        ),
        pytest.param(
            EVERY_FIFTH,
            Limits(tries=1, allowed_failed_percent=10),
            "{} % of the mini batches failed ({} of 120), which exceeds allowed_failed_percent, 10.",
            id="allowed_failed_percent",
        ),
        pytest.param(NOTHING, Limits(), NO_SUCCEEDED, id="no succeeded item"),
        pytest.param(
            HANGS,
            Limits(progress_update_timeout_s=0.4),
            "No progress update in 0.4 seconds.",
            id="progress_update_timeout",
        ),
    ],
)
def test_a_limit_that_is_exceeded_ends_the_job_and_says_so(
    tmp_path: Path, script: str, limits: Limits, reason: str
) -> None:
    job = make_job(tmp_path, script, items=120, mini_batch_size=1, workers=1, limits=limits)
    assert run_here(job) == 1
    run = run_of(job)
    assert run.outcome is e.Outcome.FAILED
    # Several answers may have come at once, so that the count need not be the first above the limit;
    # what was still on its way is counted after it.
    first = 13 if "{} %" in reason else 3
    counts = range(first, max(first, run.failed_mini_batches) + 1)
    values = [(f"{count / 1.2:.4g}", count) if "{} %" in reason else (count,) for count in counts]
    assert run.reason in [reason.format(*value) for value in values]
    for path in (paths.JOB_RESULT, paths.JOB_ERROR, paths.OVERVIEW):
        assert run.reason in (job.tree / path).read_text(), path
    assert not job.final.exists()
    assert not processes_of(job)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(tries=1, error_threshold=24),
        Limits(tries=1, allowed_failed_count=24),
        Limits(tries=1, allowed_failed_percent=20),
        Limits(tries=1, progress_update_timeout_s=30, first_task_creation_timeout_s=30),
        Limits(tries=1, error_threshold=-1, allowed_failed_count=-1, allowed_failed_percent=100),
    ],
    ids=lambda limits: str(limits).partition("tries=1, ")[2][:40],
)
def test_a_limit_that_is_just_reached_lets_the_job_complete(tmp_path: Path, limits: Limits) -> None:
    job = make_job(tmp_path, EVERY_FIFTH, items=120, mini_batch_size=1, limits=limits)
    assert run_here(job) == 0
    assert run_of(job).failed_items == 24
    assert sum(rows_of(job).values()) == 96


def test_time_outs_are_counted_in_the_originals_sentence(tmp_path: Path) -> None:
    limits = Limits(run_invocation_timeout_s=0.2, task_overhead_timeout_s=0.1, tries=2)
    job = make_job(tmp_path, HANGS, items=1, workers=1, limits=limits)
    assert run_here(job) == 1
    text = (job.tree / paths.JOB_RESULT).read_text()
    assert text.startswith(f"Failed. {NO_SUCCEEDED}\n")
    assert "The run() function in the entry script had timeout for 2 times.\n" in text
    lines = (job.tree / paths.level_log("error", "127.0.0.1", "process000")).read_text()
    assert "Stop for run() unable to finish within 0.3 seconds for {" in lines


def test_the_init_budget_is_three_tries_for_each_worker_of_the_node(tmp_path: Path) -> None:
    script = "def init():\n    raise OSError('no weights')\n" + ECHO
    job = make_job(tmp_path, script, items=60, workers=2)
    assert run_here(job) == 1
    run = run_of(job)
    # One more may already have been starting when the sixth failed.
    failed = sum(isinstance(event, e.InitFailed) for event in events_of(job))
    assert failed in (6, 7)
    assert run.reason == f"No worker could be started: {failed} of them ended in a row before they scored."
    assert not any(isinstance(event, e.Assigned) for event in events_of(job))
    text = (job.tree / paths.USER_ERRORS).read_text()
    assert f"Error 'OSError: no weights' occurred {failed} times." in text


def test_inits_that_never_end_say_where_they_are(tmp_path: Path) -> None:
    script = "import time\ndef load():\n    time.sleep(60)\ndef init():\n    load()\n" + ECHO
    # 3 x run_invocation_timeout + 30 s is the rule; a negative timeout makes it a second.
    limits = Limits(run_invocation_timeout_s=-29.0 / 3, task_overhead_timeout_s=60.0)
    job = make_job(tmp_path, script, workers=2, limits=limits)
    assert run_here(job) == 1
    place = "score.py:3 in load"
    assert run_of(job).reason == (
        f"No progress: every worker has been in init() for more than 1 seconds, at {place}."
    )
    (group,) = run_of(job).errors.values()
    assert (group.place, group.count) == (place, 2)
    text = (job.tree / paths.JOB_RESULT).read_text()
    assert f"    in {place}, on 127.0.0.1" in text
    assert group.trace.partition("@")[0] in text
    assert "in load" in (job.tree / group.trace.partition("@")[0]).read_text()


@pytest.mark.parametrize("leave", ["os._exit(0)", "sys.exit()"])
def test_workers_that_leave_with_exit_code_0_use_up_the_init_budget(tmp_path: Path, leave: str) -> None:
    job = make_job(tmp_path, f"import os, sys\ndef init():\n    {leave}\n{ECHO}", workers=1)
    assert run_here(job) == 1
    run = run_of(job)
    assert run.deaths == run.gone_count == 3
    assert run.reason == "No worker could be started: 3 of them ended in a row before they scored."
    assert "3 workers died" in (job.tree / paths.JOB_RESULT).read_text()


@pytest.mark.parametrize(("failures", "codes"), [(2, [0]), (3, [1, 0])])
def test_the_init_budget_of_a_term_is_its_own(tmp_path: Path, failures: int, codes: list[int]) -> None:
    marks = [str(tmp_path / f"failed{number}") for number in range(failures)]
    script = (
        "import os\n"
        "def init():\n"
        f"    for mark in {marks!r}:\n"
        "        if not os.path.exists(mark):\n"
        "            os.mkdir(mark)\n"
        "            raise OSError('busy')\n"
    )
    job = make_job(tmp_path, script + ECHO, items=60, workers=1)
    assert [run_here(job) for _ in codes] == codes
    assert sum(rows_of(job).values()) == 60


def test_inputs_that_nobody_lists_in_time_end_the_job(tmp_path: Path) -> None:
    fifo = tmp_path / "never.txt"
    os.mkfifo(fifo)
    limits = Limits(first_task_creation_timeout_s=0.4)
    job = make_job(tmp_path, items=5, inputs=(f"@{fifo}",), limits=limits)
    assert run_here(job) == 1
    reason = "Unable to create any task within 0.4 seconds."
    assert run_of(job).reason == reason
    assert reason in (job.tree / paths.JOB_RESULT).read_text()
    assert not processes_of(job), "the listing has ended, too"


def test_a_listing_that_stops_in_the_middle_ends_the_job_and_is_named(tmp_path: Path) -> None:
    fifo = tmp_path / "stops.txt"
    os.mkfifo(fifo)
    limits = Limits(progress_update_timeout_s=0.5, first_task_creation_timeout_s=30)
    job = make_job(tmp_path, inputs=(f"@{fifo}",), limits=limits)
    writer = os.open(fifo, os.O_RDWR)
    try:
        os.write(writer, b"".join(b"/data/item%05d\n" % number for number in range(20)))
        assert run_here(job) == 1
    finally:
        os.close(writer)
    run = run_of(job)
    assert len(run.done) == run.mini_batches > 0
    reason = "No progress update in 0.5 seconds. The listing of the inputs stands still: nothing since "
    assert run.reason.startswith(reason)
    assert run.reason in (job.tree / paths.JOB_RESULT).read_text()
    assert not processes_of(job), "the listing has ended, too"


def test_a_lost_manifest_that_nobody_lists_again_ends_the_resume(tmp_path: Path) -> None:
    fifo = tmp_path / "stops.txt"
    os.mkfifo(fifo)
    limits = Limits(progress_update_timeout_s=0.5, first_task_creation_timeout_s=30)
    job = make_job(tmp_path, HANGS, inputs=(f"@{fifo}",), limits=limits)
    writer = os.open(fifo, os.O_RDWR)
    try:
        os.write(writer, b"".join(b"/data/item%05d\n" % number for number in range(20)))
        assert run_here(job) == 1
        for name in ("manifest", "manifest.index"):
            os.truncate(job.tree / "checkpoint" / name, 0)
        with pytest.raises(BscoreError, match=r"stands still: nothing in 0\.5 seconds"):
            run_here(job)
    finally:
        os.close(writer)
    assert not processes_of(job)
