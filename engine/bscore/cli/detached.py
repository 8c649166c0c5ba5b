"""Jobs that survive the terminal: started in a session of their own, their words in the driver log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from bscore.errors import BscoreError, NotFoundError, UsageError
from bscore.logtree import paths
from bscore.logtree.journal import terms
from bscore.logtree.source import LocalSource
from bscore.master.job import Job

#: What the driver may take to take the job: imports on a busy machine, or a master on another host.
_START_S = 90.0
_LOOK_S = 0.02


def start_detached(job: Job, *, take_over: bool = False, retry_failed: bool = False, on_end: str = "") -> int:
    """Start the driver of a job's next term and wait until it has the job; returns its process id.

    Raises BscoreError when it ends before.
    """
    before = _last_term(job.tree)
    command = [sys.executable, "-P", "-m", "bscore.cli.driver", str(job.tree), "--on-end", on_end]
    command += ["--take-over"] * take_over + ["--retry-failed"] * retry_failed
    with (job.tree / paths.DRIVER_LOG).open("ab") as log:
        driver = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=job.tree,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_S
    while _last_term(job.tree) <= before:
        code = driver.poll()
        if code is not None:
            raise BscoreError(
                f"Job {job.name} could not be started: its driver ended with exit code {code}.",
                remedy=f"Why stands in {job.tree / paths.DRIVER_LOG}",
            )
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_S)
    # It outlives this process on purpose; nobody is to warn of that.
    pid, driver.returncode = driver.pid, 0
    return pid


def _last_term(tree: Path) -> int:
    return max((term.term for term in terms(LocalSource(tree))), default=0)


def need_monitor() -> str:
    """The monitor's program. Raises UsageError without a terminal, NotFoundError without the program."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--watch needs a terminal.", remedy="Give --detach, and watch it from elsewhere.")
    beside = Path(sys.executable).with_name("bscore-tui")
    found = str(beside) if beside.exists() else shutil.which("bscore-tui")
    if found is None:
        raise NotFoundError("The program bscore-tui is not there.", remedy="Install bscore anew.")
    return found


def exec_monitor(name: str) -> NoReturn:
    """Become the monitor of a job."""
    program = need_monitor()
    os.execv(program, [program, name])  # noqa: S606  # the monitor takes this terminal over
