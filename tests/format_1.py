"""Makes the golden trees of format 1: small real runs with faults, which every later version must read.

Run `python tests/format_1.py` to make them anew; do that only while format 1 is being written.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from bscore.core import events as e
from bscore.core.limits import Limits
from bscore.core.state import Run
from bscore.master.job import Job
from real_runs import ECHO, SLOW_ECHO, events_of, finish, make_job, run_of, start_master, wait_for

FOLDER = Path(__file__).parent / "data" / "format-1"
#: Where the runs take place: a path that tells nothing of a machine.
WORK = Path("/tmp/format-1")  # it stands in the trees
TROUBLE = """
import os, signal, sys, time
def first_time(name):
    try:
        os.close(os.open(os.path.join("/tmp/format-1", name), os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
def init():
    print("the model is loaded")
def run(mini_batch):
    names = [os.path.basename(path) for path in mini_batch]
    if "item00012" in names and first_time("raised"):
        raise ValueError("item00012 is no number")
    if "item00022" in names and first_time("hung"):
        time.sleep(60)
    if "item00032" in names and first_time("killed"):
        os.kill(os.getpid(), signal.SIGKILL)
    if "item00042" in names and first_time("left"):
        os._exit(3)
    if "item00052" in names:
        raise KeyError("item00052")
    if "item00062" in names:
        return names[:-1]
    return names
"""


def facts_of(run: Run) -> dict[str, object]:
    """What must be read out of a tree, whatever version reads it."""
    return {
        "outcome": run.outcome.value if run.outcome else None,
        "reason": run.reason,
        "term": run.term,
        "events": run.events,
        "mini_batches": run.mini_batches,
        "done": len(run.done),
        "abandoned": list(run.abandoned),
        "items": run.items,
        "succeeded_items": run.succeeded_items,
        "failed_items": run.failed_items,
        "short": run.short,
        "retried": run.retried,
        "failures": {kind.value: count for kind, count in sorted(run.failures.items())},
        "deaths": run.deaths,
        "gone_workers": run.gone_count,
        "committed_rows": run.committed_rows,
        "errors": sorted(group.message for group in run.errors.values()),
    }


def _complete() -> Job:
    job = make_job(WORK, ECHO, items=30, name="complete", resource_monitor_interval_s=0.0)
    assert finish(start_master(job)) == 0
    return job


def _troubled() -> Job:
    limits = Limits(run_invocation_timeout_s=1.0, task_overhead_timeout_s=0.5)
    job = make_job(WORK, TROUBLE, items=80, name="troubled", limits=limits, resource_monitor_interval_s=0.0)
    assert finish(start_master(job)) == 0
    return job


def _failed() -> Job:
    script = "def run(b):\n    raise RuntimeError('no ' + b[0])\n"
    limits = Limits(error_threshold=12, tries=2)
    job = make_job(WORK, script, items=40, name="failed", limits=limits, resource_monitor_interval_s=0.0)
    assert finish(start_master(job)) == 1
    return job


def _resumed() -> Job:
    job = make_job(WORK, SLOW_ECHO, items=200, name="resumed", resource_monitor_interval_s=0.0)
    assert finish(start_master(job, "commit recorded", 3)) == -signal.SIGKILL
    assert finish(start_master(job)) == 0
    return job


def _interrupted(name: str, stop: signal.Signals) -> Job:
    job = make_job(WORK, SLOW_ECHO, items=800, name=name, resource_monitor_interval_s=0.0)
    master = start_master(job)
    wait_for(lambda: sum(isinstance(x, e.Finished) for x in events_of(job)) >= 20)
    os.kill(master.pid, stop)
    finish(master)
    return job


def _keep(job: Job) -> None:
    """Copy a tree without what belongs to the machine that made it."""
    target = FOLDER / job.name
    shutil.copytree(job.tree, target, ignore=shutil.ignore_patterns("spool", "lock"))
    here = str(Path(__file__).parent)
    for file in target.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            clean = data.replace(here.encode(), b"tests")
            if clean != data:
                file.write_bytes(clean)
    facts = json.dumps(facts_of(run_of(job)), indent=2)
    (FOLDER / f"{job.name}.json").write_text(facts + "\n")


def main() -> None:
    """Make all trees anew."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    makers = [
        _complete,
        _troubled,
        _failed,
        _resumed,
        lambda: _interrupted("canceled", signal.SIGINT),
        lambda: _interrupted("killed", signal.SIGKILL),
    ]
    for make in makers:
        shutil.rmtree(WORK, ignore_errors=True)
        WORK.mkdir()
        _keep(make())
    shutil.rmtree(WORK)


if __name__ == "__main__":
    sys.exit(main())
