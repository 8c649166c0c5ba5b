"""The master killed at any moment: a resume finishes, every item's rows stand in the output once."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from bscore.core import events as e
from bscore.core.check import check
from bscore.core.events import Outcome
from bscore.core.limits import Limits
from bscore.core.reduce import fold
from bscore.logtree import paths
from bscore.logtree.journal import read_term
from bscore.logtree.source import MemorySource
from bscore.master.run import run_job
from bscore.outputs.reservation import lock_file
from real_runs import (
    SLOW_ECHO,
    events_of,
    expected_rows,
    finish,
    is_running,
    make_job,
    processes_of,
    rows_of,
    run_here,
    run_of,
    start_master,
    wait_for,
    worker_pids,
)

STEPS = [
    "locked",
    "claimed",
    "journal created",
    "part created",
    "term started",
    "rows synced",
    "commit recorded",
    "journal synced",
    "last commit",
    "finalizing",
    "named",
    "folder synced",
    "published",
    "reports written",
    "ended",
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_of_the_first_term_the_job_can_be_resumed(tmp_path: Path, step: str) -> None:
    job = make_job(tmp_path, items=60)
    assert finish(start_master(job, step)) == -signal.SIGKILL
    assert not job.final.exists() or rows_of(job) == expected_rows(60), "no half output under the final name"
    if step != "ended":
        assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)
    run = run_of(job)
    assert run.outcome is Outcome.COMPLETED
    left = set(job.final.parent.iterdir()) - {job.final}
    claim = lock_file(job.final.parent, job.final.name)
    assert left <= ({claim} if step == "ended" else set()), "no part files; a claim that died with its master"


@pytest.mark.parametrize("step", ["journal aside", "part created", "commit recorded", "joined", "named"])
def test_killed_in_the_second_term_too_the_job_can_be_resumed(tmp_path: Path, step: str) -> None:
    job = make_job(tmp_path, SLOW_ECHO, items=1500)
    master = start_master(job)
    wait_for(lambda: any(isinstance(x, e.Committed) and x.rows for x in events_of(job)))
    master.kill()
    finish(master)
    assert finish(start_master(job, step)) == -signal.SIGKILL
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(1500)
    assert run_of(job).term == 3
    assert list(job.final.parent.iterdir()) == [job.final], "no part files are left"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_killed_at_random_moments_again_and_again_no_row_is_lost_or_doubled(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    job = make_job(tmp_path, SLOW_ECHO, items=1500)
    for _ in range(6):
        master = start_master(job)
        wait_for(lambda: (job.tree / paths.JOURNAL).exists())
        time.sleep(chance.uniform(0.0, 0.6))  # the moment of the kill is what is drawn
        master.kill()
        finish(master)
    if run_of(job).outcome is None:
        assert run_here(job) == 0
    assert rows_of(job) == expected_rows(1500)
    assert run_of(job).outcome is Outcome.COMPLETED


def test_a_journal_cut_at_any_byte_folds_to_a_run_that_adds_up(tmp_path: Path) -> None:
    script = "n = 0\ndef run(b):\n    global n\n    n += 1\n    assert n % 3, 'third'\n    return b\n"
    job = make_job(tmp_path, script, items=120)
    run_here(job)
    data = (job.tree / paths.JOURNAL).read_bytes()
    whole = fold(event for event, _ in read_term(MemorySource({"j": data}), "j"))
    assert whole == run_of(job)
    chance = random.Random(5)
    for cut in sorted(chance.sample(range(len(data)), 60)):
        source = MemorySource({"j": data[:cut]})
        run = fold(event for event, _ in read_term(source, "j"))
        check(run)
        assert run.events <= whole.events


def test_a_killed_master_leaves_no_process_even_when_a_worker_was_stopped(tmp_path: Path) -> None:
    job = make_job(tmp_path, "import time\ndef run(b):\n    time.sleep(30)\n", items=60)
    master = start_master(job)
    wait_for(lambda: any(isinstance(x, e.Assigned) for x in events_of(job)) and len(worker_pids(job)) == 2)
    pids = worker_pids(job)
    os.kill(pids[0], signal.SIGSTOP)
    master.kill()
    finish(master)
    wait_for(lambda: not any(is_running(pid) for pid in pids) and not processes_of(job), timeout_s=5)


def test_a_machine_frozen_for_longer_than_the_limits_charges_nobody(tmp_path: Path) -> None:
    limits = Limits(run_invocation_timeout_s=0.8, task_overhead_timeout_s=0.4, tries=1)
    job = make_job(
        tmp_path, "import time\ndef run(b):\n    time.sleep(0.2)\n    return b\n", 60, limits=limits
    )
    master = start_master(job)
    wait_for(lambda: sum(isinstance(x, e.Finished) for x in events_of(job)) >= 2)
    frozen = [master.pid, *worker_pids(job)]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2.4)  # twice the limit of an attempt
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    assert finish(master) == 0
    assert not [x for x in events_of(job) if isinstance(x, e.AttemptFailed | e.NodeLost)]


def test_ctrl_c_cancels_in_order_and_a_resume_completes(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW_ECHO, items=2000)
    master = start_master(job)
    wait_for(lambda: sum(isinstance(x, e.Finished) for x in events_of(job)) >= 10)
    os.kill(master.pid, signal.SIGINT)
    assert finish(master) == 3
    run = run_of(job)
    assert run.outcome is Outcome.CANCELED
    assert "Ctrl-C" in run.reason
    assert not run.uncommitted, "what was done is committed"
    assert not processes_of(job)
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(2000)


def test_a_second_ctrl_c_ends_at_once_and_what_was_done_is_kept(tmp_path: Path) -> None:
    script = "import time\ndef run(b):\n    time.sleep('00040' in b[0] and 30)\n    return b\n"
    job = make_job(tmp_path, script + "def shutdown():\n    time.sleep(30)\n", items=50)
    master = start_master(job)
    # All but the one that hangs: only a worker that is free is asked, and then sleeps in its shutdown().
    wait_for(lambda: sum(isinstance(x, e.Finished) for x in events_of(job)) == 9)
    os.kill(master.pid, signal.SIGINT)
    wait_for(lambda: any(isinstance(x, e.WorkerStopping) for x in events_of(job)))
    os.kill(master.pid, signal.SIGINT)
    _, stderr = master.communicate(timeout=20)
    assert b"KeyboardInterrupt" in stderr
    run = run_of(job)
    assert run.outcome is Outcome.CANCELED
    assert "second Ctrl-C" in run.reason
    assert len(run.done) == 9
    assert not run.uncommitted
    wait_for(lambda: not processes_of(job), timeout_s=5)


def test_a_second_master_is_refused_and_names_the_first(tmp_path: Path) -> None:
    job = make_job(tmp_path, "import time\ndef run(b):\n    time.sleep(30)\n", items=10)
    master = start_master(job)
    wait_for(lambda: any(isinstance(x, e.Assigned) for x in events_of(job)))
    second = start_master(job)
    _, stderr = second.communicate(timeout=30)
    assert f"is being run by process {master.pid}" in stderr.decode()
    os.kill(master.pid, signal.SIGTERM)
    assert finish(master) == 3


def test_ctrl_c_while_reports_are_written_leaves_the_tables_out_and_nothing_else(tmp_path: Path) -> None:
    job = make_job(tmp_path, items=60)
    of_earlier_term = job.tree / paths.NODE_REPORT
    of_earlier_term.parent.mkdir(parents=True, exist_ok=True)
    of_earlier_term.write_text("old\n")

    def press(step: str) -> None:
        if step == "published":
            os.kill(os.getpid(), signal.SIGINT)

    assert run_job(job, step=press).outcome is Outcome.COMPLETED
    assert rows_of(job) == expected_rows(60)
    run = run_of(job)
    assert "was left out" in run.findings["reports-left-out"]
    assert not list((job.tree / paths.REPORTS).iterdir()), "no table, also none that is out of date"
    assert "was left out" in (job.tree / paths.JOB_RESULT).read_text()
