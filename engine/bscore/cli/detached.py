"""Jobs that survive the terminal: started in a session of their own, their words in the driver log."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, NoReturn

from bscore.errors import BscoreError, NotFoundError, UsageError, in_words
from bscore.logtree import paths
from bscore.logtree.journal import terms
from bscore.logtree.source import LocalSource
from bscore.master.job import Job
from bscore.master.lock import read_lease
from bscore.spec.regular import open_regular

#: What the driver may take to take the job: imports on a busy machine, or a master on another host.
_START_S = 90.0
_LOOK_S = 0.02
#: What is shown of a driver that ended without a reason.
_SAID_BYTES = 8 * 1024


def start_detached(job: Job, *, take_over: bool = False, retry_failed: bool = False, on_end: str = "") -> int:
    """Start the driver of a job's next term and wait until it has the job; returns its process id.

    Raises BscoreError with the driver's own reason and exit code when it ends before.
    """
    before = _last_term(job.tree)
    command = [sys.executable, "-P", "-m", "bscore.cli.driver", str(job.tree), "--on-end", on_end]
    command += ["--take-over"] * take_over + ["--retry-failed"] * retry_failed
    command += ["--", *sys.argv]
    with open(_driver_log(job.tree), "ab") as log:
        driver = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=job.tree,
            start_new_session=True,
        )
    assert driver.stdout is not None
    with driver.stdout as said:
        _wait_for_term(job, driver, before, said)
    # It outlives this process on purpose; nobody is to warn of that.
    pid, driver.returncode = driver.pid, 0
    return pid


def _driver_log(tree: Path) -> int:
    path = tree / paths.DRIVER_LOG
    try:
        return open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except OSError as error:
        raise in_words(error, path) from error


def _wait_for_term(job: Job, driver: subprocess.Popen[bytes], before: int, said: IO[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        code = driver.poll()
        if _began(job.tree, driver.pid, before):
            return
        if code is not None:
            raise _not_begun(job, code, said.read().decode("utf-8", "replace"))
        time.sleep(_LOOK_S)


def _began(tree: Path, pid: int, before: int) -> bool:
    """Whether the newest term is new, and this process's own: another master may have been quicker."""
    newest = _last_term(tree)
    lease = read_lease(tree)
    return newest > before and lease is not None and (lease.pid, lease.term) == (pid, newest)


def _not_begun(job: Job, code: int, reason: str) -> BscoreError:
    error = BscoreError(reason)
    if not reason:
        said = LocalSource(job.tree).read(paths.DRIVER_LOG, 0, _SAID_BYTES).decode("utf-8", "replace")
        error = BscoreError(
            f"Job {job.name} could not be started: its driver ended with exit code {code}.\n{said}".rstrip()
        )
    if code > 0:
        error.exit_code = code
    return error


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


def exec_monitor(job: str) -> NoReturn:
    """Become the monitor of a job; `job` as commands name it."""
    program = need_monitor()
    os.execv(program, [program, job])  # noqa: S606  # the monitor takes this terminal over
