"""A real terminal: the progress bar is drawn, Ctrl-C cancels in order."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bscore.core.events import Outcome
from cli_runs import SLOW, WAITING, environment, has_done, now_of, start
from real_runs import (
    expected_rows,
    is_running,
    make_job,
    processes_of,
    rows_of,
    run_here,
    run_of,
    wait_for,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]


class Terminal:
    """A shell in a tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        self._env = {**environment(folder), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self._run("new-session", "-d", "-x", "160", "-y", "30", "/bin/sh")
        self._run("set-option", "-g", "history-limit", "2000")

    def _run(self, *words: str) -> str:
        command = [*self._tmux, *words]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=True, timeout=20)
        return done.stdout

    def type(self, text: str) -> None:
        """Type a line."""
        self._run("send-keys", "-l", text)
        self._run("send-keys", "Enter")

    def press(self, key: str) -> None:
        """Press one key."""
        self._run("send-keys", key)

    def screen(self) -> str:
        """What can be seen, lines that scrolled away included."""
        return self._run("capture-pane", "-p", "-S", "-200")

    def close(self) -> None:
        """End the server and all that runs in it."""
        self._run("kill-server")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    yield opened
    with contextlib.suppress(subprocess.CalledProcessError):
        opened.close()


def test_the_bar_is_drawn_and_ctrl_c_cancels_in_order(tmp_path: Path, terminal: Terminal) -> None:
    job = make_job(tmp_path, SLOW, items=4000)
    command = [sys.executable, "-m", "bscore.cli", "job", "resume", job.name]
    terminal.type(f"{shlex.join(command)}; echo code=$?")
    wait_for(lambda: "of 800 mini-batches" in terminal.screen(), 30)
    assert "─" in terminal.screen()
    assert "watch it with: bscore-tui job1" in terminal.screen()
    wait_for(lambda: (run := now_of(job)) is not None and len(run.done) > 5)
    terminal.press("C-c")
    wait_for(lambda: "code=3" in terminal.screen().splitlines(), 30)
    screen = terminal.screen()
    assert "cancel, asked for by Ctrl-C" in screen
    assert "Press Ctrl-C again to end at once." in screen
    assert "Canceled. Canceled by Ctrl-C" in screen
    assert "bscore job resume job1" in screen
    assert "Traceback" not in screen
    run = run_of(job)
    assert run.outcome is Outcome.CANCELED
    assert run.committed_rows >= 25


def test_watch_opens_the_monitor_and_leaving_it_leaves_the_job(tmp_path: Path, terminal: Terminal) -> None:
    gate = tmp_path / "gate"
    job = make_job(tmp_path, WAITING.format(gate=str(gate)), items=40)
    command = [sys.executable, "-m", "bscore.cli", "job", "resume", job.name, "--watch"]
    terminal.type(f"{shlex.join(command)}; echo code=$?")
    wait_for(lambda: "? keys" in terminal.screen() and "7 done" in terminal.screen(), 30)
    assert "job1" in terminal.screen()
    terminal.press("q")
    wait_for(lambda: "code=0" in terminal.screen().splitlines(), 30)
    run = now_of(job)
    assert run is not None
    assert run.outcome is None, "the job goes on without its monitor"
    gate.touch()
    wait_for(lambda: (run := now_of(job)) is not None and run.outcome is Outcome.COMPLETED, 30)
    assert rows_of(job) == expected_rows(40)


def test_a_lost_terminal_cancels_in_order_and_a_resume_completes(tmp_path: Path, terminal: Terminal) -> None:
    job = make_job(tmp_path, SLOW, items=400)
    terminal.type(shlex.join([sys.executable, "-m", "bscore.cli", "job", "resume", job.name]))
    wait_for(lambda: has_done(job, 5), 30)
    terminal.close()
    wait_for(lambda: (run := now_of(job)) is not None and run.outcome is not None, 30)
    run = run_of(job)
    assert run.outcome is Outcome.CANCELED
    assert run.reason.startswith("Canceled by SIGHUP")
    assert not run.uncommitted
    wait_for(lambda: not processes_of(job) and not is_running(run.pid))
    assert run_here(job) == 0
    assert rows_of(job) == expected_rows(400)


def test_whoever_listened_may_leave_and_the_job_goes_on(tmp_path: Path) -> None:
    job = make_job(tmp_path, SLOW, items=100)
    with start(tmp_path, "job", "resume", job.name) as command:
        assert command.stderr is not None
        assert "watch it with" in command.stderr.readline()
        command.stderr.close()
        assert command.wait(30) == 0
    assert rows_of(job) == expected_rows(100)
