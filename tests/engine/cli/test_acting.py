"""Acting on a job from other processes, one or two at once, with a living and with a dead master."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bscore.cli import asking
from bscore.core import events as e
from bscore.core.events import Outcome
from bscore.master import requests
from bscore.master.job import Job
from cli_runs import (
    HANGING_ONCE,
    SLOW,
    WAITING,
    Here,
    bscore,
    ended,
    environment,
    has_done,
    is_busy,
    only,
    running,
    start,
)
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


def hanging(folder: Path, workers: int = 2) -> Job:
    return make_job(folder, HANGING_ONCE.format(mark=str(folder / "mark")), items=40, workers=workers)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def killed(job: Job) -> None:
    """Run a job until something is done, then kill its master."""
    master = start_master(job)
    wait_for(lambda: has_done(job, 3))
    os.kill(master.pid, signal.SIGKILL)
    master.communicate()
    wait_for(lambda: not processes_of(job))


def test_two_shells_cancel_at_once_and_both_have_what_they_want(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=5000)
    with running(job) as master:
        shells = [start(tmp_path, "job", "cancel", job.name) for _ in range(2)]
        assert [ended(shell)[0] for shell in shells] == [0, 0]
        assert finish(master) == 3
    run = run_of(job)
    assert run.outcome is Outcome.CANCELED
    assert run.canceled_by.startswith("ada on ")
    assert len(only(events_of(job), e.RunEnded)) == 1
    assert bscore(tmp_path, "job", "cancel", job.name)[::2] == (0, "Job job1 is Canceled already.\n")
    code, _, err = bscore(tmp_path, "job", "abandon", job.name, "--remaining")
    assert code == 2
    assert "Canceled already" in err
    assert "Go on with what is left of it: bscore job resume job1\n" in err


def test_one_that_hangs_is_abandoned_uncharged_and_the_job_completes(tmp_path: Path) -> None:
    job = hanging(tmp_path)
    with running(job) as master:
        wait_for(lambda: has_done(job, 7))
        code, _, err = bscore(tmp_path, "job", "abandon", job.name, "--mini-batch", "0")
        assert (code, err) == (0, "0 abandoned.\n")
        assert finish(master) == 0
    run = run_of(job)
    assert list(run.abandoned) == [0]
    assert not run.failures
    assert sum(rows_of(job).values()) == 35


def test_abandoning_the_rest_and_canceling_at_once_ends_in_one_of_both(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=5000)
    with running(job) as master:
        wait_for(lambda: has_done(job, 2))
        shells = [
            start(tmp_path, "job", *words)
            for words in (("abandon", "job1", "--remaining"), ("cancel", "job1"))
        ]
        codes = [ended(shell)[0] for shell in shells]
        assert set(codes) <= {0, 2}
        assert 0 in codes
        assert finish(master) in (0, 3)
    run = run_of(job)
    assert run.outcome in (Outcome.CANCELED, Outcome.COMPLETED)
    assert len(only(events_of(job), e.RunEnded)) == 1


def test_abandoning_the_rest_keeps_what_is_done(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=5000)
    with running(job) as master:
        wait_for(lambda: has_done(job, 4))
        assert bscore(tmp_path, "job", "abandon", job.name, "--remaining")[0] == 0
        assert finish(master) == 0
    run = run_of(job)
    assert len(only(events_of(job), e.RemainingAbandoned)) == 1
    assert run.over == 1000
    assert sum(rows_of(job).values()) == run.succeeded_items >= 20


def elsewhere(*arguments: str) -> list[str]:
    """A command line that runs on a host of another name, which shares every folder with this one."""
    renamed = 'hostname elsewhere && exec "$0" "$@"'
    return ["unshare", "-r", "-u", "sh", "-c", renamed, sys.executable, "-m", "bscore.cli", *arguments]


def _can_rename_hosts() -> bool:
    if shutil.which("unshare") is None or shutil.which("hostname") is None:
        return False
    tried = subprocess.run(["unshare", "-r", "-u", "hostname", "elsewhere"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _can_rename_hosts(), reason="this machine lets nobody play another host")
def test_another_host_that_shares_the_folder_acts_and_sees_as_this_one_does(tmp_path: Path) -> None:
    job = hanging(tmp_path)
    with running(job) as master:
        wait_for(lambda: has_done(job, 7))
        said = [
            subprocess.run(
                elsewhere("job", *words),
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                check=True,
            )
            for words in (["abandon", job.name, "--mini-batch", "0"], ["show", job.name, "-o", "json"])
        ]
        assert said[0].stderr == "0 abandoned.\n"
        assert finish(master) == 0
    taken = only(events_of(job), e.RequestTaken)
    assert [(event.what, event.where, event.granted) for event in taken] == [("abandon", "elsewhere", True)]
    assert json.loads(said[1].stdout)["status"] in ("Running", "Finalizing", "Completed")


def test_a_restarted_worker_gives_its_mini_batch_back_uncharged(tmp_path: Path) -> None:
    job = hanging(tmp_path, workers=1)
    with running(job) as master:
        code, _, err = bscore(tmp_path, "job", "restart-worker", job.name, "process000")
        assert code == 0
        assert "mini-batch 0 goes back, uncharged" in err
        assert finish(master) == 0
    assert rows_of(job) == expected_rows(40)
    run = run_of(job)
    assert (run.retried, dict(run.failures)) == (0, {})
    ready = [event.worker for event in only(events_of(job), e.WorkerReady)]
    assert ready == ["127.0.0.1/process000", "127.0.0.1/process001"]


def test_stacks_say_where_it_hangs_and_unknown_workers_are_refused(tmp_path: Path, here: Here) -> None:
    job = hanging(tmp_path)
    with running(job) as master:
        wait_for(lambda: has_done(job, 7))
        code, out, _ = here("job", "stack", job.name, "-o", "json")
        assert code == 0
        places = {value["mini_batch"]: value["place"] for value in json.loads(out)}
        assert places[0].endswith("in hang")
        code, out, _ = here("job", "stack", job.name, "-o", "text")
        assert "mini-batch 0  at score.py:" in out
        assert "bscore_worker" not in out
        code, _, err = here("job", "restart-worker", job.name, "process7")
        assert code == 2
        assert "There is no worker 'process7'." in err
        refused = only(events_of(job), e.RequestTaken)[-1]
        assert (refused.what, refused.who, refused.granted) == ("restart-worker", "ada", False)
        assert here("job", "abandon", job.name, "0")[0] == 0
        assert finish(master) == 0
    assert not requests.lying_there(job.tree)


def test_without_a_living_master_the_canceller_ends_the_job_himself(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=200)
    killed(job)
    for words in (["restart-worker", job.name, "process000"], ["stack", job.name]):
        code, _, err = bscore(tmp_path, "job", *words)
        assert code == 4
        assert "no living master, so there are no workers" in err
        assert "bscore job resume job1" in err
    shells = [start(tmp_path, "job", "cancel", job.name) for _ in range(2)]
    assert [ended(shell)[0] for shell in shells] == [0, 0]
    run = run_of(job)
    assert (run.outcome, run.term) == (Outcome.CANCELED, 2)
    last = [event for event in events_of(job) if event.at >= run.term_started]
    assert len(only(events_of(job), e.RunEnded)) == 1
    assert not only(last, e.WorkerStarting)
    assert only(last, e.RequestTaken)[0].answer
    assert (job.tree / "logs/job_result.txt").read_text().startswith("Canceled.")
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(200)


def test_what_was_asked_of_a_dead_master_is_refused_by_the_next(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=100)
    killed(job)
    requests.ask(job.tree, "cancel")
    assert run_here(job) == 0
    (request,) = only(events_of(job), e.RequestTaken)
    assert not request.granted
    assert "before this term began" in request.answer


def test_a_request_at_the_last_moment_is_answered_too(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=5, workers=1)
    with running(job) as master:
        assert is_busy(job)
        gate.touch()
        shell = start(tmp_path, "job", "stack", job.name)
        finish(master)
        code, _, err = ended(shell)
    assert code in (0, 1, 2)
    assert code == 0 or "already" in err or "end" in err
    assert not requests.lying_there(job.tree)


def test_a_job_that_never_began_can_be_canceled(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "START_S", 0.1)
    job = make_job(tmp_path, SLOW, items=20)
    assert here("job", "cancel", job.name)[0] == 0
    assert run_of(job).outcome is Outcome.CANCELED
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(20)
