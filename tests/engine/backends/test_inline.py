"""Inline: the same journal every time, and nothing of a script left behind in the caller."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from functools import partial
from pathlib import Path

from bscore.backends.inline import CounterClock, InlineBackend
from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.logtree import paths
from bscore.master.job import Job, create_job
from bscore.master.run import run_job
from real_runs import ECHO, events_of, expected_rows, make_job, rows_of, run_of

TWO_NODES = partial(InlineBackend, nodes=2)

UNEVEN = """
import os, sys
calls = 0
def run(mini_batch):
    global calls
    calls += 1
    if calls % 4 == 0:
        raise ValueError(f"call {calls}")
    if calls == 7:
        sys.exit(3)
    return [os.path.basename(path) for path in mini_batch]
"""


def run_again(job: Job) -> bytes:
    """The journal of a job run as if it had never been."""
    for folder in (job.tree, job.config.output):
        if folder.exists():
            shutil.rmtree(folder)
    create_job(job.tree.parent, job.config)
    run_job(job, clock=CounterClock(), make_backend=TWO_NODES)
    return (job.tree / paths.JOURNAL).read_bytes()


def test_two_runs_of_a_job_write_the_same_journal(tmp_path: Path) -> None:
    job = make_job(tmp_path, UNEVEN, items=200, commit_interval_s=0.0)
    first, second = run_again(job), run_again(job)
    assert first == second
    assert rows_of(job) == expected_rows(200)
    run = run_of(job)
    assert run.failures[e.FailureKind.EXCEPTION] >= 4
    assert run.failures[e.FailureKind.DIED] >= 1
    assert {
        worker.split("/")[0] for worker in (x.worker for x in events_of(job) if isinstance(x, e.Finished))
    } == {
        "127.0.0.1",
        "127.0.0.2",
    }


def test_a_retry_goes_to_the_other_node(tmp_path: Path) -> None:
    script = "import os\ndef run(b):\n    open('tried', 'a').close()\n"
    script += (
        "    assert 'item00005' not in b[0] or os.path.exists('../../127.0.0.1'), 'here'\n    return b\n"
    )
    script = script.replace("os.path.exists('../../127.0.0.1')", "'/127.0.0.1/' in os.getcwd()")
    job = make_job(tmp_path, script, items=10, workers=1, commit_interval_s=0.0)
    run_job(job, clock=CounterClock(), make_backend=TWO_NODES)
    tries = [
        x.worker for x in events_of(job) if isinstance(x, e.AttemptFailed | e.Finished) and x.mini_batch == 1
    ]
    assert tries == ["127.0.0.2/process000", "127.0.0.1/process000"]


def test_time_passes_only_as_the_counter_says(tmp_path: Path) -> None:
    job = make_job(tmp_path, "import time\ndef run(b):\n    time.sleep(0.05)\n    return b\n", items=5)
    run_job(job, clock=CounterClock(step_us=1000), make_backend=InlineBackend)
    (done,) = [x for x in events_of(job) if isinstance(x, e.Finished)]
    assert done.run_ns == 1_000_000
    assert done.process_ns == 0


MESSY = """
import logging, os, sys, warnings
import helper
def init():
    os.chdir("/")
    os.environ["LEFT"] = "behind"
    os.environ.pop("HOME", None)
    sys.path.insert(0, "/nowhere")
    sys.argv.append("more")
    sys.stdout = sys.stderr
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
def run(mini_batch):
    assert os.getcwd() == "/" and os.environ["LEFT"] == "behind" and "HOME" not in os.environ
    assert sys.path[0] == "/nowhere" and sys.argv[-1] == "more" and sys.stdout is sys.stderr
    assert sys.modules["helper"] is helper and sys.modules[__name__].run is run
    warnings.warn("not to be seen")
    return mini_batch
"""


def test_a_script_keeps_its_world_and_the_caller_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/helper.py").write_text("")
    job = make_job(tmp_path, MESSY, items=20)
    root = logging.getLogger()

    def world() -> tuple[object, ...]:
        return (
            os.getcwd(),
            dict(os.environ),
            list(sys.path),
            list(sys.argv),
            list(sys.meta_path),
            (sys.stdin, sys.stdout, sys.stderr),
            (root.level, list(root.handlers)),
            list(warnings.filters),
            {"helper", "score"} & set(sys.modules),
        )

    before = world()
    assert run_job(job, make_backend=InlineBackend).outcome is e.Outcome.COMPLETED
    assert world() == before
    assert not run_of(job).errors


def test_a_resume_goes_on_where_a_canceled_term_ended(tmp_path: Path) -> None:
    script = ECHO.replace(
        "    return", "    assert 'item00030' not in mini_batch[0] or os.path.exists('OK')\n    return"
    )
    mark = tmp_path / "ok"
    job = make_job(tmp_path, script.replace("OK", str(mark)), limits=Limits(tries=1, error_threshold=2))
    assert run_job(job, make_backend=InlineBackend).outcome is e.Outcome.FAILED
    mark.touch()
    run_job(job, make_backend=InlineBackend)
    assert run_of(job).term == 2
