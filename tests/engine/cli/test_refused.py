"""A resume that is refused begins nothing, alarms nobody, and leaves the living job's log alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bscore.cli.job_facts import read_facts
from bscore.cli.job_ways import command_of, reason_of
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.job import Job
from bscore.master.run import run_job
from cli_runs import WAITING, Here, bscore, ended, now_of, running, start
from real_runs import make_job, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Job]:
    """A job that cannot end before its gate is opened, which is done at last."""
    gate = tmp_path / "gate"
    yield make_job(tmp_path, WAITING.format(gate=str(gate)), items=10)
    gate.touch()


@pytest.mark.parametrize("manner", [[], ["--detach"]])
def test_a_job_that_is_being_run_is_left_alone(waiting: Job, tmp_path: Path, manner: list[str]) -> None:
    told, log = tmp_path / "told", waiting.tree / paths.DRIVER_LOG
    with running(waiting) as master:
        before = log.read_bytes()
        code, out, err = bscore(tmp_path, "job", "resume", "job1", "--on-end", f"touch {told}", *manner)
        assert (code, out) == (2, "")
        assert f"Job job1 is being run by process {master.pid} on " in err
        assert "end it first with: bscore job cancel job1" in err
        assert log.read_bytes() == before
    assert not told.exists()


def test_of_two_that_detach_at_once_one_is_told_the_reason(waiting: Job, tmp_path: Path) -> None:
    shells = [start(tmp_path, "job", "resume", "job1", "--detach") for _ in range(2)]
    begun, refused = sorted(ended(shell) for shell in shells)
    assert begun[:2] == (0, "job1\n")
    assert refused[:2] == (2, "")
    run = now_of(waiting)
    assert run is not None
    assert f"is being run by process {run.pid} on " in refused[2]
    (tmp_path / "gate").touch()
    wait_for(lambda: (run := now_of(waiting)) is not None and run.outcome is not None)


def test_a_frozen_master_is_named_with_both_ways_out(waiting: Job, here: Here) -> None:
    """Every command names the two signals, and none a resume or a cancel that would be refused first."""
    with running(waiting) as master:
        os.kill(master.pid, signal.SIGSTOP)
        lease, long_ago = waiting.tree / paths.LEASE, time.time() - 60
        os.utime(lease, (long_ago, long_ago))
        signals = f"kill -CONT {master.pid}, or end it with: kill -KILL {master.pid}"
        for command in ("resume", "stream", "stack", "cancel"):
            code, _, err = here("job", command, "job1")
            assert code == (2 if command == "resume" else 4), command
            assert signals in err, command
            assert "job cancel" not in err, command
            assert "Go on with" not in err, command
            assert "no workers" not in err, command
        facts = read_facts(waiting.tree)
        assert signals in reason_of(facts)
        assert command_of(facts) is None


def test_what_fails_once_the_job_is_held_stands_in_its_log(tmp_path: Path, here: Here) -> None:
    script = "def run(b):\n    if 'item00000' not in b[0]: raise ValueError\n    return b\n"
    job = make_job(tmp_path, script, items=60, workers=1, limits=Limits(tries=1, error_threshold=3))
    run_job(job)
    job.part(1).unlink()
    told = tmp_path / "told"
    code, _, err = here("job", "resume", "job1", "--on-end", f"touch {told}")
    lost = f"{job.part(1)} does not exist."
    assert (code, lost in err) == (2, True)
    assert lost in (job.tree / paths.DRIVER_LOG).read_text()
    assert not told.exists(), "no term was begun"


def test_a_job_with_a_frozen_master_is_not_deleted_and_the_ways_out_are_named(
    waiting: Job, here: Here
) -> None:
    with running(waiting) as master:
        os.kill(master.pid, signal.SIGSTOP)
        lease, long_ago = waiting.tree / paths.LEASE, time.time() - 60
        os.utime(lease, (long_ago, long_ago))
        code, _, err = here("job", "delete", "job1", "-y")
        assert code == 2
        assert f"kill -CONT {master.pid}" in err
        assert "cancel" not in err
        assert waiting.tree.exists()
