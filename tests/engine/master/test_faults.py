"""Faults of scripts, seen from the whole job: charged as designed, said with their cause, nothing lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bscore.cli.job_facts import read_facts, whole
from bscore.core import events as e
from bscore.core.events import FailureKind, Outcome
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.logtree.trees import in_commands
from bscore.master import ending
from bscore.master.run import run_job
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

ONCE = """
import ctypes, os, signal, sys, time
def first_time(name):
    try:
        os.close(os.open(os.path.join({folder!r}, name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
def run(mini_batch):
    for path in mini_batch:
        name = os.path.basename(path)
        if name == {item!r} and first_time(name):
            {fault}
    return [os.path.basename(path) for path in mini_batch]
"""

FAULTS = {
    "raise ValueError('bad ' + name)": (FailureKind.EXCEPTION, None, None),
    "time.sleep(60)": (FailureKind.TIMEOUT, None, 9),
    "os.kill(os.getpid(), signal.SIGKILL)": (FailureKind.DIED, None, 9),
    "ctypes.string_at(0)": (FailureKind.DIED, None, 11),
    "os._exit(3)": (FailureKind.DIED, 3, None),
    "sys.exit(4)": (FailureKind.DIED, 4, None),
    "return None": (FailureKind.REJECTED, None, None),
    "return 'text'": (FailureKind.REJECTED, None, None),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.split("(")[0].replace(" ", "-"))
def test_a_fault_that_happens_once_costs_one_attempt_and_no_row(tmp_path: Path, fault: str) -> None:
    script = ONCE.format(folder=str(tmp_path), item="item00022", fault=fault)
    limits = Limits(run_invocation_timeout_s=1.0, task_overhead_timeout_s=0.5)
    job = make_job(tmp_path, script, items=60, limits=limits)
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(60)
    kind, exit_code, signal_number = FAULTS[fault]
    (failed,) = [x for x in events_of(job) if isinstance(x, e.AttemptFailed)]
    assert (failed.kind, failed.exit_code, failed.signal) == (kind, exit_code, signal_number)
    assert failed.mini_batch == 4
    run = run_of(job)
    assert (run.retried, len(run.abandoned), run.failed_items) == (1, 0, 0)
    assert not processes_of(job)


def test_a_poisonous_mini_batch_is_given_up_after_its_tries_and_charges_no_other(tmp_path: Path) -> None:
    script = (
        "import os\ndef run(b):\n    if any('00031' in p for p in b):\n        os._exit(1)\n    return b\n"
    )
    job = make_job(tmp_path, script, items=60, limits=Limits(tries=2))
    assert run_here(job) == 0
    run = run_of(job)
    assert list(run.abandoned) == [6]
    assert run.failures == {FailureKind.DIED: 2}
    assert run.failed_items == 5
    assert sum(rows_of(job).values()) == 55
    text = (job.tree / paths.JOB_RESULT).read_text()
    assert "1 abandoned" in text
    assert "exit code 1" in text


def test_two_workers_one_hangs_the_prefetched_one_is_done_within_a_second(tmp_path: Path) -> None:
    script = (
        "import os, time\n"
        "def run(b):\n"
        "    if any('00000' in p for p in b):\n"
        "        time.sleep(60)\n"
        "    return b\n"
    )
    limits = Limits(run_invocation_timeout_s=2.0, task_overhead_timeout_s=1.0, tries=1)
    job = make_job(tmp_path, script, items=20, limits=limits)
    assert run_here(job) == 0
    started = min(x.at for x in events_of(job) if isinstance(x, e.Assigned))
    finished = [x.at for x in events_of(job) if isinstance(x, e.Finished)]
    assert len(finished) == 3
    assert max(finished) - started < 1_000_000
    (failed,) = [x for x in events_of(job) if isinstance(x, e.AttemptFailed)]
    assert "score.py:4" in failed.place, "a time-out says where"


def test_the_threshold_of_failed_items_ends_the_job_and_keeps_the_rows(tmp_path: Path) -> None:
    script = (
        "def run(b):\n    if any(p.endswith('7') for p in b):\n        raise KeyError(b[0])\n    return b\n"
    )
    limits = Limits(tries=1, error_threshold=4)
    job = make_job(tmp_path, script, items=400, mini_batch_size=1, limits=limits, workers=1)
    assert run_here(job) == 1
    run = run_of(job)
    assert run.outcome is Outcome.FAILED
    assert "exceeds error_threshold, 4" in run.reason
    assert not job.final.exists()
    part = Path(run.output)
    assert len(part.read_text().splitlines()) == run.committed_rows
    assert str(part) in (job.tree / paths.JOB_RESULT).read_text()


def test_init_that_raises_ends_the_job_with_its_traceback(tmp_path: Path) -> None:
    script = "def init():\n    raise RuntimeError('no weights')\ndef run(b):\n    return b\n"
    job = make_job(tmp_path, script, items=10)
    assert run_here(job) == 1
    text = (job.tree / paths.JOB_RESULT).read_text()
    assert "no weights" in text
    traces = "".join(file.read_text() for file in (job.tree / "logs/user/error/127.0.0.1").iterdir())
    assert "score.py" in traces
    assert "bscore_worker" not in traces, "the user's frames only"


def test_short_returns_are_done_and_count_as_failed_items(tmp_path: Path) -> None:
    job = make_job(tmp_path, "def run(b):\n    return b[:-1]\n", items=20)
    assert run_here(job) == 0
    run = run_of(job)
    assert (run.short, run.failed_items, run.retried) == (4, 4, 0)
    assert sum(rows_of(job).values()) == 16


def test_inputs_that_became_empty_end_the_job_with_the_reason(tmp_path: Path) -> None:
    job = make_job(tmp_path, items=0)
    assert run_here(job) == 1
    assert "No files were found" in run_of(job).reason


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if mount is None or os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield folder
    wait_for(
        lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0
    )


def test_a_full_disk_ends_the_term_with_its_cause_and_a_resume_completes(
    tmp_path: Path, small_disk: Path
) -> None:
    script = "import os\ndef run(b):\n    return [os.path.basename(p) + 'x' * 4000 for p in b]\n"
    job = make_job(tmp_path, script, items=400, output=small_disk / "out")
    master = start_master(job)
    _, stderr = master.communicate(timeout=30)
    assert "is full" in stderr.decode()
    assert not job.final.exists()
    assert not processes_of(job)
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    assert run_here(job) == 0
    assert Counter(row.rstrip("x") for row in rows_of(job).elements()) == expected_rows(400)


def test_why_a_term_ended_is_told_by_every_reader_though_the_jobs_own_disk_is_full(small_disk: Path) -> None:
    script = "def run(b):\n    return ['x' * 40000 for p in b]\n"
    job = make_job(small_disk, script, items=400)
    start_master(job).communicate(timeout=30)
    why = f"Its master gave up. {job.part(1)} cannot be written: No space left on device. The disk of "
    reason = whole(read_facts(job.tree))["status_reason"]
    assert reason.startswith(why)
    go_on = f"Go on with: bscore job resume {in_commands(job.tree)}"
    assert f"free some space, then resume the job. {go_on}" in reason
    followed = subprocess.run(
        [sys.executable, "-m", "bscore.cli", "job", "stream", str(job.tree)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert followed.returncode == 4
    assert "no more will come. It gave up: " in followed.stderr


def test_of_a_killed_master_nothing_more_is_told_than_that_it_is_gone(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    finish(start_master(job, "term started"))
    assert whole(read_facts(job.tree))["status_reason"].startswith("Its master was process ")


def test_a_script_that_floods_its_streams_loses_nothing(tmp_path: Path) -> None:
    script = (
        "import os, subprocess, sys\n"
        "def run(b):\n"
        "    print('é' * 500)\n"
        "    sys.stderr.write('warned\\n')\n"
        "    os.write(1, b'raw' + b'\\xff' + b'\\n')\n"
        "    subprocess.run(['echo', 'from a child'])\n"
        "    return b\n"
    )
    job = make_job(tmp_path, script, items=40, workers=1)
    started = time.monotonic()
    assert run_here(job) == 0
    assert time.monotonic() - started < 60
    node = "127.0.0.1"
    assert (job.tree / paths.user_stdout(node, "process000")).read_text().count("é" * 500) == 8
    assert (job.tree / paths.user_stderr(node, "process000")).read_text().count("warned") == 8
    raw = (job.tree / paths.raw_stdout(node, "process000")).read_bytes()
    assert raw.count(b"raw\xff\n") == 8
    assert raw.count(b"from a child") == 8


def test_a_thread_that_never_ends_is_said_to_have_held_the_job_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "SHUTDOWN_S", 0.2)
    script = (
        "import os, threading\n"
        "def init():\n    threading.Thread(target=threading.Event().wait).start()\n"
        "def run(b):\n    return [os.path.basename(p) for p in b]\n"
    )
    job = make_job(tmp_path, script, items=6, workers=1)
    assert run_job(job).outcome is Outcome.COMPLETED
    assert rows_of(job) == expected_rows(6)
    said = run_of(job).findings["ends-late"]
    assert "1 worker had to be killed 0.2 seconds after" in said
    assert "127.0.0.1/process000" in said
    assert said in (job.tree / paths.JOB_RESULT).read_text()
    assert not processes_of(job)
