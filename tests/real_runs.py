"""Real runs for tests: small jobs, run by a master in a process of its own that may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bscore.backends.detached import DetachedBackend
from bscore.backends.local import LocalBackend
from bscore.core import events as e
from bscore.core.check import check
from bscore.core.limits import Limits
from bscore.core.reduce import fold
from bscore.core.state import Run
from bscore.logtree.history import read_history
from bscore.logtree.journal import read_events
from bscore.logtree.source import LocalSource
from bscore.master.job import Job, create_job, load_job
from bscore.master.run import run_job
from bscore.spec.config import JobConfig

ECHO = """
import os
def run(mini_batch):
    return [os.path.basename(path) for path in mini_batch]
"""
SLOW_ECHO = """
import os, time
def run(mini_batch):
    time.sleep(0.004)
    return [os.path.basename(path) for path in mini_batch]
"""
EXIT_CODES = {e.Outcome.COMPLETED: 0, e.Outcome.FAILED: 1, e.Outcome.CANCELED: 3}


def make_job(folder: Path, script: str = ECHO, items: int = 60, **changes: object) -> Job:
    """A job over a list file of names `item00000` ...; its rows are these names, one per line."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "score.py").write_text(script)
    listed = folder / "items.txt"
    listed.write_text("".join(f"/data/item{n:05d}\n" for n in range(items)))
    settings: dict[str, object] = {
        "name": "job1",
        "code": code,
        "script": "score.py",
        "inputs": (f"@{listed}",),
        "output": folder / "out",
        "mini_batch_size": 5,
        "workers": 2,
        "commit_interval_s": 0.05,
        "start": os.environ.get("BSCORE_TEST_START", "auto"),
        "limits": Limits(),
        **changes,
    }
    return create_job(folder / "jobs", JobConfig(**settings))  # type: ignore[arg-type]  # fields by name


def expected_rows(items: int) -> Counter[str]:
    """Every item's row exactly once."""
    return Counter(f"item{n:05d}" for n in range(items))


def rows_of(job: Job) -> Counter[str]:
    """The rows of the published output."""
    return Counter(job.final.read_text().splitlines())


def start_master(
    job: Job, kill_at: str = "", nth: int = 1, nodes: Sequence[str] = (), **environment: str
) -> subprocess.Popen[bytes]:
    """A master in a process of its own; it kills itself at the nth time of a step where one is named.

    `nodes` are those of a detached backend, none for a local one.
    """
    command = [sys.executable, "-m", "real_runs", str(job.tree), kill_at, str(nth), *nodes]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **environment}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, start_new_session=True)


def finish(master: subprocess.Popen[bytes], timeout_s: float = 60) -> int:
    """Wait for a master; its exit code."""
    _, stderr = master.communicate(timeout=timeout_s)
    assert b"Traceback" not in stderr, stderr.decode()
    return master.returncode


def run_here(job: Job) -> int:
    """Run the next term to its end in this process, where nobody kills the master; its exit code."""
    return EXIT_CODES[run_job(job).outcome]


def wait_for(what: Callable[[], bool], timeout_s: float = 15) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def events_of(job: Job) -> list[e.Event]:
    """Everything that the journals tell."""
    return list(read_events(LocalSource(job.tree)))


def run_of(job: Job) -> Run:
    """The run of a job that nobody goes on with; proved by a fold without snapshots, its indexes checked."""
    run = read_history(LocalSource(job.tree)).run
    check(run)
    assert fold(read_events(LocalSource(job.tree))) == run
    return run


def worker_pids(job: Job) -> list[int]:
    """Process ids of all workers that were ever started."""
    pids = {x.worker: x.pid for x in events_of(job) if isinstance(x, e.WorkerStarting) and x.pid}
    return list(pids.values())


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def processes_of(job: Job) -> list[int]:
    """Every process whose environment or command line names the job's tree."""
    found = []
    needle = os.fsencode(str(job.tree))
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            known = needle in (entry / "environ").read_bytes() or needle in (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if known and is_running(int(entry.name)):
            found.append(int(entry.name))
    return found


def main(tree: str, kill_at: str, nth: str, *nodes: str) -> int:
    """Run one term of the job in `tree`, killing this process at a step."""
    left = int(nth)

    def step(name: str) -> None:
        nonlocal left
        left -= name == kill_at
        if name == kill_at and not left:
            os.kill(os.getpid(), signal.SIGKILL)

    backend = partial(DetachedBackend, nodes=nodes) if nodes else LocalBackend
    return EXIT_CODES[run_job(load_job(Path(tree), checked=False), step=step, make_backend=backend).outcome]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
