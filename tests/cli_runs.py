"""The bscore command for tests: in this process where that is enough, else in one of its own."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest  # noqa: TC002  # its fixtures are named in annotations that are read

from bscore.cli import run_command
from bscore.core.events import Event
from bscore.core.state import Run, WorkerState
from bscore.errors import BscoreError
from bscore.logtree.history import read_history
from bscore.logtree.source import LocalSource
from bscore.master.job import Job
from real_runs import start_master, wait_for

#: Root may read and write everything unless it gives that right away.
POWERLESS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if os.geteuid() == 0 and shutil.which("setpriv")
    else []
)
#: Waits in its first mini-batch until the file named here is there.
WAITING = """
import os, time
def wait(path):
    while not os.path.exists(path):
        time.sleep(0.01)
def run(mini_batch):
    if mini_batch[0].endswith("item00000"):
        wait({gate!r})
    return [os.path.basename(path) for path in mini_batch]
"""
#: Never returns from its first mini-batch the first time.
HANGING_ONCE = """
import os, time
def hang():
    while True:
        time.sleep(0.01)
def run(mini_batch):
    if mini_batch[0].endswith("item00000"):
        try:
            os.close(os.open({mark!r}, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            hang()
    return [os.path.basename(path) for path in mini_batch]
"""
SLOW = """
import os, time
def run(mini_batch):
    time.sleep(0.05)
    return [os.path.basename(path) for path in mini_batch]
"""


def environment(home: Path) -> dict[str, str]:
    """The environment of a command whose jobs are below `home`."""
    return {**os.environ, "BSCORE_HOME": str(home), "USER": "ada"}


def start(home: Path, *arguments: str, before: Sequence[str] = (), **more: Any) -> subprocess.Popen[str]:
    """A command in a process of its own; `before` are words of the command line that starts it."""
    command = [*before, sys.executable, "-m", "bscore.cli", *arguments]
    return subprocess.Popen(
        command,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        **more,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command; never a traceback of bscore's own."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def bscore(home: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command in a process of its own."""
    return ended(start(home, *arguments))


class Here:
    """Runs commands in this process."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
    ) -> None:
        monkeypatch.setenv("BSCORE_HOME", str(home))
        monkeypatch.setenv("USER", "ada")
        monkeypatch.setattr("sys.stdin", io.StringIO())
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        self._capsys.readouterr()
        code = run_command(list(arguments))
        return code, *self._capsys.readouterr()

    def json(self, *arguments: str) -> Any:
        """What a command prints as json."""
        code, out, err = self(*arguments)
        assert code == 0, err
        return json.loads(out)


def now_of(job: Job) -> Run | None:
    """The run as it is just now; None before its journal is there."""
    try:
        return read_history(LocalSource(job.tree)).run
    except BscoreError:
        return None


def is_busy(job: Job, workers: int = 1) -> bool:
    """Whether so many workers run something."""
    run = now_of(job)
    return run is not None and sum(w.state is WorkerState.BUSY for w in run.workers.values()) >= workers


def has_done(job: Job, mini_batches: int) -> bool:
    """Whether so many are done."""
    run = now_of(job)
    return run is not None and len(run.done) >= mini_batches


@contextmanager
def running(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    """A master of its own, busy; killed at the end where it still lives."""
    master = start_master(job)
    try:
        wait_for(lambda: is_busy(job))
        yield master
    finally:
        if master.poll() is None:
            master.kill()
        master.communicate()


def only(events: list[Event], kind: type[Any]) -> list[Any]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
