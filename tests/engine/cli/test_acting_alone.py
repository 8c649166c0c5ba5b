"""Giving mini-batches up where no master lives: the asker takes the job, ends it or leaves it to a resume."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bscore.cli import alone
from bscore.core import asking
from bscore.core import events as e
from bscore.core.events import Outcome
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master import requests
from bscore.master.alone import EndedAlreadyError, act_alone
from bscore.master.job import Job
from bscore.master.run import run_job
from cli_runs import HANGING_ONCE, SLOW, Here, ended, now_of, only, running, start
from real_runs import (
    events_of,
    expected_rows,
    finish,
    make_job,
    processes_of,
    rows_of,
    run_here,
    run_of,
    start_master,
    wait_for,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def killed(folder: Path, **changes: object) -> Job:
    """A job of 40 mini-batches whose master was killed in the middle, some of its rows committed."""
    job = make_job(folder, SLOW, items=200, **changes)
    kill_with_rows(job, 20)
    return job


def kill_with_rows(job: Job, rows: int) -> None:
    """Kill its master once so many rows are committed."""
    master = start_master(job)
    wait_for(lambda: (run := now_of(job)) is not None and run.committed_rows >= rows)
    master.kill()
    finish(master)
    wait_for(lambda: not processes_of(job))


def without(items: int, *mini_batches: int) -> Counter[str]:
    """The rows of all items but those of these mini-batches."""
    gone = {f"item{5 * mini_batch + n:05d}" for mini_batch in mini_batches for n in range(5)}
    return Counter({row: count for row, count in expected_rows(items).items() if row not in gone})


def assert_ended_with_what_was_done(job: Job) -> None:
    """Completed; every row of a done mini-batch once, no other, and no worker in the last term."""
    run = run_of(job)
    assert run.outcome is Outcome.COMPLETED
    assert run.over == run.mini_batches
    over = set(run.abandoned)
    assert rows_of(job) == without(run.items, *over)
    assert list(job.final.parent.iterdir()) == [job.final], "no part files are left"
    assert not (job.tree / paths.SPOOL).exists()
    last = [event for event in events_of(job) if event.at >= run.term_started]
    assert not only(last, e.WorkerStarting)
    assert len(only(events_of(job), e.RunEnded)) == 1


def test_the_rest_is_given_up_and_the_run_ends_with_what_is_done(tmp_path: Path, here: Here) -> None:
    job = killed(tmp_path)
    done = run_of(job).committed_rows
    code, _, err = here("job", "abandon", job.name, "--remaining")
    assert code == 0
    assert "mini-batches abandoned" in err
    assert "had no living master; it was taken and ended here" in err
    assert f"{done:,} rows are in {job.final}" in err
    assert_ended_with_what_was_done(job)
    assert len(rows_of(job)) == done > 0
    said = (job.tree / paths.JOB_RESULT).read_text()
    assert said.startswith("Completed.")
    assert f"{len(run_of(job).abandoned)} were abandoned, asked for by ada on" in said
    code, _, err = here("job", "abandon", job.name, "--remaining")
    assert code == 2
    assert "Completed already" in err
    assert "resume" not in err


def test_thresholds_decide_how_it_ends_and_what_was_given_up_can_be_tried_again(
    tmp_path: Path, here: Here
) -> None:
    job = killed(tmp_path, limits=Limits(error_threshold=3))
    code, _, err = here("job", "abandon", job.name, "--remaining")
    assert code == 0
    assert "is Failed. The number of failed items" in err
    assert f"bscore job resume {job.name} --retry-failed" in err
    assert run_of(job).outcome is Outcome.FAILED
    assert not job.final.exists()
    assert run_job(job, retry_failed=True).outcome is Outcome.COMPLETED
    assert rows_of(job) == expected_rows(200)
    run_of(job)


def test_single_ones_are_given_up_by_two_at_once_and_a_resume_honours_both(
    tmp_path: Path, here: Here
) -> None:
    job = killed(tmp_path)
    shells = [start(tmp_path, "job", "abandon", job.name, number) for number in ("32-34", "38")]
    for code, _, err in map(ended, shells):
        assert code == 0
        assert f"Job {job.name} is not running" in err
        assert f"bscore job resume {job.name}" in err
    run = run_of(job)
    assert (run.outcome, list(run.abandoned)) == (None, [32, 33, 34, 38])
    _, shown, _ = here("job", "show", job.name, "-o", "text")
    assert f"{100 * len(run.done) // 40} %, {len(run.done)} of 40 mini-batches, 4 abandoned" in shown
    assert "given up      4 were abandoned, asked for by ada on" in shown
    code, _, err = here("job", "abandon", job.name, "38")
    assert code == 2
    assert "38 is abandoned already" in err
    assert run_here(job) == 0
    assert rows_of(job) == without(200, 32, 33, 34, 38)
    assert run_of(job).abandoned_items == 20
    assert "Given up:     4 were abandoned, asked for by ada on" in (job.tree / paths.JOB_RESULT).read_text()


def test_giving_up_all_that_was_left_ends_the_run(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, HANGING_ONCE.format(mark=str(tmp_path / "mark")), items=40)
    kill_with_rows(job, 35)
    assert here("job", "abandon", job.name, "0")[0] == 0
    assert_ended_with_what_was_done(job)
    assert len(rows_of(job)) == 35


def test_what_was_not_listed_yet_is_listed_and_given_up_too(tmp_path: Path, here: Here) -> None:
    """The second list is a pipe that nobody writes to, so that the listing stands still behind the first."""
    more = tmp_path / "more.txt"
    os.mkfifo(more)
    inputs = (f"@{tmp_path / 'items.txt'}", f"@{more}")
    job = make_job(tmp_path, SLOW, items=600, inputs=inputs)
    kill_with_rows(job, 20)
    more.unlink()
    more.write_text("".join(f"/data/item{n:05d}\n" for n in range(600, 1000)))
    assert not run_of(job).listing_finished
    code, _, err = here("job", "abandon", job.name, "--remaining")
    assert code == 0
    assert "The inputs are listed to their end first" in err
    assert "and what is listed from now on" in err
    assert_ended_with_what_was_done(job)
    assert (run_of(job).mini_batches, run_of(job).items) == (200, 1000)


def test_a_list_that_is_gone_ends_it_as_failed_with_its_rows_kept(tmp_path: Path, here: Here) -> None:
    job = make_job(tmp_path, SLOW, items=60)
    assert finish(start_master(job, "term started")) == -signal.SIGKILL
    (tmp_path / "items.txt").unlink()
    code, _, err = here("job", "abandon", job.name, "--remaining")
    assert code == 0
    assert "is Failed. The inputs cannot be listed" in err
    assert f"bscore job resume {job.name}" in err
    assert run_of(job).outcome is Outcome.FAILED


DYING = """
import os, signal, sys
from pathlib import Path
from bscore.master import requests
from bscore.master.alone import act_alone
from bscore.master.job import load_job
def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
act_alone(load_job(Path(sys.argv[1])), requests.make("abandon", "remaining"), print, step=step)
"""


@pytest.mark.parametrize("step", ["term started", "answered", "finalizing", "named", "reports written"])
def test_whoever_dies_while_giving_up_leaves_a_job_that_the_next_one_ends(tmp_path: Path, step: str) -> None:
    job = killed(tmp_path)
    died = subprocess.run([sys.executable, "-c", DYING, str(job.tree), step], check=False)
    assert died.returncode == -signal.SIGKILL
    assert run_of(job).outcome is None
    act_alone(job, requests.make(asking.ABANDON, asking.REMAINING), print)
    assert_ended_with_what_was_done(job)


def test_two_who_give_up_and_cancel_at_once_end_it_once(tmp_path: Path) -> None:
    job = killed(tmp_path)
    shells = [
        start(tmp_path, "job", *words) for words in (("abandon", "job1", "--remaining"), ("cancel", "job1"))
    ]
    said = [ended(shell) for shell in shells]
    assert 0 in [code for code, _, _ in said]
    for code, _, err in said:
        assert code == 0 or "already" in err or "come to its end" in err
    run = run_of(job)
    assert run.outcome in (Outcome.CANCELED, Outcome.COMPLETED)
    assert len(only(events_of(job), e.RunEnded)) == 1
    with pytest.raises(EndedAlreadyError, match=f"{run.outcome} already"):
        act_alone(job, requests.make(asking.ABANDON, asking.REMAINING), print)


def test_a_job_that_lives_again_is_asked_and_not_taken(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "MISSED_S", 0.0)
    job = make_job(tmp_path, SLOW, items=5000)
    with running(job) as master:
        taken = alone.act_without_master(job.tree, asking.ABANDON, asking.REMAINING, last=False)
        assert taken is None
        assert here("job", "abandon", job.name, "--remaining")[0] == 0
        assert finish(master) == 0
    assert run_of(job).term == 1


@pytest.mark.parametrize("words", [("cancel",), ("abandon", "--remaining"), ("resume",)])
def test_nobody_acts_on_a_copy_that_would_write_the_same_output(
    tmp_path: Path, here: Here, words: tuple[str, ...]
) -> None:
    job = make_job(tmp_path)
    assert finish(start_master(job, "commit recorded")) == -signal.SIGKILL
    copy = tmp_path / "copy"
    shutil.copytree(job.tree, copy)
    code, _, err = here("job", words[0], str(copy), *words[1:])
    assert code == 2
    assert f"{copy} is a copy of {job.tree}" in err
    assert "kill" not in err
    assert job.part(1).exists()
